package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/service/redis/event"
)

// patience is how long a test waits for what must happen.
const patience = 2 * time.Minute

var now = time.Date(2026, 7, 1, 12, 0, 0, 123456700, time.UTC)

// taker keeps what a Listener hands over, and what it logs.
type taker struct {
	*Listener
	mu     sync.Mutex
	events []event.Event
	log    bytes.Buffer
}

func (k *taker) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.Write(b)
}

func (k *taker) take(e event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, e)
}

func (k *taker) all() []event.Event {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]event.Event(nil), k.events...)
}

func (k *taker) logged() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log.String()
}

func newTaker(c Config) *taker {
	k := &taker{}
	if c.Take == nil {
		c.Take = k.take
	}
	var ids atomic.Int64
	c.NewID = func() string { return fmt.Sprintf("id-%d", ids.Add(1)) }
	c.Now = func() time.Time { return now }
	c.Logger = slog.New(slog.NewTextHandler(k, nil))
	k.Listener = New(c)
	return k
}

func listen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve runs the Listener on l and returns what stops it.
func (k *taker) serve(t testing.TB, l net.Listener) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(patience):
			t.Error("the listener does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

func (k *taker) start(t testing.TB) (address string, stop func()) {
	t.Helper()
	l := listen(t, "tcp", "127.0.0.1:0")
	return l.Addr().String(), k.serve(t, l)
}

func dial(t testing.TB, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t testing.TB, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// until waits for something.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// closed waits until the other side has closed c.
func closed(t testing.TB, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the other side writes something")
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
}

// forms are the ways in which records may be written on a connection.
func forms(t *testing.T, lines string) map[string]string {
	t.Helper()
	var pretty bytes.Buffer
	for line := range strings.Lines(lines) {
		if err := json.Indent(&pretty, []byte(line), "", "    "); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{
		"lines":    lines,
		"together": strings.ReplaceAll(lines, "\n", ""),
		"CRLF":     strings.ReplaceAll(lines, "\n", "\r\n"),
		"NUL":      strings.ReplaceAll(lines, "\n", "\x00"),
		"pretty":   pretty.String(),
	}
}

func TestEventsOfBothGenerations(t *testing.T) {
	for network, listener := range map[string]func() net.Listener{
		"tcp":  func() net.Listener { return listen(t, "tcp", "127.0.0.1:0") },
		"unix": func() net.Listener { return listen(t, "unix", filepath.Join(t.TempDir(), "s")) },
	} {
		for form, stream := range forms(t, samples(t, "8.0")+samples(t, "8.2")) {
			t.Run(network+" "+form, func(t *testing.T) {
				k := newTaker(Config{})
				l := listener()
				stop := k.serve(t, l)
				send(t, dial(t, network, l.Addr().String()), stream)
				until(t, "all is taken", func() bool { return k.Stats().Commands == 2 && k.Stats().Events == 6 })
				stop()
				checkSamples(t, k.all())
				want := Stats{Events: 6, Commands: 2, Lost: 1, Connections: 1} // the documentation leaves out audit_seq 2
				if got := k.Stats(); got != want {
					t.Errorf("counted %+v, want %+v", got, want)
				}
			})
		}
	}
}

// checkSamples compares events with the documentation's records.
func checkSamples(t *testing.T, events []event.Event) {
	t.Helper()
	type summary struct {
		kind           event.Type
		unix           int64
		id             int64
		database       string
		client, server string
		status         event.Status
		user           string
		opened         bool
	}
	var got []summary
	for _, e := range events {
		c := e.Connection
		if c.Source != "audit" || e.Reason != "" || c.Internal || e.Captured != now || e.CapturedAt() != now || e.Time.Nanosecond() != 0 || !c.Opened.IsZero() && c.Opened != e.Time {
			t.Errorf("%+v", e)
		}
		got = append(got, summary{e.Type, e.Time.Unix(), c.ID, c.Database, c.Client.String(), c.Server.String(), e.Status, e.User, !c.Opened.IsZero()})
	}
	a, b, x, y := "127.0.0.1:39338", "127.0.0.1:12635", "127.0.0.1:46252", "127.0.0.1:12000"
	want := []summary{
		{event.NewConnection, 1655821384, 2285001002, "DB1", a, b, 0, "", true},
		{event.Authentication, 1655821384, 2285001002, "DB1", a, b, 2, "user_one", false},
		{event.CloseConnection, 1655821384, 2285001002, "DB1", a, b, 0, "", false},
		{event.NewConnection, 1779874366, 13001000, "D1", x, y, 0, "", true},
		{event.Authentication, 1779874366, 13001000, "D1", x, y, 2, "default", false},
		{event.CloseConnection, 1779874380, 13001000, "D1", x, y, 0, "", false},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestIDs sends one stream twice: numbered records are the same events.
func TestIDs(t *testing.T) {
	k := newTaker(Config{})
	address, _ := k.start(t)
	stream := samples(t, "8.0") + samples(t, "8.2")
	for i := range int64(2) {
		c := dial(t, "tcp", address)
		send(t, c, stream)
		c.Close()
		until(t, "all is taken", func() bool { return k.Stats().Events == 6*(i+1) && k.Stats().Connected == 0 })
	}
	events := k.all()
	seen := map[string]int{}
	for i, e := range events[:6] {
		if same := e.ID == events[i+6].ID; same != (i >= 3) {
			t.Errorf("%d: %s, then %s", i, e.ID, events[i+6].ID)
		}
		seen[e.ID]++
	}
	if len(seen) != 6 {
		t.Errorf("ids of different events: %v", seen)
	}
	if s := k.Stats(); s.Restarts != 1 || s.Lost != 2 {
		t.Errorf("counted %+v", s)
	}
}

func TestRefusedAndGoesOn(t *testing.T) {
	k := newTaker(Config{MaxRecord: 4096})
	address, stop := k.start(t)
	c := dial(t, "tcp", address)
	good := func(id int) string {
		return record(map[string]string{"id": fmt.Sprint(id), "audit_seq": fmt.Sprint(id)})
	}
	secret := "do-not-log-me"
	for _, s := range []string{
		good(1),
		record(map[string]string{"id": `"` + secret + `"`, "audit_seq": "2"}), // its number counts
		good(3), "\n" + secret + "\n",
		good(4), `{"ts":1,"action":"auth","username":"` + secret + "\n",
		good(5), record(map[string]string{"username": `"` + strings.Repeat(secret, 1000) + `"`, "audit_seq": "6"}), // 6 is lost
		good(7), record(map[string]string{"x": strings.Repeat("[", 100)}), "\n",
		good(8), `{"ts":1,"action":"` + secret + `"}`,
		good(9), good(10)[:20],
	} {
		send(t, c, s)
	}
	c.Close()
	until(t, "the connection is closed", func() bool { return k.Stats().Connections == 1 && k.Stats().Connected == 0 })
	stop()
	var ids []int64
	for _, e := range k.all() {
		ids = append(ids, e.Connection.ID)
	}
	if fmt.Sprint(ids) != "[1 3 4 5 7 8 9]" {
		t.Errorf("events of %v", ids)
	}
	if s := k.Stats(); s.Refused != 7 || s.Lost != 1 || s.Restarts != 0 {
		t.Errorf("counted %+v", s)
	}
	log := k.logged()
	if strings.Contains(log, secret) {
		t.Errorf("the log tells what was sent:\n%s", log)
	}
	for _, r := range []refusal{errID, errNoObject, errBroken, errTooLarge, errDeep, errKind, errCut} {
		if !strings.Contains(log, string(r)) {
			t.Errorf("the log does not tell %q:\n%s", r, log)
		}
	}
}

func TestHopelessStreamIsClosed(t *testing.T) {
	k := newTaker(Config{MaxRecord: 1000})
	address, _ := k.start(t)
	c := dial(t, "tcp", address)
	_, _ = io.WriteString(c, strings.Repeat("garbage ", 5000)) // it may be closed meanwhile
	closed(t, c)
	until(t, "the log tells it", func() bool { return strings.Contains(k.logged(), errLost.Error()) })

	c = dial(t, "tcp", address)
	send(t, c, record(nil))
	until(t, "the next one is read", func() bool { return len(k.all()) == 1 })
}

func TestHalfARecordIsNotWaitedForForEver(t *testing.T) {
	k := newTaker(Config{RecordTimeout: 50 * time.Millisecond})
	address, _ := k.start(t)
	idle, half := dial(t, "tcp", address), dial(t, "tcp", address)
	send(t, idle, record(nil)+"\n")
	send(t, half, record(nil)[:30])
	closed(t, half)
	until(t, "it is counted", func() bool { return k.Stats().Refused == 1 && k.Stats().Connected == 1 })
	if !strings.Contains(k.logged(), "the rest of a record did not come") {
		t.Errorf("the log: %s", k.logged())
	}
	// The other has been idle for as long.
	send(t, idle, record(map[string]string{"audit_seq": "7", "id": "3"}))
	until(t, "the idle one is read", func() bool { return k.Stats().Events == 2 })
}

func TestTooManyConnections(t *testing.T) {
	k := newTaker(Config{MaxConnections: 2})
	address, _ := k.start(t)
	first, second := dial(t, "tcp", address), dial(t, "tcp", address)
	until(t, "two are there", func() bool { return k.Stats().Connected == 2 })
	closed(t, dial(t, "tcp", address))
	if s := k.Stats(); s.Rejected != 1 || s.Connected != 2 || s.Connections != 2 {
		t.Errorf("counted %+v", s)
	}
	first.Close()
	until(t, "one is gone", func() bool { return k.Stats().Connected == 1 })
	send(t, dial(t, "tcp", address), record(nil))
	send(t, second, record(map[string]string{"id": "3"}))
	until(t, "both are read", func() bool { return k.Stats().Events == 2 })
}

// TestManyWorkers has 256 of them, each with its connections one after the other,
// some records missing, and pieces of any size.
func TestManyWorkers(t *testing.T) {
	const workers, records, pieces = 256, 60, 3
	k := newTaker(Config{})
	address, stop := k.start(t)
	var all sync.WaitGroup
	var missing atomic.Int64
	for w := range workers {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(w)))
			seq := 0
			for range pieces {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Error(err)
					return
				}
				var b []byte
				for range records / pieces {
					if seq > 0 && rnd.IntN(10) == 0 {
						seq++
						missing.Add(1)
					}
					b = append(b, record(map[string]string{
						"id": fmt.Sprint(seq*1000 + w), "audit_worker_id": fmt.Sprint(w), "audit_seq": fmt.Sprint(seq),
					})...)
					seq++
				}
				for len(b) > 0 {
					n := min(len(b), 1+rnd.IntN(2000))
					if _, err := c.Write(b[:n]); err != nil {
						t.Error(err)
					}
					b = b[n:]
				}
				// The next connection comes when this one is gone, as far as its worker knows.
				if err := c.(*net.TCPConn).CloseWrite(); err != nil {
					t.Error(err)
				}
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		})
	}
	all.Wait()
	until(t, "all is taken", func() bool { return k.Stats().Events == workers*records && k.Stats().Connected == 0 })
	stop()
	if s := k.Stats(); s.Lost != missing.Load() || s.Restarts != 0 || s.Refused != 0 || s.Connections != workers*pieces || s.Rejected != 0 {
		t.Errorf("counted %+v, missing were %d", s, missing.Load())
	}
	last, seen := map[int64]int64{}, map[string]bool{}
	for _, e := range k.all() {
		worker, seq := e.Connection.ID%1000, e.Connection.ID/1000
		if before, ok := last[worker]; ok && seq <= before {
			t.Fatalf("worker %d: %d after %d", worker, seq, before)
		}
		last[worker] = seq
		if seen[e.ID] {
			t.Fatalf("the id %s twice", e.ID)
		}
		seen[e.ID] = true
	}
}

// TestRestarts stops and starts the listener while a worker sends on: nothing is
// told twice, and what was lost meanwhile is counted.
func TestRestarts(t *testing.T) {
	k := newTaker(Config{})
	address, stop := k.start(t)
	seq := 0
	for range 20 {
		c := dial(t, "tcp", address)
		for range 10 {
			send(t, c, record(map[string]string{"id": fmt.Sprint(seq), "audit_seq": fmt.Sprint(seq)}))
			seq++
		}
		until(t, "it is accepted", func() bool { return k.Stats().Connected == 1 })
		stop() // reads what has arrived
		closed(t, c)
		seq += 3 // nobody listens
		stop = k.serve(t, listen(t, "tcp", address))
	}
	stop()
	events := k.all()
	if s := k.Stats(); int64(len(events)) != s.Events || s.Events != 200 || s.Lost != 19*3 || s.Restarts != 0 || s.Refused != 0 || s.Connected != 0 {
		t.Errorf("counted %+v, %d events", s, len(events))
	}
	for i := 1; i < len(events); i++ {
		if events[i].Connection.ID <= events[i-1].Connection.ID {
			t.Fatalf("%d after %d", events[i].Connection.ID, events[i-1].Connection.ID)
		}
	}
}

// TestSlowTake has a Take that waits: the stream waits with it, and so does Serve.
func TestSlowTake(t *testing.T) {
	release, in := make(chan struct{}), make(chan struct{}, 1)
	k := newTaker(Config{Take: func(event.Event) {
		select {
		case in <- struct{}{}:
		default:
		}
		<-release
	}})
	l := listen(t, "tcp", "127.0.0.1:0")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Serve(ctx, l) }()
	send(t, dial(t, "tcp", l.Addr().String()), record(nil))
	<-in
	cancel()
	select {
	case <-done:
		t.Fatal("served to the end while an event is handed over")
	case <-time.After(3 * drain):
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s := k.Stats(); s.Events != 1 || s.Connected != 0 {
		t.Errorf("counted %+v", s)
	}
}

func TestRepeatedAuthentications(t *testing.T) {
	k := newTaker(Config{})
	address, stop := k.start(t)
	login := func(status int) string {
		return record(map[string]string{"status": fmt.Sprint(status), "audit_worker_id": "", "audit_seq": ""})
	}
	connection := func(kind string) string { return `{"ts":1,"` + kind + `":{"id":2,"srcip":"10.0.0.1"}}` }
	for _, s := range []string{
		connection("new_conn"), login(8), login(8), login(0), login(0), login(8), login(8), connection("close_conn"),
		connection("new_int_conn"), login(7), login(7), connection("close_conn"),
	} {
		c := dial(t, "tcp", address) // a worker that connects anew each time
		before := k.Stats()
		send(t, c, s)
		until(t, "it is counted", func() bool {
			now := k.Stats()
			return now.Events+now.Repeated == before.Events+before.Repeated+1
		})
	}
	stop()
	var got []string
	for _, e := range k.all() {
		got = append(got, fmt.Sprintf("%s %d %t", e.Type, e.Status, e.Connection.Internal))
	}
	want := "new_conn 0 false, auth 8 false, auth 0 false, auth 0 false, close_conn 0 false, new_conn 0 true, auth 7 false, close_conn 0 false"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	if s := k.Stats(); s.Repeated != 4 || s.Internal != 1 || s.Lost != 0 {
		t.Errorf("counted %+v", s)
	}
}

func TestBrokenListener(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	l.Close()
	if err := newTaker(Config{}).Serve(t.Context(), l); err == nil {
		t.Error("a closed listener is served without an error")
	}
}

// TestTroubledListener has an Accept that fails for a while, as without free files.
func TestTroubledListener(t *testing.T) {
	k := newTaker(Config{})
	l := &troubled{Listener: listen(t, "tcp", "127.0.0.1:0")}
	l.failures.Store(3)
	k.serve(t, l)
	send(t, dial(t, "tcp", l.Addr().String()), record(nil))
	until(t, "it is read all the same", func() bool { return k.Stats().Events == 1 })
}

type troubled struct {
	net.Listener
	failures atomic.Int64
}

func (l *troubled) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: io.ErrNoProgress}
	}
	return l.Listener.Accept()
}

