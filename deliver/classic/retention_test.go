package classic

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/storagelog"
)

func TestRetention(t *testing.T) {
	a := newAccount(t)
	names := []string{
		"blob/2024/12/31/2300/000000.log",
		"blob/2026/01/05/1000/000000.log",
		"blob/2026/02/24/2300/000003.log",
		"blob/2026/02/25/0000/000000.log",
		"blob/2026/02/25/1000/000000.log",
		"blob/2026/02/25/1100/000000.log", // ends at the cutoff
		"blob/2026/02/25/1200/000000.log", // has records of the cutoff's hour
		"blob/2026/03/04/1200/000000.log",
		"blob/2026/01/05/1000/notes.txt",
		"queue/2024/12/31/2300/000000.log",
		"table/2024/12/31/2300/000000.log",
	}
	for _, name := range names {
		a.blobs[name] = &fakeBlob{exists: true}
	}
	policies := []Policy{
		{Account: "a", Service: storagelog.Blob, Container: a.client, Days: 7},
		{Account: "a", Service: storagelog.Queue, Container: a.client, Days: 0},
		{Account: "a", Service: storagelog.Table, Container: a.client, Days: 366},
	}
	r := Retention{
		Policies: func(context.Context) ([]Policy, error) { return policies, nil },
		Now:      func() time.Time { return noon },
	}
	deleted, err := r.Sweep(context.Background())
	if err != nil || deleted != 6 {
		t.Errorf("deleted %d, %v; want 6", deleted, err)
	}
	want := []string{
		"blob/2026/01/05/1000/notes.txt",
		"blob/2026/02/25/1200/000000.log",
		"blob/2026/03/04/1200/000000.log",
		"queue/2024/12/31/2300/000000.log",
		"table/2024/12/31/2300/000000.log",
	}
	if d := cmp.Diff(want, a.names()); d != "" {
		t.Errorf("left (-want +got):\n%s", d)
	}

	// With nothing to do, a sweep lists little.
	a.calls = nil
	if deleted, err = r.Sweep(context.Background()); err != nil || deleted != 0 {
		t.Errorf("deleted %d, %v", deleted, err)
	}
	if len(a.calls) > 5 {
		t.Errorf("calls %v", a.calls)
	}
}

func TestRetentionFailures(t *testing.T) {
	a, gone := newAccount(t), newAccount(t)
	gone.missing = true
	a.blobs["blob/2024/12/31/2300/000000.log"] = &fakeBlob{exists: true}
	a.blobs["queue/2024/12/31/2300/000000.log"] = &fakeBlob{exists: true}
	a.fail = func(call string) fault {
		if strings.HasPrefix(call, "DELETE") && strings.Contains(call, "blob/") {
			return failsBefore
		}
		return works
	}
	r := Retention{
		Policies: func(context.Context) ([]Policy, error) {
			return []Policy{
				{Account: "gone", Service: storagelog.Blob, Container: gone.client, Days: 1},
				{Account: "a", Service: storagelog.Blob, Container: a.client, Days: 1},
				{Account: "a", Service: storagelog.Queue, Container: a.client, Days: 1},
			}, nil
		},
		Now: func() time.Time { return noon },
	}
	deleted, err := r.Sweep(context.Background())
	if err == nil || !strings.Contains(err.Error(), "blob logs of account a") || strings.Contains(err.Error(), "gone") {
		t.Errorf("error %v", err)
	}
	if deleted != 1 {
		t.Errorf("deleted %d: a failing policy keeps others from being applied", deleted)
	}

	broken := errors.New("settings are away")
	r.Policies = func(context.Context) ([]Policy, error) { return nil, broken }
	if _, err := r.Sweep(context.Background()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestRetentionRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	swept := make(chan struct{}, 10)
	r := Retention{Interval: time.Millisecond, Policies: func(context.Context) ([]Policy, error) {
		swept <- struct{}{}
		return nil, nil
	}}
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	<-swept
	<-swept
	cancel()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			return
		case <-swept:
		}
	}
}
