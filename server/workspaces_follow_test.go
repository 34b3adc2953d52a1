//go:build cgo

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/analytics"
	"reslog/analytics/rows"
	"reslog/control/arm"
	"reslog/kql"
	"reslog/resource"
)

func idOf(t *testing.T, path string) resource.ID {
	t.Helper()
	id, err := resource.Parse("/subscriptions/s/resourceGroups/g/providers/" + workspaceType + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestChangesWait: what replaces news that wait takes their place, a deletion of a
// workspace stays, and what failed comes before what came since.
func TestChangesWait(t *testing.T) {
	news := func(path, properties string, exists bool) changed {
		return changed{resource.Resource{ID: idOf(t, path), Properties: json.RawMessage(properties)}, exists}
	}
	text := func(list []changed) (out []string) {
		for _, c := range list {
			out = append(out, c.resource.ID.Name()+string(c.resource.Properties)+map[bool]string{false: " gone"}[c.exists])
		}
		return out
	}
	q := newChanges()
	for range 1000 {
		q.add(news("a", "1", true))
	}
	q.add(news("A", "2", true))
	q.add(news("a/tables/t", "1", true))
	q.add(news("a/tables/t", "1", false))
	q.add(news("a", "2", false))
	q.add(news("a", "3", true))
	taken := q.take()
	if got, want := text(taken), []string{"t1 gone", "a2 gone", "a3"}; !slices.Equal(got, want) {
		t.Errorf("%q wait, want %q", got, want)
	}
	q.add(news("a/tables/t", "2", true))
	q.add(news("b", "1", true))
	q.again(taken)
	if got, want := text(q.take()), []string{"a2 gone", "a3", "t2", "b1"}; !slices.Equal(got, want) {
		t.Errorf("after a failure %q wait, want %q", got, want)
	}
	if len(q.take()) != 0 {
		t.Error("what was taken is there again")
	}
}

// logged is what a node under test has logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.buf.String(), text)
}

func startWith(t *testing.T, data string, log *logged) *Node {
	t.Helper()
	n, err := New(Config{
		Data: data, BlobAddr: Off, QueueAddr: Off, TableAddr: Off, RedisAddr: Off, SignalRAddr: Off, ControlAddr: Off, AdminAddr: Off,
		Resources: []Resource{{ID: workspaceType + "/logs"}}, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

func (n *Node) theWorkspace(t *testing.T) (resource.Resource, arm.Workspace) {
	t.Helper()
	r, err := n.workspaces.find("logs")
	if err != nil {
		t.Fatal(err)
	}
	props, err := arm.WorkspaceOf(r)
	if err != nil {
		t.Fatal(err)
	}
	return r, props
}

// TestWorkspacesFollowLater changes the retention of a workspace that cannot be
// read: it is in force as soon as a copy is put back.
func TestWorkspacesFollowLater(t *testing.T) {
	data, log := t.TempDir(), &logged{}
	n := startWith(t, data, log)
	r, props := n.theWorkspace(t)
	held, err := n.workspaces.held(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Append(t.Context(), rows.Batch{Rows: []rows.Rows{{Table: "T_CL", Columns: []kql.Column{{Name: "N", Type: kql.Long}}, Values: [][]any{{int64(1)}}}}}); err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "workspaces", props.CustomerID, "workspace.duckdb")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), len(content)), 0o600); err != nil {
		t.Fatal(err)
	}

	n = startWith(t, data, log)
	if err := n.manager.Declare(t.Context(), arm.Declaration{ID: r.ID, Location: "local", Properties: map[string]any{"retentionInDays": 7}}); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the log to say what is wrong", func() bool { return log.has("a workspace does not follow its resource") && log.has(file) })
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the retention", func() bool {
		held, err := n.workspaces.held(t.Context(), r)
		if err != nil {
			return false
		}
		infos, err := held.Tables(t.Context())
		return err == nil && slices.ContainsFunc(infos, func(i analytics.TableInfo) bool { return i.Name == "T_CL" && i.Retention == 7 })
	})
}

// TestOwnerlessWorkspace: rows of a workspace that does not exist are left alone,
// and told of.
func TestOwnerlessWorkspace(t *testing.T) {
	data, log := t.TempDir(), &logged{}
	folder := filepath.Join(data, "workspaces", "0a1b2c3d-0000-4000-8000-00000000000b")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	startWith(t, data, log)
	if _, err := os.Stat(folder); err != nil || !log.has(folder) {
		t.Errorf("the folder of nobody: %v, and the log names it: %v", err, log.has(folder))
	}
}

// TestHeldOfADeletedWorkspace: who has read the resource before it was deleted gets
// nothing, and makes nothing.
func TestHeldOfADeletedWorkspace(t *testing.T) {
	data := t.TempDir()
	n := startWith(t, data, &logged{})
	r, props := n.theWorkspace(t)
	if err := n.resources.Delete(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := n.workspaces.held(t.Context(), r); err == nil {
		t.Error("a deleted workspace is held")
	}
	waitUntil(t, "its folder to go", func() bool {
		_, err := os.Stat(filepath.Join(data, "workspaces", props.CustomerID))
		return os.IsNotExist(err)
	})
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}
