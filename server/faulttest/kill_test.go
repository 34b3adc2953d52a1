package faulttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bus"
	"reslog/server"
	"reslog/server/servertest"
	"reslog/storagelog"
)

// kills is how many there are.
var kills = 20 * soak()

const (
	workers = 6
	// window is the most that buffered mode may lose: what was answered this
	// long before the kill, and longer by what the machine stalls, see startProbe.
	window = 50 * time.Millisecond
)

// outcome is what is known after all kills.
type outcome struct {
	attempts []attempt
	killed   []time.Time
	slowest  []time.Duration               // sync of the disk before each kill
	byID     map[string][]storagelog.Entry // by client request id
	blobs    map[string]bool               // that exist
	total    int                           // records

	logged   map[string]bool      // request ids in $logs
	archives map[string]*archived // by account
}

// slaughter kills nodes while clients work and reads what is left: in `$logs`,
// in an archive in another account of the node, and in one of a node that lives.
func slaughter(t *testing.T, d bus.Durability) outcome {
	t.Helper()
	other := servertest.Start(t)
	var b bootstrap
	b.own(ownAccount)
	b.resource(accountPath+otherAccount, map[string]any{"connectionString": other.ConnectionString(server.DevAccount)})
	b.setting("own", map[string]any{"storageAccountId": accountPath + ownAccount})
	b.setting("other", map[string]any{"storageAccountId": accountPath + otherAccount})
	file := b.write(t)
	withMode := servertest.WithConfig(func(c *server.Config) { c.Durability = d })
	data := prepare(t, withMode)

	var l ledger
	o := outcome{byID: map[string][]storagelog.Entry{}, blobs: map[string]bool{}, logged: map[string]bool{}, archives: map[string]*archived{}}
	for round := range kills {
		l.round = round
		v := start(t, data, d, withFile(file))
		c := connect(t, v.url)
		probe := startProbe(t, data)
		var wg sync.WaitGroup
		before := l.count()
		for w := range workers {
			wg.Go(func() { l.work(t.Context(), c, fmt.Sprintf("%d/%d", round, w)) })
		}
		// A third of the kills come while the node has hardly begun, the others when it
		// has answered, however slow the machine is.
		if round%3 > 0 {
			waitFor(t, "some answers", func() bool { return l.count()-before >= 3*workers })
		}
		time.Sleep(time.Duration(rand.IntN([]int{30, 200, 500}[round%3])) * time.Millisecond)
		o.killed = append(o.killed, v.kill(t))
		o.slowest = append(o.slowest, probe())
		wg.Wait()
	}
	o.attempts = l.attempts

	last := servertest.Start(t, servertest.WithData(data), withMode, readingFile(t, file))
	o.blobs = existing(t, connect(t, last.BlobURL()))
	last.Settle(t)
	o.archives[ownAccount] = archiveAt(t, last.BlobURL(), ownAccount)
	o.archives[otherAccount] = archiveAt(t, other.BlobURL(), server.DevAccount)
	for _, e := range last.Logs(t) {
		o.byID[e.ClientRequestID] = append(o.byID[e.ClientRequestID], e)
		o.total++
		// Not how it is read, nor how logging was switched on before there were archives.
		if !strings.Contains(e.URL, "$logs") && e.Operation != "SetBlobServiceProperties" {
			o.logged[e.RequestID] = true
		}
	}
	return o
}

// sameEverywhere checks that each archive has what `$logs` has, each record once.
func (o *outcome) sameEverywhere(t *testing.T) {
	t.Helper()
	for account, a := range o.archives {
		lost, duplicated := compare(t, account, o.logged, a.times)
		t.Logf("%s after %d kills: %s, in %d blobs", account, kills, sum(len(a.times), lost, duplicated), a.blobs)
	}
}

// existing lists the blobs of the test's container.
func existing(t *testing.T, c *container.Client) map[string]bool {
	t.Helper()
	blobs := map[string]bool{}
	pager := c.NewListBlobsFlatPager(nil)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			blobs[*item.Name] = true
		}
	}
	return blobs
}

// tookEffect reports whether a request without an answer did something that lasts.
func (o *outcome) tookEffect(a attempt) bool {
	switch a.operation {
	case "PutBlob", "CopyBlob":
		return o.blobs[a.blob]
	case "DeleteBlob":
		return !o.blobs[a.blob]
	}
	return false
}

