package signalr

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"reslog/service/signalr"
	"reslog/service/signalr/appserver/appservertest"
)

// application is an application server, with one connection for each hub. The tests in
// Node may ask by POST:
//
//	/crash?hub=  its connection of a hub breaks; it is back with the answer
type application struct {
	*appservertest.Hub
	s *service

	mu    sync.Mutex
	conns map[string]*appservertest.Conn
}

func startApplication(t *testing.T, s *service) (*application, string) {
	t.Helper()
	a := &application{Hub: appservertest.NewHub(), s: s, conns: map[string]*appservertest.Conn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /crash", func(_ http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.conns[r.FormValue("hub")].Abort()
		a.dial(t, r.FormValue("hub"))
	})
	web := httptest.NewServer(mux)
	t.Cleanup(func() {
		web.Close()
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, c := range a.conns {
			c.Abort()
		}
	})
	return a, web.URL
}

func (a *application) dial(t *testing.T, hub string) {
	c, err := appservertest.Dial(t.Context(), appservertest.Config{URL: a.s.url, Key: key, Hub: hub, Server: "app-" + hub, Handle: a.Handle})
	if err != nil {
		t.Errorf("connect the application server of %s: %v", hub, err)
		return
	}
	a.conns[hub] = c
}

// TestDefault has clients in Default mode, whose hubs are in an application server. In
// the end the server closes one of them, and drops the others.
func TestDefault(t *testing.T) {
	s := start(t, func(c *signalr.Service) { c.Mode = signalr.Default })
	a, control := startApplication(t, s)
	a.mu.Lock()
	for way := range ways {
		a.dial(t, hubOf(way))
	}
	a.mu.Unlock()
	runNode(t, s, "default.test.js", "RESLOG_SIGNALR_APPLICATION="+control)

	want := map[string][]string{
		"nobody": {"ConnectionStarted WebSockets", "ConnectionAborted: Connection aborted. Reason: No server available"},
	}
	for way, transport := range ways {
		started := "ConnectionStarted " + transport
		want["alice-"+way] = []string{started, "ConnectionAborted: Connection aborted. Reason: Server connection dropped"}
		want["bob-"+way] = []string{started, "ConnectionAborted: Connection aborted. Reason: Application server closed the connection. Server reported error: enough"}
		want["carol-"+way] = []string{started, "ConnectionEnded: Connection ended. Reason: The client closed the connection"}
	}
	// What became of a server connection is told behind the reason.
	var got map[string][]string
	for way := range ways {
		server := "app-" + hubOf(way)
		eventually(func() bool {
			got = s.stories(t)
			return len(got[server]) >= 3
		})
		want[server] = got[server]
		if story := strings.Join(got[server], "\n"); len(got[server]) != 3 || !strings.Contains(story, "ConnectionAborted: ") {
			t.Errorf("of the server connections of %s the records say\n%s", server, story)
		}
	}
	s.wantStories(t, want)
}
