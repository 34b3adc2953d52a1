//go:build cgo

package faulttest

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"reslog/client"
	"reslog/server"
	"reslog/server/servertest"
)

// clock is that of a node under test: it goes on by itself, and jumps.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time        { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) jump(by time.Duration) { c.offset.Add(int64(by)) }

// clocked starts a node whose clock is c, with the workspaces of a bootstrap file
// and a transcript of what it logs.
func clocked(t *testing.T, c *clock, file string, options ...servertest.Option) (*servertest.Node, *transcript) {
	t.Helper()
	log := &transcript{}
	options = append(options, readingFile(t, file), servertest.WithConfig(func(cfg *server.Config) {
		cfg.Now, cfg.RetentionInterval = c.now, 100*time.Millisecond
		cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}))
	return servertest.Start(t, options...), log
}

// dayFiles are the files of closed days of a workspace.
func dayFiles(t *testing.T, data string, w client.Workspace) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "workspaces", w.CustomerID, "days", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// workspaceNamed finds a workspace.
func workspaceNamed(t *testing.T, api *client.Node, name string) client.Workspace {
	t.Helper()
	all, err := api.Workspaces(t.Context(), server.DefaultSubscriptionID)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range all {
		if strings.EqualFold(w.Name, name) {
			return w
		}
	}
	t.Fatalf("there is no workspace %s", name)
	return client.Workspace{}
}

// twoDays makes a node with two workspaces that have the records of two days, the
// first of which is closed.
func twoDays(t *testing.T, c *clock, file string) (n *servertest.Node, log *transcript, l *ledger) {
	t.Helper()
	// In the forenoon, so that no day is over before the test has it be.
	now := time.Now().UTC()
	c.jump(now.Truncate(24*time.Hour).Add(9*time.Hour).Sub(now) - 10*24*time.Hour)
	n, log = clocked(t, c, file)
	l = &ledger{}
	blobs := connectAt(t, n.BlobURL(), c.now)
	l.create(t, blobs)
	l.looks(t, blobs, "first", 30)
	n.Settle(t)
	c.jump(26 * time.Hour)
	api := n.Admin(t)
	for _, name := range []string{workspaceName, otherName} {
		w := workspaceNamed(t, api, name)
		waitFor(t, "a day to be closed", func() bool { return len(dayFiles(t, n.Config.Data, w)) == 1 })
	}
	l.looks(t, blobs, "second", 20)
	n.Settle(t)
	return n, log, l
}

// TestDamagedDayOfAWorkspace starts a node on a workspace that has lost the file of
// a day: what is asked of it says so and has the rest, rows go on to come, and
// another workspace is as ever.
func TestDamagedDayOfAWorkspace(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	b.workspace(otherName)
	var c clock
	n, log, l := twoDays(t, &c, b.write(t))
	path := dayFiles(t, n.Config.Data, workspaceNamed(t, n.Admin(t), workspaceName))[0]
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, content[:len(content)/2])
	n.Restart(t)
	api := n.Admin(t)
	answer, err := api.Query(t.Context(), client.QueryRequest{Workspace: workspaceName, Query: blobTable + " | count"})
	if err != nil || answer.Error == nil || !strings.Contains(answer.Error.Error(), blobTable) {
		t.Errorf("a query of a workspace with a damaged day: %v, %v", answer.Error, err)
	}
	if got := fmt.Sprint(answer.Tables[0].Rows); got != "[[20]]" {
		t.Errorf("it shows %s rows of the day that is whole", got)
	}
	if !strings.Contains(log.String(), path) {
		t.Error("the log does not name the file")
	}
	l.looks(t, connectAt(t, n.BlobURL(), c.now), "third", 10)
	n.Settle(t)
	compare(t, "the other workspace", l.ids(), tableOf(t, api, otherName))
	// A copy that is put back is read at the next start.
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, content)
	n.Restart(t)
	compare(t, "the workspace", l.ids(), tableOf(t, n.Admin(t), workspaceName))
}

// TestDamagedWorkspace starts a node on a workspace whose database is damaged. The
// node starts; what is asked of the workspace fails, the ledger and the log say
// why, and its records wait until a copy is put back. Another workspace is as ever.
func TestDamagedWorkspace(t *testing.T) {
	var b bootstrap
	b.workspace(workspaceName)
	b.workspace(otherName)
	var c clock
	n, log, l := twoDays(t, &c, b.write(t))
	folder := filepath.Join(n.Config.Data, "workspaces", workspaceNamed(t, n.Admin(t), workspaceName).CustomerID)
	database := filepath.Join(folder, "workspace.duckdb")
	for name, damage := range map[string]func([]byte) []byte{
		"empty":  func([]byte) []byte { return nil },
		"cut":    func(b []byte) []byte { return b[:len(b)/3] },
		"header": func(b []byte) []byte { return append(bytes.Repeat([]byte{0xa5}, 12<<10), b[12<<10:]...) },
		"noise": func(b []byte) []byte {
			for i := 64; i < len(b); i += 7 {
				b[i] ^= 0x33
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := n.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(database)
			if err != nil {
				t.Fatal(err)
			}
			overwrite(t, database, damage(bytes.Clone(content)))
			n.Restart(t)
			api := n.Admin(t)
			if rows, err := ask(t.Context(), api, workspaceName, blobTable+" | count"); err == nil {
				t.Errorf("a damaged workspace answers %v", rows)
			}
			l.looks(t, connectAt(t, n.BlobURL(), c.now), name, 10)
			waitFor(t, "the other workspace to have all", func() bool { return count(t, api, otherName) == int64(len(l.attempts)) })
			waitFor(t, "the ledger to say what is wrong", func() bool {
				d := delivery(t, api, workspaceName)
				return d.BacklogRecords == 10 && strings.Contains(d.LastError, "put a copy back")
			})
			if text := log.String(); !strings.Contains(text, database) {
				t.Error("the log does not name the database")
			}
			overwrite(t, database, content)
			waitFor(t, "the workspace to catch up", func() bool {
				got, err := number(t.Context(), api, workspaceName, blobTable+" | count")
				return err == nil && got == int64(len(l.attempts))
			})
			n.Settle(t)
			for _, name := range []string{workspaceName, otherName} {
				compare(t, name, l.ids(), tableOf(t, api, name))
			}
		})
	}
}

func overwrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
