package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/transport"
)

func TestCloseEndsAllConnections(t *testing.T) {
	n := start(t, transport.Config{})
	ws, socket := n.webSocket("/client/")
	_, body, _, events := n.stream(t.Context())
	path, polls := n.polling()
	held := n.pollLater(path)
	lost, lostEnd := n.webSocket(n.reconnecting())
	lost.CloseNow()
	pending := n.path()

	closed := make(chan error, 1)
	go func() { closed <- n.h.Close(t.Context()) }()
	if _, _, err := tryRead(ws); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("WebSocket: %v", err)
	}
	if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
		t.Errorf("events: %q, %v", rest, err)
	}
	// It may not have been held yet.
	if got := await(t, "the poll", held); got.status != 204 && got.status != 404 && got.status != 503 {
		t.Errorf("the poll: %v", got)
	}
	if err := await(t, "the end", closed); err != nil {
		t.Error(err)
	}
	for _, e := range []*end{socket, events, polls} {
		wantEnd(t, e, transport.ByUs)
	}
	await(t, "the end of the lost one", lostEnd.closed)
	for _, path := range []string{"/client/negotiate", pending} {
		method := "GET"
		if path == "/client/negotiate" {
			method = "POST"
		}
		if res, _ := n.do(method, path, ""); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s after the end: %s", path, res.Status)
		}
	}
	if err := n.h.Close(t.Context()); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestCloseCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{})
		defer stop()
		ws, e := n.webSocket("/client/")
		defer ws.CloseNow()
		e.Send([]byte("nobody reads this"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := n.h.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed: %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
		wantEnd(t, e, transport.ByUs)
	})
}
