package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/storagelog"
)

var midnight = time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)

// record makes a line of the n-th request, which started n seconds after midnight.
func record(n int, op string) string {
	e := storagelog.Entry{
		Version: storagelog.V1, StartTime: midnight.Add(time.Duration(n) * time.Second), Operation: op, Service: "blob",
		RequestID: fmt.Sprintf("00000000-0000-0000-0000-%012x", n), ClientRequestID: fmt.Sprint(n), EndToEndLatency: int64(n),
	}
	return string(storagelog.AppendEntry(nil, &e))
}

// memory is a Source of named texts.
type memory struct {
	names []string
	texts map[string]string
	hours map[string]time.Time
	fail  map[string]error
	slow  string // this log is opened last
	wait  chan struct{}
}

func newMemory() *memory {
	return &memory{texts: map[string]string{}, hours: map[string]time.Time{}, fail: map[string]error{}, wait: make(chan struct{})}
}

func (m *memory) add(name string, hour time.Time, lines ...string) {
	m.names = append(m.names, name)
	m.texts[name] = strings.Join(lines, "")
	m.hours[name] = hour
}

func (m *memory) Select(_ context.Context, _ Selection, fn func(Log) error) error {
	for _, n := range m.names {
		if err := fn(Log{Name: n, Location: n, Hour: m.hours[n]}); err != nil {
			return err
		}
	}
	return m.fail["list"]
}

