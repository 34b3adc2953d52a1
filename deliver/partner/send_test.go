package partner

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"reslog/bus"
	"reslog/deliver"
)

// What each status means.
func TestStatuses(t *testing.T) {
	const (
		later   = "later"   // an error that passes
		advised = "advised" // and that says what to do
		dead    = "dead"    // the record is rejected
		done    = "done"
	)
	page := func(status int) reply { return reply{status, html, "<html>words of a page</html>"} }
	eachAPI(t, func(t *testing.T, a api) {
		bad := func(status int) reply { return reply{status, a.bad.header, a.bad.body} }
		cases := map[*reply]string{}
		want := func(outcome string, replies ...reply) {
			for _, r := range replies {
				cases[&r] = outcome
			}
		}
		want(done, a.ok)
		want(dead, a.bad, page(413), bad(413))
		want(advised, page(400), page(401), bad(401), page(403), bad(403), page(404), bad(404), page(405), page(415), page(301), page(307), page(308), page(418), bad(409))
		want(later, page(429), bad(429), page(502), bad(503), page(504))
		switch a.name {
		case "otlp": // what is not named there must not be repeated
			want(dead, bad(500), bad(501), bad(422))
			want(done, reply{204, nil, ""}, reply{200, nil, ""}, reply{202, a.ok.header, `{"partialSuccess":{"rejectedLogRecords":"0"},"unknown":1}`})
			want(later, page(200), reply{200, a.ok.header, `[]`}, reply{200, a.ok.header, `{"partialSuccess":{"rejectedLogRecords":"-1"}}`})
		case "datadog":
			want(done, reply{200, nil, ""}, reply{202, nil, ""})
			want(later, bad(408), bad(500), page(202), reply{202, a.ok.header, `{`})
		case "elastic":
			want(later, bad(500), page(200), reply{200, a.ok.header, ``}, reply{200, a.ok.header, `{}`}, reply{200, a.ok.header, `{"errors":false,"items":[]}`},
				reply{200, a.ok.header, `{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201}}]}`}, reply{202, a.ok.header, a.ok.body},
				reply{200, a.ok.header, `{"errors":true,"items":[{"create":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"x"}}}]}`})
			want(dead, reply{200, a.ok.header, `{"errors":true,"items":[{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"x"}}}]}`})
			want(done, reply{200, a.ok.header, `{"errors":true,"items":[{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"x"}}}]}`})
			for _, status := range []int{401, 403, 404, 409, 0} {
				want(advised, reply{200, a.ok.header, fmt.Sprintf(`{"errors":true,"items":[{"create":{"status":%d,"error":{"type":"some_exception","reason":"x"}}}]}`, status)})
			}
			want(advised, reply{200, a.ok.header, `{"errors":true,"items":[{"create":{"status":400,"error":{"type":"index_closed_exception","reason":"x"}}}]}`})
		}
		for r, outcome := range cases {
			srv, d, _ := a.open(t, nil)
			srv.set(func(*http.Request, int) *reply { return r })
			it := item(0, `{}`)
			_, err := d.Deliver(t.Context(), []deliver.Item{it})
			var status *StatusError
			got := later
			switch {
			case err == nil:
				got = done
			case deliver.IsPermanent(err):
				got = "permanent"
			case deliver.Rejected(err) != nil:
				got = dead
				if p := deliver.Rejected(err); len(p) != 1 || p[0] != it.Position {
					t.Errorf("%v: rejected %v", *r, p)
				}
			case errors.As(err, &status) && status.Advice != "":
				got = advised
			}
			if got != outcome {
				t.Errorf("%d %v %q: %s, want %s: %v", r.status, r.header, r.body, got, outcome, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(r.status)) && r.status != 200 {
				t.Errorf("%d: the status is not in %q", r.status, err)
			}
		}
	})
}

// Nothing of a configuration or a record's destination shows a secret: not the
// errors, though the partner repeats what it got, not the log, not the values.
func TestSecretsStaySecret(t *testing.T) {
	secrets := []string{"extra-secret", "api-key-secret", base64.StdEncoding.EncodeToString([]byte("id:api-key-secret")), "path-secret"}
	leaks := func(t *testing.T, what, text string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s has the secret %q in it: %s", what, s, text)
			}
		}
	}
	eachAPI(t, func(t *testing.T, a api) {
		var log bytes.Buffer
		srv, d, _ := a.open(t, func(c *Connection) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.Endpoint += "/path-secret"
			leaks(t, "the connection", fmt.Sprintf("%v %+v %s", c, *c, c))
		})
		srv.t = nil // the path is another
		srv.backend = anything{}
		for _, status := range []int{200, 202, 307, 400, 401, 404, 413, 429, 500, 503} {
			for _, ct := range []string{"application/json", "application/x-protobuf", "text/html"} {
				srv.set(func(r *http.Request, _ int) *reply {
					var b strings.Builder
					_ = r.Header.Write(&b)
					quoted, _ := json.Marshal(b.String())
					body := fmt.Sprintf(`{"message":%s,"errors":[%s],"error":{"type":"x","reason":%s},"partialSuccess":{"rejectedLogRecords":1,"errorMessage":%s}}`, quoted, quoted, quoted, quoted)
					return &reply{status, map[string]string{"Content-Type": ct, "Location": "http://elsewhere/path-secret"}, body}
				})
				if _, err := d.Deliver(t.Context(), items(1)); err != nil {
					leaks(t, "the error", fmt.Sprintf("%v %+v %#v", err, err, err))
				}
			}
		}
		srv.http.Close()
		leaks(t, "the error", deliverFails(t, d, items(2)[1:]).Error())
		leaks(t, "the log", log.String())
	})
	s := Secret("api-key-secret")
	j, err := json.Marshal(map[string]any{"s": s, "m": map[string]Secret{"k": s}})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "c", OTLPConfig{Connection: Connection{Headers: map[string]Secret{"a": s}}})
	leaks(t, "a rendering", fmt.Sprintf("%v %+v %#v %s %q %x %d %t %v %s %s", s, s, s, s, s, s, s, s,
		ElasticConfig{APIKey: s, Password: s}, j, log.String()))
}

