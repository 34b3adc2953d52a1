package appserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/event"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

var dropped = []end{{event.ReasonServerDropped, "", true}}

func TestServerDrops(t *testing.T) {
	for name, leave := range map[string]func(*appservertest.Conn){
		"crash":   (*appservertest.Conn).Abort,
		"close":   func(c *appservertest.Conn) { _ = c.Close() },
		"garbage": func(c *appservertest.Conn) { _ = c.Write([]byte{1, 1}); <-c.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			var r recorder
			h := appservertest.NewHub()
			r.then = h.Handle
			a := s.server(appservertest.Config{Server: "a", Handle: r.handle, Migration: serviceprotocol.MigrationShutdownOnly})
			s.server(appservertest.Config{Server: "b", Handle: h.Handle})
			mine := s.ready(&client{id: "mine", sticky: "a"})
			other := s.ready(&client{id: "other", sticky: "b"})
			leave(a)
			s.until("the end", func() bool { return reflect.DeepEqual(mine.ends(), dropped) })
			mine.binding.Data([]byte("late"))
			mine.binding.Closed("")
			if len(other.ends()) != 0 {
				t.Errorf("the client of another server: %v", other.ends())
			}
			if name == "garbage" {
				const text = "the message is not an array with a type"
				if m := find(t, &r, all[*serviceprotocol.ServiceError]); m.Message != "A message cannot be read: "+text {
					t.Errorf("%+v", m)
				}
				s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+appserver.ReasonUnreadable+". "+text)
			}
		})
	}
}

// Clients of a server that allows it go over to another when its connection drops, and
// notice nothing.
func TestMigrationAfterDrop(t *testing.T) {
	s := start(t, nil)
	h1, h2 := appservertest.NewHub(), appservertest.NewHub()
	a := s.server(appservertest.Config{Server: "a", Handle: h1.Handle, Migration: serviceprotocol.MigrationAny})
	var r recorder
	r.then = h2.Handle
	s.server(appservertest.Config{Server: "b", Handle: r.handle})
	c := s.ready(&client{id: "c", sticky: "a"})
	m := s.ready(&client{id: "m", sticky: "a", protocol: payload.MessagePack})
	bound := s.ready(&client{id: "bound", sticky: "a", required: true})
	a.Abort()
	open := find(t, &r, all[*serviceprotocol.OpenConnection])
	if from := open.Headers[serviceprotocol.HeaderMigrateFrom]; !reflect.DeepEqual(from, []string{"a"}) {
		t.Errorf("from %v", from)
	}
	s.until("the end of one that may go nowhere else", func() bool { return reflect.DeepEqual(bound.ends(), dropped) })
	s.until("the others at b", func() bool { return len(h2.Clients()) == 2 })
	c.call("echo", "1", "[1]")
	c.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":1}`+"\n")
	m.call("echo", "1", "[1]")
	m.gets(t, "{}\n\x07\x95\x03\x80\xa11\x03\x01")
	if len(c.ends())+len(m.ends()) != 0 {
		t.Error("clients that were moved have ended")
	}
}

// A server that answers the handshake of a client that was moved to it is not passed on.
func TestAnswerAfterMigration(t *testing.T) {
	s := start(t, nil)
	a := s.server(appservertest.Config{Server: "a", Handle: appservertest.NewHub().Handle, Migration: serviceprotocol.MigrationAny})
	s.server(appservertest.Config{Server: "b", Handle: func(c *appservertest.Conn, m serviceprotocol.Message) {
		if m, ok := m.(*serviceprotocol.ConnectionData); ok {
			_ = c.Send(&serviceprotocol.ConnectionData{ConnectionID: m.ConnectionID, Data: []byte("{}\x1e")},
				&serviceprotocol.ConnectionData{ConnectionID: m.ConnectionID, Data: []byte("new")})
		}
	}})
	c := s.ready(&client{id: "c", sticky: "a"})
	a.Abort()
	c.gets(t, "{}\nnew")
}

