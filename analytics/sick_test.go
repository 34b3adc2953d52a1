//go:build cgo

package analytics

import (
	"errors"
	"fmt"
	"testing"

	"reslog/analytics/engine"
	"reslog/analytics/rows"
)

const otherID = "0a1b2c3d-0000-4000-8000-00000000000b"

// scarce is memory with which an engine opens and attaches, and no more.
const scarce = 128 << 10

// TestWorkspaceOpensWithoutMemory opens a workspace in an engine that has no memory
// for it: it opens in the next one.
func TestWorkspaceOpensWithoutMemory(t *testing.T) {
	v := start(t, nil)
	memory := v.s.c.Memory
	v.s.c.Memory = scarce
	if err := v.s.revive(t.Context(), v.s.age, errors.New("a test")); err != nil {
		t.Fatal(err)
	}
	v.s.c.Memory = memory
	w, err := v.s.Workspace(t.Context(), otherID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(t.Context(), rows.Batch{Source: "s", Position: 1}); err != nil {
		t.Fatal(err)
	}
}

// TestWorkspaceComesBack has no memory when the engine is opened again: what is
// written to the workspace next opens it.
func TestWorkspaceComesBack(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "s", Position: 1})
	memory := v.s.c.Memory
	v.s.c.Memory = scarce
	if err := v.s.revive(t.Context(), v.s.age, errors.New("a test")); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(v.w.failed, engine.ErrBroken) {
		t.Fatalf("the workspace has opened, or failed otherwise: %v", v.w.failed)
	}
	v.s.c.Memory = memory
	v.append(rows.Batch{Source: "s", Position: 2})
	if p, err := v.w.Position(t.Context(), "s"); p != 2 || err != nil {
		t.Errorf("position %d %v", p, err)
	}
}

// TestRemoveSick removes a workspace that the engine does not give back: another of
// its name is a new one, and the others are as they were.
func TestRemoveSick(t *testing.T) {
	v := start(t, nil)
	v.append(rows.Batch{Source: "s", Position: 1})
	other, err := v.s.Workspace(t.Context(), otherID)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Append(t.Context(), rows.Batch{Source: "s", Position: 7}); err != nil {
		t.Fatal(err)
	}
	if err := v.w.exec(t.Context(), "BEGIN TRANSACTION"); err != nil {
		t.Fatal(err)
	}
	v.w.sick = fmt.Errorf("%w: a test", engine.ErrBroken)
	if err := v.s.Remove(t.Context(), testID); err != nil {
		t.Fatal(err)
	}
	if v.w, err = v.s.Workspace(t.Context(), testID); err != nil {
		t.Fatal(err)
	}
	for w, want := range map[*Workspace]uint64{v.w: 0, other: 7} {
		if p, err := w.Position(t.Context(), "s"); p != want || err != nil {
			t.Errorf("%s: position %d %v, want %d", w.id, p, err, want)
		}
	}
	v.append(rows.Batch{Source: "s", Position: 1})
	v.must("print 1", "1")
}
