//go:build cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"reslog/kql"
)

// victoriaVersion is the peer: VictoriaLogs, from the module proxy.
const victoriaVersion = "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs@v1.43.1"

// victoria is a VictoriaLogs that runs beside the store, with the same rows.
type victoria struct {
	process *exec.Cmd
	url     string
	data    string
}

// buildVictoria builds the peer in a module of its own, once for a folder.
func buildVictoria(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "victoria-logs")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	module, _, _ := strings.Cut(victoriaVersion, "@")
	for _, args := range [][]string{
		{"mod", "init", "peer"}, {"get", victoriaVersion}, {"build", "-mod=mod", "-o", binary, module},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil && args[0] != "mod" {
			return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return binary, nil
}

// startVictoria starts the peer on a free port of loopback.
func startVictoria(ctx context.Context, binary, data string) (*victoria, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	v := &victoria{url: "http://" + addr, data: data}
	v.process = exec.CommandContext(ctx, binary, "-storageDataPath="+data, "-httpListenAddr="+addr, "-retentionPeriod=100y", "-futureRetention=100y", "-loggerLevel=ERROR")
	v.process.Stderr = os.Stderr
	if err := v.process.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		resp, err := http.Get(v.url + "/health")
		if err == nil {
			resp.Body.Close()
			return v, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the peer does not answer"), v.stop())
}

func (v *victoria) stop() error {
	if err := v.process.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return v.process.Wait()
}

// insert posts rows as lines of JSON.
func (v *victoria) insert(lines []byte) error {
	resp, err := http.Post(v.url+"/insert/jsonline?_stream_fields=AccountName,Category&_time_field=TimeGenerated&_msg_field=Uri", "application/stream+json", bytes.NewReader(lines))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("insert: %s: %s", resp.Status, text)
	}
	return nil
}

// ingest posts the rows of a generator, and returns the time that the posts took.
func (v *victoria) ingest(g *generator, rows, batch int) (time.Duration, error) {
	var busy time.Duration
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for done := 0; done < rows; {
		r := g.batch(min(batch, rows-done))
		done += len(r.Values)
		b.Reset()
		for _, row := range r.Values {
			object := make(map[string]any, len(row))
			for i, c := range r.Columns {
				object[c.Name] = row[i]
				if c.Type == kql.Datetime {
					object[c.Name] = timeText(row[i].(int64))
				}
			}
			if err := enc.Encode(object); err != nil {
				return busy, err
			}
		}
		start := time.Now()
		if err := v.insert(b.Bytes()); err != nil {
			return busy, err
		}
		busy += time.Since(start)
	}
	// What is in memory becomes files when the peer is asked for it.
	resp, err := http.Get(v.url + "/internal/force_flush")
	if err != nil {
		return busy, err
	}
	return busy, resp.Body.Close()
}

// query runs a query and reads all that comes.
func (v *victoria) query(ctx context.Context, text string) (rows int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/select/logsql/query", strings.NewReader(url.Values{"query": {text}}.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, data)
	}
	return bytes.Count(data, []byte("\n")), err
}

// size is how many bytes the peer's files have.
func (v *victoria) size() (total int64, err error) {
	err = filepath.WalkDir(v.data, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a part that was merged away meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err == nil {
			total += i.Size()
		}
		return nil
	})
	return total, err
}

// logsQL are the questions in the peer's language, by their name.
func (b *bench) logsQL() map[string]string {
	last := day.Add(22*time.Hour + 50*time.Minute).Format(time.RFC3339)
	return map[string]string{
		"count by StatusText":            "* | stats by (StatusText) count()",
		"5-minute bins by OperationName": "* | stats by (_time:5m, OperationName) count(), avg(DurationMs)",
		"Uri contains_cs":                `_msg:~"reports-77" | stats count()`,
		"Uri contains":                   `_msg:~"(?i)reports-77" | stats count()`,
		"Uri has":                        `_msg:i(reports) | stats count()`,
		"top 10 by DurationMs":           "* | sort by (DurationMs desc) limit 10 | fields _time, _msg, DurationMs, StatusCode",
		"percentiles by OperationName":   "* | stats by (OperationName) quantile(0.5, DurationMs), quantile(0.95, DurationMs), quantile(0.99, DurationMs)",
		"one CorrelationId":              fmt.Sprintf("CorrelationId:=%q", b.correlation),
		"last hour, status >= 400":       fmt.Sprintf("_time:>=%s StatusCode:>=400 | stats count()", last),
		"top 10 Uri by bytes":            "* | stats by (_msg) sum(ResponseBodySize) as b | sort by (b desc) limit 10",
	}
}

// peer loads the same rows into the peer and asks both, in turns.
func (b *bench) peer(ctx context.Context, size int64) error {
	binary, err := buildVictoria(ctx, b.peerFolder)
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp(b.peerFolder, "data")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	v, err := startVictoria(ctx, binary, data)
	if err != nil {
		return err
	}
	defer v.stop()
	took, err := v.ingest(newGenerator(b.seed, day, span, int64(b.rows)), b.rows, 5000)
	if err != nil {
		return err
	}
	time.Sleep(10 * time.Second) // its parts are merged in the background
	held, err := v.size()
	if err != nil {
		return err
	}
	fmt.Printf("\nVictoriaLogs (%s), the same rows: taken %.0f rows/s without queries beside it; %.1f B a row, ours %.1f\n\n",
		victoriaVersion[strings.LastIndexByte(victoriaVersion, '@')+1:], float64(b.rows)/took.Seconds(), float64(held)/float64(b.rows), float64(size)/float64(b.rows))
	fmt.Printf("queries of the closed day, medians in turns\n\n| query | here | VictoriaLogs | ratio |\n|---|---|---|---|\n")
	texts := b.logsQL()
	for _, q := range b.questions() {
		var ours, theirs []time.Duration
		for i := range 6 {
			start := time.Now()
			if _, err := b.w.Query(ctx, request(q), &counter{}); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			took := time.Since(start)
			start = time.Now()
			if _, err := v.query(ctx, texts[q.name]); err != nil {
				return fmt.Errorf("%s at the peer: %w", q.name, err)
			}
			if i > 0 { // the first reads the files
				ours, theirs = append(ours, took), append(theirs, time.Since(start))
			}
		}
		o, t := middle(ours), middle(theirs)
		fmt.Printf("| %s | %.1f ms | %.1f ms | %.2f |\n", q.name, ms(o), ms(t), float64(o)/float64(t))
	}
	return nil
}
