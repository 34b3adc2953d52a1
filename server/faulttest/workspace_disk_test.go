//go:build cgo

package faulttest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
	"reslog/client"
)

// TestFullDiskOfAWorkspace takes all room from the folder of the workspaces, which
// is on a disk of its own. Requests are answered and archived as before, queries
// too; the workspace waits, the ledger and the log say why, and it catches up when
// there is room. The node starts while there is none, and nothing is there twice.
func TestFullDiskOfAWorkspace(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	var b bootstrap
	b.own(ownAccount)
	b.setting("own", map[string]any{"storageAccountId": accountPath + ownAccount})
	b.workspace(workspaceName)
	data := t.TempDir()
	var said transcript
	v := start(t, data, bus.Audit, onSmallDisk("96m"), withFile(b.write(t)), withQueries(queryMemory), func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, placeVariable+"=workspaces", levelVariable+"=WARN")
		cmd.Stderr = io.MultiWriter(&said, failures{})
	})
	defer v.stop(t)
	c := connect(t, v.url)
	var l ledger
	l.create(t, c)
	api := admin(t, data)
	l.looks(t, c, "before", 50)
	l.arrive(t, api)

	for cycle := range 2 {
		v.disk(t, makeFull)
		before := len(l.attempts)
		l.looks(t, c, fmt.Sprint("full", cycle), 100)
		waitFor(t, "the archive to take what the workspace does not", func() bool {
			return delivery(t, api, "own").Delivered == uint64(len(l.attempts))
		})
		waitFor(t, "the ledger to say that the workspace waits", func() bool {
			d := delivery(t, api, workspaceName)
			return d.BacklogRecords > 90 && d.Delivered+d.BacklogRecords == uint64(len(l.attempts)) && strings.Contains(strings.ToLower(d.LastError), "no space left on device")
		})
		// A page of the disk may have had room for some more.
		kept := count(t, api, workspaceName)
		if kept < int64(before) || kept != int64(delivery(t, api, workspaceName).Delivered) {
			t.Errorf("a query on a full disk shows %d rows, there were %d", kept, before)
		}
		if log := said.String(); !strings.Contains(strings.ToLower(log), "no space left on device") || !strings.Contains(log, "setting="+workspaceName) {
			t.Errorf("the log does not say what is wrong: %s", log)
		}
		if cycle == 1 { // the node starts on a full disk, too
			v.restart(t)
			c, api = connect(t, v.url), admin(t, data)
			if n := count(t, api, workspaceName); n < kept {
				t.Errorf("a query after a start on a full disk shows %d rows, there were %d", n, kept)
			}
			l.looks(t, c, "restarted", 20)
		}
		v.disk(t, makeRoom)
		began := time.Now()
		l.arrive(t, api)
		t.Logf("cycle %d: %d rows, %v after there was room", cycle, len(l.attempts), time.Since(began).Round(time.Millisecond))
	}
	if d := delivery(t, api, workspaceName); d.DeadLettered+d.Dropped != 0 || d.Accepted != uint64(len(l.attempts)) {
		t.Errorf("the ledger says %+v", d)
	}
	v.restart(t)
	api = admin(t, data)
	l.arrive(t, api)
}

// arrive waits until every attempt is in the table, and checks that each was
// answered as it should be and is there once.
func (l *ledger) arrive(t *testing.T, api *client.Node) {
	t.Helper()
	want := map[string]bool{}
	for _, a := range l.attempts {
		if a.status != a.want {
			t.Errorf("%s %s: answered %d", a.operation, a.blob, a.status)
		}
		want[a.requestID] = true
	}
	waitFor(t, "all records to be in the table", func() bool { return count(t, api, workspaceName) >= int64(len(want)) })
	compare(t, "the workspace", want, tableOf(t, api, workspaceName))
	if d := delivery(t, api, workspaceName); d.Delivered < uint64(len(want)) {
		t.Errorf("the ledger says that %d of %d are delivered", d.Delivered, len(want))
	}
}

// transcript is what a node logs.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

// String is all of it.
func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// failures shows what is no warning, a test's own or that of a runtime that dies.
type failures struct{}

// Write implements io.Writer.
func (failures) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !bytes.Contains(line, []byte("level=WARN")) {
			_, _ = os.Stderr.Write(line)
		}
	}
	return len(p), nil
}
