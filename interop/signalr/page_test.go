package signalr

import (
	"os/exec"
	"testing"
)

// TestPage has the client in a page of another origin, in Chromium.
func TestPage(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("the client in a page needs chromium (Debian: chromium): %v", err)
	}
	h := startHooks(t)
	s := start(t, h.of)
	runNode(t, s, "page.test.js", "RESLOG_CHROMIUM="+chromium)
	want := map[string][]string{}
	for way, transport := range map[string]string{"websockets": "WebSockets", "events": "ServerSentEvents", "polling": "LongPolling"} {
		want["page-"+way] = []string{
			"ConnectionStarted " + transport, "ServerlessModeEntered " + transport,
			"ConnectionEnded: Connection ended. Reason: The client closed the connection",
		}
	}
	s.wantStories(t, want)
}
