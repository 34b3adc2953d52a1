package appserver_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/event"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

func TestOpenConnection(t *testing.T) {
	s := start(t, nil)
	var r recorder
	s.server(appservertest.Config{Handle: r.handle})
	c := s.connect(&client{
		id: "c1", user: "u",
		claims: []appserver.Claim{{Type: "role", Value: "a"}, {Type: "asrs.s.uid", Value: "u"}, {Type: "role", Value: "b"}},
		header: http.Header{"Authorization": {"Bearer secret"}, "X-A": {"1", "2"}, "X-Forwarded-For": {"198.51.100.1"}},
	})
	open := find(t, &r, all[*serviceprotocol.OpenConnection])
	want := &serviceprotocol.OpenConnection{
		ConnectionID: "c1",
		Claims:       []serviceprotocol.Claim{{Type: "role", Value: "a"}, {Type: "asrs.s.uid", Value: "u"}, {Type: "role", Value: "b"}},
		Headers:      map[string][]string{"X-A": {"1", "2"}, "X-Forwarded-For": {"192.0.2.7"}, "Asrs-Instance-Id": {"node"}},
		Query:        "?hub=chat&a=b",
		Ext:          serviceprotocol.Ext{Protocol: payload.JSON},
	}
	if !reflect.DeepEqual(open, want) {
		t.Errorf("%+v\nwant %+v", open, want)
	}
	data := find(t, &r, all[*serviceprotocol.ConnectionData])
	if data.ConnectionID != "c1" || string(data.Data) != `{"protocol":"json","version":1}`+"\x1e" {
		t.Errorf("%+v", data)
	}
	c.binding.Resumed()
	if m := find(t, &r, all[*serviceprotocol.ConnectionReconnect]); m.ConnectionID != "c1" {
		t.Errorf("%+v", m)
	}
	c.binding.Closed("gone")
	c.binding.Closed("twice")
	c.binding.Data([]byte("too late"))
	c.binding.Resumed()
	if m := find(t, &r, all[*serviceprotocol.CloseConnection]); m.ConnectionID != "c1" || m.Error != "gone" {
		t.Errorf("%+v", m)
	}
	if id := c.binding.ServerConnection(); id != "" {
		t.Errorf("it is still at %q", id)
	}
	if len(c.ends()) != 0 {
		t.Errorf("ended by the server: %v", c.ends())
	}
}

func TestHub(t *testing.T) {
	s := start(t, nil)
	h := appservertest.NewHub()
	server := s.server(appservertest.Config{Handle: h.Handle})
	a := s.ready(&client{id: "a", user: "ann", claims: []appserver.Claim{{Type: "x", Value: "1"}}})
	b := s.ready(&client{id: "b", protocol: payload.MessagePack})
	if a.binding.ServerConnection() != server.ID() {
		t.Errorf("bound to %q", a.binding.ServerConnection())
	}
	a.call("echo", "1", `["hé"]`)
	a.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":"hé"}`+"\n")
	b.call("whoami", "2", `[]`)
	b.gets(t, "{}\n\x07\x95\x03\x80\xa12\x03\xa0")
	b.call("others", "", `[7]`)
	a.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":"hé"}`+"\n"+`{"type":1,"target":"message","arguments":[7]}`+"\n")
	a.call("nothing", "3", `[]`)
	s.until("an error", func() bool {
		return strings.HasSuffix(a.text(), `{"type":3,"invocationId":"3","error":"there is no method nothing"}`+"\n")
	})
}

func TestServerEndsClient(t *testing.T) {
	s := start(t, nil)
	h := appservertest.NewHub()
	s.server(appservertest.Config{Handle: h.Handle})
	a, b := s.ready(&client{id: "a"}), s.ready(&client{id: "b"})
	a.call("abort", "", `["enough"]`)
	s.until("the end", func() bool {
		return reflect.DeepEqual(a.ends(), []end{{event.ReasonServerClosed, "enough", false}})
	})
	a.binding.Closed("") // the server is not told of what it did
	a.call("echo", "1", `[1]`)
	b.call("echo", "1", `[1]`)
	b.gets(t, "{}\n"+`{"type":3,"invocationId":"1","result":1}`+"\n")
	if ids := h.Clients(); len(ids) != 2 {
		t.Errorf("clients %v", ids)
	}
}