// anything takes every request.
type anything struct{}

func (anything) take(*testing.T, *http.Request, []byte) (any, int) { return nil, 1 }
func (anything) store(any, bool) reply                             { return reply{status: 500} }

// A redirect is not followed: it would take the key along.
func TestRedirects(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, _ := a.open(t, func(c *Connection) {
			c.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		})
		for _, status := range []int{301, 302, 303, 307, 308} {
			srv.set(func(*http.Request, int) *reply {
				return &reply{status, map[string]string{"Location": elsewhere.URL}, ""}
			})
			deliverFails(t, d, items(1), "redirect", fmt.Sprint(status))
		}
	})
}

// Retry-After is honoured over calls, for as long as a call may take.
func TestRetryAfter(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		now := noon.Truncate(time.Second)
		var waited []time.Duration
		srv, d, held := a.open(t, func(c *Connection) {
			c.MaxWait = 10 * time.Second
			c.Now = func() time.Time { return now }
			c.Wait = func(_ context.Context, d time.Duration) error {
				waited = append(waited, d)
				now = now.Add(d)
				return nil
			}
		})
		for _, header := range []func() string{
			func() string { return "25" },
			func() string { return now.Add(25 * time.Second).Format(http.TimeFormat) },
		} {
			header := header()
			waited = nil
			srv.set(func(*http.Request, int) *reply {
				return &reply{429, map[string]string{"Retry-After": header}, "slow down"}
			})
			before, _, _ := srv.count()
			err := deliverFails(t, d, items(2), "429", "slow down", "25s")
			if got := retryAfter(err); got != 25*time.Second {
				t.Errorf("retry after %s", got)
			}
			srv.set(nil)
			for _, rest := range []time.Duration{15 * time.Second, 5 * time.Second} {
				if got := retryAfter(deliverFails(t, d, items(2), "429")); got != rest {
					t.Errorf("retry after %s, want %s", got, rest)
				}
			}
			if n, _, _ := srv.count(); n != before+1 {
				t.Errorf("%d requests before the time", n-before)
			}
			deliverAll(t, d, items(2))
			if got := fmt.Sprint(waited); got != "[10s 10s 5s]" {
				t.Errorf("waited %s", got)
			}
		}
		if n := len(held()); n < 2 {
			t.Errorf("%d records held", n)
		}
		// A time that is absurd, or none, does not stop anything for good.
		for header, want := range map[string]time.Duration{"99999999": maxRetryAfter, "-1": 0, "soon": 0, "": 0, noon.Add(-time.Hour).Format(http.TimeFormat): 0} {
			srv.set(func(*http.Request, int) *reply { return &reply{503, map[string]string{"Retry-After": header}, ""} })
			if got := retryAfter(deliverFails(t, d, items(3)[2:])); got != want {
				t.Errorf("Retry-After %q: %s, want %s", header, got, want)
			}
			now = now.Add(maxRetryAfter)
		}
	})
}