func TestShutdown(t *testing.T) {
	s := start(t, nil)
	h1, h2 := appservertest.NewHub(), appservertest.NewHub()
	var ra, rb recorder
	ra.then, rb.then = h1.Handle, h2.Handle
	a := s.server(appservertest.Config{Server: "a", Handle: ra.handle, Migration: serviceprotocol.MigrationShutdownOnly})
	a2 := s.server(appservertest.Config{Server: "a", Handle: h1.Handle})
	stays := s.ready(&client{id: "stays", sticky: "a"})
	also := s.ready(&client{id: "also", sticky: "a"})
	if stays.binding.ServerConnection() != a.ID() {
		stays, also = also, stays
	}
	send := func(value string) {
		t.Helper()
		ra.mu.Lock()
		ra.list = nil
		ra.mu.Unlock()
		if err := a.Send(pings("shutdown", value)); err != nil {
			t.Fatal(err)
		}
		find(t, &ra, func(m *serviceprotocol.Ping) bool { return reflect.DeepEqual(m, pings("shutdown", "finack")) })
	}
	// Another connection of the same server is no place to go to; the client stays.
	send("fin:1")
	// Neither does one go when the server wants to wait.
	s.server(appservertest.Config{Server: "b", ID: "b", Handle: rb.handle})
	send("fin:2")
	send("fin:0")
	stays.call("echo", "1", "[1]")
	stays.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":1}`+"\n")
	if at := stays.binding.ServerConnection(); at != a.ID() {
		t.Fatalf("it went to %q", at)
	}
	for i := range 4 {
		if c := s.ready(&client{id: fmt.Sprint("n", i)}); c.binding.ServerConnection() == a.ID() {
			t.Error("a server that stops gets a client")
		}
	}
	send("fin:1")
	if m := find(t, &ra, all[*serviceprotocol.CloseConnection]); m.Error != "" || !reflect.DeepEqual(m.Headers, map[string][]string{"Asrs-Migrate-To": {"b"}}) {
		t.Errorf("%+v", m)
	}
	find(t, &rb, func(m *serviceprotocol.OpenConnection) bool {
		return m.ConnectionID == stays.id && reflect.DeepEqual(m.Headers["Asrs-Migrate-From"], []string{"a"})
	})
	stays.call("echo", "2", "[2]")
	stays.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":1}`+"\n"+`{"type":3,"invocationId":"2","result":2}`+"\n")
	// What the old server still has is not passed on.
	if err := a.Send(&serviceprotocol.ConnectionData{ConnectionID: stays.id, Data: []byte("old")},
		&serviceprotocol.CloseConnection{ConnectionID: stays.id}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	a2.Abort() // which allows no migration
	s.until("the end", func() bool { return reflect.DeepEqual(also.ends(), dropped) })
	stays.call("echo", "3", "[3]")
	s.until("the answer", func() bool { return strings.HasSuffix(stays.text(), `"result":3}`+"\n") })
	if strings.Contains(stays.text(), "old") || len(stays.ends()) != 0 {
		t.Errorf("%q, %v", stays.text(), stays.ends())
	}
}

func TestStoppingServersOnly(t *testing.T) {
	s := start(t, nil)
	var r recorder
	a := s.server(appservertest.Config{Handle: r.handle})
	if err := a.Send(pings("shutdown", "fin:0")); err != nil {
		t.Fatal(err)
	}
	find(t, &r, func(m *serviceprotocol.Ping) bool { return reflect.DeepEqual(m, pings("shutdown", "finack")) })
	if _, err := s.Bind(&client{id: "c"}); !errors.Is(err, appserver.ErrNoServer) || s.Connected("chat") != 0 {
		t.Errorf("%v, %d", err, s.Connected("chat"))
	}
}

// stuck connects a server that says that it is alive, and reads nothing.
func stuck(t *testing.T, s *service) *websocket.Conn {
	t.Helper()
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat", Server: "stuck"})
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Write(limit(t), websocket.MessageBinary, (&serviceprotocol.HandshakeRequest{Version: 1}).Append(nil)); err != nil {
		t.Fatal(err)
	}
	s.until("the server", func() bool { return s.Connected("chat") == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil && ws.Write(ctx, websocket.MessageBinary, []byte("\x02\x91\x03")) == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		cancel()
		ws.CloseNow()
		<-done
	})
	return ws
}

// Clients of a server that does not read wait, until it is cut off; one that goes does
// not.
func TestClientsWaitForSlowServer(t *testing.T) {
	s := start(t, func(c *appserver.Config) {
		c.MaxUnsent, c.Timeout = 64<<10, 5*time.Second
	})
	stuck(t, s)
	a, b := s.connect(&client{id: "a"}), s.connect(&client{id: "b"})
	piece := make([]byte, 32<<10)
	var sent atomic.Int64
	var gone [2]chan struct{}
	for i, c := range []*client{a, b} {
		gone[i] = make(chan struct{})
		go func() {
			defer close(gone[i])
			for len(c.ends()) == 0 && c.binding.ServerConnection() != "" {
				c.binding.Data(piece)
				sent.Add(int64(len(piece)))
			}
		}()
	}
	s.until("both wait", func() bool {
		before := sent.Load()
		time.Sleep(100 * time.Millisecond)
		return before > 0 && before == sent.Load()
	})
	b.binding.Closed("")
	<-gone[1]
	<-gone[0]
	if !reflect.DeepEqual(a.ends(), dropped) {
		t.Errorf("%v", a.ends())
	}
	if len(b.ends()) != 0 {
		t.Errorf("the one that went: %v", b.ends())
	}
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+appserver.ReasonSlowServer)
}

