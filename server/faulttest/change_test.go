package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
)

// phase is what is asked for from one change of a setting to the next.
type phase struct {
	account    string // "" for no setting
	categories []string
	sent, done time.Time // of the change that begins it
}

// wants reports whether records of a category go to an account.
func (p *phase) wants(account, category string) bool {
	return p.account == account && slices.Contains(p.categories, category)
}

// categoryOf is that of the operations that the clients make.
var categoryOf = map[string]string{
	"PutBlob": "StorageWrite", "CopyBlob": "StorageWrite", "GetBlobProperties": "StorageRead", "DeleteBlob": "StorageDelete",
}

// twoArchives starts a node in audit mode with the accounts archive0 and archive1.
// In that mode a record is emitted between a request and its answer, not later.
func twoArchives(t *testing.T) (*servertest.Node, *container.Client) {
	t.Helper()
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.Durability = bus.Audit
		for i := range 2 {
			c.Accounts = append(c.Accounts, server.Account{Name: fmt.Sprintf("archive%d", i), Keys: []string{server.DevKey}})
		}
	}))
	c := connect(t, n.BlobURL())
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return n, c
}

// TestSettingChanges changes a setting while clients work: its account, its
// categories, and whether it is there at all. What was answered before a change
// was asked for is where the old setting wants it, what was sent after the change
// was confirmed is where the new one does, and what is in between is where one of
// the two wants it. Nothing is there twice.
func TestSettingChanges(t *testing.T) {
	n, c := twoArchives(t)
	m := managerOf(t, n)
	ctx, stop := context.WithCancel(t.Context())
	var l ledger
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() { l.work(ctx, c, fmt.Sprint(w)) })
	}
	phases := changeSetting(t, m, &l, 24*soak())
	stop()
	wg.Wait()
	n.Settle(t)

	archives := map[string]*archived{}
	for _, account := range []string{"archive0", "archive1"} {
		archives[account] = archiveAt(t, n.BlobURL(), account)
		if again := archives[account].repeated(); again > 0 {
			t.Errorf("%s has %d records again", account, again)
		}
	}
	sure, between, missing, wrong := 0, 0, 0, 0
	for _, a := range l.attempts {
		if a.answered.IsZero() {
			continue // cut off at the end
		}
		possible := phasesOf(phases, a)
		placed := 0
		for account, there := range archives {
			is := there.times[a.requestID] > 0
			wanted, unwanted := false, false
			for _, p := range possible {
				if p.wants(account, categoryOf[a.operation]) {
					wanted = true
				} else {
					unwanted = true
				}
			}
			switch {
			case is && !wanted:
				wrong++
				t.Errorf("%s %s, sent %s, is in %s", a.operation, a.blob, a.sent.Format(time.StampMicro), account)
			case !is && !unwanted:
				missing++
				t.Errorf("%s %s, sent %s, is not in %s", a.operation, a.blob, a.sent.Format(time.StampMicro), account)
			}
			if is {
				placed++
			}
		}
		if placed > 1 {
			wrong++
			t.Errorf("%s %s is in both archives", a.operation, a.blob)
		}
		if placed == 0 && everWanted(possible, categoryOf[a.operation]) {
			missing++
			t.Errorf("%s %s is in neither archive, though it was wanted before and after the change", a.operation, a.blob)
		}
		if len(possible) == 1 {
			sure++
		} else {
			between++
		}
	}
	t.Logf("%d changes, %d requests: %d under one setting for sure, %d while it changed; %d lines in the archives, %d missing, %d where they should not be",
		len(phases)-1, len(l.attempts), sure, between, archives["archive0"].lines()+archives["archive1"].lines(), missing, wrong)
	if sure < 50 {
		t.Errorf("only %d requests were between changes: the test shows little", sure)
	}
}