// once checks that the records of one request are one request's, each told once:
// numbered from 0 without a gap.
func (o *outcome) once(t *testing.T, a attempt) {
	t.Helper()
	if !a.answered.IsZero() && a.status != a.want {
		t.Errorf("%s %s: answered %d, want %d", a.operation, a.blob, a.status, a.want)
	}
	entries := slices.Clone(o.byID[a.id])
	slices.SortFunc(entries, func(x, y storagelog.Entry) int { return x.OperationNumber - y.OperationNumber })
	for i, e := range entries {
		if e.RequestID != entries[0].RequestID || e.OperationNumber != i {
			t.Errorf("%s %s: record %d of %d is number %d of request %s (%s)", a.operation, a.blob, i, len(entries), e.OperationNumber, e.RequestID, e.Operation)
		}
	}
	if len(entries) == 0 {
		return
	}
	want := 1
	if entries[0].HTTPStatus != "Unknown" {
		want += a.parts
	}
	if len(entries) != want {
		t.Errorf("%s %s: %d records, want %d", a.operation, a.blob, len(entries), want)
	}
	if entries[0].Operation != a.operation && a.operation != "" {
		t.Errorf("%s %s: logged as %s", a.operation, a.blob, entries[0].Operation)
	}
	if a.answered.IsZero() {
		return
	}
	if entries[0].RequestID != a.requestID {
		t.Errorf("%s %s: request id %s in the log, %s in the answer", a.operation, a.blob, entries[0].RequestID, a.requestID)
	}
	if entries[0].HTTPStatus != strconv.Itoa(a.status) {
		t.Errorf("%s %s: answered %d, logged %s", a.operation, a.blob, a.status, entries[0].HTTPStatus)
	}
}

func TestKillAudit(t *testing.T) {
	o := slaughter(t, bus.Audit)
	o.sameEverywhere(t)
	answered, silent, effective, unknown := 0, 0, 0, 0
	for _, a := range o.attempts {
		o.once(t, a)
		n := len(o.byID[a.id])
		switch {
		case !a.answered.IsZero():
			answered++
			if n == 0 {
				t.Errorf("%s %s was answered %d and has no record", a.operation, a.blob, a.status)
			}
		case o.tookEffect(a):
			silent++
			effective++
			if n == 0 {
				t.Errorf("%s %s took effect and has no record", a.operation, a.blob)
			}
		default:
			silent++
		}
		if n > 0 && o.byID[a.id][0].HTTPStatus == "Unknown" {
			unknown++
		}
	}
	t.Logf("%d kills: %d requests answered, %d not, of which %d took effect; %d records, %d requests of unknown outcome",
		kills, answered, silent, effective, o.total, unknown)
	if answered < kills*workers {
		t.Errorf("only %d requests were answered: the test shows little", answered)
	}
}

func TestKillBuffered(t *testing.T) {
	o := slaughter(t, bus.Buffered)
	o.sameEverywhere(t)
	answered, lost := 0, 0
	oldest := make([]time.Duration, kills) // of each round, how long before the kill the first lost was answered
	for _, a := range o.attempts {
		o.once(t, a)
		if a.answered.IsZero() {
			continue
		}
		answered++
		if len(o.byID[a.id]) == 0 {
			lost++
			oldest[a.round] = max(oldest[a.round], o.killed[a.round].Sub(a.answered))
		}
	}
	late := 0
	for round, age := range oldest {
		// A record waits for the sync that runs, then for its own, each of them
		// after it was given a processor.
		if age <= window+3*o.slowest[round] {
			continue
		}
		late++
		t.Logf("kill %d: a record was lost that was answered %s before; the machine stalled for up to %s", round, age, o.slowest[round])
		if age > 3*time.Second {
			t.Errorf("kill %d: a record was lost that was answered %s before", round, age)
		}
	}
	t.Logf("%d kills: %d requests answered, %d without a record, the oldest answered %s before its kill", kills, answered, lost, slices.Max(oldest))
	// The probe does not see every stall of a machine that runs other tests too.
	if late > kills/4 {
		t.Errorf("%d of %d kills lost what was answered more than %s before", late, kills, window)
	}
	if answered < kills*workers {
		t.Errorf("only %d requests were answered: the test shows little", answered)
	}
}

// probePause is the time between two syncs of the probe.
const probePause = 2 * time.Millisecond

// startProbe wakes up and syncs a file on the disk of dir, again and again until
// the returned function is called, which reports the longest that took. On a
// machine that is busy with other tests that is far from nothing, and a node
// cannot be faster.
func startProbe(t *testing.T, dir string) func() time.Duration {
	t.Helper()
	f, err := os.CreateTemp(dir, "probe")
	if err != nil {
		t.Fatal(err)
	}
	stop, slowest := make(chan struct{}), make(chan time.Duration, 1)
	go func() {
		var most time.Duration
		for {
			begun := time.Now()
			select {
			case <-stop:
				slowest <- most
				return
			case <-time.After(probePause):
			}
			_, err := f.WriteAt([]byte("probe"), 0)
			if err = errors.Join(err, f.Sync()); err != nil {
				t.Errorf("probe the disk: %v", err)
			}
			most = max(most, time.Since(begun)-probePause)
		}
	}()
	return func() time.Duration {
		close(stop)
		most := <-slowest
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			t.Error(err)
		}
		return most
	}
}