func (m *memory) Open(ctx context.Context, l Log) (io.ReadCloser, error) {
	if l.Name == m.slow {
		select {
		case <-m.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := m.fail[l.Name]; err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(m.texts[l.Name])), nil
}

func filter(t *testing.T, c storagelog.FilterConfig) *storagelog.Filter {
	t.Helper()
	f, err := storagelog.NewFilter(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run returns what a search hands on.
func run(t *testing.T, s *Search) ([]string, Summary) {
	t.Helper()
	if s.Filter == nil {
		s.Filter = filter(t, storagelog.FilterConfig{})
	}
	var got []string
	sum, err := s.Run(t.Context(), func(line []byte) error { got = append(got, string(line)+"\n"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got, sum
}

// Records come in the order of logs, although logs are read at once and the
// first one is the slowest.
func TestOrder(t *testing.T) {
	m := newMemory()
	var want []string
	for i := range 20 {
		var lines []string
		for j := range 3000 {
			lines = append(lines, record(i*3000+j, "GetBlob"))
		}
		m.add(fmt.Sprintf("log%02d", i), midnight, lines...)
		want = append(want, lines...)
	}
	m.slow = "log00"
	time.AfterFunc(20*time.Millisecond, func() { close(m.wait) })
	got, sum := run(t, &Search{Source: m, Parallel: 8})
	if !slices.Equal(got, want) {
		t.Errorf("%d records, not the %d in order", len(got), len(want))
	}
	if sum.Logs != 20 || sum.Found != 60000 || sum.Bytes != int64(len(strings.Join(want, ""))) || sum.Failed != 0 {
		t.Errorf("%+v", sum)
	}
}

func TestDuplicates(t *testing.T) {
	m := newMemory()
	one, two := record(1, "GetBlob"), record(2, "GetBlob")
	part := strings.Replace(one, "001;0;", "001;1;", 1) // the same request, another operation
	m.add("a", midnight, one, two, part, one)
	m.add("b", midnight, two, record(3, "GetBlob"))
	m.add("c", midnight.Add(time.Hour), one) // another hour: not looked at
	nameless := strings.Replace(one, "00000000-0000-0000-0000-000000000001", "", 1)
	m.add("d", time.Time{}, nameless, nameless)
	got, sum := run(t, &Search{Source: m})
	want := []string{one, two, part, record(3, "GetBlob"), one, nameless, nameless}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if sum.Duplicates != 2 {
		t.Errorf("%d duplicates, want 2", sum.Duplicates)
	}
	if got, _ := run(t, &Search{Source: m, KeepDuplicates: true}); len(got) != 9 {
		t.Errorf("%d records with duplicates kept, want 9", len(got))
	}
}

func TestLimit(t *testing.T) {
	m := newMemory()
	for i := range 50 {
		m.add(fmt.Sprint(i), midnight, record(2*i, "GetBlob"), record(2*i+1, "GetBlob"))
	}
	m.slow = "40" // never to be waited for
	got, _ := run(t, &Search{Source: m, Limit: 5, Parallel: 2})
	if len(got) != 5 || got[4] != record(4, "GetBlob") {
		t.Errorf("%d records", len(got))
	}
}

// A log that cannot be read is told of, and the others are read.
func TestFailures(t *testing.T) {
	m := newMemory()
	m.add("a", midnight, record(1, "GetBlob"))
	m.add("broken", midnight, record(2, "GetBlob"))
	m.add("gone", midnight, record(3, "GetBlob"))
	m.add("b", midnight, record(4, "GetBlob"))
	m.fail["broken"] = errors.New("no reading it")
	m.fail["gone"] = fmt.Errorf("gone: %w", ErrGone)
	var warned []string
	got, sum := run(t, &Search{Source: m, Warn: func(l Log, err error) { warned = append(warned, l.Name+": "+err.Error()) }})
	if len(got) != 2 || sum.Failed != 1 {
		t.Errorf("%d records, %+v", len(got), sum)
	}
	if d := cmp.Diff([]string{"broken: no reading it", "gone: gone: the log is no longer there"}, warned); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	m.fail["list"] = errors.New("no listing them")
	s := &Search{Source: m, Filter: filter(t, storagelog.FilterConfig{})}
	if _, err := s.Run(t.Context(), func([]byte) error { return nil }); !errors.Is(err, m.fail["list"]) {
		t.Errorf("error %v", err)
	}
	full := errors.New("disk full")
	m.fail["list"] = nil
	if _, err := s.Run(t.Context(), func([]byte) error { return full }); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, func([]byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestProgress(t *testing.T) {
	m := newMemory()
	m.add("a", midnight, record(1, "GetBlob"))
	m.slow = "a"
	var shown int
	s := &Search{Source: m, Progress: func(Summary) {
		if shown++; shown == 1 {
			close(m.wait)
		}
	}}
	run(t, s)
	if shown == 0 {
		t.Error("no progress is shown")
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("$logs/blob/2026/03/04/0100/000000.log", record(1, "GetBlob"))
	put("$logs/blob/2026/03/04/0200/000000.log", record(2, "GetBlob"))
	put("$logs/blob/2026/03/03/2300/000000.log", record(0, "GetBlob"))
	put("$logs/queue/2026/03/04/0100/000000.log", record(1, "GetMessages"))
	put("$logs/.hidden/x.log", "")
	put("saved.log", record(7, "GetBlob"))
	f, err := OpenFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		s    Selection
		want []string
	}{
		{"all", Selection{}, []string{"saved.log", "$logs/blob/2026/03/03/2300/000000.log", "$logs/blob/2026/03/04/0100/000000.log", "$logs/queue/2026/03/04/0100/000000.log", "$logs/blob/2026/03/04/0200/000000.log"}},
		{"service", Selection{Service: "queue"}, []string{"saved.log", "$logs/queue/2026/03/04/0100/000000.log"}},
		{"times", Selection{Service: "blob", Start: midnight.Add(time.Minute), End: midnight.Add(2 * time.Minute)}, []string{"saved.log", "$logs/blob/2026/03/04/0100/000000.log"}},
		{"start", Selection{Service: "blob", Start: midnight}, []string{"saved.log", "$logs/blob/2026/03/04/0100/000000.log", "$logs/blob/2026/03/04/0200/000000.log"}},
	}
	for _, tt := range tests {
		var got []string
		if err := f.Select(t.Context(), tt.s, func(l Log) error {
			rel, err := filepath.Rel(root, l.Location)
			got = append(got, filepath.ToSlash(rel))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
	lines, _ := run(t, &Search{Source: f, Selection: Selection{Service: "queue"}, Filter: filter(t, storagelog.FilterConfig{Text: "GetMessages"})})
	if len(lines) != 1 {
		t.Errorf("%d lines", len(lines))
	}
	if _, err := OpenFolder(filepath.Join(root, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := f.Open(t.Context(), Log{Name: filepath.Join(root, "nothing")}); !errors.Is(err, ErrGone) {
		t.Errorf("error %v", err)
	}
}

func TestListedVersion(t *testing.T) {
	v2 := string(storagelog.AppendEntry(nil, &storagelog.Entry{Version: storagelog.V2, StartTime: midnight}))
	m := newMemory()
	m.add("a", midnight, record(1, "GetBlob"))
	m.add("empty", midnight)
	m.add("unreadable", midnight)
	m.fail["unreadable"] = errors.New("no reading it")
	for _, want := range []storagelog.Version{storagelog.V1, storagelog.V2} {
		l, err := List(t.Context(), m, Selection{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := l.Version(t.Context()); err != nil || got != want {
			t.Errorf("version %s, %v; want %s", got, err, want)
		}
		m.add("b", midnight, v2)
	}
}

func TestFormats(t *testing.T) {
	e := storagelog.Entry{
		Version: storagelog.V2, StartTime: midnight, Operation: "PutBlob", URL: `http://h/a;"b"?x&y`, ObjectKey: "/a/\n,\u00e9",
		EndToEndLatency: 12, ServerLatency: storagelog.NoSize, ContentLength: storagelog.NoSize, RequestHeaderSize: storagelog.NoSize,
		RequestPacketSize: storagelog.NoSize, ResponseHeaderSize: storagelog.NoSize, ResponsePacketSize: storagelog.NoSize, TenantID: "t",
	}
	line := bytes.TrimSuffix(storagelog.AppendEntry(nil, &e), []byte("\n"))
	tests := []struct {
		format  Format
		version storagelog.Version
		want    string
	}{
		{JSON, storagelog.V2, `{"versionNumber":"2.0","requestStartTime":"2026-03-04T00:00:00.0000000Z","operationType":"PutBlob","endToEndLatencyInMs":12,` +
			`"requestUrl":"http://h/a;\"b\"?x\u0026y","requestedObjectKey":"/a/\n,` + "\u00e9" + `","operationCount":0,"tenantId":"t"}` + "\n"},
		{CSV, storagelog.V1, `2.0,2026-03-04T00:00:00.0000000Z,PutBlob,,,12,,,,,,"http://h/a;""b""?x&y","/a/` + "\n" + `,` + "\u00e9" + `",,0,,,,,,,,,,,,,,,` + "\n"},
		{CSV, storagelog.V2, `2.0,2026-03-04T00:00:00.0000000Z,PutBlob,,,12,,,,,,"http://h/a;""b""?x&y","/a/` + "\n" + `,` + "\u00e9" + `",,0,,,,,,,,,,,,,,,,,t,,,,,,` + "\n"},
		{Raw, storagelog.V2, string(line) + "\n"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		w := NewWriter(&out, tt.format, tt.version)
		if err := errors.Join(w.Write(line), w.Flush()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, out.String()); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.format, tt.version, d)
		}
	}
	var out bytes.Buffer
	w := NewWriter(&out, Raw, storagelog.V1)
	w.Terminal = true
	if err := errors.Join(w.Write([]byte("1.0;\x1b]0;evil\a")), w.Flush()); err != nil || strings.ContainsAny(out.String(), "\x1b\a") {
		t.Errorf("%q, %v", out.String(), err)
	}
	for _, name := range []string{"CSV", "jsonl", "json", "raw"} {
		if _, err := ParseFormat(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml is a format")
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	for s, want := range map[string]string{
		"2011-06-26T22:30Z":            "2011-06-26T22:30:00Z",
		"2011-06-26T22:30:15.5Z":       "2011-06-26T22:30:15.5Z",
		"2011-06-26T22:30:15+02:00":    "2011-06-26T20:30:15Z",
		"2011-06-26T22:30+02:00":       "2011-06-26T20:30:00Z",
		"2011-06-26T22:30:15.1234567Z": "2011-06-26T22:30:15.1234567Z",
		"2011-06-26 22:30":             "2011-06-26T22:30:00Z",
		"2011-06-26":                   "2011-06-26T00:00:00Z",
		"now":                          "2026-03-04T04:06:07Z",
		"-1h":                          "2026-03-04T03:06:07Z",
		"-90m":                         "2026-03-04T02:36:07Z",
		"-2d":                          "2026-03-02T04:06:07Z",
		"-1d12h":                       "2026-03-02T16:06:07Z",
	} {
		got, err := ParseTime(s, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %s, %v; want %s", s, got.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, s := range []string{"", "yesterday", "-", "-x", "--1h", "-1x", "-dh", "1h", "2011-13-01", "-99999999d"} {
		if got, err := ParseTime(s, now); err == nil {
			t.Errorf("%q is %s", s, got)
		}
	}
}

// The short way to a record's key is the long one's.
func TestKey(t *testing.T) {
	var line storagelog.Line
	for _, e := range []storagelog.Entry{
		{RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", OperationNumber: 7, URL: `http://h/";"`, ObjectKey: `";"`},
		{RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", OperationNumber: 123456, URL: "u", ObjectKey: "k"},
		{RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", URL: "u", UserAgent: "a"},
		{RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2", UserAgent: "a", ClientRequestID: ";61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da3;1;"},
		{URL: "u", ObjectKey: "k"},
	} {
		record := bytes.TrimSuffix(storagelog.AppendEntry(nil, &e), []byte("\n"))
		want := key{operation: uint32(e.OperationNumber)}
		if e.RequestID != "" {
			want.high, want.low = 0x61d2e3f6bcb74cd1, 0xa81e4f8f497f0da2
		}
		if got := keyOf(&line, record); got != want {
			t.Errorf("%s: %x, want %x", record, got, want)
		}
	}
	if got := keyOf(&line, []byte("no record")); got != (key{}) {
		t.Errorf("%x", got)
	}
}

func TestCountOnly(t *testing.T) {
	m := newMemory()
	m.add("a", midnight, record(1, "GetBlob"), record(1, "GetBlob"), record(2, "PutBlob"))
	s := &Search{Source: m, Filter: filter(t, storagelog.FilterConfig{Text: "GetBlob"})}
	if sum, err := s.Run(t.Context(), nil); err != nil || sum.Found != 1 || sum.Duplicates != 1 {
		t.Errorf("%+v, %v", sum, err)
	}
}

func BenchmarkCount(b *testing.B) {
	var lines []string
	for i := range 100000 {
		e := storagelog.Entry{
			Version: storagelog.V1, StartTime: midnight.Add(time.Duration(i) * time.Millisecond), Operation: "GetBlob", Service: "blob",
			URL: "https://contoso.blob.core.windows.net:443/photos/2026/03/image.jpg?timeout=901", ObjectKey: "/contoso/photos/2026/03/image.jpg",
			RequestID: fmt.Sprintf("%08x-0000-0000-0000-%012x", i*7919, i), UserAgent: "azsdk-net-Storage.Blobs/12.24.0 (.NET 9.0.1; Ubuntu 24.04)",
		}
		lines = append(lines, string(storagelog.AppendEntry(nil, &e)))
	}
	m := newMemory()
	m.add("a", midnight, lines...)
	for _, bb := range []struct {
		name string
		s    Search
	}{{"once each", Search{}}, {"all", Search{KeepDuplicates: true}}} {
		b.Run(bb.name, func(b *testing.B) {
			f, err := storagelog.NewFilter(storagelog.FilterConfig{Text: "GetBlob;"})
			if err != nil {
				b.Fatal(err)
			}
			bb.s.Source, bb.s.Filter = m, f
			b.SetBytes(int64(len(m.texts["a"])))
			for b.Loop() {
				if sum, err := bb.s.Run(b.Context(), nil); err != nil || sum.Found != 100000 {
					b.Fatalf("%+v, %v", sum, err)
				}
			}
		})
	}
}
