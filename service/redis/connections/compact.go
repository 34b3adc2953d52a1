package connections

import (
	"errors"
	"fmt"
	"io"
)

// entrySize is about what an open connection takes in a file.
const entrySize = 200

// tape is a copy of the frames that come while a compaction is under way. A nil tape
// takes nothing.
type tape struct {
	buf    []byte
	max    int
	failed bool // there was more
	only   bool // has frames that the old file has not
}

func (t *tape) record(frame []byte) bool {
	if t == nil || t.failed {
		return false
	}
	if t.failed = len(t.buf)+len(frame) > t.max; t.failed {
		return false
	}
	t.buf = append(t.buf, frame...)
	return true
}

// move is a change of the file under way.
type move struct {
	to   *builder
	err  error
	done chan struct{}
}

var errTape = errors.New("more came than there is room for")

// startTape begins a tape, with what the file does not have yet, and returns the file,
// with the range of it that comes behind the last mark.
func (j *journal) startTape(limit int) (old file, offset, end int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tape = &tape{max: limit}
	j.tape.buf = append(append(j.tape.buf, j.writing...), j.pending...)
	return j.file, j.offset, j.end
}

// takeTape returns what is on the tape, and empties it.
func (j *journal) takeTape() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	buf := j.tape.buf
	j.tape.buf = nil
	return buf
}

// dropTape ends a compaction that failed.
func (j *journal) dropTape() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.tape != nil {
		j.hole = j.hole || j.tape.only
		j.tape = nil
	}
}

// change makes the writer go on in another file, behind the rest of the tape.
func (j *journal) change(to *builder) error {
	m := &move{to: to, done: make(chan struct{})}
	j.mu.Lock()
	j.next = m
	j.mu.Unlock()
	j.poke()
	<-m.done
	return m.err
}

// move makes a move, in the writer's goroutine and with its lock. What is pending is on
// the tape too.
func (j *journal) move() {
	m, t := j.next, j.tape
	j.next, j.tape = nil, nil
	defer close(m.done)
	if t.failed {
		m.err = errTape
		j.hole = j.hole || t.only
		return
	}
	old, hole := j.pending, j.hole
	j.pending, j.hole = nil, false
	end := m.to.framer.appendNumber(t.buf, kindComplete, 0)
	if m.err = j.put(m.to.file, end, m.to.at); m.err != nil {
		j.pending = append(old, j.pending...)
		j.hole = j.hole || hole || t.only
		return
	}
	j.file, j.offset, j.end, j.synced = m.to.file, m.to.offset, m.to.at+int64(len(end)), 0
}

// builder writes a new file.
type builder struct {
	file   file
	framer framer
	buf    []byte
	at     int64 // of the file, where buf comes
	offset int64 // where the events begin
	err    error
}

// flush writes what there is, when it is at least n bytes.
func (w *builder) flush(n int) {
	if len(w.buf) < n || w.err != nil {
		return
	}
	_, w.err = w.file.WriteAt(w.buf, w.at)
	w.at += int64(len(w.buf))
	w.buf = w.buf[:0]
}

// begin writes what comes before the connections: they are those after event start.
func (w *builder) begin(start uint64, ids int64, settled uint64, lookup []byte) {
	w.buf = append(w.buf, w.framer.header()...)
	w.buf = w.framer.appendNumber(w.buf, kindStart, start)
	w.buf = w.framer.appendNumber(w.buf, kindIDs, uint64(ids))
	w.buf = w.framer.appendMark(w.buf, settled, lookup)
}

func (w *builder) open(c *entry) {
	w.buf = w.framer.appendOpen(w.buf, c)
	w.flush(1 << 16)
}

// copyEvents copies the frames of events after settled that lie in a range of a file.
func (w *builder) copyEvents(r io.ReaderAt, from, to int64, settled uint64) {
	if w.err != nil {
		return
	}
	_, _, w.err = w.framer.scan(r, from, to, func(payload []byte) error {
		if fr, err := parse(payload); err == nil && fr.kind == kindEvent && fr.seq > settled {
			at := len(w.buf)
			w.buf = w.framer.seal(append(w.framer.open(w.buf), payload...), at)
			w.flush(1 << 16)
		}
		return w.err
	})
}

// due reports whether the journal is large and mostly dead, or does not tell what is
// open, unless it would be as full again.
func (b *Book) due() bool {
	b.mu.Lock()
	live := int64(len(b.table.open)) * entrySize
	b.mu.Unlock()
	j := b.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	tail := j.end - j.offset
	return j.hole && 2*tail < j.maxTail || j.end >= b.in.minSize && j.end >= 4*(live+tail)
}

// compact makes a new file of the connections that are open, the IDs, and the events
// that Out may not have kept. Events come meanwhile: they go to the old file, and on a
// tape that ends up behind the connections. A connection is written as it is when its
// turn comes, with the latest of its events, so that those on the tape that came
// before are not told it twice.
func (b *Book) compact() error {
	if err := b.rewrite(); err != nil {
		b.journal.dropTape()
		return fmt.Errorf("compact the journal of connections: %w", err)
	}
	return nil
}

func (b *Book) rewrite() (err error) {
	old := b.dir.current
	f, err := b.dir.create(old + 1)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && b.dir.current == old {
			err = errors.Join(err, f.Close(), b.dir.remove(old+1))
		}
	}()
	b.in.at("compact: created")
	w := &builder{file: f, framer: b.framer}
	last, from, to := b.snapshot(w)
	w.offset = w.at + int64(len(w.buf))
	w.copyEvents(last, from, to, b.keeper.settled)
	for range 8 {
		buf := b.journal.takeTape()
		w.buf = append(w.buf, buf...)
		w.flush(1)
		if len(buf) < 1<<16 {
			break
		}
	}
	b.in.at("compact: written")
	if err := errors.Join(w.err, f.Sync(), b.dir.sync()); err != nil {
		return err
	}
	b.in.at("compact: synced")
	if err := b.journal.change(w); err != nil {
		return err
	}
	b.in.at("compact: changed")
	b.dir.current = old + 1
	// The new file counts now, whatever fails from here on.
	err = errors.Join(b.journal.sync(), last.Close(), b.dir.remove(old), b.dir.sync())
	b.in.at("compact: over")
	return err
}

// snapshot begins a tape and writes the connections. It returns the old file.
func (b *Book) snapshot(w *builder) (last file, from, to int64) {
	b.mu.Lock()
	w.begin(b.seq, b.idLimit, b.keeper.settled, b.keeper.lookup)
	keys := make([]key, 0, len(b.table.open))
	for k := range b.table.open {
		keys = append(keys, k)
	}
	last, from, to = b.journal.startTape(b.in.maxPending)
	b.mu.Unlock()
	b.in.at("compact: begun")
	const some = 256 // whom to hold up no longer than it takes to write these
	for len(keys) > 0 {
		n := min(some, len(keys))
		b.mu.Lock()
		for _, k := range keys[:n] {
			if c := b.table.open[k]; c != nil {
				w.buf = w.framer.appendOpen(w.buf, c)
			}
		}
		b.mu.Unlock()
		keys = keys[n:]
		w.flush(1 << 16)
	}
	return last, from, to
}
