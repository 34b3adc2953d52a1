package signalr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reslog/record"
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
	n := entry{Event: sampleEvent(), id: resource.MustParse(testID), location: "xxxx"}
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
	n := entry{Event: e, id: resource.MustParse(testID), location: "x"}
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

// gate is a sink that lets records through when it is told to.
type gate struct {
	sink
	wait  func(r record.Record)
	tries atomic.Int64
}

func (g *gate) Emit(ctx context.Context, r record.Record) error {
	g.tries.Add(1)
	if g.wait != nil {
		g.wait(r)
	}
	return g.sink.Emit(ctx, r)
}

func newTestLogs(e record.Emitter) (*logs, *Service) {
	l := newLogs(&Config{Emitter: e, Now: time.Now, Logger: discard})
	return l, &Service{ID: resource.MustParse(testID), Connectivity: true}
}

func eventOf(connection, message string) event.Event {
	return event.Event{ConnectionID: connection, Collection: event.Connection, Message: message}
}

// Events beyond what a lane holds are counted, and nobody waits. An end has room, and is
// kept when that is possible again, however long it takes.
func TestLogsDoNotBlock(t *testing.T) {
	let := make(chan struct{})
	g := &gate{wait: func(record.Record) { <-let }}
	l, conf := newTestLogs(g)
	const more = 10
	for range laneCap + more {
		l.put(conf, eventOf("one", "event"), false)
	}
	l.putMust(conf, eventOf("one", "end"), false)
	if got := l.lost.Load(); got != more {
		t.Errorf("%d were lost, not %d", got, more)
	}
	failure := errors.New("the disk is full")
	g.fail.Store(&failure)
	close(let)
	for g.tries.Load() < laneCap+3 { // the end is tried again
		time.Sleep(time.Millisecond)
	}
	if got := l.failed.Load(); got != laneCap {
		t.Errorf("%d failed, not %d", got, laneCap)
	}
	g.fail.Store(nil)
	l.close()
	if lines := g.lines(t); len(lines) != 1 || lines[0].Properties.Message != "end" || l.failed.Load() != laneCap {
		t.Errorf("kept are %v, %d failed", lines, l.failed.Load())
	}
	l.put(conf, eventOf("one", "late"), false)
	if got := l.lost.Load(); got != more+1 {
		t.Errorf("%d were lost, not %d", got, more+1)
	}
}

// A disk that stays full does not keep the Server from ending.
func TestLogsGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		failure := errors.New("the disk is full")
		g.fail.Store(&failure)
		l, conf := newTestLogs(g)
		l.putMust(conf, eventOf("one", "end"), false)
		began := time.Now()
		l.close()
		if took := time.Since(began); l.failed.Load() != 1 || took < emitTime || took > 2*emitTime {
			t.Errorf("%d failed after %v", l.failed.Load(), took)
		}
	})
}

// What one connection waits for holds up no other, and many are handed over at once. The
// events of each stay in order.
func TestLanes(t *testing.T) {
	const connections, events = 500, 4
	stuck := make(chan struct{})
	var now, most atomic.Int64
	g := &gate{wait: func(r record.Record) {
		if strings.Contains(string(r.Line), `"connectionId":"stuck"`) {
			<-stuck
		}
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			continue
		}
		time.Sleep(time.Millisecond) // a sync of the disk
		now.Add(-1)
	}}
	l, conf := newTestLogs(g)
	for range lanes {
		l.put(conf, eventOf("stuck", "0"), false)
	}
	for k := range events {
		for i := range connections {
			l.put(conf, eventOf("c"+strconv.Itoa(i), strconv.Itoa(k)), false)
		}
	}
	for end := time.Now().Add(patience); len(g.lines(t)) < connections*events; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d are kept: one connection holds up others", len(g.lines(t)))
		}
	}
	close(stuck)
	l.close()
	next := map[string]int{}
	for _, line := range g.lines(t) {
		id := line.Properties.ConnectionID
		if id == "stuck" {
			continue
		}
		if line.Properties.Message != strconv.Itoa(next[id]) {
			t.Fatalf("of %s %s comes in the place of %d", id, line.Properties.Message, next[id])
		}
		next[id]++
	}
	if most.Load() < 2*lanes {
		t.Errorf("%d at most were handed over at once", most.Load())
	}
}
