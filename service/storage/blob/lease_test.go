package blob

import (
	"errors"
	"testing"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

const (
	idA = "aaaaaaaa-0000-0000-0000-000000000000"
	idB = "bbbbbbbb-0000-0000-0000-000000000000"
	idC = "cccccccc-0000-0000-0000-000000000000"
	idX = "dddddddd-0000-0000-0000-000000000000"
)

var leaseNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// leaseIn returns a lease of A in a state.
func leaseIn(state leaseState) blobstore.Lease {
	l := blobstore.Lease{ID: idA, Duration: 30 * time.Second, Expires: leaseNow.Add(20 * time.Second)}
	switch state {
	case leaseAvailable:
		return blobstore.Lease{}
	case leaseBreaking:
		l.Breaks = leaseNow.Add(10 * time.Second)
	case leaseBroken:
		l.Breaks = leaseNow
	case leaseExpired:
		l.Expires = leaseNow
	}
	return l
}

// TestLeaseOperations is the table "Outcomes of lease operations by lease
// state" of the REST reference: for each action and state the new state and ID,
// or the code of the refusal.
func TestLeaseOperations(t *testing.T) {
	const (
		present  = "LeaseAlreadyPresent"
		mismatch = "LeaseIdMismatchWithLeaseOperation"
		none     = "LeaseNotPresentWithLeaseOperation"
		noAcq    = "LeaseIsBreakingAndCannotBeAcquired"
		noChange = "LeaseIsBreakingAndCannotBeChanged"
		noRenew  = "LeaseIsBrokenAndCannotBeRenewed"
	)
	acquire := func(id string) leaseRequest {
		return leaseRequest{action: actionAcquire, proposed: id, duration: 15 * time.Second}
	}
	change := func(from, to string) leaseRequest { return leaseRequest{action: actionChange, id: from, proposed: to} }
	give := func(action, id string) leaseRequest { return leaseRequest{action: action, id: id} }
	brk := func(d time.Duration) leaseRequest { return leaseRequest{action: actionBreak, period: d} }
	for _, tc := range []struct {
		name string
		req  leaseRequest
		// want, by state: available, leased, breaking, broken, expired
		want [5]string
	}{
		{"acquire, no id", acquire(idX), [5]string{"leased " + idX, present, present, "leased " + idX, "leased " + idX}},
		{"acquire A", acquire(idA), [5]string{"leased " + idA, "leased " + idA, noAcq, "leased " + idA, "leased " + idA}},
		{"acquire B", acquire(idB), [5]string{"leased " + idB, present, present, "leased " + idB, "leased " + idB}},
		{"break now", brk(0), [5]string{none, "broken " + idA, "broken " + idA, "broken " + idA, "broken " + idA}},
		{"break in 5 s", brk(5 * time.Second), [5]string{none, "breaking " + idA, "breaking " + idA, "broken " + idA, "broken " + idA}},
		{"break", brk(-1), [5]string{none, "breaking " + idA, "breaking " + idA, "broken " + idA, "broken " + idA}},
		{"change A to B", change(idA, idB), [5]string{none, "leased " + idB, noChange, none, none}},
		{"change B to A", change(idB, idA), [5]string{none, "leased " + idA, noChange, none, none}},
		{"change B to C", change(idB, idC), [5]string{none, mismatch, mismatch, none, none}},
		{"renew A", give(actionRenew, idA), [5]string{mismatch, "leased " + idA, noRenew, noRenew, "leased " + idA}},
		{"renew B", give(actionRenew, idB), [5]string{mismatch, mismatch, mismatch, mismatch, mismatch}},
		{"release A", give(actionRelease, idA), [5]string{mismatch, "available " + idA, "available " + idA, "available " + idA, "available " + idA}},
		{"release B", give(actionRelease, idB), [5]string{mismatch, mismatch, mismatch, mismatch, mismatch}},
	} {
		for state, want := range tc.want {
			l := leaseIn(leaseState(state))
			before := l
			_, err := tc.req.apply(&l, leaseNow)
			got := stateOf(&l, leaseNow).String() + " " + l.ID
			var refusal *storage.Error
			if errors.As(err, &refusal) {
				got = refusal.Code
				if l != before {
					t.Errorf("%s on %s: refused, but the lease changed", tc.name, leaseState(state))
				}
			}
			if got != want {
				t.Errorf("%s on %s: got %s, want %s", tc.name, leaseState(state), got, want)
			}
		}
	}
}

func TestLeaseTimes(t *testing.T) {
	l := leaseIn(leaseLeased)
	out, err := (&leaseRequest{action: actionBreak, period: -1}).apply(&l, leaseNow)
	if err != nil || out.remains != 20*time.Second {
		t.Errorf("a fixed lease breaks when it ends: %v, %v", out.remains, err)
	}
	out, err = (&leaseRequest{action: actionBreak, period: 60 * time.Second}).apply(&l, leaseNow)
	if err != nil || out.remains != 20*time.Second {
		t.Errorf("a longer period changes nothing: %v, %v", out.remains, err)
	}
	infinite := blobstore.Lease{ID: idA}
	out, err = (&leaseRequest{action: actionBreak, period: -1}).apply(&infinite, leaseNow)
	if err != nil || out.remains != 0 || stateOf(&infinite, leaseNow) != leaseBroken {
		t.Errorf("an infinite lease breaks at once: %v, %v", out.remains, err)
	}
	renewed := leaseIn(leaseLeased)
	if _, err := (&leaseRequest{action: actionRenew, id: idA}).apply(&renewed, leaseNow); err != nil || renewed.Expires != leaseNow.Add(30*time.Second) {
		t.Errorf("renew starts the duration again: %v, %v", renewed.Expires, err)
	}
}

// TestLeaseOld is what changed with 2012-02-12.
func TestLeaseOld(t *testing.T) {
	l := leaseIn(leaseLeased)
	if _, err := (&leaseRequest{action: actionRelease, id: idA, old: true}).apply(&l, leaseNow); err != nil {
		t.Fatal(err)
	}
	if _, err := (&leaseRequest{action: actionRenew, id: idA}).apply(&l, leaseNow); err == nil {
		t.Error("a new client renewed a released lease")
	}
	if _, err := (&leaseRequest{action: actionRenew, id: idA, old: true}).apply(&l, leaseNow); err != nil {
		t.Errorf("an old client renews a released lease: %v", err)
	}
	broken := leaseIn(leaseBreaking)
	if _, err := (&leaseRequest{action: actionBreak, period: -1, old: true}).apply(&broken, leaseNow); !errors.Is(err, storage.ErrLeaseAlreadyBroken) {
		t.Errorf("an old client breaks twice: %v", err)
	}
}

// TestLeaseUse is the table "Outcomes of use attempts by lease state". Where the
// table says 409 for another ID the service answers 412
// LeaseIdMismatchWithBlobOperation, as its list of error codes has it.
func TestLeaseUse(t *testing.T) {
	const (
		missing  = "LeaseIdMissing"
		mismatch = "LeaseIdMismatchWithBlobOperation"
		none     = "LeaseNotPresentWithBlobOperation"
		lost     = "LeaseLost"
	)
	for _, tc := range []struct {
		name string
		use  func(*blobstore.Lease, time.Time, string, leaseTarget) error
		id   string
		want [5]string
	}{
		{"write with A", checkLeaseWrite, idA, [5]string{none, "", "", lost, lost}},
		{"write with B", checkLeaseWrite, idB, [5]string{none, mismatch, mismatch, mismatch, mismatch}},
		{"write without", checkLeaseWrite, "", [5]string{"", missing, missing, "", ""}},
		{"read with A", checkLeaseRead, idA, [5]string{none, "", "", lost, lost}},
		{"read with B", checkLeaseRead, idB, [5]string{none, mismatch, mismatch, mismatch, mismatch}},
		{"read without", checkLeaseRead, "", [5]string{"", "", "", "", ""}},
	} {
		for state, want := range tc.want {
			l := leaseIn(leaseState(state))
			got := ""
			var refusal *storage.Error
			if err := tc.use(&l, leaseNow, tc.id, leaseOnBlob); errors.As(err, &refusal) {
				got = refusal.Code
			}
			if got != want {
				t.Errorf("%s on %s: got %q, want %q", tc.name, leaseState(state), got, want)
			}
		}
	}
	for state := leaseAvailable; state <= leaseExpired; state++ {
		after := leaseAfterWrite(leaseIn(state), leaseNow)
		if kept := after.ID != ""; kept != state.locked() {
			t.Errorf("after a write a %s lease is kept: %v", state, kept)
		}
	}
}

func TestLeaseID(t *testing.T) {
	const want = "1f812371-a41d-49e6-b123-f4b542e851c5"
	for _, s := range []string{
		want, "1F812371-A41D-49E6-B123-F4B542E851C5", "{1f812371-a41d-49e6-b123-f4b542e851c5}",
		"(1f812371-a41d-49e6-b123-f4b542e851c5)", "1f812371a41d49e6b123f4b542e851c5",
	} {
		if got, ok := leaseID(s); !ok || got != want {
			t.Errorf("%s: %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "1f812371", "urn:uuid:1f812371-a41d-49e6-b123-f4b542e851c5", "(1f812371-a41d-49e6-b123-f4b542e851c5}"} {
		if got, ok := leaseID(s); ok {
			t.Errorf("%q was taken for %s", s, got)
		}
	}
}
