package diagnose_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/diagnose"
)

const id = "/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/CHAT"

var begin = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)

// line is a record in the form of the published sample.
func line(after time.Duration, operation, collection, message, connection, user, transport, side, caller string) string {
	return fmt.Sprintf(`{"properties":{"message":%q,"type":"ConnectivityLogs","collection":%q,"connectionId":%q,"userId":%q,"transportType":%q,"connectionType":%q,"hub":"chat"},`+
		`"operationName":%q,"category":"AllLogs","level":"Informational","callerIpAddress":%q,"time":%q,"resourceId":%q,"location":"xxxx"}`,
		message, collection, connection, user, transport, side, operation, caller, begin.Add(after).Format(time.RFC3339Nano), id)
}

func records(t *testing.T, lines ...string) []diagnose.Record {
	t.Helper()
	var list []diagnose.Record
	for _, l := range lines {
		r, err := diagnose.Parse([]byte(l))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func start(after time.Duration, connection, user, caller string) string {
	return line(after, "ConnectionStarted", "Connection", "Connection started", connection, user, "WebSockets", "Client", caller)
}

func abort(after time.Duration, connection, user, reason string) string {
	return line(after, "ConnectionAborted", "Connection", "Connection aborted. Reason: "+reason, connection, user, "Websockets", "Client", "10.0.0.1")
}

func find(t *testing.T, r diagnose.Report, kind diagnose.Kind, title string) diagnose.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Kind == kind && f.Title == title {
			return f
		}
	}
	t.Fatalf("no %s %q in %+v", kind, title, r.Findings)
	return diagnose.Finding{}
}

// Every reason of the guide is told with its meaning, and no end that was expected.
func TestDrops(t *testing.T) {
	reasons := []string{
		"Application server closed the connection", "Connection ping timeout", "Service reloading, reconnect",
		"Internal server transient error", "Server connection dropped",
	}
	var lines []string
	for i, reason := range reasons {
		at := time.Duration(i) * time.Minute
		lines = append(lines, start(at, fmt.Sprint("c", i), fmt.Sprint("u", i), "10.0.0.1:123"), abort(at+time.Second, fmt.Sprint("c", i), fmt.Sprint("u", i), reason))
	}
	lines = append(lines,
		abort(time.Hour, "d", "u9", "Application server closed the connection. Server reported error: boom"),
		start(time.Hour, "e", "u8", "10.0.0.2"),
		line(time.Hour+time.Minute, "ConnectionEnded", "Connection", "Connection ended. Reason: ", "e", "u8", "LongPolling", "Client", "10.0.0.2"),
		line(4*time.Minute, "ConnectionAborted", "Connection", "Connection aborted. Reason: Connection ping timeout", "s1", "", "WebSockets", "Server", "192.0.2.7"),
		abort(2*time.Minute, "f", "", "Service reloading, try reconnecting"),
		abort(2*time.Minute, "g", "", "Something new. And more"),
	)
	r := diagnose.SignalR(slices.Values(records(t, lines...)), diagnose.Options{})
	for _, reason := range reasons {
		f := find(t, r, diagnose.Drop, reason)
		if f.Meaning == "" || f.Advice == "" || f.Count == 0 || len(f.Connections) == 0 || f.First.IsZero() || len(f.Bins) != 12 {
			t.Errorf("%s: %+v", reason, f)
		}
		if f.Transports[0].Name != "WebSockets" {
			t.Errorf("%s: transports %v", reason, f.Transports)
		}
	}
	closed := find(t, r, diagnose.Drop, reasons[0])
	if closed.Count != 2 || closed.Severity != diagnose.Info || !cmp.Equal(closed.Details, []diagnose.Tally{{Name: "Server reported error: boom", Count: 1}}) {
		t.Errorf("closed by the server: %+v", closed)
	}
	if sum := closed.Bins[0].Count + closed.Bins[11].Count; sum != 2 {
		t.Errorf("bins %v", closed.Bins)
	}
	if got := find(t, r, diagnose.Drop, reasons[2]); got.Count != 2 {
		t.Errorf("both spellings of a reload are %d", got.Count)
	}
	dropped := find(t, r, diagnose.Drop, reasons[4])
	if dropped.Severity != diagnose.Grave || !cmp.Equal(dropped.Servers, []diagnose.Tally{{Name: "s1 from 192.0.2.7", Count: 1}}) {
		t.Errorf("dropped with the server: %+v", dropped)
	}
	if f := find(t, r, diagnose.Drop, "Something new"); f.Severity != diagnose.Warning || f.Details[0].Name != "And more" {
		t.Errorf("a reason that is not known: %+v", f)
	}
	if !r.Grave() || r.Findings[0].Title != "Server connection dropped" {
		t.Errorf("first is %+v", r.Findings[0])
	}
	if !cmp.Equal(r.Ended, []diagnose.Tally{{Name: "no reason", Count: 1}}) || r.Clients.Ended != 1 || r.Clients.Aborted != 8 || r.Servers.Aborted != 1 {
		t.Errorf("ended %v, clients %+v, servers %+v", r.Ended, r.Clients, r.Servers)
	}
}

