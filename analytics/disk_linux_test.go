//go:build cgo

package analytics

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reslog/analytics/rows"
)

// ownDisk lets a process have a file system of its own, which needs a mount
// namespace; a user who is not root gets one in a user namespace.
func ownDisk(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid := os.Getuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
}

// TestFullDisk fills a small file system: an Append that finds no room fails, what
// was taken stays, days that cannot be closed stay open, and all of it works again
// when there is room.
func TestFullDisk(t *testing.T) {
	probe := exec.Command("true")
	ownDisk(probe)
	if err := probe.Run(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	cmd, lines := child(t, "fill", t.TempDir(), ownDisk)
	passed := false
	for lines.Scan() {
		t.Log(lines.Text())
		passed = passed || lines.Text() == "passed"
	}
	if err := cmd.Wait(); err != nil || !passed {
		t.Errorf("the process on a small disk failed: %v", err)
	}
}

// fillDisk is the process of TestFullDisk.
func fillDisk(folder string) error {
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=0700,size=128m"); err != nil {
		return err
	}
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 72<<20), 0o600); err != nil {
		return err
	}
	ctx := context.Background()
	now := noon
	c := Config{Folder: filepath.Join(folder, "w"), Maintain: -1, Now: func() time.Time { return now }, Memory: 256 << 20, logBytes: 8 << 20, restRows: 1000}
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	w, err := s.Workspace(ctx, testID)
	if err != nil {
		return err
	}
	var taken, position uint64
	add := func() error {
		position++
		r := rows.Rows{Table: "Logs_CL", Columns: logColumns}
		for i := range 2000 {
			row := logRow(noon, "a", int(position)*2000+i)
			row[9] = `{"text":"` + strings.Repeat(fmt.Sprintf("%x", i*7919), 60) + `"}`
			r.Values = append(r.Values, row)
		}
		err := w.Append(ctx, rows.Batch{Source: "s", Position: position, Rows: []rows.Rows{r}})
		if err == nil {
			taken++
		}
		return err
	}
	check := func(when string) error {
		var out results
		_, err := w.Query(ctx, Request{Query: "Logs_CL | summarize count(), dcount(_ItemId), countif(AccountName != 'a')"}, &out)
		if err != nil {
			return fmt.Errorf("%s: %w", when, err)
		}
		if got := out.rows[0][0]; got[0] != int64(taken*2000) || got[2] != int64(0) {
			return fmt.Errorf("%s: %v rows, want %d, %v of them with another text", when, got[0], taken*2000, got[2])
		}
		fmt.Printf("%s: %d rows\n", when, taken*2000)
		return nil
	}
	refused := 0
	for i := 0; refused < 5; i++ {
		if i > 2000 {
			return errors.New("the disk does not fill up")
		}
		if err := add(); err != nil {
			if refused++; refused == 1 {
				fmt.Println("refused:", err)
			}
		}
	}
	if err := check("on a full disk"); err != nil {
		return err
	}
	now = now.Add(48 * time.Hour)
	fmt.Println("closing days:", s.Maintain(ctx))
	if err := check("after a day could not be closed"); err != nil {
		return err
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	now = noon
	if err := add(); err != nil {
		return fmt.Errorf("append when there is room: %w", err)
	}
	if err := check("with room"); err != nil {
		return err
	}
	if err := s.Close(ctx); err != nil {
		return err
	}
	if s, err = Open(ctx, c); err != nil {
		return err
	}
	if w, err = s.Workspace(ctx, testID); err != nil {
		return err
	}
	if err := check("opened again"); err != nil {
		return err
	}
	now = now.Add(48 * time.Hour)
	if err := s.Maintain(ctx); err != nil {
		return err
	}
	if err := check("closed"); err != nil {
		return err
	}
	fmt.Println("passed")
	return s.Close(ctx)
}
