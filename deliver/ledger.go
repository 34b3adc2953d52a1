package deliver

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"reslog/diagnostic"
)

// LedgerEntry is the account of one setting's records at one destination.
type LedgerEntry struct {
	Setting  string                     `json:"setting"`
	Resource string                     `json:"resource"`
	Kind     diagnostic.DestinationKind `json:"kind"`
	Target   string                     `json:"target"`
	// Since is when the worker first ran; the counters below count from then
	// on, across restarts.
	Since time.Time `json:"since"`
	// Accepted counts records that were taken up for the setting; Delivered
	// those settled at the destination. Those on their way are the difference
	// to Delivered, DeadLettered and Dropped.
	Accepted  uint64 `json:"accepted"`
	Delivered uint64 `json:"delivered"`
	Bytes     uint64 `json:"bytes"` // of the lines of delivered records
	// Retried counts records that were handed over again after an error.
	Retried      uint64 `json:"retried"`
	DeadLettered uint64 `json:"deadLettered"`
	// Dropped counts records that were shed, records that left the stream by
	// its limits before they were read, records that could not even become dead
	// letters, and those left when a setting was removed whose destination did
	// not answer. Of the second the stream knows only how many there were, not
	// whose: they are counted by every worker that missed them.
	Dropped uint64 `json:"dropped"`
	// Shed counts, of those dropped, the ones that were the oldest of a backlog
	// over its bounds.
	Shed uint64 `json:"shed"`
	// BacklogRecords and BacklogBytes are the setting's own records that the
	// destination has not taken, in bytes as BacklogBytes of RouterConfig. They
	// are exact while the worker keeps up, and as of the latest count while it
	// is behind: at the latest attempt or a few seconds ago.
	BacklogRecords uint64 `json:"backlogRecords"`
	BacklogBytes   uint64 `json:"backlogBytes"`
	// LagRecords is how many records of the stream, of whatever setting, lie
	// behind the settled position; LagSeconds is how long ago the oldest one of
	// the setting that is not settled came onto the stream.
	LagRecords  uint64    `json:"lagRecords"`
	LagSeconds  float64   `json:"lagSeconds"`
	LastError   string    `json:"lastError,omitempty"` // one line, at most 1 KiB
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	State       Phase     `json:"state"`
}

// Totals are counts of the Router since it was made, over all settings, those
// too that are gone.
type Totals struct {
	// Abandoned counts records that a removed setting's destination did not
	// take in time.
	Abandoned uint64
}

// Phase is what a worker is doing.
type Phase string

// Phases of a worker.
const (
	Starting Phase = "starting" // waits for its predecessor or opens its destination
	Running  Phase = "running"
	Retrying Phase = "retrying" // the destination failed; it waits to try again
	Stopped  Phase = "stopped"
)

// counts is the part of the ledger that is stored with the cursor. It counts
// what is settled; what is on its way is read again after a restart.
type counts struct {
	Delivered    uint64 `json:"delivered"`
	Bytes        uint64 `json:"bytes"`
	Retried      uint64 `json:"retried"`
	DeadLettered uint64 `json:"deadLettered"`
	Dropped      uint64 `json:"dropped"`
	Lost         uint64 `json:"lost"` // of Dropped, those that were accepted
	Shed         uint64 `json:"shed"` // of Lost, those that were over the bounds
}

// accepted returns how many of the records that are done with were accepted.
func (c *counts) accepted() uint64 { return c.Delivered + c.DeadLettered + c.Lost }

// account returns the ledger's line.
func (w *worker) account() LedgerEntry {
	last := w.cfg.Bus.Last()
	w.mu.Lock()
	defer w.mu.Unlock()
	target := w.target()
	e := LedgerEntry{
		Setting: w.setting.Name, Resource: w.setting.Resource.String(), Kind: target.Kind,
		Target: target.Target.String(), Since: w.since,
		Accepted:  w.counts.accepted() + uint64(w.open.records),
		Delivered: w.counts.Delivered, Bytes: w.counts.Bytes, Retried: w.counts.Retried,
		DeadLettered: w.counts.DeadLettered + uint64(w.open.gone.dead),
		Dropped:      w.counts.Dropped + uint64(w.open.gone.lost+w.open.gone.shed),
		Shed:         w.counts.Shed + uint64(w.open.gone.shed),
		LastError:    w.lastErr, LastErrorAt: w.failedAt,
		State: w.state,
	}
	for _, m := range w.missed {
		e.Dropped += m.n
	}
	if last.Number > w.mark.Number && last.Epoch == w.mark.Epoch {
		e.LagRecords = last.Number - w.mark.Number
	}
	backlog := w.backlogLocked()
	e.BacklogRecords, e.BacklogBytes = backlog.Records, backlog.Bytes
	t, ok := w.open.oldest()
	if !ok {
		t, ok = w.pending.oldest()
	}
	if ok {
		e.LagSeconds = max(0, w.cfg.Now().Sub(t).Seconds())
	}
	return e
}

// maxReason bounds what is kept of the text of an error, in bytes.
const maxReason = 1 << 10

// reason returns the text of an error as one line of at most maxReason bytes:
// destinations put answers of servers into theirs.
func reason(err error) string {
	const tail = "..."
	var b strings.Builder
	space := false
	for _, r := range err.Error() {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError {
			space = b.Len() > 0
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > maxReason-len(tail) {
			b.WriteString(tail)
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
