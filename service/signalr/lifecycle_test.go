package signalr

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/token"
)

// tick does what is due.
func (r *rig) tick() { r.server.tick(r.clock.now()) }

// A client that is idle is pinged, and one that is silent is closed.
func TestPings(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	r.clock.forward(pingEvery)
	r.tick()
	if got := w.next(); got != `{"type":6}` {
		t.Errorf("received %s", got)
	}
	w.send(`{"type":6}`)
	r.until("the ping came", func() bool { return r.clock.now().Sub(r.server.Connections()[0].Seen) < pingEvery/2 })
	r.clock.forward(silentFor - 5*time.Second)
	r.tick()
	if got := len(r.server.Connections()); got != 1 {
		t.Fatalf("there are %d connections", got)
	}
	r.clock.forward(10 * time.Second)
	r.tick()
	if got := w.ends(); got != `{"type":7,"error":"Connection ping timeout.","allowReconnect":true}` {
		t.Errorf("the last message is %s", got)
	}
	if l := r.logged("ConnectionAborted", "Connection aborted. Reason: Connection ping timeout"); l.Level != "Warning" || l.Properties.UserID != "u" {
		t.Errorf("the record is %s", l.raw)
	}
	if got := r.server.Stats().Reasons[event.ReasonPingTimeout]; got != 1 {
		t.Errorf("counted %d times", got)
	}
}

// Polls keep a client alive, which then needs no pings; a service may have its own times.
func TestSilenceIsSetUp(t *testing.T) {
	r := newRig(t, func(s *Service, _ *Config) { s.KeepAlive, s.ClientTimeout = 2*time.Second, 5*time.Second })
	w := r.connect("chat", "u")
	r.clock.forward(3 * time.Second)
	r.tick()
	if got := w.next(); got != `{"type":6}` {
		t.Errorf("received %s", got)
	}
	r.clock.forward(3 * time.Second)
	r.tick()
	w.ends()
	r.logged("ConnectionAborted", event.ReasonPingTimeout)
}

