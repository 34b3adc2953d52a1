package signalr

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr"
)

const (
	key       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
	secondary = "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh"
	id        = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.SignalRService/SignalR/chatty"
)

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// service is one at work, on a port of its own, and what the tests in Node may do to it.
type service struct {
	*signalr.Server
	url     string // where clients and callers of the REST API go
	control string // see controls

	ahead atomic.Int64 // of the clock, in nanoseconds

	mu      sync.Mutex
	conf    signalr.Service
	watch   func(signalr.Service, bool)
	records []record.Record
	open    map[net.Conn]bool
}

// start starts a service as change sets it up.
func start(t *testing.T, change func(*signalr.Service)) *service {
	t.Helper()
	s := &service{open: map[net.Conn]bool{}, conf: signalr.Service{
		ID: resource.MustParse(id), Location: "westeurope", Mode: signalr.Serverless, Keys: []string{key, secondary},
		Tier: "Standard_S1", Units: 1, Connectivity: true, HTTPRequests: true,
	}}
	if change != nil {
		change(&s.conf)
	}
	s.Server = signalr.New(signalr.Config{
		Services: s, Emitter: s, Recorder: metric.New(metric.Config{Emitter: s, Now: s.now}), Now: s.now,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx); err != nil {
			t.Errorf("the service ended: %v", err)
		}
	}()
	web := httptest.NewUnstartedServer(s.Server)
	web.Config.ConnState = s.follow
	web.Start()
	controls := httptest.NewServer(s.controls())
	s.url, s.control = web.URL, controls.URL
	t.Cleanup(func() {
		cancel()
		<-done
		s.cut()
		web.CloseClientConnections()
		web.Close()
		controls.Close()
	})
	return s
}

func (s *service) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// follow keeps the connections of WebSockets, so that they can be cut. Those that have
// ended by themselves stay, as net/http does not tell.
func (s *service) follow(c net.Conn, state http.ConnState) {
	if state == http.StateHijacked {
		s.mu.Lock()
		s.open[c] = true
		s.mu.Unlock()
	}
}

// cut ends the connections of all WebSockets without a word, as a network does.
func (s *service) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Close() // it may have ended
	}
	clear(s.open)
}

// set changes how the service is set up.
func (s *service) set(change func(*signalr.Service)) {
	s.mu.Lock()
	change(&s.conf)
	conf := s.conf
	s.mu.Unlock()
	s.watch(conf, false)
}

// controls is what the tests in Node may ask for, by POST:
//
//	/reload               all clients are told to connect again
//	/cut                  the WebSockets break
//	/forward?seconds=n    the clock of the service is set forward
//	/keys?primary=&secondary=  the access keys are changed
//	/connections          the IDs of the clients that there are, as JSON
func (s *service) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reload", func(http.ResponseWriter, *http.Request) { s.Reload("a test") })
	mux.HandleFunc("POST /cut", func(http.ResponseWriter, *http.Request) { s.cut() })
	mux.HandleFunc("POST /forward", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("seconds"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.ahead.Add(int64(n) * int64(time.Second))
	})
	mux.HandleFunc("POST /keys", func(_ http.ResponseWriter, r *http.Request) {
		s.set(func(c *signalr.Service) { c.Keys = []string{r.FormValue("primary"), r.FormValue("secondary")} })
	})
	mux.HandleFunc("POST /connections", func(w http.ResponseWriter, _ *http.Request) {
		ids := []string{}
		for _, c := range s.Connections() {
			ids = append(ids, c.ID)
		}
		_ = json.NewEncoder(w).Encode(ids) // who asked is gone
	})
	return mux
}

// ByHost implements signalr.Services, as does Watch.
func (s *service) ByHost(string) (signalr.Service, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conf, true
}

// Watch is explained at ByHost.
func (s *service) Watch(fn func(signalr.Service, bool)) {
	s.watch = fn
	fn(s.conf, false)
}

// Enabled implements record.Emitter, as do Begin, Withdraw and Emit.
func (*service) Enabled(resource.ID, record.Category) bool { return true }

// Begin is explained at Enabled.
func (*service) Begin(context.Context, record.Record) error { return nil }

// Withdraw is explained at Enabled.
func (*service) Withdraw(context.Context, record.Record) error { return nil }

// Emit is explained at Enabled.
func (s *service) Emit(_ context.Context, r record.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = append(s.records, r)
	return nil
}

// line is a record of AllLogs.
type line struct {
	Properties struct {
		Message, Type, Collection, ConnectionID, UserID, TransportType, ConnectionType, Hub string
	}
	OperationName, Category, Level, CallerIPAddress, Time, ResourceID, Location string
}

// lines are the records of AllLogs, in the order in which they came.
func (s *service) lines(t *testing.T) []line {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []line
	for _, r := range s.records {
		if r.Category != "AllLogs" {
			continue
		}
		var l line
		if err := json.Unmarshal(r.Line, &l); err != nil {
			t.Fatalf("%v: %s", err, r.Line)
		}
		if l.Category != "AllLogs" || l.ResourceID != strings.ToUpper(id) || l.Location != "westeurope" || l.Time == "" || l.Level == "" {
			t.Errorf("a record is %s", r.Line)
		}
		all = append(all, l)
	}
	return all
}

// stories are what the records say of each user, in short: "ConnectionStarted
// WebSockets", or the message itself for what is about an end, a token or a limit.
func (s *service) stories(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, l := range s.lines(t) {
		p := l.Properties
		told := l.OperationName
		switch l.OperationName {
		case "ConnectionStarted", "ServerlessModeEntered":
			told += " " + p.TransportType
		default:
			told += ": " + p.Message
		}
		all[p.UserID] = append(all[p.UserID], told)
		if p.ConnectionID == "" {
			continue
		}
		side := "Client"
		if strings.HasPrefix(p.UserID, "app-") {
			side = "Server"
		}
		if l.CallerIPAddress != "127.0.0.1" || p.ConnectionType != side || p.Hub == "" {
			t.Errorf("a record of %s is %+v", p.UserID, l)
		}
	}
	return all
}

// eventually waits until something is so, and leaves it to the caller if it never is.
func eventually(is func() bool) {
	for end := time.Now().Add(patience); !is() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
}

// wantStories waits until the records say of each user what they should, beyond which a
// record may tell details behind a colon. What is said of a user whose story is nil is all
// the same.
func (s *service) wantStories(t *testing.T, want map[string][]string) {
	t.Helper()
	var got map[string][]string
	eventually(func() bool {
		got = s.stories(t)
		for user, story := range want {
			if len(got[user]) < len(story) {
				return false
			}
		}
		return true
	})
	for user, story := range want {
		if story != nil && !slices.EqualFunc(got[user], story, says) {
			t.Errorf("of %q the records say\n\t%s\nand not\n\t%s", user, strings.Join(got[user], "\n\t"), strings.Join(story, "\n\t"))
		}
	}
	for user, story := range got {
		if _, known := want[user]; !known {
			t.Errorf("of %q nothing was to be said, but the records say\n\t%s", user, strings.Join(story, "\n\t"))
		}
	}
}

func says(got, want string) bool { return got == want || strings.HasPrefix(got, want+": ") }
