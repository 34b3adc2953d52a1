package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// Caller calls web hooks. It may be used by many goroutines.
type Caller struct {
	config  Config
	allowed hosts
	parts   []parts // of the templates; of one that is wrong the zero value
	// transport is used without a http.Client, which would follow redirects, and whose
	// errors have URLs in them. guarded says that it is our own.
	transport http.RoundTripper
	guarded   bool
	slots     chan struct{}
	// backoff is waited before the first repeat.
	backoff time.Duration
}

// New makes a Caller. A template that Check refuses gets no calls: an event that it
// matches ends with an error.
func New(c Config) *Caller {
	if c.Timeout <= 0 {
		c.Timeout = 100 * time.Second
	}
	if c.Retries == 0 {
		c.Retries = 2
	}
	if c.MaxAnswer <= 0 {
		c.MaxAnswer = 16 << 20
	}
	if c.Concurrent <= 0 {
		c.Concurrent = 256
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	caller := &Caller{config: c, allowed: newHosts(c.Allowed), slots: make(chan struct{}, c.Concurrent), backoff: 500 * time.Millisecond}
	for _, t := range c.Templates {
		p, err := parse(t.URL)
		if err != nil {
			p = parts{}
		}
		caller.parts = append(caller.parts, p)
	}
	caller.transport = c.Transport
	if c.Transport == nil {
		caller.transport, caller.guarded = newTransport(caller.allowed, min(c.Concurrent, 64)), true
	}
	return caller
}

// Close lets go of the connections that are not used now. Calls may still be made.
func (c *Caller) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Matches reports whether there is a hook for an event.
func (c *Caller) Matches(e Event) bool {
	_, ok := c.find(e)
	return ok
}

func (c *Caller) find(e Event) (int, bool) {
	for i, t := range c.config.Templates {
		if t.matches(e) {
			return i, true
		}
	}
	return 0, false
}

// Call brings an event to its hook and returns what it answered, whatever the status.
// An error says that there is no answer, or that the call was not let go.
func (c *Caller) Call(ctx context.Context, e Event) (Answer, error) {
	i, ok := c.find(e)
	if !ok {
		return Answer{}, nil
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	host, answer, err := c.call(ctx, i, e)
	answer.Called = true
	if err != nil || answer.TooLarge || answer.Status >= 300 {
		attrs := []any{"hub", e.Hub, "category", e.Category, "event", shorten(e.Name), "host", host, "connection", e.ConnectionID, "status", answer.Status, "duration", time.Since(began)}
		if err != nil {
			attrs = append(attrs, "error", err)
		}
		c.config.Logger.Warn("an upstream did not take an event", attrs...)
	}
	return answer, err
}

func shorten(s string) string { return s[:min(len(s), 100)] }

func (c *Caller) call(ctx context.Context, i int, e Event) (host string, a Answer, err error) {
	t, p := c.config.Templates[i], c.parts[i]
	if p.scheme == "" {
		return "", a, t.Check()
	}
	u, err := p.expand(e)
	if err != nil {
		return "", a, fmt.Errorf("upstream: %w", err)
	}
	host = u.Host
	if err := c.allowed.permit(p, u); err != nil {
		return host, a, fmt.Errorf("upstream: %w", err)
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return host, a, fmt.Errorf("upstream: waiting for one of %d calls to end: %w", c.config.Concurrent, ctx.Err())
	}
	defer func() { <-c.slots }()
	for attempt := 0; ; attempt++ {
		a, after, again, err := c.attempt(ctx, t, u, e)
		if !again || attempt >= c.config.Retries {
			return host, a, err
		}
		if after <= 0 {
			after = c.backoff << min(attempt, 10)
		}
		if !pause(ctx, after) {
			return host, a, err
		}
	}
}

// pause waits, and reports false at once if the time is not there.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt sends the request once. again says that it may be repeated, after some time if
// the hook said so.
func (c *Caller) attempt(ctx context.Context, t Template, u *url.URL, e Event) (a Answer, after time.Duration, again bool, err error) {
	var connected atomic.Bool
	r, err := c.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), t, u, e)
	if err != nil {
		return a, 0, false, fmt.Errorf("upstream %s: %w", u.Host, err)
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		unsent := isDial(err) || c.guarded && !connected.Load()
		again = unsent && ctx.Err() == nil && !errors.Is(err, errRefused)
		return a, 0, again, fmt.Errorf("upstream %s: %w", u.Host, err)
	}
	defer func() { _ = response.Body.Close() }()
	a.Status = response.StatusCode
	if a.Status < 200 || a.Status > 299 {
		after, again = repeat(e, response)
		// A little of it is read, so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, response.Body, 16<<10)
		return a, after, again, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, c.config.MaxAnswer+1))
	switch {
	case err != nil:
		return a, 0, false, fmt.Errorf("upstream %s: reading the answer: %w", u.Host, err)
	case int64(len(body)) > c.config.MaxAnswer:
		a.TooLarge = true
	case len(body) > 0:
		a.Body = body
	}
	return a, 0, false, nil
}

// repeat reports whether the event may be sent again after this answer, and when.
func repeat(e Event, r *http.Response) (after time.Duration, again bool) {
	after, said := retryAfter(r.Header.Get("Retry-After"), time.Now())
	switch r.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return after, said || e.Category != Messages
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return after, e.Category != Messages
	}
	return 0, false
}

// retryAfter reads seconds or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(n) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// isDial reports whether there was no connection to send anything over.
func isDial(err error) bool {
	var o *net.OpError
	return errors.As(err, &o) && o.Op == "dial"
}

// Problem is the text of the completion that a call of a method ends with, "" if it went
// well. It tells the client no more of the upstream than the service does.
func Problem(a Answer, err error) string {
	switch {
	case err != nil:
		return "Invocation failed, error: " + Cause(err)
	case a.TooLarge:
		return "Invocation failed, response too large."
	case a.Called && a.Status != http.StatusOK && a.Status != http.StatusNoContent:
		return "Invocation failed, status code " + strconv.Itoa(a.Status)
	}
	return ""
}

// Cause says why a call failed, and not where it went: the address of an upstream may
// have a key in it.
func Cause(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "The upstream did not answer in time."
	case errors.Is(err, errRefused), errors.Is(err, errName):
		return "The upstream may not be called."
	}
	return "The upstream cannot be reached."
}