func TestHandshakeTimeout(t *testing.T) {
	r := newRig(t, nil)
	w := r.dial(r.token("chat", "u"), "chat", "")
	long := r.dial(r.token("chat", "long", token.Claim{Type: "asrs.s.cht", Value: "25"}), "chat", "")
	r.until("both are there", func() bool { return len(r.server.Connections()) == 2 })
	r.clock.forward(handshakeTime + 2*time.Second)
	r.tick()
	if got := w.ends(); got != `{"error":"Handshake was canceled."}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", event.ReasonHandshake+": it took too long")
	long.hello()
}

func TestCloseOnExpiration(t *testing.T) {
	r := newRig(t, nil)
	at := strconv.FormatInt(r.clock.now().Add(10*time.Minute).Unix(), 10)
	w := r.connect("chat", "u", token.Claim{Type: "asrs.s.coae", Value: "true"}, token.Claim{Type: "asrs.s.aeo", Value: at})
	other := r.connect("chat", "other")
	for range 45 { // pings, so that it is not closed for its silence
		r.clock.forward(14 * time.Second)
		w.send(`{"type":6}`)
		other.send(`{"type":6}`)
		if len(r.server.Connections()) < 2 {
			break
		}
		for _, c := range r.service().list() {
			c.seen.Store(r.clock.now().UnixNano())
		}
		r.tick()
	}
	if l := r.logged("ConnectionEnded", event.ReasonTokenExpired); l.Properties.UserID != "u" {
		t.Errorf("the record is %s", l.raw)
	}
	if got := r.count("ConnectionEnded"); got != 1 {
		t.Errorf("%d have ended", got)
	}
}

// What cannot be read closes the connection, and reaches nobody.
func TestBadMessages(t *testing.T) {
	r := newRig(t, nil)
	for _, message := range []string{`{"type":`, `{"type":1,"target":"m"}`, `[]`} {
		w := r.connect("chat", "u")
		w.send(message)
		if got := w.ends(); got != `{"type":7,"error":"Connection closed with an error."}` {
			t.Errorf("%s: the last message is %s", message, got)
		}
	}
	r.logged("ConnectionAborted", event.ReasonBadMessage+": the invocation has no arguments")
	w := r.connect("chat", "pieces")
	for _, piece := range []string{`{"type":1,"invocation`, `Id":"1","target":"m",`, `"argum`, `ents":[]`, "}\x1e"} {
		w.raw([]byte(piece))
	}
	if got := w.skip(); !strings.Contains(got, `"invocationId":"1"`) {
		t.Errorf("received %s", got)
	}
	w = r.connect("chat", "large")
	w.raw([]byte(strings.Repeat("x", 600<<10)))
	w.raw([]byte(strings.Repeat("x", 600<<10)))
	w.ends()
	r.logged("ConnectionAborted", event.ReasonBadMessage+": the message is too large")
}

// Who does not take its messages is closed.
func TestSlowClient(t *testing.T) {
	r := newRig(t, nil)
	r.connect("chat", "slow")
	big := strings.Repeat("x", 512<<10)
	p := payload.New(func(payload.Protocol) []byte {
		return []byte(`{"type":1,"target":"m","arguments":["` + big + `"]}` + "\x1e")
	})
	r.until("it is closed", func() bool {
		if err := r.service().hubs.Send(t.Context(), "chat", hub.Target{}, p); err != nil {
			t.Fatal(err)
		}
		return r.count("ConnectionAborted") > 0
	})
	r.logged("ConnectionAborted", event.ReasonSlowClient)
}

// A broken connection is told from one that was closed.
func TestLoss(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	w.conn.CloseNow()
	r.logged("ConnectionAborted", event.ReasonConnectionLost)
	w = r.connect("chat", "u")
	w.send(`{"type":7}`)
	w.ends()
	r.logged("ConnectionEnded", event.ReasonClosedByClient)
}

// A client of long polling that does not poll is silent.
func TestPollsAreMissed(t *testing.T) {
	r := newRig(t, nil)
	bearer := r.token("chat", "u", token.Claim{Type: "asrs.s.ttl", Value: "1"})
	n := r.negotiate(bearer, "chat", "")
	r.do(http.MethodGet, "/client/?hub=chat&id="+n.ConnectionToken, bearer, "")
	if l := r.logged("ConnectionAborted", event.ReasonPingTimeout); l.Properties.TransportType != "LongPolling" {
		t.Errorf("the record is %s", l.raw)
	}
}

// A connection that is closed from outside ends as expected, with the reason given.
func TestClosedFromOutside(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	if n, err := r.service().hubs.Close(t.Context(), "chat", hub.Target{Kind: hub.Users, Names: []string{"u"}}, "go home"); err != nil || n != 1 {
		t.Fatalf("closed %d: %v", n, err)
	}
	if got := w.ends(); got != `{"type":7,"error":"go home","allowReconnect":true}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionEnded", event.ReasonClosedByAPI+": go home")
}

// Whatever makes the service begin anew tells its clients to connect again.
func TestReload(t *testing.T) {
	const last = `{"type":7,"error":"Service reloading, please reconnect.","allowReconnect":true}`
	for name, fn := range map[string]func(*rig){
		"asked":   func(r *rig) { r.server.Reload("somebody asked") },
		"mode":    func(r *rig) { r.set(func(s *Service) { s.Mode = Default }) },
		"tier":    func(r *rig) { r.set(func(s *Service) { s.Tier = "Premium_P1" }) },
		"deleted": func(r *rig) { r.services.watch(r.services.list[0], true) },
		"stopped": func(r *rig) { r.stop() },
	} {
		h, set := newHooks(t, nil)
		r := newRig(t, set)
		w := r.connect("chat", "u")
		done := make(chan struct{})
		go func() {
			defer close(done)
			fn(r)
		}()
		if got := w.ends(); got != last {
			t.Errorf("%s: the last message is %s", name, got)
		}
		<-done
		r.logged("ConnectionAborted", "Connection aborted. Reason: "+event.ReasonReloading)
		r.until("the upstream hears of it", func() bool { return h.has("connections/disconnected") })
		if name == "deleted" {
			r.until("nothing is left", func() bool { return len(r.server.all()) == 0 })
			if res, _ := r.do(http.MethodPost, "/client/negotiate?hub=chat", r.token("chat", "u"), ""); res.StatusCode != http.StatusNotFound {
				t.Errorf("a service that is deleted answers %s", res.Status)
			}
		}
	}
}

// A client whose start is not kept is not let in.
func TestUnkeptClient(t *testing.T) {
	full, late := errors.New("the disk is full"), errors.New("the disk is full, and it is kept in memory")
	r := newRig(t, func(_ *Service, c *Config) {
		c.Unkept = func(err error) bool { return errors.Is(err, full) }
	})
	refused := func(failure error) {
		t.Helper()
		r.sink.fail.Store(&failure)
		defer r.sink.fail.Store(nil)
		_, res, err := r.tryDial(r.token("chat", "u"), "chat", "")
		if err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("%v %v", err, res)
		}
	}
	refused(full)
	if got := r.server.Stats(); got.Clients != 0 || got.Opened != 0 || got.SystemErrors != 1 || got.Unkept != 1 {
		t.Errorf("the figures are %+v", got)
	}
	if lines := r.sink.lines(t); len(lines) > 0 {
		t.Errorf("an end without a beginning: %v", lines)
	}
	// The beginning comes later: it has an end.
	r.sink.later.Store(true)
	refused(late)
	r.logged("ConnectionStarted", "")
	r.logged("ConnectionAborted", event.ReasonTransient)
	r.sink.later.Store(false)
	w := r.connect("chat", "u")
	r.logged("ServerlessModeEntered", "")
	r.sink.fail.Store(&full)
	w.bye()
	r.until("the client is gone", func() bool { return r.server.Stats().Clients == 0 })
	time.Sleep(2 * mustPause) // so that it is tried, and is not kept
	if n := r.count("ConnectionEnded"); n != 0 {
		t.Errorf("%d ends are kept by a full disk", n)
	}
	r.sink.fail.Store(nil)
	r.logged("ConnectionEnded", event.ReasonClosedByClient)
	r.stop()
	if n := r.count("ConnectionEnded"); n != 1 || r.server.Stats().Unkept != 1 {
		t.Errorf("%d ends, the figures are %+v", n, r.server.Stats())
	}
}

// A mistake in the program costs one connection, and is told as what it is.
func TestTransient(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	id := r.server.Connections()[0].ID
	go func() {
		_, _ = r.service().hubs.Invoke(context.WithoutCancel(t.Context()), "chat", id, "a", hubprotocol.NewInvocation("m", "a", hubprotocol.Arguments{}))
	}()
	w.skip()
	c := r.service().list()[0]
	c.mu.Lock()
	for invocation := range c.asked {
		c.asked[invocation] = asked{func(hub.Result) { panic("a mistake") }}
	}
	names := slices.Collect(func(yield func(string) bool) {
		for invocation := range c.asked {
			if !yield(invocation) {
				return
			}
		}
	})
	c.mu.Unlock()
	w.send(`{"type":3,"invocationId":"` + names[0] + `","result":1}`)
	if got := w.ends(); got != `{"type":7,"error":"Internal server error.","allowReconnect":true}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", "Connection aborted. Reason: "+event.ReasonTransient)
}

func TestHealth(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/api/health", "/api/v1/health", "/health"} {
		if res, _ := r.do(http.MethodHead, path, "", ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	if res, _ := r.do(http.MethodPost, "/health", "", ""); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", res.Status)
	}
	if res, _ := r.do(http.MethodGet, "/", "", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("/: %s", res.Status)
	}
}
