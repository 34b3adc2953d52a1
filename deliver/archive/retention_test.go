package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/resource"
)

const rootX = "resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/X/"

var hubX = resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.SignalRService/SignalR/x")

func (a *account) put(names ...string) {
	a.t.Helper()
	c := a.plain.NewContainerClient(logs)
	_, _ = c.Create(context.Background(), nil)
	for _, name := range names {
		_, err := c.NewAppendBlobClient(name).Create(context.Background(), nil)
		check(a.t, err)
	}
}

func (a *account) names() []string {
	a.t.Helper()
	return a.list(a.plain.NewContainerClient(logs))
}

func (a *account) retention(policies ...Policy) *Retention {
	for i := range policies {
		if policies[i].Container == nil {
			policies[i].Container = a.client.NewContainerClient
		}
	}
	return &Retention{
		Policies: func(context.Context) ([]Policy, error) { return policies, nil },
		Now:      func() time.Time { return noon }, // of 4 March 2026
		Logger:   testLogger(a.t),
	}
}

func TestRetention(t *testing.T) {
	a := newAccount(t)
	old := []string{
		rootX + "y=2024/m=12/d=31/h=23/m=00/PT1H.json",
		rootX + "y=2026/m=01/d=05/h=10/m=00/PT1H.json",
		rootX + "y=2026/m=01/d=05/h=10/m=00/PT1H_1.json",
		rootX + "y=2026/m=02/d=24/h=23/m=00/PT1H.json",
		rootX + "y=2026/m=02/d=25/h=00/m=00/PT1H.json",
		rootX + "y=2026/m=02/d=25/h=11/m=00/PT1H.json", // ends at the cutoff
	}
	kept := []string{
		rootX + "y=2026/m=02/d=25/h=12/m=00/PT1H.json",
		rootX + "y=2026/m=03/d=04/h=12/m=00/PT1H.json",
		rootX + "y=2026/m=01/d=05/h=10/m=00/notes.txt", // no archive
		rootX + "y=2026/m=01/d=05/h=10/m=30/PT1H.json",
		rootX + "y=2026/m=01/d=05/PT1H.json",
		rootX + "y=2026/m=13/d=05/h=10/m=00/PT1H.json",
		rootX + "y=26/m=01/d=05/h=10/m=00/PT1H.json",
		rootX + "CHILDREN/C/y=2024/m=12/d=31/h=23/m=00/PT1H.json", // another resource
		strings.Replace(rootX, "/X/", "/XY/", 1) + "y=2024/m=12/d=31/h=23/m=00/PT1H.json",
		strings.Replace(rootX, "/X/", "/", 1) + "y=2024/m=12/d=31/h=23/m=00/PT1H.json",
		strings.ToLower(rootX) + "y=2024/m=12/d=31/h=23/m=00/PT1H.json",
		"y=2024/m=12/d=31/h=23/m=00/PT1H.json",
	}
	a.put(append(old, kept...)...)
	a.put(rootX[:len(rootX)-1]) // a blob where the folder is
	kept = append(kept, rootX[:len(rootX)-1])
	r := a.retention(
		Policy{Resource: hubX, Category: "AllLogs", Days: 7},
		Policy{Resource: hubX, Category: "AllLogs", Days: 0},
		Policy{Resource: hubX, Category: "Elsewhere", Days: 7},
		Policy{Resource: hubX, Category: "never any such", Days: 7},
	)
	deleted, err := r.Sweep(t.Context())
	if err != nil || deleted != len(old) {
		t.Errorf("deleted %d, %v; want %d", deleted, err, len(old))
	}
	slices.Sort(kept)
	got := a.names()
	slices.Sort(got)
	if d := cmp.Diff(kept, got); d != "" {
		t.Errorf("left (-want +got):\n%s", d)
	}

	// With little to do a sweep lists little, however much there is.
	var many []string
	for i := range 300 {
		at := time.Date(2026, 2, 26, i, 0, 0, 0, time.UTC)
		many = append(many, rootX+at.Format(hourLayout)+"/m=00/PT1H.json")
	}
	a.put(many...)
	a.calls = nil
	if deleted, err = r.Sweep(t.Context()); err != nil || deleted != 0 {
		t.Errorf("deleted %d, %v", deleted, err)
	}
	if len(a.calls) > 8 {
		t.Errorf("%d calls: %v", len(a.calls), a.calls)
	}
}