// retryAfter is how long err asks to wait.
func retryAfter(err error) time.Duration {
	d, _ := deliver.RetryDelay(err)
	return d
}

// Whoever stops the worker does not wait for the partner.
func TestWaitingEndsWithTheContext(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, _ := a.open(t, func(c *Connection) { c.Wait, c.MaxWait = nil, time.Hour })
		srv.set(func(*http.Request, int) *reply { return &reply{503, map[string]string{"Retry-After": "600"}, ""} })
		deliverFails(t, d, items(1))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := d.Deliver(ctx, items(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deliver: %v", err)
		}
	})
}

// An answer that takes too long is an error, and the record comes again.
func TestSlowAnswers(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, _ := a.open(t, func(c *Connection) { c.Timeout = 200 * time.Millisecond })
		srv.set(func(r *http.Request, _ int) *reply {
			<-r.Context().Done()
			return &reply{status: 500}
		})
		deliverFails(t, d, items(2), "no answer within 200ms")
		_, d, held := a.open(t, nil) // not timed on a slow machine
		deliverAll(t, d, items(2))
		if len(held()) != 2 {
			t.Errorf("held %v", held())
		}
	})
}

// A connection is used again after answers of all sorts, but for those that have
// no end.
func TestConnectionsAreKept(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, _ := a.open(t, nil)
		answers := []reply{a.ok, {503, html, strings.Repeat("x", 500_000)}, {401, html, "no"}, {429, nil, ""}, {204, nil, ""}, a.bad}
		for i := range 30 {
			srv.set(func(*http.Request, int) *reply { return &answers[i%len(answers)] })
			_, _ = d.Deliver(t.Context(), items(i + 1)[i:])
		}
		if requests, _, connections := srv.count(); connections != 1 || requests < 30 {
			t.Errorf("%d connections for %d requests", connections, requests)
		}
	})
}

// An authority of one's own is trusted if it is given, and only then.
func TestTLS(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusOK)
	}))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	defer srv.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	for name, c := range map[string]struct {
		connection Connection
		works      bool
	}{
		"CA":     {Connection{CA: ca}, true},
		"client": {Connection{Client: srv.Client()}, true},
		"TLS":    {Connection{TLS: &tls.Config{InsecureSkipVerify: true}}, true},
		"none":   {Connection{}, false},
	} {
		c.connection.Endpoint = srv.URL
		d, err := NewOTLP(OTLPConfig{Connection: c.connection})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = d.Deliver(t.Context(), items(1)); (err == nil) != c.works {
			t.Errorf("%s: %v", name, err)
		}
		_ = d.Close(t.Context())
	}
	for name, c := range map[string]Connection{
		"no CA":         {Endpoint: srv.URL, CA: []byte("nothing")},
		"CA and client": {Endpoint: srv.URL, CA: ca, Client: srv.Client()},
	} {
		if _, err := NewOTLP(OTLPConfig{Connection: c}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestUncompressed(t *testing.T) {
	for _, a := range apis() {
		srv, d, held := a.open(t, func(c *Connection) { c.NoGzip = true })
		srv.plain = true
		deliverAll(t, d, items(10))
		if len(held()) != 10 {
			t.Errorf("%s: held %v", a.name, held())
		}
	}
}

func TestNothingToDeliver(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, _ := a.open(t, nil)
		if p, err := d.Deliver(t.Context(), nil); err != nil || p != (bus.Position{}) {
			t.Errorf("settled %s, error %v", p, err)
		}
		if n, _, _ := srv.count(); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// A partner that answers before it has read the request: the next one is whole,
// although the first may still be on its way.
func TestEarlyAnswers(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		var early atomic.Bool
		srv, d, held := a.open(t, func(c *Connection) { c.NoGzip = true })
		srv.plain = true
		srv.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if early.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			srv.ServeHTTP(w, r)
		})
		batch := items(20)
		for i := range batch {
			batch[i].Record.Line = []byte(`{"big":"` + strings.Repeat(string(rune('a'+i%26)), 80_000) + `"}`)
		}
		for range 2 {
			early.Store(true)
			for i := range 4 {
				deliverFails(t, d, batch[i:])
			}
			early.Store(false)
			deliverAll(t, d, batch)
		}
		if n := len(held()); n < 20 {
			t.Errorf("%d records held", n)
		}
	})
}
