package diagnose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/diagnose"
)

func hook(after time.Duration, connection, message string) string {
	return line(after, "InvokeUpstreamFailed", "Connection", message, connection, "bas", "WebSockets", "Client", "10.0.0.1")
}

// Web hooks that failed are told by their status, or by why there is none.
func TestUpstreams(t *testing.T) {
	const of = "'hub:chat,event:Say,category:messages'"
	r := diagnose.SignalR(slices.Values(records(t,
		start(0, "a", "bas", "10.0.0.1"),
		hook(time.Minute, "a", "Unexpected status code invoking the upstream for "+of+". StatusCode: 401."),
		hook(2*time.Minute, "a", "Unexpected status code invoking the upstream for "+of+". StatusCode: 401. (and 7 more like this in the last minute)"),
		// As the service tells it, with a key in the URL, and with a text that a client chose.
		hook(3*time.Minute, "b", "Unexpected status code invoking 'https://me:secret1@app.example/api/say?code=secret2' for 'hub:chat,event:x StatusCode: 200.,type:user,category:messages'. StatusCode: 401."),
		hook(4*time.Minute, "a", "Unexpected status code invoking the upstream for "+of+". StatusCode: 429."),
		hook(5*time.Minute, "a", "Failed to invoke the upstream for "+of+". The upstream cannot be reached."),
		hook(5*time.Minute, "a", "Failed to invoke the upstream for 'hub:chat,event:in time,category:messages'. The upstream may not be called."),
		hook(5*time.Minute, "a", "Failed to invoke the upstream for "+of+". The upstream did not answer in time."),
		hook(5*time.Minute, "a", "The response of the upstream for "+of+" is too large."),
		hook(5*time.Minute, "a", "No upstream is set up for "+of+": what the client invokes reaches nobody."),
		abort(6*time.Minute, "a", "bas", "The connection was lost"),
		// The end of a is told twice, that of c by one event only.
		hook(7*time.Minute, "a", "Unexpected status code invoking the upstream for 'hub:chat,event:disconnected,category:connections'. StatusCode: 503."),
		line(7*time.Minute, "EndConnectionFailed", "Connection", "The upstream was not told that the connection has ended. Unexpected status code invoking the upstream for 'hub:chat,event:disconnected,category:connections'. StatusCode: 503.", "a", "bas", "WebSockets", "Client", "10.0.0.1"),
		line(8*time.Minute, "EndConnectionFailed", "Connection", "The upstream was not told that the connection has ended. Unexpected status code invoking the upstream for 'hub:chat,event:disconnected,category:connections'. StatusCode: 503.", "c", "bas", "WebSockets", "Client", "10.0.0.1"),
	)), diagnose.Options{PerUser: -1})
	f := find(t, r, diagnose.Upstream, "status code 401 Unauthorized")
	if f.Count != 10 || f.Severity != diagnose.Grave || !strings.Contains(f.Advice, "code in the URL") || !cmp.Equal(f.Connections, []string{"a", "b"}) {
		t.Errorf("%+v", f)
	}
	if want := "hub:chat,event:Say,category:messages"; f.Details[0].Name != want || f.Details[1].Name != "https://app.example/api/say hub:chat,event:x StatusCode: 200.,type:user,category:messages" {
		t.Errorf("details %v", f.Details)
	}
	sum := 0
	for _, bin := range f.Bins {
		sum += bin.Count
	}
	if sum != f.Count {
		t.Errorf("%d over time, %d in all", sum, f.Count)
	}
	if len(f.Examples) != 2 || !strings.Contains(f.Examples[1], "https://app.example/api/say'") || strings.Contains(strings.Join(f.Examples, ""), "secret") {
		t.Errorf("examples %q", f.Examples)
	}
	for title, severity := range map[string]diagnose.Severity{
		"status code 429 Too Many Requests":       diagnose.Warning,
		"The web hook cannot be reached":          diagnose.Grave,
		"The web hook may not be called":          diagnose.Grave,
		"The web hook did not answer in time":     diagnose.Grave,
		"The answer of the web hook is too large": diagnose.Warning,
		"No web hook is set up for it":            diagnose.Warning,
	} {
		if f := find(t, r, diagnose.Upstream, title); f.Count != 1 || f.Severity != severity || f.Meaning == "" || f.Advice == "" {
			t.Errorf("%s: %+v", title, f)
		}
	}
	if f := find(t, r, diagnose.Upstream, "status code 503 Service Unavailable"); f.Count != 2 {
		t.Errorf("ends that no web hook heard of: %+v", f)
	}
	if c := r.Clients; c.Open != 1 || c.Peak != 2 { // b goes on; what comes behind the end of c is none
		t.Errorf("clients %+v", c)
	}
}

func TestRequests(t *testing.T) {
	failed := func(after time.Duration, message string) string {
		return line(after, "RestApiRequestFailed", "Connection", message, "", "", "", "", "10.0.0.9")
	}
	r := diagnose.SignalR(slices.Values(records(t,
		failed(0, "POST /api/v1/hubs/chat/users/anna%20b was answered with status code 400."),
		failed(time.Minute, "POST /api/v1/hubs/chat/users/groups was answered with status code 400. (and 2 more like this in the last minute)"),
		failed(2*time.Minute, "PUT /api/hubs/chat/groups/g/connections/c1 was answered with status code 400."),
		failed(3*time.Minute, "POST /api/hubs/chat/:send was answered with status code 500."),
		failed(4*time.Minute, "DELETE /api/elsewhere was answered with status code 404."),
		failed(5*time.Minute, "something else"),
	)), diagnose.Options{})
	f := find(t, r, diagnose.Request, "status code 400 Bad Request")
	want := []diagnose.Tally{{Name: "POST /api/v1/hubs/{hub}/users/{user}", Count: 2}, {Name: "PUT /api/hubs/{hub}/groups/{group}/connections/{connection}", Count: 1}}
	if f.Count != 5 || f.Severity != diagnose.Warning || !cmp.Equal(f.Details, want) || !cmp.Equal(f.Addresses, []diagnose.Tally{{Name: "10.0.0.9", Count: 3}}) || len(f.Examples) != 3 {
		t.Errorf("%+v", f)
	}
	f = find(t, r, diagnose.Request, "status code 500 Internal Server Error")
	if f.Severity != diagnose.Grave || f.Details[0].Name != "POST /api/hubs/{hub}/:send" || !r.Grave() {
		t.Errorf("%+v", f)
	}
	find(t, r, diagnose.Request, "status code 404 Not Found")
	find(t, r, diagnose.Request, "The request failed")
}
