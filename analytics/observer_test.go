//go:build cgo

package analytics

import (
	"sync"
	"testing"
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

// observed keeps what an observer is told.
type observed struct {
	mu      sync.Mutex
	stored  []Stored
	expired []Expired
	closed  []Closed
}

func (o *observed) Stored(s Stored) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stored = append(o.stored, s)
}

func (o *observed) Expired(e Expired) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e.Rows > 0 || e.Err != nil {
		o.expired = append(o.expired, e)
	}
}

func (o *observed) Closed(c Closed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = append(o.closed, c)
}

// TestObserved: a store tells what becomes of batches, days and rows, and its
// figures follow.
func TestObserved(t *testing.T) {
	o := &observed{}
	v := start(t, func(c *Config) { c.Observer, c.Retention = o, 4 })
	numbers := rows.Rows{Table: "Numbers_CL", Columns: []kql.Column{{Name: "N", Type: kql.Long}}, Values: [][]any{{int64(1)}, {int64(2)}}}
	b := rows.Batch{Source: "bus", Position: 7, Rows: []rows.Rows{numbers}}
	v.append(b)
	v.append(b)
	other := numbers
	other.Columns = []kql.Column{{Name: "N", Type: kql.Bool}}
	other.Values = [][]any{{true}}
	if err := v.w.Append(t.Context(), rows.Batch{Rows: []rows.Rows{other}}); err == nil {
		t.Error("a column has two types")
	}
	wrong := numbers
	wrong.Values = [][]any{{"text"}}
	if err := v.w.Append(t.Context(), rows.Batch{Rows: []rows.Rows{wrong}}); err == nil {
		t.Error("a number is a text")
	}
	want := []Outcome{OutcomeStored, OutcomeKnown, OutcomeRefused, OutcomeRefused}
	if len(o.stored) != len(want) {
		t.Fatalf("%d batches were told of: %+v", len(o.stored), o.stored)
	}
	for i, s := range o.stored {
		if s.Outcome != want[i] || s.Workspace != testID {
			t.Errorf("batch %d is %+v, want %s", i, s, want[i])
		}
	}
	if s := o.stored[0]; s.Rows != 2 || len(s.Tables) != 1 || s.Tables[0].Table != "Numbers_CL" || s.Tables[0].Rows != 2 || s.Tables[0].Bytes != 16 || s.Elapsed <= 0 {
		t.Errorf("the first batch is %+v", s)
	}

	table := func() (WorkspaceFigures, TableFigures) {
		t.Helper()
		f := v.s.Figures()
		if len(f.Workspaces) != 1 || len(f.Workspaces[0].Tables) != 1 {
			t.Fatalf("figures %+v", f)
		}
		return f.Workspaces[0], f.Workspaces[0].Tables[0]
	}
	w, tf := table()
	if w.ID != testID || w.Waiting != 0 || w.Database == 0 || w.Log == 0 || w.Checkpoint.IsZero() {
		t.Errorf("the workspace is %+v", w)
	}
	if tf.Name != "Numbers_CL" || tf.Hot != (RowFigures{2, 16}) || tf.Closed != (RowFigures{}) || tf.Files != 0 {
		t.Errorf("the hot table is %+v", tf)
	}

	v.clock.move(26 * time.Hour)
	v.maintain()
	if _, tf := table(); tf.Hot.Rows != 0 || tf.Closed != (RowFigures{2, 16}) || tf.Files != 1 || tf.FileBytes == 0 {
		t.Errorf("the closed table is %+v", tf)
	}
	if len(o.closed) != 1 || o.closed[0] != (Closed{testID, "Numbers_CL", nil}) {
		t.Errorf("closed %+v", o.closed)
	}
	_, before := table()
	v.restart()
	if _, tf := table(); tf != before {
		t.Errorf("after a restart the table is %+v, was %+v", tf, before)
	}

	v.clock.move(5 * 24 * time.Hour)
	v.maintain()
	if len(o.expired) != 1 || o.expired[0] != (Expired{testID, 2, nil}) {
		t.Errorf("expired %+v", o.expired)
	}
}

// TestFiguresDoNotWait: while a batch is being stored its rows wait, and figures can
// be had.
func TestFiguresDoNotWait(t *testing.T) {
	v := start(t, nil)
	v.w.write.Lock()
	done := make(chan error)
	go func() {
		done <- v.w.Append(t.Context(), rows.Batch{Rows: []rows.Rows{{
			Table: "T_CL", Columns: []kql.Column{{Name: "N", Type: kql.Long}}, Values: [][]any{{int64(1)}, {int64(2)}, {int64(3)}},
		}}})
	}()
	for deadline := time.Now().Add(30 * time.Second); v.s.Figures().Workspaces[0].Waiting != 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("figures %+v", v.s.Figures())
		}
	}
	v.w.write.Unlock()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := v.s.Figures().Workspaces[0].Waiting; n != 0 {
		t.Errorf("%d rows wait", n)
	}
}