func TestRetentionIsBounded(t *testing.T) {
	a := newAccount(t)
	var names []string
	for i := range 25 {
		names = append(names, rootX+fmt.Sprintf("y=2025/m=01/d=%02d/h=10/m=00/", 1+i/2)+blobName(i%2))
	}
	a.put(names...)
	r := a.retention(Policy{Resource: hubX, Category: "AllLogs", Days: 1}, Policy{Resource: source, Category: "AllLogs", Days: 1})
	r.MaxDeletes = 10
	for _, want := range []int{10, 10, 5, 0} {
		if deleted, err := r.Sweep(t.Context()); deleted != want || err != nil {
			t.Errorf("deleted %d, %v; want %d", deleted, err, want)
		}
	}
}

func TestRetentionFailures(t *testing.T) {
	a := newAccount(t)
	blob := "y=2024/m=12/d=31/h=23/m=00/PT1H.json"
	next := "y=2024/m=12/d=31/h=23/m=00/PT1H_1.json"
	rootSource := resourceRoot(source)
	a.put(rootX+blob, rootX+next, rootSource+blob)
	a.setFault(func(call string) fault {
		switch {
		case strings.HasPrefix(call, "DELETE "+logs+"/"+rootX+blob):
			return refusal(409, "BlobImmutableDueToPolicy")
		case strings.HasPrefix(call, "GET list insights-logs-broken"):
			return cut
		}
		return ok
	})
	r := a.retention(
		Policy{Account: "a", Resource: hubX, Category: "Broken", Days: 1},
		Policy{Account: "b", Resource: hubX, Category: "AllLogs", Days: 1},
		Policy{Account: "c", Resource: source, Category: "AllLogs", Days: 1},
	)
	deleted, err := r.Sweep(t.Context())
	if deleted != 2 {
		t.Errorf("deleted %d, want the other blob and that of the other policy", deleted)
	}
	if err == nil || !errors.Is(err, errCable) {
		t.Errorf("error %v", err)
	}
	for _, part := range []string{"account a", "account b", "1 blobs", "BlobImmutableDueToPolicy"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "account c") {
		t.Errorf("error %v", err)
	}
	a.setFault(nil)
	if deleted, err = r.Sweep(t.Context()); deleted != 1 || err != nil {
		t.Errorf("deleted %d, %v", deleted, err)
	}

	// What somebody else deleted in between is no failure.
	a.put(rootX + blob)
	a.once("DELETE", refusal(404, "BlobNotFound"))
	if deleted, err = r.Sweep(t.Context()); deleted != 0 || err != nil {
		t.Errorf("deleted %d, %v", deleted, err)
	}
	broken := errors.New("settings are away")
	r.Policies = func(context.Context) ([]Policy, error) { return nil, broken }
	if _, err := r.Sweep(t.Context()); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestRetentionRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	swept := make(chan struct{}, 10)
	r := Retention{Interval: time.Millisecond, Policies: func(context.Context) ([]Policy, error) {
		swept <- struct{}{}
		return nil, errors.New("tried again at the next tick")
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

// Retention and an Archive that has the blob open get along.
func TestRetentionDeletesWhatIsOpen(t *testing.T) {
	a := newAccount(t)
	r := a.open(&memoryState{})
	old := noon.AddDate(0, 0, -10)
	deliverAll(t, r, items(1))
	if _, err := r.Deliver(t.Context(), append(items(2), item(3, "AllLogs", old))); err != nil {
		t.Fatal(err)
	}
	sweeper := a.retention(Policy{Resource: source, Category: "AllLogs", Days: 7})
	if deleted, err := sweeper.Sweep(t.Context()); deleted != 1 || err != nil {
		t.Errorf("deleted %d, %v", deleted, err)
	}
	a.wantIDs(1, 2)
	if _, err := r.Deliver(t.Context(), append(items(4), item(5, "AllLogs", old))); err != nil {
		t.Fatal(err)
	}
	a.wantIDs(1, 2, 4, 5)
	if deleted, err := sweeper.Sweep(t.Context()); deleted != 1 || err != nil {
		t.Errorf("deleted %d, %v", deleted, err)
	}
}
