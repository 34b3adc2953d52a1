package disk

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guard is the file system of the database. It looks after its log: once a
// write or a sync of the log failed nothing more is written to it, and the
// database is not told, for it would panic with its locks held. It is space that
// knows: it is told before the write returns, and whoever waits for the log asks
// it before saying that something is on disk. So a log ends with what was
// synced, and can be read when the store is opened again.
type guard struct {
	vfs.FS
	space *Space
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// Create implements vfs.FS.
func (g guard) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(name, func() (vfs.File, error) { return g.FS.Create(name, c) })
}

// ReuseForWrite implements vfs.FS.
func (g guard) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return g.open(newname, func() (vfs.File, error) { return g.FS.ReuseForWrite(oldname, newname, c) })
}

func (g guard) open(name string, open func() (vfs.File, error)) (vfs.File, error) {
	if !isLog(name) {
		return open()
	}
	if g.space.Failed() == nil {
		f, err := open()
		if err == nil {
			return &logFile{f, g.space}, nil
		}
		g.space.Fail(fmt.Errorf("make log: %w", err))
	}
	// A log after one that did not end well could not be read.
	f, err := vfs.NewMem().Create("log", vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return &logFile{f, g.space}, nil
}

// logFile is the database's log.
type logFile struct {
	vfs.File
	space *Space
}

// do runs a write or a sync, unless one has failed before.
func (f *logFile) do(what string, fn func() error) {
	if f.space.Failed() != nil {
		return
	}
	if err := fn(); err != nil {
		f.space.Fail(fmt.Errorf("%s log: %w", what, err))
	}
}

func (f *logFile) Write(p []byte) (int, error) {
	f.do("write", func() error { _, err := f.File.Write(p); return err })
	return len(p), nil
}

func (f *logFile) Sync() error {
	f.do("sync", f.File.Sync)
	return nil
}

func (f *logFile) SyncData() error {
	f.do("sync", f.File.SyncData)
	return nil
}

func (f *logFile) SyncTo(length int64) (full bool, err error) {
	f.do("sync", func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, nil
}

func (f *logFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.space.Fail(fmt.Errorf("close log: %w", err))
	}
	return nil
}
