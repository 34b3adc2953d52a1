package signalr

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/serviceprotocol"
	"reslog/service/signalr/token"
)

// traces are what an application server was told.
type traces struct {
	mu    sync.Mutex
	on    []string // what pings say of tracing
	calls []uint64 // the IDs of what clients sent
}

func (s *traces) handle(next func(*appservertest.Conn, serviceprotocol.Message)) func(*appservertest.Conn, serviceprotocol.Message) {
	return func(c *appservertest.Conn, m serviceprotocol.Message) {
		s.mu.Lock()
		switch m := m.(type) {
		case *serviceprotocol.Ping:
			if on, ok := m.Get(serviceprotocol.PingTracing); ok {
				s.on = append(s.on, on)
			}
		case *serviceprotocol.ConnectionData:
			if strings.Contains(string(m.Data), `"target"`) {
				s.calls = append(s.calls, m.TracingID)
			}
		}
		s.mu.Unlock()
		next(c, m)
	}
}

func (s *traces) told(value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.on, value)
}

// messages are the records of messages of one ID.
func (r *rig) messages(id string) (all []line) {
	for _, l := range r.sink.lines(r) {
		if l.Properties.Collection == "Message" && l.Properties.MessageTracingID == id {
			all = append(all, l)
		}
	}
	return all
}

// traced waits for the texts of all records of an ID.
func (r *rig) traced(id string, want ...string) {
	r.Helper()
	r.until("message "+id+" is traced as "+strings.Join(want, " | "), func() bool {
		var texts []string
		for _, l := range r.messages(id) {
			texts = append(texts, l.Properties.Message)
		}
		slices.Sort(texts)
		slices.Sort(want)
		return slices.Equal(texts, want)
	})
}

// Messages are traced at all four places where they come by: of a diagnostic client both
// ways, of others what servers send, and only when messages are logged.
func TestTracingOfServers(t *testing.T) {
	r := newRig(t, func(s *Service, _ *Config) { s.Mode = Default })
	h, seen := appservertest.NewHub(), &traces{}
	dial := func() *appservertest.Conn {
		t.Helper()
		c, err := appservertest.Dial(t.Context(), appservertest.Config{URL: r.url, Key: testKey, Hub: "chat", Handle: seen.handle(h.Handle)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	server := dial()
	send := func(m ...serviceprotocol.Message) {
		t.Helper()
		if err := server.Send(m...); err != nil {
			t.Fatal(err)
		}
	}
	say := func(id uint64) *serviceprotocol.BroadcastData {
		return &serviceprotocol.BroadcastData{Payloads: appservertest.Invocation("m", "", hubprotocol.Arguments{}), Ext: serviceprotocol.Ext{TracingID: id}}
	}
	quiet := r.connect("chat", "quiet")
	quiet.send(`{"type":1,"invocationId":"1","target":"echo","arguments":["x"]}`)
	quiet.skip()
	send(say(5)) // nobody is traced
	quiet.skip()
	if n := r.count("MessageReceived") + r.count("MessageSent"); n > 0 {
		t.Errorf("%d messages are traced that should not be", n)
	}

	loud := r.connect("chat", "loud", token.Claim{Type: "asrs.s.dc", Value: "true"})
	id := r.service().list()[0].id
	for _, c := range r.service().list() {
		if c.pass.diagnostic() {
			id = c.id
		}
	}
	// Two at once: each has its ID.
	loud.send(`{"type":1,"invocationId":"7","target":"echo","arguments":["x"]}`, `{"type":1,"target":"nothing","arguments":[]}`)
	loud.skip()
	first := r.logged("MessageReceived", "from client connection "+id)
	n := first.Properties.MessageTracingID
	r.traced(n, "Received a message "+n+" from client connection "+id+".", "Sent a message "+n+" to server connection "+server.ID()+" successfully.")
	for _, l := range r.messages(n) {
		if l.Properties.InvocationID != "7" || l.Properties.Type != "MessagingLogs" || l.Properties.Hub != "chat" ||
			(l.OperationName == "MessageSent") != (l.Properties.ConnectionType == "Server") {
			t.Errorf("the record is %s", l.raw)
		}
	}
	r.until("both calls came with an ID", func() bool {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		return len(seen.calls) == 3 && seen.calls[0] == 0 && seen.calls[1] != 0 && seen.calls[2] == seen.calls[1]+1
	})
	// What a server does for it has the server's ID.
	send(say(1<<32|7), say(0))
	loud.skip()
	quiet.skip()
	r.traced("4294967303", "Received a BroadcastDataMessage message 4294967303 from server connection "+server.ID()+".",
		"Sent a message 4294967303 to client connection "+id+" successfully.")
	if seen.told("1") {
		t.Error("the server is told to trace all messages")
	}

	r.set(func(s *Service) { s.Messaging = true })
	server = dial()
	r.until("the server is told", func() bool { return seen.told("1") })
	send(&serviceprotocol.JoinGroupWithAck{ConnectionID: id, Group: "g", AckID: 1, Ext: serviceprotocol.Ext{TracingID: 900}},
		&serviceprotocol.GroupBroadcastData{Group: "g", Payloads: appservertest.Invocation("m", "", hubprotocol.Arguments{})})
	r.traced("900", "Received a JoinGroupWithAckMessage message 900 from server connection "+server.ID()+".")
	group := r.logged("MessageReceived", "Received a GroupBroadcastDataMessage message ")
	if !strings.Contains(group.raw, `"groupName":"g"`) || !strings.Contains(group.raw, `"messageType":"GroupBroadcastDataMessage"`) {
		t.Errorf("the record is %s", group.raw)
	}
	n = group.Properties.MessageTracingID
	r.traced(n, group.Properties.Message, "Sent a message "+n+" to client connection "+id+" successfully.")
}
