package signalr

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"reslog/resource"
	"reslog/service/signalr/event"
)

// The sample of "Resource logs for Azure SignalR Service", with an address and a
// resource in the places of its x.
const sample = `{
    "properties": {
        "message": "Entered Serverless mode.",
        "type": "ConnectivityLogs",
        "collection": "Connection",
        "connectionId": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "userId": "User",
        "transportType": "WebSockets",
        "connectionType": "Client"
    },
    "operationName": "ServerlessModeEntered",
    "category": "AllLogs",
    "level": "Informational",
    "callerIpAddress": "192.0.2.7",
    "time": "2019-01-01T00:00:00Z",
    "resourceId": "/SUBSCRIPTIONS/AAAAAAAA-0000-0000-0000-000000000000/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/CHATTY",
    "location": "xxxx"
}`

func sampleEvent() event.Event {
	return event.Event{
		ID:           "one",
		Time:         time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC),
		Operation:    event.ServerlessEntered,
		Level:        event.Informational,
		Collection:   event.Connection,
		Message:      "Entered Serverless mode.",
		Side:         event.Client,
		ConnectionID: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		Transport:    "WebSockets",
		User:         "User",
		Caller:       netip.MustParseAddr("::ffff:192.0.2.7"),
	}
}

func TestLineIsTheSample(t *testing.T) {
	n := entry{sampleEvent(), resource.MustParse(testID), "xxxx"}
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(sample)); err != nil {
		t.Fatal(err)
	}
	r := n.record()
	if got := string(r.Line); got != want.String() {
		t.Errorf("the line is\n%s\nand the sample\n%s", got, want.String())
	}
	if r.ID != "one" || r.Category != "AllLogs" || !r.Time.Equal(n.Time) || !r.Ended.Equal(n.Time) {
		t.Errorf("the record is %+v", r)
	}
}

func TestLineWithEverything(t *testing.T) {
	e := sampleEvent()
	e.Time = e.Time.Add(1500 * time.Microsecond)
	e.Collection, e.Message = event.Message, "a\"\\\n\x7f\xff é"
	e.User, e.Hub, e.Group, e.InvocationID, e.MessageType, e.TracingID = "", "chat", "g", "7", "UserDataMessage", 1<<63
	n := entry{e, resource.MustParse(testID), "x"}
	got := string(n.appendLine(nil))
	for _, want := range []string{
		`{"properties":{"message":"a\"\\\u000a\u007f` + "\uFFFD" + ` é","type":"MessagingLogs","collection":"Message"`,
		`"userId":null,`,
		`"connectionType":"Client","hub":"chat","groupName":"g","invocationId":"7","messageTracingId":"9223372036854775808","messageType":"UserDataMessage"},`,
		`"time":"2019-01-01T00:00:00.0015Z"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if !json.Valid([]byte(got)) {
		t.Errorf("not JSON: %s", got)
	}
}

// What is switched off is not logged, but for diagnostic clients.
func TestWanted(t *testing.T) {
	c := &Config{Emitter: &sink{}}
	l := newLogs(c)
	connectivity := event.Event{Collection: event.Connection, Operation: event.ConnectionStarted}
	messaging := event.Event{Collection: event.Message, Operation: event.MessageSent}
	requests := event.Event{Collection: event.Connection, Operation: event.UpstreamFailed}
	for _, test := range []struct {
		s          Service
		e          event.Event
		diagnostic bool
		want       bool
	}{
		{Service{Connectivity: true}, connectivity, false, true},
		{Service{Messaging: true, HTTPRequests: true}, connectivity, false, false},
		{Service{}, connectivity, true, true},
		{Service{Connectivity: true}, messaging, false, false},
		{Service{Messaging: true}, messaging, false, true},
		{Service{Connectivity: true}, requests, false, false},
		{Service{HTTPRequests: true}, requests, false, true},
	} {
		if got := l.wanted(&test.s, &test.e, test.diagnostic); got != test.want {
			t.Errorf("%+v of %+v, diagnostic %t: %t", test.e.Operation, test.s, test.diagnostic, got)
		}
	}
}

// Events beyond what a lane holds are counted, and nobody waits.
func TestLogsDoNotBlock(t *testing.T) {
	s := &sink{}
	c := &Config{Emitter: s, Now: time.Now, Logger: discard}
	l := newLogs(c)
	conf := &Service{ID: resource.MustParse(testID), Connectivity: true}
	const more = 10
	for range laneCap + more {
		l.put(conf, event.Event{ConnectionID: "one", Collection: event.Connection}, false)
	}
	if got := l.lost.Load(); got != more {
		t.Errorf("%d were lost, not %d", got, more)
	}
	failure := errors.New("the disk is full")
	s.fail.Store(&failure)
	done := make(chan struct{})
	close(done)
	l.run(done)
	if got := l.failed.Load(); got != laneCap {
		t.Errorf("%d failed, not %d", got, laneCap)
	}
}
