package queuestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"
)

// The model is what the store is meant to be, kept in slices.
type (
	modelMessage struct {
		Message           // as it was last returned by a call that gives a receipt
		n       int       // in the order in which they came
		place   time.Time // when it became visible in the order of the queue
		ready   bool      // whatever the clock says
	}
	modelQueue struct {
		messages []*modelMessage
		order    time.Time // no message that was visible at once became so later
	}
)

// place puts a message where it is visible from a time on.
func (q *modelQueue) place(m *modelMessage, now, visible time.Time) {
	was := m.place
	m.place, m.ready = visible, !visible.After(now)
	if m.ready {
		m.place = now
		if now.Before(q.order) {
			m.place = q.order
		}
	}
	if m.place.Equal(was) {
		m.place = m.place.Add(100 * time.Nanosecond)
	}
	if m.ready {
		q.order = m.place
	}
	m.Visible = m.place
}

// visible are the messages that can be seen, in their order.
func (q *modelQueue) visible(now time.Time) (list []*modelMessage) {
	for _, m := range q.messages {
		if m.Expires.After(now) && (m.ready || !m.place.After(now)) {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b *modelMessage) int {
		return cmp.Or(a.place.Compare(b.place), cmp.Compare(a.n, b.n))
	})
	return list
}

func (q *modelQueue) live(now time.Time) (n int64) {
	for _, m := range q.messages {
		if m.Expires.After(now) {
			n++
		}
	}
	return n
}

// runner drives store and model by the same dice.
type runner struct {
	t      *testing.T
	r      *rand.Rand
	fs     *vfs.MemFS
	s      *Store
	queues map[string]*modelQueue
	now    time.Time
	put    int
	stale  []Message // with receipts that are none any more, or whose messages are gone
	step   int
}

func (u *runner) fatalf(format string, args ...any) {
	u.t.Helper()
	u.t.Fatalf("step %d: %s", u.step, fmt.Sprintf(format, args...))
}

func (u *runner) open() {
	u.s = openTest(u.t, Config{Dir: "/store", FS: u.fs, Now: func() time.Time { return u.now }})
}

// restart closes the store or, half of the time, cuts the power.
func (u *runner) restart() {
	if percent := []int{-1, -1, 0, 50}[u.r.IntN(4)]; percent >= 0 {
		clone := u.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: u.r})
		closeTest(u.t, u.s)
		u.fs = clone
	} else {
		closeTest(u.t, u.s)
	}
	u.open()
}

// delay is a time of messages, often none.
func (u *runner) delay() time.Duration {
	return []time.Duration{0, 0, 100, 1000, 20_000, 200_000}[u.r.IntN(6)]
}

// setBack sets the clock back, but not to before a message expired: whether that
// can be seen again depends on whether somebody came by.
func (u *runner) setBack(d time.Duration) {
	to := u.now.Add(-d)
	for _, q := range u.queues {
		for _, m := range q.messages {
			if !m.Expires.After(u.now) && m.Expires.After(to) {
				to = m.Expires
			}
		}
	}
	u.now = to
}

func (u *runner) one() {
	u.step++
	switch u.r.IntN(50) {
	case 0:
		u.setBack(time.Duration(u.r.IntN(1000)) * 100)
	default:
		u.now = u.now.Add(time.Duration(u.r.IntN(10)) * 100)
	}
	ctx := context.Background()
	name := fmt.Sprint("q", u.r.IntN(3))
	q := u.queues[name]
	dice := u.r.IntN(200)
	switch {
	case dice == 0:
		u.restart()
		return
	case dice < 3:
		if err := u.s.sweep(ctx); err != nil {
			u.fatalf("%v", err)
		}
		return
	case q == nil:
		if _, err := u.s.CreateQueue(ctx, testAccount, Queue{Name: name}); err != nil {
			u.fatalf("%v", err)
		}
		u.queues[name] = &modelQueue{}
		return
	case dice == 3:
		if err := u.s.DeleteQueue(ctx, testAccount, name); err != nil {
			u.fatalf("%v", err)
		}
		delete(u.queues, name)
		return
	case dice == 4:
		if err := u.s.Clear(ctx, testAccount, name); err != nil {
			u.fatalf("%v", err)
		}
		for _, m := range q.messages {
			u.stale = append(u.stale, m.Message)
		}
		q.messages = nil
		return
	case dice < 10:
		u.check(name, q)
		return
	}
	u.change(name, q, dice)
}

