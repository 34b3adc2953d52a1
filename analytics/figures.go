package analytics

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Figures is what a store holds and does at a moment.
type Figures struct {
	// Running and Waiting count the queries that run and that wait for their turn.
	Running, Waiting int
	// Workspaces are those that are open, by id.
	Workspaces []WorkspaceFigures
}

// WorkspaceFigures is a workspace at a moment.
type WorkspaceFigures struct {
	ID string
	// Waiting is how many rows are in the batches that are being stored, or wait for
	// their turn.
	Waiting int64
	// Database and Log are the sizes of the two files of its database, in which are
	// the rows of the days that are not closed, of all tables. A log is read at the
	// next start, unless it is moved into the database before.
	Database, Log int64
	// Checkpoint is when the database's file was last written: to take the log in, or
	// a very large batch. Zero: it cannot be told.
	Checkpoint time.Time
	Tables     []TableFigures // by name
}

// TableFigures is a table at a moment.
type TableFigures struct {
	Name        string
	Hot, Closed RowFigures
	// Files and FileBytes are the files of closed days, FileBytes with their indexes.
	Files     int
	FileBytes int64
}

// RowFigures are rows, and their size as it is billed.
type RowFigures struct{ Rows, Bytes int64 }

// Figures never waits for a batch or a query.
func (s *Store) Figures() Figures {
	f := Figures{Running: len(s.gate.running)}
	f.Waiting = max(len(s.gate.all)-f.Running, 0)
	for _, w := range s.open() {
		f.Workspaces = append(f.Workspaces, w.figures())
	}
	return f
}

func (w *Workspace) figures() WorkspaceFigures {
	f := WorkspaceFigures{ID: w.id, Waiting: w.waiting.Load()}
	file := filepath.Join(w.folder, "workspace.duckdb")
	if i, err := os.Stat(file); err == nil {
		f.Database, f.Checkpoint = i.Size(), i.ModTime()
	}
	if i, err := os.Stat(file + ".wal"); err == nil {
		f.Log = i.Size()
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	for name, t := range w.tables {
		tf := TableFigures{Name: name}
		for _, p := range t.parts {
			of := &tf.Hot
			if p.state == filed {
				of = &tf.Closed
				tf.Files++
				tf.FileBytes += p.size + p.indexSize
			}
			of.Rows += p.rows
			of.Bytes += int64(p.bytes)
		}
		f.Tables = append(f.Tables, tf)
	}
	slices.SortFunc(f.Tables, func(a, b TableFigures) int { return strings.Compare(a.Name, b.Name) })
	return f
}