// Connections are counted at once, not in all; those from before count from the start.
func TestGrowth(t *testing.T) {
	lines := []string{
		abort(9*time.Minute, "old", "leaky", "The connection was lost"), // it began before
		start(time.Minute, "a", "leaky", "10.0.0.1"), start(2*time.Minute, "b", "leaky", "10.0.0.2"),
		// One after the other is no growth.
		start(time.Minute, "c", "good", "10.0.0.3"), abort(2*time.Minute, "c", "good", "x"), start(3*time.Minute, "d", "good", "10.0.0.3"),
	}
	for i := range 21 {
		lines = append(lines, start(5*time.Minute, fmt.Sprint("n", i), fmt.Sprint("user", i), "198.51.100.9:5000"))
	}
	slices.Reverse(lines) // the order does not matter
	r := diagnose.SignalR(slices.Values(records(t, lines...)), diagnose.Options{})
	f := find(t, r, diagnose.Growth, "user leaky")
	if f.Count != 3 || f.Severity != diagnose.Warning || len(f.Connections) != 3 || len(f.Addresses) != 2 || !f.First.Equal(begin.Add(2*time.Minute)) {
		t.Errorf("%+v", f)
	}
	if f := find(t, r, diagnose.Growth, "address 198.51.100.9"); f.Count != 21 || len(f.Users) != 10 {
		t.Errorf("%+v", f)
	}
	for _, f := range r.Findings {
		if strings.Contains(f.Title, "good") {
			t.Errorf("%+v", f)
		}
	}
	if c := r.Clients; c.Peak != 25 || c.Open != 24 || c.Started != 25 {
		t.Errorf("%+v", c)
	}
	r = diagnose.SignalR(slices.Values(records(t, lines...)), diagnose.Options{PerUser: 3, PerAddress: -1})
	for _, f := range r.Findings {
		if f.Kind == diagnose.Growth {
			t.Errorf("%+v is expected", f)
		}
	}
}

func TestRefusals(t *testing.T) {
	const expected, actual = "https://chat.service.signalr.net/client/?hub=chat", "https://chat.service.signalr.net/client/?hub=other"
	refused := func(message string) string {
		return line(time.Minute, "AuthorizationFailed", "Authorization", message, "", "bas", "", "Client", "10.0.0.1")
	}
	r := diagnose.SignalR(slices.Values(records(t,
		refused("Failed to validate audience. Expected Audiences: "+expected+". Actual Audiences: "+actual),
		refused("Failed to validate audience. Expected Audiences: "+expected+". Actual Audiences: x, y"),
		refused("The signature key was not found"),
		refused("The signature key was not found (and 7 more like this in the last minute)"),
	)), diagnose.Options{})
	f := find(t, r, diagnose.Authorization, "Failed to validate audience")
	if f.Count != 2 || !cmp.Equal(f.Expected, []string{expected}) || !cmp.Equal(f.Actual, []string{actual, "x", "y"}) || !strings.Contains(f.Advice, expected) {
		t.Errorf("%+v", f)
	}
	if f := find(t, r, diagnose.Authorization, "The signature key was not found"); f.Count != 9 || !strings.Contains(f.Advice, "access keys") || f.Severity != diagnose.Grave {
		t.Errorf("%+v", f)
	}
	if r.Clients.Peak != 0 {
		t.Errorf("refusals are connections: %+v", r.Clients)
	}
}

func TestLimits(t *testing.T) {
	r := diagnose.SignalR(slices.Values(records(t,
		line(0, "ConnectionThrottled", "Throttling", "Connection count reaches limit", "", "bas", "", "Client", "10.0.0.1"),
		abort(time.Second, "a", "", "Message count reaches limit"),
	)), diagnose.Options{})
	for _, title := range []string{"Connection count reaches limit", "Message count reaches limit"} {
		if f := find(t, r, diagnose.Throttling, title); f.Severity != diagnose.Grave || !strings.Contains(f.Advice, "Standard") {
			t.Errorf("%+v", f)
		}
	}
	if len(r.Findings) != 2 {
		t.Errorf("%d findings", len(r.Findings))
	}
}

func TestOptions(t *testing.T) {
	all := records(t, start(0, "a", "one", ""), start(time.Minute, "b", "two", ""), start(time.Hour, "c", "one", ""))
	for _, c := range []struct {
		want int
		o    diagnose.Options
	}{
		{3, diagnose.Options{}},
		{2, diagnose.Options{User: "one"}},
		{3, diagnose.Options{Hub: "CHAT"}},
		{0, diagnose.Options{Hub: "other"}},
		{2, diagnose.Options{Since: begin.Add(time.Minute)}},
		{1, diagnose.Options{Until: begin.Add(time.Minute)}},
		{3, diagnose.Options{Resource: "chat"}},
		{3, diagnose.Options{Resource: "Microsoft.SignalRService/SignalR/chat"}},
		{3, diagnose.Options{Resource: id}},
		{0, diagnose.Options{Resource: "hat"}},
	} {
		if r := diagnose.SignalR(slices.Values(all), c.o); r.Records != c.want {
			t.Errorf("%+v: %d records, want %d", c.o, r.Records, c.want)
		}
	}
	if r := diagnose.SignalR(slices.Values([]diagnose.Record(nil)), diagnose.Options{}); r.Grave() || len(r.Findings) != 0 {
		t.Errorf("nothing is %+v", r)
	}
}
