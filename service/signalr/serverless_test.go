package signalr

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/token"
)

// A client's whole life, over a WebSocket, with an upstream.
func TestServerlessClient(t *testing.T) {
	h, set := newHooks(t, func(w http.ResponseWriter, r *http.Request, body string) {
		var m struct{ InvocationID string }
		_ = json.Unmarshal([]byte(body), &m)
		switch r.Header.Get("X-Asrs-Event") {
		case "answer":
			fmt.Fprintf(w, "{\"type\":3,\"invocationId\":%q,\"result\":42}\x1e", m.InvocationID)
		case "nothing":
			w.WriteHeader(http.StatusNoContent)
		case "fail":
			w.WriteHeader(http.StatusNotFound)
		case "garbage":
			fmt.Fprint(w, "what?")
		}
	})
	r := newRig(t, set)
	bearer := r.token("chat", "bas", token.Claim{Type: "role", Value: "admin"})
	n := r.negotiate(bearer, "Chat", "")
	w := r.dial(bearer, "Chat", "&id="+n.ConnectionToken)
	// The handshake comes in two parts, the second with more behind it.
	w.raw([]byte(`{"protocol":"json",`))
	w.raw([]byte("\"version\":1}\x1e{\"type\":6}\x1e"))
	if got := w.next(); got != "{}" {
		t.Fatalf("the handshake was answered %s", got)
	}
	for _, test := range [][2]string{
		{"answer", `{"type":3,"invocationId":"1","result":42}`},
		{"nothing", `{"type":3,"invocationId":"1"}`},
		{"fail", `{"type":3,"invocationId":"1","error":"Invocation failed, status code 404"}`},
		{"garbage", `{"type":3,"invocationId":"1","error":"Invocation failed, the response is no message of the protocol json."}`},
	} {
		w.send(`{"type":1,"invocationId":"1","target":"` + test[0] + `","arguments":[]}`)
		if got := w.skip(); got != test[1] {
			t.Errorf("%s was answered %s", test[0], got)
		}
	}
	w.send(`{"type":4,"invocationId":"s","target":"answer","arguments":[]}`)
	if got := w.skip(); !strings.Contains(got, "Streaming is not supported") {
		t.Errorf("a stream was answered %s", got)
	}

	list := r.server.Connections()
	if len(list) != 1 || list[0].ID != n.ConnectionID || list[0].Hub != "chat" || list[0].User != "bas" ||
		list[0].Transport != "WebSockets" || list[0].Caller != loopback || list[0].Mode != Serverless || list[0].Protocol != "json" {
		t.Errorf("the connections are %+v", list)
	}

	w.bye()
	r.until("the upstream hears of the end", func() bool { return h.has("connections/disconnected") })
	want := []string{"connections/connected", "messages/answer", "messages/nothing", "messages/fail", "messages/garbage", "connections/disconnected"}
	if got := h.events(); !slices.Equal(got, want) {
		t.Errorf("the upstream heard %v", got)
	}
	h.mu.Lock()
	first, second, last := h.calls[0], h.calls[1], h.calls[len(h.calls)-1]
	h.mu.Unlock()
	if first.body != `{"type":10}` || last.body != `{"type":11}` || second.body != `{"type":1,"invocationId":"1","target":"answer","arguments":[]}` {
		t.Errorf("the bodies are %s, %s, %s", first.body, second.body, last.body)
	}
	if got := first.header; got.Get("X-Asrs-User-Id") != "bas" || got.Get("X-Asrs-Connection-Id") != n.ConnectionID || got.Get("X-Asrs-Hub") != "chat" ||
		!strings.Contains(got.Get("X-Asrs-User-Claims"), "role: admin") || !strings.HasPrefix(got.Get("X-Asrs-Client-Query"), "?") ||
		strings.Contains(got.Get("X-Asrs-Client-Query"), "access_token") || !strings.HasPrefix(got.Get("X-Asrs-Signature"), "sha256=") {
		t.Errorf("the headers are %v", got)
	}

	ended := r.logged(string(event.ConnectionEnded), "Connection ended. Reason: "+event.ReasonClosedByClient)
	var of []string
	for _, l := range r.sink.lines(t) {
		if l.Properties.ConnectionID == n.ConnectionID {
			of = append(of, l.OperationName)
			if l.Properties.UserID != "bas" || l.Properties.TransportType != "WebSockets" || l.Properties.ConnectionType != "Client" ||
				l.Properties.Hub != "chat" || l.CallerIPAddress != "127.0.0.1" || l.Location != "westeurope" || l.ResourceID != strings.ToUpper(testID) {
				t.Errorf("a record is %s", l.raw)
			}
		}
	}
	if of = slices.DeleteFunc(of, func(o string) bool { return o == string(event.UpstreamFailed) }); !slices.Equal(of, []string{"ConnectionStarted", "ServerlessModeEntered", "ConnectionEnded"}) {
		t.Errorf("the records are %v", of)
	}
	if ended.Level != "Informational" {
		t.Errorf("the end is %s", ended.raw)
	}
	entered := r.logged("ServerlessModeEntered", "Entered Serverless mode.")
	if !strings.HasPrefix(entered.raw, `{"properties":{"message":"Entered Serverless mode.","type":"ConnectivityLogs","collection":"Connection","connectionId":"`) {
		t.Errorf("the record is %s", entered.raw)
	}
	if failed := r.logged("InvokeUpstreamFailed", "StatusCode: 404"); failed.Properties.Type != "HttpRequestLogs" || failed.Properties.InvocationID != "1" {
		t.Errorf("the record is %s", failed.raw)
	}
}

