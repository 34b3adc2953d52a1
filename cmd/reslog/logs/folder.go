package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"reslog/storagelog"
)

// Folder is logs that were downloaded: files, and folders with files.
//
// A file whose path ends as the name of a log does (blob/2011/07/31/1800/000000.log)
// is selected by its service and hour; any other file is always selected.
type Folder struct{ paths []string }

// OpenFolder returns the logs at paths, each a file or a folder.
func OpenFolder(paths ...string) (*Folder, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return nil, fmt.Errorf("open logs: %w", err)
		}
	}
	return &Folder{paths: paths}, nil
}

// Select implements Source.
func (f *Folder) Select(ctx context.Context, s Selection, fn func(Log) error) error {
	var found []Log
	for _, root := range f.paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
				return filepath.SkipDir
			case d.IsDir():
				return nil
			}
			info, err := os.Stat(path) // follows links
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			found = append(found, Log{Location: path, Name: path, Size: info.Size(), Hour: hourOf(path)})
			return nil
		})
		if err != nil {
			return fmt.Errorf("list logs: %w", err)
		}
	}
	slices.SortStableFunc(found, func(a, b Log) int {
		return cmp.Or(a.Hour.Compare(b.Hour), cmp.Compare(a.Name, b.Name))
	})
	for _, l := range found {
		selected := mayHold(l, s)
		if s.Observe != nil {
			s.Observe(l, selected)
		}
		if !selected {
			continue
		}
		if err := fn(l); err != nil {
			return err
		}
	}
	return nil
}

// mayHold decides by the name.
func mayHold(l Log, s Selection) bool {
	name, ok := logName(l.Name)
	switch {
	case !ok:
		return true
	case s.Service != "" && name.Service != s.Service:
		return false
	case !s.Start.IsZero() && !name.Hour.Add(time.Hour).After(s.Start):
		return false // all in it ended before
	case !s.End.IsZero() && name.Hour.After(s.End.Add(longestRequest)):
		return false
	}
	return true
}

// longestRequest is how long after its start a request is taken to have ended.
const longestRequest = time.Hour

// logName reads the name of a log from the end of a path.
func logName(path string) (storagelog.LogName, bool) {
	parts := strings.Split(filepath.ToSlash(path), "/")
	if len(parts) < 6 {
		return storagelog.LogName{}, false
	}
	name, err := storagelog.ParseLogName(strings.Join(parts[len(parts)-6:], "/"))
	return name, err == nil
}

func hourOf(path string) time.Time {
	name, _ := logName(path)
	return name.Hour
}

// Open implements Source.
func (f *Folder) Open(_ context.Context, l Log) (io.ReadCloser, error) {
	file, err := os.Open(l.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", l.Name, ErrGone)
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return file, nil
}
