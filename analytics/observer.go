package analytics

import (
	"errors"
	"fmt"
	"time"

	"reslog/analytics/rows"
)

// Observer is told what a store does, while whoever asked for it waits: it must
// not block, and not call the store. It is called from many goroutines.
type Observer interface {
	// Stored is called at the end of every Append.
	Stored(Stored)
	// Expired is called after retention was enforced in a workspace, also when there
	// was nothing to drop.
	Expired(Expired)
	// Closed is called after a day of a table was closed, or was not.
	Closed(Closed)
}

// Stored is what became of a batch.
type Stored struct {
	Workspace string
	Outcome   Outcome
	// Rows is how many the batch had.
	Rows int64
	// Tables is what was stored, by table and day.
	Tables []StoredRows
	// Elapsed is the time from the call of Append to its end.
	Elapsed time.Duration
}

// StoredRows are rows of a batch in one table.
type StoredRows struct {
	Table string
	Rows  int64
	Bytes float64 // billed
}

// Outcome is how an Append ended.
type Outcome string

// What became of a batch: it is stored; it was before; it can never be; it could
// not be this time.
const (
	OutcomeStored  Outcome = "stored"
	OutcomeKnown   Outcome = "known"
	OutcomeRefused Outcome = "refused"
	OutcomeFailed  Outcome = "failed"
)

// Expired is what was dropped because its retention had ended.
type Expired struct {
	Workspace string
	Rows      int64
	Err       error // nil: all of it was
}

func (e *Expired) count(parts []*part) {
	for _, p := range parts {
		e.Rows += p.rows
	}
}

// Closed is a day of a table that was written into a file.
type Closed struct {
	Workspace string
	Table     string
	Err       error // nil: it was
}

type nobody struct{}

func (nobody) Stored(Stored) {}

func (nobody) Expired(Expired) {}

func (nobody) Closed(Closed) {}

// taking counts a batch among those that wait, until the function is called with
// what became of it.
func (w *Workspace) taking(b rows.Batch) func(groups []*group, err error) {
	start := time.Now()
	s := Stored{Workspace: w.id, Outcome: OutcomeStored}
	for _, r := range b.Rows {
		s.Rows += int64(len(r.Values))
	}
	w.waiting.Add(s.Rows)
	return func(groups []*group, err error) {
		w.waiting.Add(-s.Rows)
		switch {
		case isRefused(err):
			s.Outcome = OutcomeRefused
		case err != nil:
			s.Outcome = OutcomeFailed
		case groups == nil && s.Rows > 0:
			s.Outcome = OutcomeKnown
		}
		for _, g := range groups {
			s.Tables = append(s.Tables, StoredRows{g.table.name, int64(len(g.rows)), g.bytes})
		}
		s.Elapsed = time.Since(start)
		w.store.c.Observer.Stored(s)
	}
}

// refusal is an error of rows that can never be stored as they are.
type refusal struct{ error }

// Unwrap is for package errors.
func (r *refusal) Unwrap() error { return r.error }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// isRefused reports whether an error is about the rows.
func isRefused(err error) bool {
	var r *refusal
	var v *valueError
	return errors.As(err, &r) || errors.As(err, &v)
}