// What one client sends stays in order, and so do the answers, with many at once.
func TestOrder(t *testing.T) {
	s := start(t, nil)
	h := appservertest.NewHub()
	for range 2 {
		s.server(appservertest.Config{Handle: h.Handle})
	}
	const clients, calls = 20, 100
	var list []*client
	for i := range clients {
		list = append(list, s.ready(&client{id: fmt.Sprint("c", i)}))
	}
	want := "{}\n"
	for n := range calls {
		want += fmt.Sprintf(`{"type":3,"invocationId":"%d","result":%d}`+"\n", n, n)
		for _, c := range list {
			c.call("echo", fmt.Sprint(n), fmt.Sprintf("[%d]", n))
		}
	}
	for _, c := range list {
		c.gets(t, want)
	}
}

func TestNoServer(t *testing.T) {
	s := start(t, nil)
	c := &client{id: "a"}
	if _, err := s.Bind(c); err != appserver.ErrNoServer { //nolint:errorlint // it is that very error
		t.Errorf("%v", err)
	}
	s.server(appservertest.Config{Hub: "other"})
	s.server(appservertest.Config{Type: serviceprotocol.Weak})
	s.server(appservertest.Config{Type: serviceprotocol.OnDemand})
	if _, err := s.Bind(c); err != appserver.ErrNoServer { //nolint:errorlint // it is that very error
		t.Errorf("%v", err)
	}
	if s.Connected("chat") != 0 || s.Connected("other") != 1 || s.Connected("third") != 0 {
		t.Error("another number is connected")
	}
}

func TestSpread(t *testing.T) {
	s := start(t, nil)
	var hubs [3]*appservertest.Hub
	for i := range hubs {
		hubs[i] = appservertest.NewHub()
		s.server(appservertest.Config{Server: fmt.Sprint("s", i), Handle: hubs[i].Handle})
	}
	for i := range 30 {
		s.ready(&client{id: fmt.Sprint("c", i)})
	}
	for i, h := range hubs {
		if n := len(h.Clients()); n != 10 {
			t.Errorf("server %d has %d clients", i, n)
		}
	}
}

func TestSticky(t *testing.T) {
	s := start(t, nil)
	s.server(appservertest.Config{ID: "at-a", Server: "a", Handle: appservertest.NewHub().Handle})
	s.server(appservertest.Config{ID: "at-b", Server: "b", Handle: appservertest.NewHub().Handle})
	for i := range 4 {
		c := s.ready(&client{id: fmt.Sprint("p", i), sticky: "b"})
		if at := c.binding.ServerConnection(); at != "at-b" {
			t.Errorf("preferred: at %q", at)
		}
	}
	c := s.ready(&client{id: "r", sticky: "b", required: true})
	if at := c.binding.ServerConnection(); at != "at-b" {
		t.Errorf("required: at %q", at)
	}
	s.ready(&client{id: "other", sticky: "c"})
	if _, err := s.Bind(&client{id: "never", sticky: "c", required: true}); err != appserver.ErrNoServer { //nolint:errorlint // it is that very error
		t.Errorf("%v", err)
	}
}

// Messages are counted both ways, but for handshakes and pings; none goes on when the
// quota is used up.
func TestCount(t *testing.T) {
	var counted atomic.Int64
	var over atomic.Bool
	s := start(t, func(c *appserver.Config) {
		c.Count = func(n int) bool {
			counted.Add(int64(n))
			return !over.Load()
		}
	})
	h := appservertest.NewHub()
	h.Methods["ping"] = func(c *appservertest.Call) ([]byte, error) {
		c.Write([]byte(`{"type":6}` + "\x1e"))
		return nil, nil
	}
	s.server(appservertest.Config{Handle: h.Handle})
	a := s.ready(&client{id: "a"})
	a.binding.Data([]byte(`{"type":6}` + "\x1e"))
	if n := counted.Load(); n != 0 {
		t.Errorf("%d bytes are counted of a handshake and a ping", n)
	}
	call := `{"type":1,"target":"ping","arguments":[]}` + "\x1e"
	a.binding.Data([]byte(call))
	a.gets(t, "{}\n"+`{"type":6}`+"\n")
	if n := counted.Load(); n != int64(len(call)) {
		t.Errorf("%d bytes are counted, not %d", n, len(call))
	}
	over.Store(true)
	a.call("echo", "1", "[1]")
	over.Store(false)
	a.call("echo", "2", "[2]")
	a.gets(t, "{}\n"+`{"type":6}`+"\n"+`{"type":3,"invocationId":"2","result":2}`+"\n")
}
