package appserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

func invocation(id, connection string) *serviceprotocol.ClientInvocation {
	return &serviceprotocol.ClientInvocation{
		InvocationID: id, ConnectionID: connection, CallerServerID: "caller",
		Payloads: appservertest.Invocation("ask", id, appservertest.Arguments("[1]")),
	}
}

// failed waits for the error of an invocation.
func failed(t *testing.T, r *recorder, id string) *serviceprotocol.ErrorCompletion {
	t.Helper()
	m := find(t, r, func(m *serviceprotocol.ErrorCompletion) bool { return m.InvocationID == id })
	if m.CallerServerID != "caller" {
		t.Errorf("for %q", m.CallerServerID)
	}
	return m
}

func TestClientInvocation(t *testing.T) {
	s := start(t, nil)
	h := appservertest.NewHub()
	var r recorder
	r.then = h.Handle
	caller := s.server(appservertest.Config{Server: "caller", Handle: r.handle})
	a := s.ready(&client{id: "a"})
	x := s.ready(&client{id: "x", protocol: payload.MessagePack})
	send := func(m ...serviceprotocol.Message) {
		t.Helper()
		if err := caller.Send(m...); err != nil {
			t.Fatal(err)
		}
	}

	// What is sent before and after stays before and after.
	send(&serviceprotocol.ConnectionData{ConnectionID: "a", Data: []byte("before")}, invocation("1", "a"),
		&serviceprotocol.ConnectionData{ConnectionID: "a", Data: []byte("after")})
	a.gets(t, "{}\nbefore"+`{"type":1,"invocationId":"1","target":"ask","arguments":[1]}`+"\nafter")
	a.answer("1", hub.Result{Protocol: payload.JSON, Value: []byte(`"yes"`)})
	done := find(t, &r, all[*serviceprotocol.ClientCompletion])
	if done.InvocationID != "1" || done.ConnectionID != "a" || done.CallerServerID != "caller" || done.Protocol != payload.JSON ||
		string(done.Data) != `{"type":3,"invocationId":"1","result":"yes"}`+"\x1e" {
		t.Errorf("%+v", done)
	}
	a.answer("1", hub.Result{Error: "twice"}) // is nothing

	send(invocation("2", "x"))
	until(t, "the invocation", func() bool { return strings.Contains(x.text(), "ask") })
	x.answer("2", hub.Result{Protocol: payload.MessagePack})
	done = find(t, &r, func(m *serviceprotocol.ClientCompletion) bool { return m.InvocationID == "2" })
	if string(done.Data) != "\x06\x94\x03\x80\xa12\x02" || done.Protocol != payload.MessagePack {
		t.Errorf("%+v", done)
	}

	send(invocation("3", "a"), invocation("3", "a"))
	if m := failed(t, &r, "3"); m.Error != "There is an open invocation with the same ID." || m.ConnectionID != "a" {
		t.Errorf("%+v", m)
	}
	a.answer("3", hub.Result{Error: "I cannot"})
	find(t, &r, func(m *serviceprotocol.ErrorCompletion) bool { return m.InvocationID == "3" && m.Error == "I cannot" })

	send(invocation("4", "nobody"))
	if m := failed(t, &r, "4"); m.Error != "The connection cannot be asked: "+hub.ErrNotFound.Error() {
		t.Errorf("%+v", m)
	}

	send(invocation("5", "a"))
	until(t, "the invocation", func() bool { return strings.Contains(a.text(), `"5"`) })
	a.binding.Closed("")
	if m := failed(t, &r, "5"); m.Error != "The client's connection has ended." {
		t.Errorf("%+v", m)
	}
}

// The result may also come from the server that the client is bound to.
func TestCompletionsByServers(t *testing.T) {
	s := start(t, nil)
	var r recorder
	caller := s.server(appservertest.Config{Server: "caller", Handle: r.handle})
	h := appservertest.NewHub()
	other := s.server(appservertest.Config{Server: "other", Handle: h.Handle})
	a := s.ready(&client{id: "a", sticky: "other"})
	if err := caller.Send(invocation("1", "a"), invocation("2", "a")); err != nil {
		t.Fatal(err)
	}
	until(t, "the invocations", func() bool { return strings.Contains(a.text(), `"2"`) })
	if err := other.Send(
		&serviceprotocol.ClientCompletion{InvocationID: "1", ConnectionID: "a", Protocol: payload.JSON, Data: []byte("result")},
		&serviceprotocol.ErrorCompletion{InvocationID: "2", ConnectionID: "a", Error: "no"},
		&serviceprotocol.ErrorCompletion{InvocationID: "3", ConnectionID: "a", Error: "not asked"},
	); err != nil {
		t.Fatal(err)
	}
	if m := find(t, &r, all[*serviceprotocol.ClientCompletion]); string(m.Data) != "result" || m.CallerServerID != "caller" {
		t.Errorf("%+v", m)
	}
	if m := failed(t, &r, "2"); m.Error != "no" {
		t.Errorf("%+v", m)
	}
}