// What a server is answered is bounded, too.
func TestSlowServerAsks(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.MaxUnsent = 4 << 10 })
	ws := stuck(t, s)
	var b []byte
	for range 1000 {
		b = pings("echo", strings.Repeat("x", 1000)).Append(b)
	}
	for ws.Write(limit(t), websocket.MessageBinary, b) == nil {
	}
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+appserver.ReasonSlowServer)
}

func TestDrop(t *testing.T) {
	s := start(t, nil)
	a := s.server(appservertest.Config{Server: "a", Handle: appservertest.NewHub().Handle, Migration: serviceprotocol.MigrationAny})
	c := s.ready(&client{id: "c"})
	s.Drop(event.ReasonTransient)
	<-a.Done()
	if code := websocket.CloseStatus(a.Err()); code != websocket.StatusGoingAway {
		t.Errorf("closed with %d", code)
	}
	s.until("the end", func() bool { return reflect.DeepEqual(c.ends(), dropped) })
	s.logged(event.ConnectionAborted, "Connection aborted. Reason: "+event.ReasonTransient)
	s.server(appservertest.Config{Server: "a"})
}

func TestClose(t *testing.T) {
	s := start(t, nil)
	a := s.server(appservertest.Config{Handle: appservertest.NewHub().Handle, Migration: serviceprotocol.MigrationAny})
	s.server(appservertest.Config{Server: "b"})
	c := s.ready(&client{id: "c", sticky: "server"})
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat"}) // says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if err := s.Close(limit(t)); err != nil {
		t.Fatal(err)
	}
	<-a.Done()
	if want := []end{{event.ReasonReloading, "", true}}; !reflect.DeepEqual(c.ends(), want) {
		t.Errorf("%v", c.ends())
	}
	if _, err := s.Bind(&client{id: "late"}); !errors.Is(err, appserver.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := s.dial(appservertest.Config{}); err == nil || !strings.Contains(err.Error(), fmt.Sprint(http.StatusServiceUnavailable)) {
		t.Errorf("%v", err)
	}
}

// Close does not wait for a server longer than it is told to.
func TestCloseInTime(t *testing.T) {
	s := start(t, nil)
	stuck(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A crowd that comes at once, and goes over to another server at once, is more than a
// server may leave unread; it waits.
func TestCrowd(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.MaxUnsent = 2 << 10 })
	h1, h2 := appservertest.NewHub(), appservertest.NewHub()
	a := s.server(appservertest.Config{Server: "a", Handle: h1.Handle, Migration: serviceprotocol.MigrationAny})
	var list [500]*client
	var all sync.WaitGroup
	for i := range list {
		list[i] = &client{id: fmt.Sprint("c", i), header: http.Header{"X-Long": {strings.Repeat("x", 200)}}}
		all.Go(func() { s.connect(list[i]) })
	}
	all.Wait()
	for _, c := range list {
		c.gets(t, "{}\n")
	}
	s.server(appservertest.Config{Server: "b", Handle: h2.Handle})
	a.Abort()
	s.until("all at b", func() bool { return len(h2.Clients()) == len(list) })
	for _, c := range list {
		c.call("echo", "1", "[1]")
	}
	for _, c := range list {
		c.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":1}`+"\n")
		if len(c.ends()) != 0 {
			t.Fatalf("%v", c.ends())
		}
	}
}
