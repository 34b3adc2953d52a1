package blob

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Leases of containers and blobs follow one state table: "Lease Blob" and
// "Lease Container" of the REST reference, sections "Outcomes of lease
// operations by lease state" and "Outcomes of use attempts". The store keeps a
// blobstore.Lease as it is given; what it means now is decided here.

// leaseState is where a lease is in its life.
type leaseState uint8

const (
	leaseAvailable leaseState = iota
	leaseLeased
	leaseBreaking
	leaseBroken
	leaseExpired
)

// String spells the state as x-ms-lease-state does.
func (s leaseState) String() string {
	return [...]string{"available", "leased", "breaking", "broken", "expired"}[s]
}

// locked reports whether writes need the lease ID.
func (s leaseState) locked() bool { return s == leaseLeased || s == leaseBreaking }

// status spells x-ms-lease-status.
func (s leaseState) status() string {
	if s.locked() {
		return "locked"
	}
	return "unlocked"
}

// stateOf tells the state of l at the given time.
func stateOf(l *blobstore.Lease, now time.Time) leaseState {
	switch {
	case l.ID == "" || l.Released:
		return leaseAvailable
	case !l.Breaks.IsZero():
		if now.Before(l.Breaks) {
			return leaseBreaking
		}
		return leaseBroken
	case l.Duration == 0 || now.Before(l.Expires):
		return leaseLeased
	}
	return leaseExpired
}

// leaseDuration spells x-ms-lease-duration, which exists only while leased.
func leaseDuration(l *blobstore.Lease) string {
	if l.Duration == 0 {
		return "infinite"
	}
	return "fixed"
}

// leaseTarget is what a lease is on; the errors differ.
type leaseTarget uint8

const (
	leaseOnBlob leaseTarget = iota
	leaseOnContainer
)

func (t leaseTarget) mismatch() *storage.Error {
	if t == leaseOnContainer {
		return storage.ErrLeaseIdMismatchWithContainerOperation
	}
	return storage.ErrLeaseIdMismatchWithBlobOperation
}

// of words an error, which speaks of the blob, for the target.
func (t leaseTarget) of(e *storage.Error) *storage.Error {
	if t == leaseOnBlob {
		return e
	}
	c := *e
	c.Message = strings.ReplaceAll(e.Message, "the blob", "the container")
	return &c
}

func (t leaseTarget) notPresent() *storage.Error {
	if t == leaseOnContainer {
		return storage.ErrLeaseNotPresentWithContainerOperation
	}
	return storage.ErrLeaseNotPresentWithBlobOperation
}

// checkLeaseWrite decides whether an operation that needs the lease, if there
// is one, may run with the lease ID the client sent ("" when it sent none).
func checkLeaseWrite(l *blobstore.Lease, now time.Time, id string, on leaseTarget) error {
	if id == "" {
		if l.ID != "" && stateOf(l, now).locked() {
			return on.of(storage.ErrLeaseIdMissing)
		}
		return nil
	}
	return checkLeaseGiven(l, now, id, on)
}

// checkLeaseRead decides about an operation that does not need the lease: a
// lease ID is then a condition.
func checkLeaseRead(l *blobstore.Lease, now time.Time, id string, on leaseTarget) error {
	if id == "" {
		return nil
	}
	return checkLeaseGiven(l, now, id, on)
}

func checkLeaseGiven(l *blobstore.Lease, now time.Time, id string, on leaseTarget) error {
	switch state := stateOf(l, now); {
	case state == leaseAvailable:
		return on.notPresent()
	case l.ID != id:
		return on.mismatch()
	case !state.locked():
		return on.of(storage.ErrLeaseLost)
	}
	return nil
}

// leaseAfterWrite is what is left of a lease once its blob was modified: a lease
// that is over is forgotten, so that it cannot be renewed any more.
func leaseAfterWrite(l blobstore.Lease, now time.Time) blobstore.Lease {
	if l.ID != "" && !stateOf(&l, now).locked() {
		return blobstore.Lease{}
	}
	return l
}

// Lease actions, as x-ms-lease-action spells them.
const (
	actionAcquire = "acquire"
	actionRenew   = "renew"
	actionChange  = "change"
	actionRelease = "release"
	actionBreak   = "break"
)

// Bounds of x-ms-lease-duration and x-ms-lease-break-period.
const (
	leaseShortest = 15 * time.Second
	leaseLongest  = 60 * time.Second
	leaseInfinite = time.Duration(-1)
	breakMax      = 60 * time.Second
)

// leaseRequest is a lease operation. IDs are normalised, see leaseID.
type leaseRequest struct {
	action   string
	id       string
	proposed string        // for acquire never "": the service's own choice if the client had none
	duration time.Duration // acquire: leaseInfinite or a fixed time
	period   time.Duration // break: -1 when the client gave none
	// old marks requests before 2012-02-12: a released lease can be renewed, a
	// broken one not be broken again.
	old bool
}

