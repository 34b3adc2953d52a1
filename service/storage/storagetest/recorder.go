package storagetest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"reslog/record"
	"reslog/resource"
	"reslog/service/storage"
	"reslog/storagelog"
)

// Recorder keeps the records of all requests and what was announced of them. The
// zero Recorder wants records of all categories.
type Recorder struct {
	running sync.WaitGroup // requests, whose records come after their answers
	mu      sync.Mutex
	records []record.Record

	off              map[record.Category]bool
	began, withdrawn int
	fail             bool // Emit
}

// Watch returns a handler whose requests the Recorder waits for before it says what
// it has.
func (r *Recorder) Watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.running.Add(1)
		defer r.running.Done()
		h.ServeHTTP(w, req)
	})
}

// Wait waits for the requests that run.
func (r *Recorder) Wait() { r.running.Wait() }

// Enabled implements record.Emitter.
func (r *Recorder) Enabled(_ resource.ID, c record.Category) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.off[c]
}

// Begin implements record.Emitter.
func (r *Recorder) Begin(context.Context, record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began++
	return nil
}

// Withdraw implements record.Emitter.
func (r *Recorder) Withdraw(context.Context, record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withdrawn++
	return nil
}

// Emit implements record.Emitter.
func (r *Recorder) Emit(_ context.Context, one record.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail {
		return errors.New("disk is full")
	}
	r.records = append(r.records, one)
	return nil
}

// Set changes which categories nobody asks for, and whether records can be kept.
func (r *Recorder) Set(fail bool, off ...record.Category) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail, r.off = fail, map[record.Category]bool{}
	for _, c := range off {
		r.off[c] = true
	}
}

// Intents returns how many operations were announced and taken back since it was
// called last.
func (r *Recorder) Intents() (began, withdrawn int) {
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	began, withdrawn = r.began, r.withdrawn
	r.began, r.withdrawn = 0, 0
	return began, withdrawn
}

// Records returns the records of the requests since they were taken last.
func (r *Recorder) Records() []record.Record {
	r.running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.records
	r.records = nil
	return taken
}

// Entry is a classic log entry with the category of its record.
type Entry struct {
	storagelog.Entry
	Category record.Category
}

// Take returns the log entries of the requests since records were taken last.
func (r *Recorder) Take(t testing.TB) []Entry {
	t.Helper()
	var entries []Entry
	for _, one := range r.Records() {
		lines, _, err := storage.AppendEntries(nil, &one, storagelog.V1)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(lines) {
			e, err := storagelog.ParseEntry(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			entries = append(entries, Entry{e, one.Category})
		}
	}
	return entries
}

// One returns the only entry since records were taken last.
func (r *Recorder) One(t testing.TB) Entry {
	t.Helper()
	entries := r.Take(t)
	if len(entries) != 1 {
		t.Fatalf("%d entries, want 1: %+v", len(entries), entries)
	}
	return entries[0]
}
