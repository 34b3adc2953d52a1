package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/transport"
)

func TestWebSocket(t *testing.T) {
	n := start(t, transport.Config{})
	g := n.negotiate("hub=chat&negotiateVersion=1")
	ws, e := n.webSocket("/client/?hub=chat&asrs.op=%2Fchat&access_token=secret&id=" + g.ConnectionToken)
	if e.ID() != g.ConnectionID || e.Kind() != transport.WebSockets || e.Reconnects() {
		t.Errorf("connection %s, %s", e.ID(), e.Kind())
	}
	if got := e.Query().Encode(); got != "asrs.op=%2Fchat&hub=chat" {
		t.Errorf("query %q", got)
	}
	if e.Caller() != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("caller %s", e.Caller())
	}
	write(t, ws, "hello")
	if got := await(t, "a message", e.got); got != "hello" {
		t.Errorf("received %q", got)
	}
	e.Send([]byte("{}\x1e"))
	if kind, s := read(t, ws); kind != websocket.MessageText || s != "{}\x1e" {
		t.Errorf("read %v %q", kind, s)
	}
	e.Binary()
	large := strings.Repeat("x", 20_000)
	e.Send([]byte(large))
	ws.SetReadLimit(1 << 20)
	if kind, s := read(t, ws); kind != websocket.MessageBinary || s != large {
		t.Errorf("read %v, %d bytes", kind, len(s))
	}
	ws.Close(websocket.StatusNormalClosure, "")
	if how := wantEnd(t, e, transport.ByClient); how.Err != nil {
		t.Errorf("ended with %v", how.Err)
	}
	if e.Send([]byte("late")) {
		t.Error("sent after the end")
	}
}

func TestWebSocketWithoutNegotiation(t *testing.T) {
	n := start(t, transport.Config{Suffix: "abcdefghi"})
	ws, e := n.webSocket("/client/?hub=chat")
	defer ws.CloseNow()
	if len(e.ID()) != 31 || !strings.HasSuffix(e.ID(), "abcdefghi") {
		t.Errorf("connection %s", e.ID())
	}
	// Its token is known to nobody; its ID is no token.
	if res, _ := n.do("POST", "/client/?id="+e.ID(), ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("POST: %s", res.Status)
	}
}

func TestWebSocketKeepsTheOrder(t *testing.T) {
	n := start(t, transport.Config{})
	ws, e := n.webSocket("/client/")
	ws.SetReadLimit(1 << 20)
	var want strings.Builder
	for i := range 2000 {
		m := strings.Repeat(string(rune('a'+i%26)), 1+i%300)
		want.WriteString(m)
		if !e.Send([]byte(m)) {
			t.Fatal("not sent")
		}
	}
	e.Close()
	e.Close()
	if e.Send([]byte("late")) {
		t.Error("sent after Close")
	}
	var got strings.Builder
	for {
		_, s, err := tryRead(ws)
		if err != nil {
			if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				t.Errorf("the end: %v", err)
			}
			break
		}
		got.WriteString(s)
	}
	if got.String() != want.String() {
		t.Errorf("got %d bytes, want %d", got.Len(), want.Len())
	}
	if how := wantEnd(t, e, transport.ByUs); how.Err != nil {
		t.Errorf("ended with %v", how.Err)
	}
}

func TestSendFromOpen(t *testing.T) {
	n := start(t, transport.Config{})
	n.setup = func(e *end) {
		e.Send([]byte("welcome"))
		e.Close()
	}
	ws, e := n.webSocket("/client/")
	if _, s := read(t, ws); s != "welcome" {
		t.Errorf("read %q", s)
	}
	if _, _, err := tryRead(ws); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end: %v", err)
	}
	wantEnd(t, e, transport.ByUs)
}

func TestWebSocketBreaks(t *testing.T) {
	n := start(t, transport.Config{MaxMessage: 1000})
	ws, e := n.webSocket("/client/")
	ws.CloseNow()
	if how := wantEnd(t, e, transport.ByLoss); how.Err == nil {
		t.Error("lost without an error")
	}

	ws, e = n.webSocket("/client/")
	write(t, ws, strings.Repeat("x", 1001))
	if _, _, err := tryRead(ws); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("too large: %v", err)
	}
	if how := wantEnd(t, e, transport.ByUs); !errors.Is(how.Err, transport.ErrTooLarge) {
		t.Errorf("too large: ended with %v", how.Err)
	}

	ws, e = n.webSocket("/client/")
	ws.Close(websocket.StatusInternalError, "broken")
	if how := wantEnd(t, e, transport.ByClient); websocket.CloseStatus(how.Err) != websocket.StatusInternalError {
		t.Errorf("a close frame: ended with %v", how.Err)
	}
}