// change does something with messages.
func (u *runner) change(name string, q *modelQueue, dice int) {
	ctx := context.Background()
	switch {
	case dice < 80:
		ttl := time.Duration(u.r.IntN(300_000) + 1)
		if u.r.IntN(2) == 0 {
			ttl = time.Hour
		}
		u.add(name, q, u.now.Add(u.delay()), u.now.Add(ttl).Truncate(100))
	case dice < 130:
		n := 1 + u.r.IntN(6)
		until := u.now.Add(u.delay())
		got := dequeue(u.t, u.s, name, n, u.now, until)
		var want []Message
		for i, m := range q.visible(u.now) {
			if i == n {
				break
			}
			u.stale = append(u.stale, m.Message)
			q.place(m, u.now, until)
			m.Dequeues++
			if i < len(got) {
				m.Receipt = got[i].Receipt
			}
			want = append(want, m.Message)
		}
		u.same("get", want, got)
	case dice < 135 && len(u.stale) > 0:
		m := u.stale[u.r.IntN(len(u.stale))]
		want := ErrMessageNotFound
		if i := q.find(m.ID); i >= 0 && q.messages[i].Expires.After(u.now) {
			want = ErrReceiptMismatch
		}
		if err := remove(u.s, name, m, u.now); !errors.Is(err, want) {
			u.fatalf("delete with an old receipt: %v, want %v", err, want)
		}
	case len(q.messages) == 0:
	case dice < 150:
		m := q.messages[u.r.IntN(len(q.messages))]
		var text *string
		if u.r.IntN(2) == 0 {
			t := strings.Repeat("u", u.r.IntN(100))
			text = &t
		}
		until := u.now.Add(u.delay())
		got, err := u.s.Update(ctx, testAccount, name, m.ID, m.Receipt, text, u.now, until)
		if u.expired(m, err) {
			return
		}
		u.stale = append(u.stale, m.Message)
		q.place(m, u.now, until)
		m.Receipt = got.Receipt
		if text != nil {
			m.Text = *text
		}
		u.same("update", []Message{m.Message}, []Message{got})
	default:
		i := u.r.IntN(len(q.messages))
		m := q.messages[i]
		if u.expired(m, remove(u.s, name, m.Message, u.now)) {
			return
		}
		u.stale = append(u.stale, m.Message)
		q.messages = slices.Delete(q.messages, i, i+1)
	}
}

func (u *runner) add(name string, q *modelQueue, visible, expires time.Time) {
	u.put++
	m := &modelMessage{n: u.put}
	text := fmt.Sprint(u.put, strings.Repeat("x", u.r.IntN(200)))
	m.Message = putAt(u.t, u.s, name, text, u.now, visible, expires)
	want := Message{ID: m.ID, Receipt: m.Receipt, Text: text, Inserted: u.now, Expires: expires, Visible: visible}
	u.same("put", []Message{want}, []Message{m.Message})
	q.place(m, u.now, visible)
	q.messages = append(q.messages, m)
}

// expired reports whether a change of m was to be refused as it was.
func (u *runner) expired(m *modelMessage, err error) bool {
	u.t.Helper()
	if !m.Expires.After(u.now) {
		if !errors.Is(err, ErrMessageNotFound) {
			u.fatalf("change of an expired message: %v", err)
		}
		return true
	}
	if err != nil {
		u.fatalf("change of a message: %v", err)
	}
	return false
}

func (q *modelQueue) find(id string) int {
	return slices.IndexFunc(q.messages, func(m *modelMessage) bool { return m.ID == id })
}

func (u *runner) same(what string, want, got []Message) {
	u.t.Helper()
	if d := gocmp.Diff(want, got, gocmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
		u.fatalf("%s (-want +got):\n%s", what, d)
	}
}

// check compares all that can be seen.
func (u *runner) check(name string, q *modelQueue) {
	u.t.Helper()
	var want []Message
	for _, m := range q.visible(u.now) {
		m := m.Message
		m.Receipt = ""
		want = append(want, m)
	}
	u.same("peek", want, peek(u.t, u.s, name, 1000, u.now))
	if n := count(u.t, u.s, name); n < q.live(u.now) || n > int64(len(q.messages)) {
		u.fatalf("count is %d, want %d to %d", n, q.live(u.now), len(q.messages))
	}
}

// checkAll compares all there is, after a sweep.
func (u *runner) checkAll() {
	u.t.Helper()
	for name, q := range u.queues {
		u.check(name, q)
	}
	for _, q := range u.s.open.named {
		q.rest.Store(0)
	}
	if err := u.s.sweep(context.Background()); err != nil {
		u.fatalf("%v", err)
	}
	var want Usage
	for name, q := range u.queues {
		u.check(name, q)
		if n := count(u.t, u.s, name); n != q.live(u.now) {
			u.fatalf("after a sweep the count is %d, want %d", n, q.live(u.now))
		}
		want.Queues++
		want.Messages += q.live(u.now)
		for _, m := range q.messages {
			if m.Expires.After(u.now) {
				want.Bytes += int64(len(m.Text))
			}
		}
	}
	got, err := u.s.Usage(context.Background(), testAccount)
	if got != want || err != nil {
		u.fatalf("usage %+v, want %+v (%v)", got, want, err)
	}
	if slots, bodies := keysOf(u.t, u.s); int64(slots) != want.Messages || slots != bodies {
		u.fatalf("%d slots and %d texts of %d messages", slots, bodies, want.Messages)
	}
	list, _, err := u.s.Queues(context.Background(), testAccount, "", "", 0)
	var names []string
	for _, q := range list {
		names = append(names, q.Name)
	}
	if d := gocmp.Diff(slices.Sorted(maps.Keys(u.queues)), names); d != "" || err != nil {
		u.fatalf("queues (-want +got): %v\n%s", err, d)
	}
}

// TestModel does random things to the store and to a model of it, with restarts,
// losses of power and sweeps in between, and compares.
func TestModel(t *testing.T) {
	steps := 4000
	if testing.Short() {
		steps = 800
	}
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			u := &runner{
				t: t, r: rand.New(rand.NewPCG(seed, 7)), fs: vfs.NewCrashableMem(),
				queues: map[string]*modelQueue{}, now: epoch,
			}
			u.open()
			for range steps {
				u.one()
			}
			u.checkAll()
			u.restart()
			u.checkAll()
		})
	}
}
