package connections

import (
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

// file is a journal file: an *os.File, or one of a test.
type file interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Close() error
}

// journal writes frames behind one another.
//
// One goroutine writes what has come since its last write, so that those who come
// at the same time share a write, and nobody is held up by one for longer than
// patience: a disk that is full or does not answer makes the journal late. Then
// frames wait in memory, up to maxPending, and nobody waits for them.
//
// When events come from many at once, it waits for a moment after each write, for others
// that come meanwhile, and need not be woken then, which costs more than a write does.
type journal struct {
	patience   time.Duration
	maxPending int
	maxTail    int64
	log        *slog.Logger

	mu      sync.Mutex
	file    file
	end     int64  // of what is written
	offset  int64  // what is behind may not be kept by Out
	pending []byte // what is to be written
	spare   []byte // an empty buffer for pending
	writing []byte // what is being written at end
	group   *group // who waits for pending
	current *group // who waits for writing
	idle    bool   // the goroutine must be woken for what is posted
	// let go are posted events to be handed on, in order; spent is an empty slice for
	// them, handing says that somebody does.
	letGo, spent []posted
	handing      bool
	late         bool
	told         time.Time // when that was logged, telling that it was this time
	telling      bool
	lateFor      uint64 // events that nobody waited for
	missing      uint64 // events that were not written at all
	full         bool   // the latest was one
	hole         bool   // the file does not tell which connections are open
	synced       int64  // what of end is on disk
	tape         *tape  // takes a copy of what is appended, for a compaction
	next         *move  // what the writer is to do next

	wake  chan struct{}
	done  chan struct{}
	watch *time.Timer
	hand  func([]posted) // called by one at a time, without mu
}

// gather is how long after a write the next one begins, unless somebody does nothing but
// wait for it. When fewer than worthwhile events come meanwhile, who waits is perhaps
// the only one there is: so many writes follow without a pause before the next trial.
const (
	gather     = 500 * time.Microsecond
	worthwhile = 4
	restless   = 64
)

// tellEvery is how often it is logged at most that the journal is late.
const tellEvery = 10 * time.Second

// group is those who wait for one write.
type group struct {
	n      int
	over   bool
	done   chan struct{} // nil while nobody waits
	posted []posted
}

func newJournal(f file, end int64, in internals, log *slog.Logger, hand func([]posted)) *journal {
	j := &journal{
		patience: in.patience, maxPending: in.maxPending, maxTail: in.maxTail, log: log,
		file: f, end: end, offset: end, wake: make(chan struct{}, 1), done: make(chan struct{}), hand: hand,
	}
	j.watch = time.AfterFunc(time.Hour, j.overdue)
	j.watch.Stop()
	go j.run()
	return j
}

// append puts a frame, of one event or of none, behind the others. It returns whom
// to wait with, nil for nobody.
func (j *journal) append(frame []byte, events int) *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := j.add(frame, events)
	if g == nil {
		return nil
	}
	if g.done == nil {
		g.done = make(chan struct{})
	}
	j.poke()
	return g
}

// post puts the frame of an event behind the others, which is let go when that is
// written. It reports whether it is already, and to be handed on.
func (j *journal) post(frame []byte, p posted) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := j.add(frame, 1)
	if g == nil { // it is not waited for, but not before those that are
		if g = j.group; g == nil {
			g = j.current
		}
	}
	if g == nil || g.over {
		j.letGo = append(j.letGo, p)
		return true
	}
	g.posted = append(g.posted, p)
	if j.idle {
		j.idle = false
		j.poke()
	}
	return false
}

// add puts a frame behind the others. It returns the group that waits for it, nil when
// it is not to be waited for.
func (j *journal) add(frame []byte, events int) *group {
	taped := j.tape.record(frame)
	waiting := len(j.writing) + len(j.pending) + len(frame)
	tail := j.end + int64(waiting) - j.offset
	if waiting > j.maxPending || events > 0 && tail > j.maxTail {
		j.missing += uint64(events)
		if taped {
			j.tape.only = true
		} else {
			j.hole = true
		}
		if !j.full {
			j.full = true
			j.log.Error("the journal of connections has no room: events are passed on without it, and a crash loses those that are not delivered; see to its disk, and to why it cannot be marked",
				slog.Int("waiting", waiting), slog.Int64("unmarked", tail))
		}
		return nil
	}
	j.full = false
	j.pending = append(j.pending, frame...)
	if j.late {
		j.lateFor += uint64(events)
		return nil
	}
	if j.group == nil {
		j.group = &group{posted: j.takeSpent()}
	}
	j.group.n += events
	return j.group
}

// wait returns when what a group waits for is written, or late.
func (g *group) wait() {
	if g != nil {
		<-g.done
	}
}