func TestInvocationsEnd(t *testing.T) {
	s := start(t, func(c *appserver.Config) { c.InvokeTimeout = 20 * time.Millisecond })
	h := appservertest.NewHub()
	var r recorder
	r.then = h.Handle
	caller := s.server(appservertest.Config{Server: "caller", Handle: r.handle})
	a := s.ready(&client{id: "a"})
	far := &client{id: "far", protocol: payload.JSON, asked: map[string]func(hub.Result){}}
	s.hubs.Join("chat", far) // of a server of another node, as it were
	if err := caller.Send(invocation("1", "a"), invocation("2", "far")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if m := failed(t, &r, id); m.Error != "The client has not answered in time." {
			t.Errorf("%+v", m)
		}
	}
	until(t, "the invocation", func() bool { return strings.Contains(a.text(), `"1"`) })
	a.answer("1", hub.Result{}) // too late
}

func TestFarInvocation(t *testing.T) {
	s := start(t, nil)
	var r recorder
	caller := s.server(appservertest.Config{Server: "caller", Handle: r.handle})
	far := &client{id: "far", protocol: payload.JSON, asked: map[string]func(hub.Result){}}
	s.hubs.Join("chat", far)
	if err := caller.Send(invocation("1", "far"), invocation("2", "far")); err != nil {
		t.Fatal(err)
	}
	until(t, "the invocations", func() bool { return strings.Contains(far.text(), `"1"`) && strings.Contains(far.text(), `"2"`) })
	far.answer("1", hub.Result{Protocol: payload.JSON, Value: []byte("1")})
	find(t, &r, all[*serviceprotocol.ClientCompletion])
	caller.Abort() // the other is forgotten
	until(t, "the end", func() bool { return s.Connected("chat") == 0 })
	far.answer("2", hub.Result{})
}

func TestAccessKey(t *testing.T) {
	s := start(t, func(c *appserver.Config) {
		c.AccessKey = func(_ context.Context, token, id string) (string, string, error) {
			if token != "entra" {
				return "", "", errors.New("the token is not valid")
			}
			return id + "+1", "secret", nil
		}
	})
	var r recorder
	server := s.server(appservertest.Config{Handle: r.handle})
	if err := server.Send(&serviceprotocol.AccessKeyRequest{Token: "entra", KeyID: "k"}); err != nil {
		t.Fatal(err)
	}
	if m := find(t, &r, all[*serviceprotocol.AccessKeyResponse]); m.KeyID != "k+1" || m.AccessKey != "secret" || m.ErrorType != "" {
		t.Errorf("%+v", m)
	}
	if err := server.Send(&serviceprotocol.AccessKeyRequest{Token: "no"}); err != nil {
		t.Fatal(err)
	}
	m := find(t, &r, func(m *serviceprotocol.AccessKeyResponse) bool { return m.ErrorType != "" })
	if m.AccessKey != "" || m.ErrorMessage != "the token is not valid" || m.ErrorType != "Unauthorized" {
		t.Errorf("%+v", m)
	}
}

func TestNoIdentity(t *testing.T) {
	s := start(t, nil)
	var r recorder
	server := s.server(appservertest.Config{Handle: r.handle})
	if err := server.Send(&serviceprotocol.AccessKeyRequest{Token: "entra"}); err != nil {
		t.Fatal(err)
	}
	if m := find(t, &r, all[*serviceprotocol.AccessKeyResponse]); m.AccessKey != "" || !strings.Contains(m.ErrorMessage, "use an access key") {
		t.Errorf("%+v", m)
	}
}

// One connection cannot have any number of open invocations.
func TestManyInvocations(t *testing.T) {
	s := start(t, nil)
	var r recorder
	h := appservertest.NewHub()
	r.then = h.Handle
	caller := s.server(appservertest.Config{Server: "caller", Handle: r.handle})
	s.ready(&client{id: "a"})
	const most = 10_000
	var batch []serviceprotocol.Message
	for i := range most + 1 {
		batch = append(batch, invocation(fmt.Sprint(i), "a"))
	}
	if err := caller.Send(batch...); err != nil {
		t.Fatal(err)
	}
	if m := failed(t, &r, fmt.Sprint(most)); m.Error != "There are too many open invocations." {
		t.Errorf("%+v", m)
	}
}