// leaseOutcome is what the answer says.
type leaseOutcome struct {
	id      string        // "" to leave x-ms-lease-id out
	remains time.Duration // break: until another lease can be acquired
}

// apply carries the request out on l. On error l is unchanged.
func (r *leaseRequest) apply(l *blobstore.Lease, now time.Time) (leaseOutcome, error) {
	state := stateOf(l, now)
	switch r.action {
	case actionAcquire:
		return r.acquire(l, state, now)
	case actionRenew:
		return r.renew(l, state, now)
	case actionChange:
		return r.change(l, state)
	case actionRelease:
		return r.release(l, state)
	}
	return r.breakLease(l, state, now)
}

func (r *leaseRequest) acquire(l *blobstore.Lease, state leaseState, now time.Time) (leaseOutcome, error) {
	switch {
	case state == leaseLeased && r.proposed != l.ID:
		return leaseOutcome{}, storage.ErrLeaseAlreadyPresent
	case state == leaseBreaking && r.proposed == l.ID:
		return leaseOutcome{}, storage.ErrLeaseIsBreakingAndCannotBeAcquired
	case state == leaseBreaking:
		return leaseOutcome{}, storage.ErrLeaseAlreadyPresent
	}
	*l = blobstore.Lease{ID: r.proposed}
	if r.duration != leaseInfinite {
		l.Duration = r.duration
		l.Expires = now.Add(r.duration)
	}
	return leaseOutcome{id: l.ID}, nil
}

func (r *leaseRequest) renew(l *blobstore.Lease, state leaseState, now time.Time) (leaseOutcome, error) {
	if l.ID != r.id {
		return leaseOutcome{}, storage.ErrLeaseIdMismatchWithLeaseOperation
	}
	switch state {
	case leaseAvailable:
		if !r.old {
			return leaseOutcome{}, storage.ErrLeaseIdMismatchWithLeaseOperation
		}
	case leaseBreaking, leaseBroken:
		return leaseOutcome{}, storage.ErrLeaseIsBrokenAndCannotBeRenewed
	}
	l.Released = false
	if l.Duration != 0 {
		l.Expires = now.Add(l.Duration)
	}
	return leaseOutcome{id: l.ID}, nil
}

func (r *leaseRequest) change(l *blobstore.Lease, state leaseState) (leaseOutcome, error) {
	match := l.ID == r.id || l.ID == r.proposed
	switch {
	case state == leaseLeased && match:
		l.ID = r.proposed
		return leaseOutcome{id: l.ID}, nil
	case state == leaseBreaking && match:
		return leaseOutcome{}, storage.ErrLeaseIsBreakingAndCannotBeChanged
	case state.locked():
		return leaseOutcome{}, storage.ErrLeaseIdMismatchWithLeaseOperation
	}
	return leaseOutcome{}, storage.ErrLeaseNotPresentWithLeaseOperation
}

func (r *leaseRequest) release(l *blobstore.Lease, state leaseState) (leaseOutcome, error) {
	if state == leaseAvailable || l.ID != r.id {
		return leaseOutcome{}, storage.ErrLeaseIdMismatchWithLeaseOperation
	}
	// The ID is kept for renewals by old clients, the rest is over.
	l.Released, l.Breaks = true, time.Time{}
	return leaseOutcome{}, nil
}

func (r *leaseRequest) breakLease(l *blobstore.Lease, state leaseState, now time.Time) (leaseOutcome, error) {
	switch {
	case state == leaseAvailable:
		return leaseOutcome{}, storage.ErrLeaseNotPresentWithLeaseOperation
	case r.old && (state == leaseBreaking || state == leaseBroken):
		return leaseOutcome{}, storage.ErrLeaseAlreadyBroken
	}
	remains := time.Duration(0)
	switch {
	case state == leaseBreaking:
		remains = l.Breaks.Sub(now)
	case state == leaseLeased && l.Duration == 0:
		remains = max(r.period, 0)
	case state == leaseLeased:
		remains = l.Expires.Sub(now)
	}
	if r.period >= 0 {
		remains = min(remains, r.period)
	}
	if state != leaseBroken {
		l.Breaks = now.Add(remains)
	}
	return leaseOutcome{remains: remains}, nil
}

// leaseID reads a lease ID: a GUID in any of the forms .NET takes (digits with
// or without hyphens, in braces or parentheses). It returns the hyphenated
// lower-case form, so that equal GUIDs compare equal.
func leaseID(s string) (string, bool) {
	switch n := len(s); {
	case n == 38 && (s[0] == '(' && s[37] == ')' || s[0] == '{' && s[37] == '}'):
		s = s[1:37]
	case n != 36 && n != 32: // uuid.Parse takes more forms
		return "", false
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", false
	}
	return id.String(), true
}

// wording is of for an error that may be something else, or nil.
func (t leaseTarget) wording(err error) error {
	var e *storage.Error
	if !errors.As(err, &e) {
		return err
	}
	return t.of(e)
}