// poke makes the writer look.
func (j *journal) poke() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func (j *journal) run() {
	defer close(j.done)
	pause := time.NewTimer(gather)
	defer pause.Stop()
	for rest := 0; ; {
		wrote := j.write()
		j.handOn()
		switch {
		case !wrote:
			if _, ok := <-j.wake; !ok {
				return
			}
		case rest > 0:
			rest--
		default:
			pause.Reset(gather)
			select {
			case <-pause.C:
			case <-j.wake: // closed, too: what is pending is written
			}
			if j.gathered() < worthwhile {
				rest = restless
			}
		}
	}
}

// gathered is how many events wait to be written.
func (j *journal) gathered() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.group == nil {
		return 0
	}
	return j.group.n
}

// handOn hands on what was let go, in the order in which it is in the journal: by
// whoever comes first.
func (j *journal) handOn() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.handing {
		return
	}
	j.handing = true
	for len(j.letGo) > 0 {
		some := j.letGo
		j.letGo = nil
		j.mu.Unlock()
		j.hand(some)
		clear(some)
		j.mu.Lock()
		if cap(some) <= 1<<10 {
			j.spent = some[:0]
		}
	}
	j.handing = false
}

func (j *journal) takeSpent() []posted {
	some := j.spent
	j.spent = nil
	return some
}

// write writes what is pending, or makes a move. It reports whether there may be more.
func (j *journal) write() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next != nil {
		j.move()
		return true
	}
	if j.idle = len(j.pending) == 0; j.idle {
		return false
	}
	buf := j.pending
	j.pending, j.spare = j.spare, nil
	if err := j.put(j.file, buf, j.end); err != nil {
		j.pending = append(buf, j.pending...)
		j.fallBehind("write the journal of connections: events are passed on without it until that succeeds", err)
		return false
	}
	j.end += int64(len(buf))
	if cap(buf) <= 1<<16 {
		j.spare = buf[:0]
	}
	return true
}

// put writes without the lock that its caller holds, and then lets go who waited.
func (j *journal) put(f file, buf []byte, at int64) error {
	j.writing, j.current, j.group = buf, j.group, nil
	j.mu.Unlock()
	j.watch.Reset(j.patience)
	_, err := f.WriteAt(buf, at)
	j.watch.Stop()
	j.mu.Lock()
	if err != nil {
		j.release(true)
	} else if j.late {
		j.late = false
		if j.telling {
			j.telling = false
			j.log.Info("the journal of connections is written again")
		}
	}
	j.writing = nil
	j.finish(j.current)
	j.current = nil
	return err
}

// overdue is called when a write takes longer than patience.
func (j *journal) overdue() {
	j.mu.Lock()
	if j.writing != nil {
		j.fallBehind("the journal of connections is written slowly: events are passed on without it meanwhile", nil)
	}
	j.mu.Unlock()
	j.handOn()
}

func (j *journal) fallBehind(what string, err error) {
	if !j.late && time.Since(j.told) > tellEvery {
		j.told, j.telling = time.Now(), true
		j.log.Error(what, slog.Any("error", err))
	}
	j.late = true
	j.release(true)
}

// release lets go who waits.
func (j *journal) release(late bool) {
	for _, g := range []*group{j.current, j.group} {
		if g != nil && !g.over && late {
			j.lateFor += uint64(g.n)
		}
		j.finish(g)
	}
	j.group = nil
}

// finish ends the wait of a group.
func (j *journal) finish(g *group) {
	if g == nil || g.over {
		return
	}
	g.over = true
	if g.done != nil {
		close(g.done)
	}
	if len(j.letGo) == 0 {
		j.letGo, g.posted = g.posted, j.letGo
	}
	j.letGo = append(j.letGo, g.posted...)
	g.posted = nil
}

// position is where the next frame will be.
func (j *journal) position() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end + int64(len(j.writing)+len(j.pending))
}

// settle notes that Out keeps what comes before an offset.
func (j *journal) settle(offset int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.offset = offset
}

// retry writes what is late.
func (j *journal) retry() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) > 0 && j.writing == nil {
		j.poke()
	}
}

// sync puts what is written on disk.
func (j *journal) sync() error {
	j.mu.Lock()
	f, end, done := j.file, j.end, j.synced
	j.mu.Unlock()
	if end == done {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	j.mu.Lock()
	j.synced = end
	j.mu.Unlock()
	return nil
}

// stop writes what is pending, once, and ends the writer. Nothing is appended
// after it.
func (j *journal) stop() error {
	j.retry()
	close(j.wake)
	<-j.done
	j.watch.Stop()
	return errors.Join(j.file.Sync(), j.file.Close())
}
