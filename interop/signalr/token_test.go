package signalr

import (
	"slices"
	"strings"
	"testing"

	"reslog/service/signalr"
)

// TestTokens has clients that are refused, which the log explains, and clients whose
// token runs out.
func TestTokens(t *testing.T) {
	s := start(t, nil)
	runNode(t, s, "tokens.test.js")
	const (
		started, entered = "ConnectionStarted ", "ServerlessModeEntered "
		ended            = "ConnectionEnded: Connection ended. Reason: The client closed the connection"
		signature        = "AuthorizationFailed: Failed to validate signature. The access token is not signed with an access key of the service, by HS256 or HS512."
	)
	want := map[string][]string{
		"refreshed": {started + "LongPolling", entered + "LongPolling", started + "LongPolling", entered + "LongPolling", "ConnectionAborted: Connection aborted. Reason: Connection ping timeout", ended},
		"expiring":  {started + "WebSockets", entered + "WebSockets", "ConnectionEnded: Connection ended. Reason: The token expired", started + "WebSockets", entered + "WebSockets", ended},
		"secondary": {started + "WebSockets", entered + "WebSockets", ended},
		"rotated":   {started + "WebSockets", entered + "WebSockets", ended},
	}
	refusals := []string{
		"AuthorizationFailed: Failed to validate audience. Expected Audiences: http://127.0.0.1/client/?hub=chat, " +
			"https://chatty.service.signalr.net/client/?hub=chat. Actual Audiences: " + s.url + "/client/?hub=other",
		"AuthorizationFailed: Failed to validate lifetime. The access token expired at '01/01/2020 00:00:00'.",
		signature,
		"AuthorizationFailed: The request has no access token.",
	}
	var got []string // tokens that are refused have no user
	eventually(func() bool {
		got = s.stories(t)[""]
		return !slices.ContainsFunc(refusals, func(r string) bool { return !slices.Contains(got, r) })
	})
	for _, r := range refusals {
		if !slices.Contains(got, r) {
			t.Errorf("nothing says %s; the records say\n\t%s", r, strings.Join(got, "\n\t"))
		}
	}
	want[""] = nil // there are others, and more may come
	s.wantStories(t, want)
	for _, l := range s.lines(t) {
		if l.OperationName == "AuthorizationFailed" && (l.Level != "Warning" || l.Properties.Collection != "Authorization" || l.CallerIPAddress != "127.0.0.1") {
			t.Errorf("a refusal is %+v", l)
		}
	}
}

// TestLimit has one client more than the free tier takes.
func TestLimit(t *testing.T) {
	s := start(t, func(c *signalr.Service) { c.Tier = "Free_F1" })
	runNode(t, s, "limit.test.js")
	var got []string
	eventually(func() bool {
		got = s.stories(t)["beyond"]
		return slices.Contains(got, "ConnectionThrottled: Connection count reaches limit")
	})
	if !slices.Contains(got, "ConnectionThrottled: Connection count reaches limit") {
		t.Errorf("of the client beyond the limit the records say %q", got)
	}
}
