package transport_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/transport"
)

func (n *node) reconnecting() string {
	n.t.Helper()
	return "/client/?id=" + n.negotiate("negotiateVersion=1&useStatefulReconnect=true").ConnectionToken
}

func TestResumeAfterALoss(t *testing.T) {
	n := start(t, transport.Config{})
	n.setup = func(e *end) { e.resume = func() { e.Send([]byte("sequence")) } }
	path := n.reconnecting()
	ws, e := n.webSocket(path)
	if !e.Reconnects() {
		t.Error("stateful reconnect is not known")
	}
	e.Binary()
	write(t, ws, "one")
	await(t, "a message", e.got)
	for range 2 {
		ws.CloseNow()
		// It may be known to be lost by now, or not.
		if !e.Send([]byte("lost")) {
			t.Error("a connection that may come back takes no messages")
		}
		var err error
		if ws, _, err = n.dial(path); err != nil {
			t.Fatal(err)
		}
		await(t, "the resumption", e.resumed)
		if kind, s := read(t, ws); kind != websocket.MessageBinary || s != "sequence" {
			t.Errorf("read %v %q", kind, s)
		}
		write(t, ws, "two")
		if got := await(t, "a message", e.got); got != "two" {
			t.Errorf("received %q", got)
		}
	}
	ws.Close(websocket.StatusNormalClosure, "")
	wantEnd(t, e, transport.ByClient)
	if _, res, err := n.dial(path); err == nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("after the end: %v", err)
	}
}

func TestResumeReplacesAConnection(t *testing.T) {
	n := start(t, transport.Config{})
	path := n.reconnecting()
	old, e := n.webSocket(path)
	ws, _, err := n.dial(path)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the resumption", e.resumed)
	if _, _, err := tryRead(old); err == nil {
		t.Error("the old WebSocket is still there")
	}
	e.Send([]byte("x"))
	if _, s := read(t, ws); s != "x" {
		t.Errorf("read %q", s)
	}
	e.Close()
	if _, _, err := tryRead(ws); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end: %v", err)
	}
	wantEnd(t, e, transport.ByUs)
}

// Receive is by one goroutine at a time, also when the old one is still in it.
func TestResumeWaitsForReceive(t *testing.T) {
	n := start(t, transport.Config{})
	entered, proceed := make(chan struct{}), make(chan struct{})
	n.setup = func(e *end) {
		e.receive = func(s string) error {
			if s == "one" {
				close(entered)
				<-proceed
			}
			return nil
		}
	}
	path := n.reconnecting()
	ws, e := n.webSocket(path)
	write(t, ws, "one")
	await(t, "Receive", entered)
	ws2, _, err := n.dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ws2.CloseNow()
	write(t, ws2, "two")
	select {
	case <-e.resumed:
		t.Error("resumed while the old one receives")
	case <-time.After(20 * time.Millisecond):
	}
	close(proceed)
	await(t, "the resumption", e.resumed)
	for _, want := range []string{"one", "two"} {
		if got := await(t, want, e.got); got != want {
			t.Errorf("received %q, want %q", got, want)
		}
	}
}

func TestALostConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{ResumeTimeout: 30 * time.Second})
		defer stop()
		path := n.reconnecting()
		ws, e := n.webSocket(path)
		ws.CloseNow()
		synctest.Wait()
		time.Sleep(29 * time.Second)
		ws, _, err := n.dial(path)
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the resumption", e.resumed)
		time.Sleep(29 * time.Second)
		began := time.Now()
		ws.CloseNow()
		wantEnd(t, e, transport.ByLoss)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("ended after %s", took)
		}
		// Close does not wait for one that may come back.
		ws, e = n.webSocket(n.reconnecting())
		ws.CloseNow()
		synctest.Wait()
		e.Close()
		wantEnd(t, e, transport.ByUs)
	})
}