func TestReceiveFails(t *testing.T) {
	n := start(t, transport.Config{})
	bad := errors.New("bad message")
	n.setup = func(e *end) {
		e.receive = func(string) error {
			e.Send([]byte("your message is bad"))
			return bad
		}
	}
	ws, e := n.webSocket("/client/")
	write(t, ws, "x")
	write(t, ws, "y")
	if _, s := read(t, ws); s != "your message is bad" {
		t.Errorf("read %q", s)
	}
	if _, _, err := tryRead(ws); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the end: %v", err)
	}
	if how := wantEnd(t, e, transport.ByUs); !errors.Is(how.Err, bad) {
		t.Errorf("ended with %v", how.Err)
	}
	if len(e.got) != 1 {
		t.Errorf("received %d messages, want 1", len(e.got))
	}

	path, e := n.polling()
	n.do("POST", path, "x")
	if _, body := n.do("GET", path, ""); body != "your message is bad" {
		t.Errorf("polled %q", body)
	}
	if how := wantEnd(t, e, transport.ByUs); !errors.Is(how.Err, bad) {
		t.Errorf("polling ended with %v", how.Err)
	}
}

// Over a pipe nothing is buffered: a client that does not read is slow at once.
func TestASlowWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{MaxUnsent: 1000})
		defer stop()
		ws, e := n.webSocket("/client/")
		defer ws.CloseNow()
		if !e.Send(make([]byte, 5000)) {
			t.Error("a single large message is not sent")
		}
		ws.SetReadLimit(1 << 20)
		read(t, ws)
		synctest.Wait()
		for range 10 {
			if !e.Send(make([]byte, 100)) {
				t.Fatal("not sent within the bound")
			}
		}
		if e.Send(make([]byte, 1)) {
			t.Error("sent beyond the bound")
		}
		wantEnd(t, e, transport.BySlow)
	})
}

func TestAWebSocketThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{})
		defer stop()
		ws, e := n.webSocket("/client/")
		defer ws.CloseNow()
		began := time.Now()
		e.Send([]byte("x"))
		wantEnd(t, e, transport.BySlow)
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("ended after %s", took)
		}

		ws, e = n.webSocket("/client/")
		defer ws.CloseNow()
		began = time.Now()
		e.Send([]byte("x"))
		e.Close()
		wantEnd(t, e, transport.ByUs)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("closed after %s", took)
		}
	})
}

// A deadline of an earlier write must not be that of a later pong.
func TestPongAfterALongTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{})
		defer stop()
		ws, e := n.webSocket("/client/")
		e.Send([]byte("x"))
		read(t, ws)
		time.Sleep(time.Hour)
		ctx := ws.CloseRead(context.Background())
		if err := ws.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		ws.CloseNow()
		wantEnd(t, e, transport.ByLoss)
	})
}

// A client may not wait for the answer of the upgrade before it sends.
func TestWebSocketSendsEarly(t *testing.T) {
	n := start(t, transport.Config{Accept: func(r *http.Request) (transport.Grant, *transport.Refusal) {
		return transport.Grant{Detail: transport.BearerToken(r)}, nil
	}})
	c, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	long := strings.Repeat("x", 700)
	frame := "\x81\xfe\x02\xbc\x00\x00\x00\x00" + long
	io.WriteString(c, "GET /client/ HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+
		"Authorization: Bearer secret\r\nX-Own: 1\r\n\r\n"+frame+frame)
	e := <-n.opened
	for range 2 {
		if got := await(t, "a message", e.got); got != long {
			t.Errorf("received %q", got)
		}
	}
	if h := e.Header(); h.Get("X-Own") != "1" || h.Get("Authorization") != "" {
		t.Errorf("header %v", h)
	}
	if e.grant.Detail != "secret" {
		t.Errorf("detail %v", e.grant.Detail)
	}
}

func TestWebSocketInFragments(t *testing.T) {
	n := start(t, transport.Config{})
	ws, e := n.webSocket("/client/")
	w, err := ws.Writer(context.Background(), websocket.MessageText)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"one ", "two ", "three"} {
		io.WriteString(w, s)
	}
	w.Close()
	if got := await(t, "a message", e.got); got != "one two three" {
		t.Errorf("received %q", got)
	}
}