func TestNewNeedsTake(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New takes a Config without Take")
		}
	}()
	New(Config{})
}

// TestQuietLog has many troubles of one kind: the log tells the first, then how
// many there were.
func TestQuietLog(t *testing.T) {
	var log bytes.Buffer
	at := now
	n := &notes{logger: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return at }}
	for range 1000 {
		n.warn("a", "first")
	}
	n.warn("b", "second")
	at = at.Add(quiet)
	n.warn("a", "first")
	if lines := strings.Count(log.String(), "\n"); lines != 3 || !strings.Contains(log.String(), "notLogged=999") {
		t.Errorf("%d lines:\n%s", lines, log.String())
	}
}

func BenchmarkStream(b *testing.B) {
	for _, kind := range []string{"auth", "command"} {
		b.Run(kind, func(b *testing.B) {
			k := newTaker(Config{Take: func(event.Event) {}})
			address, _ := k.start(b)
			c := dial(b, "tcp", address)
			line := strings.Split(samples(b, "8.2"), "\n")[map[string]int{"auth": 0, "command": 2}[kind]] // never a repetition
			lines := strings.Repeat(line+"\n", 100)
			b.SetBytes(int64(len(line)))
			b.ResetTimer()
			for n := 0; n < b.N; n += 100 {
				send(b, c, lines)
			}
			until(b, "all is taken", func() bool { s := k.Stats(); return s.Events+s.Commands >= int64(b.N) })
		})
	}
}
