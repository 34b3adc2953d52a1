//go:build cgo

// Command workspace measures a Log Analytics workspace of the node's store: how
// fast rows are taken while queries run, how many bytes they need when their day
// is closed, how long queries take, and what the query language costs beside SQL
// that is written by hand. With -peer the same rows are loaded into VictoriaLogs,
// which is built there, and both are asked in turns. It prints Markdown.
//
//	go run ./bench/workspace -rows 1000000
//	go run ./bench/workspace -rows 10000000 -peer /tmp/victoria-logs > bench/results/workspace.md
//	go run ./bench/workspace -json rows.jsonl -rows 1000000   # the same rows for somebody else's store
//
// The rows are as StorageBlobLogs has them, 30 columns of 48 filled and a thousand
// bytes as JSON; ids, ETags and names of blobs are random. The same -seed gives
// the same rows.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"reslog/analytics"
	"reslog/kql"
)

const workspaceID = "5f4c2f0e-3b5a-4f0f-9a1e-0c7b1a2d3e4f"

type options struct {
	rows, batch, queries int
	seed                 uint64
	folder, json         string
	peerFolder           string
	memory               int64
	taking               bool
}

func main() {
	var o options
	flag.IntVar(&o.rows, "rows", 1_000_000, "how many rows")
	flag.IntVar(&o.batch, "batch", 10_000, "how many rows a batch has")
	flag.IntVar(&o.queries, "queries", 1, "how many clients query, one query after another, while rows are taken")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the rows")
	flag.StringVar(&o.folder, "folder", "", "where the store is; empty: a temporary folder")
	flag.StringVar(&o.json, "json", "", "write the rows to this file, a JSON object a line, and do nothing else")
	flag.StringVar(&o.peerFolder, "peer", "", "folder in which VictoriaLogs is built, and has its rows for the time; empty: without a peer")
	flag.Int64Var(&o.memory, "memory", 2<<30, "memory of the engine, bytes")
	flag.BoolVar(&o.taking, "taking", false, "end when the rows are taken")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/workspace:", err)
		os.Exit(1)
	}
}

// day is the day that the rows are of, and span what of it they are spread over.
var day = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

const span = 23*time.Hour + 50*time.Minute

func run(ctx context.Context, o options) error {
	g := newGenerator(o.seed, day, span, int64(o.rows))
	if o.json != "" {
		return writeJSON(g, o)
	}
	if o.folder == "" {
		dir, err := os.MkdirTemp("", "reslog-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.folder = dir
	}
	now := day.Add(23*time.Hour + 55*time.Minute)
	s, err := analytics.Open(ctx, analytics.Config{Folder: o.folder, Maintain: -1, Now: func() time.Time { return now }, Memory: o.memory, Known: known})
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	w, err := s.Workspace(ctx, workspaceID)
	if err != nil {
		return err
	}
	b := &bench{options: o, store: s, w: w}
	if err := b.ingest(ctx, g); err != nil {
		return err
	}
	if o.taking {
		return nil
	}
	b.report("hot: queries", b.measure(ctx, 1))
	now = now.Add(48 * time.Hour)
	if err := b.close(ctx); err != nil {
		return err
	}
	b.report("closed: queries", b.measure(ctx, 5))
	if err := b.compare(ctx); err != nil || o.peerFolder == "" {
		return err
	}
	_, size, _ := b.files()
	return b.peer(ctx, size)
}

// request asks a question.
func request(q question) analytics.Request {
	return analytics.Request{Query: table + " | " + q.kql}
}

const table = "StorageBlobLogs"

func known(name string) (kql.Table, bool) {
	return kql.Table{Name: table, Columns: append(append([]kql.Column{}, columns...), more...)}, name == table
}

// writeJSON writes the rows as other stores take them.
func writeJSON(g *generator, o options) error {
	f, err := os.Create(o.json)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for done := 0; done < o.rows; done += o.batch {
		r := g.batch(min(o.batch, o.rows-done))
		for _, row := range r.Values {
			object := make(map[string]any, len(row))
			for i, c := range r.Columns {
				object[c.Name] = row[i]
				if c.Type == kql.Datetime {
					object[c.Name] = timeText(row[i].(int64))
				}
			}
			if err := enc.Encode(object); err != nil {
				return err
			}
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func timeText(t int64) string {
	t -= ticksToUnix
	return time.Unix(t/1e7, t%1e7*100).UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// files are the files of closed days, and database the size of the rest.
func (b *bench) files() (files []string, size, database int64) {
	found, _ := filepath.Glob(filepath.Join(b.folder, workspaceID, "days", "*.parquet"))
	for _, f := range found {
		if i, err := os.Stat(f); err == nil {
			size += i.Size()
		}
	}
	if i, err := os.Stat(filepath.Join(b.folder, workspaceID, "workspace.duckdb")); err == nil {
		database = i.Size()
	}
	return found, size, database
}
