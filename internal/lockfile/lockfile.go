// Package lockfile keeps a folder for one process.
//
// Take locks a file with the operating system's advisory lock, which ends with
// the process however it ends: a file that a dead process left behind is no
// obstacle. Two takes of one file exclude each other inside one process too.
package lockfile

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ErrHeld is wrapped by the error of Take when another has the lock.
var ErrHeld = errors.New("held by another process")

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Take locks the file at path, making it when it is not there, and writes the
// process ID into it for those who find it locked.
func Take(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := lock(f); err != nil {
		holder := holder(f)
		f.Close()
		if errors.Is(err, ErrHeld) && holder != "" {
			return nil, fmt.Errorf("lock %s: %w (process %s)", path, err, holder)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := f.Truncate(0); err == nil {
		// Only a hint for people: a lock without it is as good.
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &Lock{file: f}, nil
}

// Release gives the lock up. The file stays: removing it would race with those
// who wait for it.
func (l *Lock) Release() error { return l.file.Close() }

func holder(f *os.File) string {
	buf := make([]byte, 20)
	n, _ := f.ReadAt(buf, 0)
	text := strings.TrimSpace(string(buf[:n]))
	if _, err := strconv.Atoi(text); err != nil {
		return ""
	}
	return text
}