// changeSetting makes n changes at random moments, but for some requests between two, and
// returns the phases that they begin.
func changeSetting(t *testing.T, m *manager, l *ledger, n int) []phase {
	t.Helper()
	phases := []phase{{}}
	all := []string{"StorageRead", "StorageWrite", "StorageDelete"}
	for i := range n {
		// Each of the three clients has one at most that began before the last change.
		before := l.count()
		waitFor(t, "requests between two changes", func() bool { return l.count()-before >= 3+3 })
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		was := phases[len(phases)-1]
		p := phase{account: was.account, categories: was.categories}
		switch {
		case was.account == "":
			p.account, p.categories = fmt.Sprintf("archive%d", rand.IntN(2)), all
		case i%4 == 0: // another account
			p.account = map[string]string{"archive0": "archive1", "archive1": "archive0"}[was.account]
		case i%4 == 1: // other categories
			p.categories = slices.Delete(slices.Clone(all), i/4%3, i/4%3+1)
		case i%4 == 2: // both
			p.account = map[string]string{"archive0": "archive1", "archive1": "archive0"}[was.account]
			p.categories = all
		default:
			p.account, p.categories = "", nil
		}
		p.sent = time.Now()
		if p.account == "" {
			m.remove(t, "changing")
		} else {
			m.put(t, "changing", p.account, p.categories...)
		}
		p.done = time.Now()
		phases = append(phases, p)
	}
	time.Sleep(100 * time.Millisecond)
	return phases
}

// phasesOf returns the phases that a request may have fallen under.
func phasesOf(phases []phase, a attempt) []phase {
	var possible []phase
	for i, p := range phases {
		over := i+1 < len(phases) && phases[i+1].done.Before(a.sent)
		if !over && !p.sent.After(a.answered) {
			possible = append(possible, p)
		}
	}
	return possible
}

// everWanted reports whether each of the phases wants a category somewhere.
func everWanted(phases []phase, category string) bool {
	return !slices.ContainsFunc(phases, func(p phase) bool { return !slices.Contains(p.categories, category) })
}

// TestFirstRecord measures how long it takes from the answer to a PUT of a setting
// until the first record that was emitted after it can be read in the archive, and
// that this record is never missed.
func TestFirstRecord(t *testing.T) {
	n, c := twoArchives(t)
	m := managerOf(t, n)
	probe := startProbe(t, t.TempDir())
	var took []time.Duration
	for i := range 16 * soak() {
		account := fmt.Sprintf("archive%d", i%2)
		svc := accountAt(t, n.BlobURL(), account)
		for step, category := range []string{"StorageWrite", "StorageRead"} { // a new setting, then one that changes
			m.put(t, "first", account, category)
			answered := time.Now()
			a := one(t, c, category, fmt.Sprintf("%d-%d", i, step))
			waitFor(t, "the first record after a change", func() bool {
				return holds(t, svc.NewContainerClient("insights-logs-"+strings.ToLower(category)), a.requestID)
			})
			took = append(took, time.Since(answered))
		}
		m.remove(t, "first")
	}
	stalled := probe()
	slices.Sort(took)
	p50, most := took[len(took)/2], took[len(took)-1]
	t.Logf("%d changes: first record readable after %v (median), %v (all); the machine stalled for up to %v", len(took), p50, most, stalled)
	// Of one that took longer nobody can say here whether the machine did; the bench can.
	limit := time.Second
	if stalled > 25*time.Millisecond {
		limit = 5 * time.Second
	}
	if p50 > limit {
		t.Errorf("the median is %v, want at most %v", p50, limit)
	}
}

// one makes a request of a category.
func one(t *testing.T, c *container.Client, category, blob string) attempt {
	t.Helper()
	var l ledger
	switch category {
	case "StorageRead":
		l.try(t.Context(), "GetBlobProperties", http.StatusNotFound, blob, func(ctx context.Context) error {
			_, err := c.NewBlobClient(blob).GetProperties(ctx, nil)
			return err
		})
	default:
		l.try(t.Context(), "PutBlob", http.StatusCreated, blob, func(ctx context.Context) error {
			_, err := c.NewBlockBlobClient(blob).Upload(ctx, streaming.NopCloser(strings.NewReader(blob)), nil)
			return err
		})
	}
	a := l.attempts[0]
	if a.status != a.want {
		t.Fatalf("%s %s: answered %d", a.operation, a.blob, a.status)
	}
	return a
}

// holds reports whether a container of an archive has a record.
func holds(t *testing.T, c *container.Client, requestID string) bool {
	t.Helper()
	pages := c.NewListBlobsFlatPager(nil)
	for pages.More() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			return false // there is none yet
		}
		for _, item := range page.Segment.BlobItems {
			if strings.Contains(string(download(t, c, *item.Name)), `"correlationId":"`+requestID+`"`) {
				return true
			}
		}
	}
	return false
}
