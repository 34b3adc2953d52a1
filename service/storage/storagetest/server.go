package storagetest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"reslog/service/storage"
)

// Clock is a clock that tests turn. No two readings of it are equal.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock returns a clock that begins at the present second.
func NewClock() *Clock { return &Clock{t: time.Now().UTC().Truncate(time.Second)} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Microsecond)
	return c.t
}

// Advance turns the clock, backwards too.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Server is a service behind a real connection.
type Server struct {
	T     testing.TB
	Base  string // without the account, no slash at the end
	URL   string // with the account, no slash at the end
	Front *storage.Front
	// Kind is that of the service, which says how requests are signed.
	Kind     storage.Kind
	Clock    *Clock
	Accounts Accounts
	Log      *Recorder

	// Version is that of requests that name none; New sets the newest.
	Version string
	// Prepare sets headers that requests have besides, before they are signed. May
	// be nil.
	Prepare func(Request, http.Header)
	// CheckRefusal looks at the body of a refusal. May be nil.
	CheckRefusal func(r Request, code string, a *Answer)
}

// New returns what a Server has before there is a service: a clock, the accounts
// "acct" and "second", a recorder.
func New(t testing.TB, ck *Clock) *Server {
	return &Server{
		T: t, Clock: ck, Log: &Recorder{}, Version: string(storage.Newest),
		Accounts: Accounts{Account: NewAccount(Account), "second": NewAccount("second")},
	}
}

// Config is that of a Front for a service, with the accounts, the clock and the
// recorder of s.
func (s *Server) Config(service storage.Service) storage.FrontConfig {
	return storage.FrontConfig{Service: service, Accounts: s.Accounts, Now: s.Clock.Now, Emitter: s.Log}
}

// Serve puts a service behind a connection, until the test ends.
func (s *Server) Serve(c storage.FrontConfig) {
	s.Front, s.Kind = storage.NewFront(c), c.Service.Kind()
	srv := httptest.NewUnstartedServer(s.Log.Watch(s.Front))
	srv.Listener = storage.KeepNames(srv.Listener)
	srv.Config.ConnContext = storage.WithNames
	srv.Start()
	s.T.Cleanup(srv.Close)
	s.Base, s.URL = srv.URL, srv.URL+"/"+Account
}
