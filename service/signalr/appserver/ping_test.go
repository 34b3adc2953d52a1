package appserver_test

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/event"
	"reslog/service/signalr/serviceprotocol"
)

func pings(pairs ...string) *serviceprotocol.Ping {
	m := &serviceprotocol.Ping{}
	for i := 0; i < len(pairs); i += 2 {
		m.Pairs = append(m.Pairs, serviceprotocol.Pair{Key: pairs[i], Value: pairs[i+1]})
	}
	return m
}

func TestPings(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.Capacity = func() int { return 1000 } })
	h := appservertest.NewHub()
	var r recorder
	r.then = h.Handle
	b := s.server(appservertest.Config{Server: "b", Handle: r.handle})
	s.server(appservertest.Config{Server: "a", Handle: h.Handle})
	s.server(appservertest.Config{Server: "a", Handle: h.Handle})
	s.server(appservertest.Config{Hub: "another", Server: "c"})
	answered := func(send, want *serviceprotocol.Ping) {
		t.Helper()
		if err := b.Send(send); err != nil {
			t.Fatal(err)
		}
		find(t, &r, func(m *serviceprotocol.Ping) bool { return reflect.DeepEqual(m, want) })
	}
	answered(pings("echo", "123", "more", "x"), pings("echo", "123", "more", "x"))
	answered(pings("#clientInHub", "0", "status", "1"), pings("status", "0", "clientcount", "0", "servercount", "3", "capacity", "1000"))
	s.ready(&client{id: "c"})
	answered(pings("status", ""), pings("status", "1", "clientcount", "1", "servercount", "3", "capacity", "1000"))

	if err := b.Send(pings("servers", ""), pings("nothing", "known"), pings("shutdown", "finack"), pings("offline", "x")); err != nil {
		t.Fatal(err)
	}
	m := find(t, &r, func(m *serviceprotocol.Ping) bool { return m.Pairs[0].Key == "servers" })
	if !regexp.MustCompile(`^6[3-9]\d{16}:a;b$`).MatchString(m.Pairs[0].Value) {
		t.Errorf("servers: %q", m.Pairs[0].Value)
	}
	if n := s.Connected("chat"); n != 3 {
		t.Errorf("%d connections take clients", n)
	}
}

// A server that takes its time for the handshake hears nothing before the answer to it.
func TestNoPingBeforeTheHandshake(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.PingInterval = time.Millisecond })
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat", Server: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	time.Sleep(50 * time.Millisecond)
	if err := ws.Write(limit(t), websocket.MessageBinary, (&serviceprotocol.HandshakeRequest{Version: 1}).Append(nil)); err != nil {
		t.Fatal(err)
	}
	_, b, err := ws.Read(limit(t))
	if err != nil || bytes.HasPrefix(b, []byte("\x02\x91\x03")) {
		t.Errorf("the first message is %q, %v", b, err)
	}
}

// A server is pinged, and aborted when it is silent; what it sends keeps it.
func TestSilence(t *testing.T) {
	s := start(t, func(c *appserver.Config) {
		c.PingInterval, c.Timeout = 10*time.Millisecond, 5*time.Second
	})
	answering := s.server(appservertest.Config{Server: "answers", Handle: appservertest.NewHub().Handle})
	ws, err := appservertest.DialRaw(limit(t), appservertest.Config{URL: s.url, Key: key, Hub: "chat", Server: "silent"})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if err := ws.Write(limit(t), websocket.MessageBinary, (&serviceprotocol.HandshakeRequest{Version: 1}).Append(nil)); err != nil {
		t.Fatal(err)
	}
	s.until("both", func() bool { return s.Connected("chat") == 2 })
	c := s.connect(&client{id: "c", sticky: "silent", required: true})
	var got []byte
	for {
		_, b, err := ws.Read(limit(t))
		if err != nil {
			break
		}
		got = append(got, b...)
	}
	if n := strings.Count(string(got), "\x02\x91\x03"); n < 5 {
		t.Errorf("%d pings", n)
	}
	if e := s.logged(event.ConnectionAborted, "Connection aborted. Reason: Connection ping timeout"); e.User != "silent" {
		t.Errorf("%+v", e)
	}
	s.until("the end of its client", func() bool {
		return reflect.DeepEqual(c.ends(), []end{{event.ReasonServerDropped, "", true}})
	})
	select {
	case <-answering.Done():
		t.Errorf("the server that answers has ended: %v", answering.Err())
	default:
	}
}