// MessagePack goes to the upstream and back in its own form.
func TestServerlessMessagePack(t *testing.T) {
	h, set := newHooks(t, func(w http.ResponseWriter, r *http.Request, body string) {
		if r.Header.Get("Content-Type") == "application/x-msgpack" {
			w.Write(hubprotocol.AppendCompletion(nil, payload.MessagePack, "1", []byte{42}))
		}
	})
	r := newRig(t, set)
	w := r.dial(r.token("chat", ""), "chat", "")
	w.kind = websocket.MessageBinary
	w.send(`{"protocol":"messagepack","version":1}`)
	if got := w.next(); got != "{}" {
		t.Fatalf("the handshake was answered %q", got)
	}
	invocation, err := hubprotocol.AppendInvocation(nil, payload.MessagePack, "add", "1", hubprotocol.Arguments{})
	if err != nil {
		t.Fatal(err)
	}
	w.raw(invocation[:3])
	w.raw(invocation[3:])
	kind, b, err := w.conn.Read(t.Context())
	if want := hubprotocol.AppendCompletion(nil, payload.MessagePack, "1", []byte{42}); err != nil || kind != websocket.MessageBinary || string(b) != string(want) {
		t.Errorf("%v %v %x", err, kind, b)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := h.calls[1].body; got != string(invocation[1:]) {
		t.Errorf("the upstream got %x, not %x", got, invocation[1:])
	}
}

func TestServerlessHandshakes(t *testing.T) {
	r := newRig(t, nil)
	for _, test := range [][2]string{
		{`{"protocol":"xml","version":1}`, `{"error":"Requested protocol 'xml' is not available."}`},
		{`{"protocol":"json","version":9}`, `{"error":"The server does not support version 9 of the 'json' protocol."}`},
		{`hello`, `{"error":"An unexpected error occurred during connection handshake."}`},
	} {
		w := r.dial(r.token("chat", ""), "chat", "")
		w.send(test[0])
		if got := w.ends(); got != test[1] {
			t.Errorf("%s was answered %s", test[0], got)
		}
	}
	r.logged("ConnectionAborted", event.ReasonHandshake+": Requested protocol 'xml'")
}

// Without an upstream an invocation reaches nobody, and its client is told.
func TestNoUpstream(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	for range 2 {
		w.send(`{"type":1,"invocationId":"1","target":"m","arguments":[]}`)
		if got := w.skip(); !strings.Contains(got, "no upstream is set up") {
			t.Errorf("answered %s", got)
		}
	}
	w.send(`{"type":1,"target":"m","arguments":[]}`)
	r.logged("InvokeUpstreamFailed", "No upstream is set up for 'hub:chat,event:m,category:messages'")
	if got := r.count("InvokeUpstreamFailed"); got != 1 {
		t.Errorf("it is told %d times", got)
	}
}

// An upstream that is not to be reached, and one that refuses a client.
func TestUpstreamFails(t *testing.T) {
	var refuses atomic.Bool
	h, set := newHooks(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		if refuses.Load() {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	r := newRig(t, set)
	w := r.connect("chat", "u")
	r.until("connected", func() bool { return h.has("connections/connected") })
	refuses.Store(true)
	w.bye()
	if l := r.logged(string(event.EndConnectionFailed), "StatusCode: 403"); l.Level != "Warning" {
		t.Errorf("the record is %s", l.raw)
	}
	w = r.connect("chat", "u")
	if got := w.ends(); got != `{"type":7,"error":"Connection closed with an error."}` {
		t.Errorf("the last message is %s", got)
	}
	r.logged("ConnectionAborted", event.ReasonUpstreamForbidden+": status code 403")
}

// A client that invokes faster than its upstream answers is closed.
func TestFloodingClient(t *testing.T) {
	release := make(chan struct{})
	_, set := newHooks(t, func(_ http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("X-Asrs-Event") == "m" {
			<-release
		}
	})
	defer close(release)
	r := newRig(t, set)
	w := r.connect("chat", "u")
	w.send(slices.Repeat([]string{`{"type":1,"target":"m","arguments":[]}`}, maxCalls+10)...)
	w.ends()
	r.logged("ConnectionAborted", event.ReasonFlooding)
}

// A client is asked for a result.
func TestClientResult(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	id := r.server.Connections()[0].ID
	args, err := hubprotocol.NewArguments(payload.JSON, []byte(`[1]`))
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		hub.Result
		error
	}
	ask := func(invocation string) <-chan answer {
		done := make(chan answer, 1)
		go func() {
			got, err := r.service().hubs.Invoke(t.Context(), "chat", id, invocation, hubprotocol.NewInvocation("add", invocation, args))
			done <- answer{got, err}
		}()
		return done
	}
	done := ask("a")
	var m struct{ InvocationID, Target string }
	if err := json.Unmarshal([]byte(w.skip()), &m); err != nil || m.Target != "add" || m.InvocationID == "" {
		t.Fatalf("%v %+v", err, m)
	}
	w.send(`{"type":3,"invocationId":"` + m.InvocationID + `","result":{"n":2}}`)
	if got := <-done; got.error != nil || string(got.Value) != `{"n":2}` || got.Protocol != payload.JSON {
		t.Errorf("%+v", got)
	}
	done = ask("b")
	w.skip()
	w.bye()
	if got := <-done; got.error == nil && !got.Lost {
		t.Errorf("after the end: %+v", got)
	}
}

// The other transports leave the same records, with their names.
func TestLongPolling(t *testing.T) {
	_, set := newHooks(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if r.Header.Get("X-Asrs-Event") == "m" {
			fmt.Fprint(w, "{\"type\":3,\"invocationId\":\"1\",\"result\":1}\x1e")
		}
	})
	r := newRig(t, set)
	bearer := r.token("chat", "u")
	n := r.negotiate(bearer, "chat", "")
	path := "/client/?hub=chat&id=" + n.ConnectionToken
	poll := func() (int, string) {
		res, body := r.do(http.MethodGet, path, bearer, "")
		return res.StatusCode, body
	}
	if status, body := poll(); status != http.StatusOK || body != "" {
		t.Fatalf("the first poll: %d %s", status, body)
	}
	if res, body := r.do(http.MethodPost, path, bearer, "{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":1,\"invocationId\":\"1\",\"target\":\"m\",\"arguments\":[]}\x1e"); res.StatusCode != http.StatusOK {
		t.Fatalf("send: %s %s", res.Status, body)
	}
	var got string
	for !strings.Contains(got, `"result":1`) {
		status, body := poll()
		if status != http.StatusOK {
			t.Fatalf("poll: %d after %q", status, got)
		}
		got += body
	}
	if !strings.HasPrefix(got, "{}\x1e") {
		t.Errorf("received %q", got)
	}
	if res, _ := r.do(http.MethodDelete, path, bearer, ""); res.StatusCode != http.StatusAccepted {
		t.Errorf("DELETE: %s", res.Status)
	}
	if l := r.logged("ConnectionEnded", event.ReasonClosedByClient); l.Properties.TransportType != "LongPolling" || l.Properties.ConnectionID != n.ConnectionID {
		t.Errorf("the record is %s", l.raw)
	}
}

func TestServerSentEvents(t *testing.T) {
	r := newRig(t, nil)
	bearer := r.token("chat", "u")
	n := r.negotiate(bearer, "chat", "")
	path := "/client/?hub=chat&id=" + n.ConnectionToken
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path+"&access_token="+bearer, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	post := func(body string) {
		t.Helper()
		if res, text := r.do(http.MethodPost, path, bearer, body); res.StatusCode != http.StatusOK {
			t.Fatalf("send: %s %s", res.Status, text)
		}
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return ""
	}
	post("{\"protocol\":\"json\",\"version\":1}\x1e")
	if got := next(); got != "{}\x1e" {
		t.Errorf("the handshake was answered %q", got)
	}
	post("{\"type\":1,\"invocationId\":\"1\",\"target\":\"m\",\"arguments\":[]}\x1e")
	if got := next(); !strings.Contains(got, "no upstream is set up") {
		t.Errorf("answered %q", got)
	}
	cancel()
	l := r.logged("Connection", "Reason: The c")
	if l.Properties.TransportType != "ServerSentEvents" || l.Properties.ConnectionID != n.ConnectionID {
		t.Errorf("the record is %s", l.raw)
	}

	// MessagePack is not for a transport of text.
	n = r.negotiate(bearer, "chat", "")
	path = "/client/?hub=chat&id=" + n.ConnectionToken
	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path+"&access_token="+bearer, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines = bufio.NewScanner(res.Body)
	r.do(http.MethodPost, path, bearer, "{\"protocol\":\"messagepack\",\"version\":1}\x1e")
	if got := next(); !strings.Contains(got, "'Binary' transfer format") {
		t.Errorf("MessagePack is answered %q", got)
	}
}

// Messages are traced when it is asked for, and both ways for diagnostic clients.
func TestTracing(t *testing.T) {
	r := newRig(t, func(s *Service, _ *Config) { s.Connectivity = false })
	quiet := r.connect("chat", "quiet")
	loud := r.connect("chat", "loud", token.Claim{Type: "asrs.s.dc", Value: "true"})
	say := func() {
		t.Helper()
		if err := r.service().hubs.Send(t.Context(), "chat", hub.Target{}, hubprotocol.NewInvocation("m", "", hubprotocol.Arguments{})); err != nil {
			t.Fatal(err)
		}
		quiet.skip()
		loud.skip()
	}
	say()
	loud.send(`{"type":1,"target":"m","arguments":[]}`)
	sent, received := r.logged("MessageSent", "to client connection"), r.logged("MessageReceived", "Received a message")
	for _, l := range []line{sent, received} {
		if l.Properties.UserID != "loud" || l.Properties.Type != "MessagingLogs" || l.Properties.Collection != "Message" || l.Properties.MessageTracingID == "" ||
			!strings.Contains(l.Properties.Message, " "+l.Properties.MessageTracingID+" ") {
			t.Errorf("the record is %s", l.raw)
		}
	}
	r.logged("ConnectionStarted", "")
	for _, l := range r.sink.lines(t) {
		if l.Properties.UserID == "quiet" {
			t.Errorf("logged, though it is switched off: %s", l.raw)
		}
	}
	r.set(func(s *Service) { s.Messaging = true })
	say()
	r.until("the other is traced", func() bool {
		return slices.ContainsFunc(r.sink.lines(t), func(l line) bool { return l.Properties.UserID == "quiet" && l.OperationName == "MessageSent" })
	})
}

// A lost client of stateful reconnect comes back, and nothing is lost or comes twice.
func TestStatefulReconnect(t *testing.T) {
	h, set := newHooks(t, nil)
	r := newRig(t, set)
	bearer := r.token("chat", "u")
	n := r.negotiate(bearer, "chat", "&useStatefulReconnect=true")
	if !n.UseStatefulReconnect {
		t.Fatal("it is not offered")
	}
	query := "&id=" + n.ConnectionToken
	w := r.dial(bearer, "chat", query)
	w.send(`{"protocol":"json","version":2}`)
	if got := w.next(); got != "{}" {
		t.Fatalf("the handshake was answered %s", got)
	}
	say := func(target string) {
		t.Helper()
		if err := r.service().hubs.Send(t.Context(), "chat", hub.Target{}, hubprotocol.NewInvocation(target, "", hubprotocol.Arguments{})); err != nil {
			t.Fatal(err)
		}
	}
	says := func(target string) string { return `{"type":1,"target":"` + target + `","arguments":[]}` }
	say("one")
	say("two")
	if a, b := w.skip(), w.skip(); a != says("one") || b != says("two") {
		t.Fatalf("received %s, %s", a, b)
	}
	w.send(`{"type":8,"sequenceId":1}`, says("a"), says("b"))
	r.until("the upstream heard b", func() bool { return h.has("messages/b") })
	for got := ""; got != `{"type":8,"sequenceId":2}`; {
		got = w.skip()
	}
	w.conn.CloseNow()
	say("three")
	w = r.dial(bearer, "chat", query)
	var got []string
	for range 3 {
		got = append(got, w.skip())
	}
	if want := []string{`{"type":9,"sequenceId":2}`, says("two"), says("three")}; !slices.Equal(got, want) {
		t.Errorf("after the return: %v", got)
	}
	// What comes before its Sequence does not count, and b is here already.
	w.send(says("lost"), `{"type":9,"sequenceId":2}`, says("b"), says("c"))
	r.until("the upstream heard c", func() bool { return h.has("messages/c") })
	if got := h.events(); !slices.Equal(got, []string{"connections/connected", "messages/a", "messages/b", "messages/c"}) {
		t.Errorf("the upstream heard %v", got)
	}
	w.send(`{"type":9,"sequenceId":99}`)
	w.ends()
	r.logged("ConnectionAborted", "Sequence ID greater than amount of messages we've received.")
}

func TestReplayIsBounded(t *testing.T) {
	p := newReplay()
	message := make([]byte, 1000)
	n := 0
	for p.add(message) {
		n++
	}
	if n < replayMost/len(message) {
		t.Errorf("only %d messages are kept", n)
	}
	sent := 0
	for p.next() != nil {
		sent++
	}
	if sent != replayWindow/len(message) {
		t.Errorf("%d messages are on their way", sent)
	}
	p.acked(int64(sent) + 1000) // more than were sent
	if p.first != int64(sent)+1 || len(p.waiting) != n-sent {
		t.Errorf("the first is %d of %d", p.first, len(p.waiting))
	}
	if p.next() == nil || p.again() != int64(sent)+1 {
		t.Error("it does not go on")
	}
}
