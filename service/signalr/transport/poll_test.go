package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"reslog/service/signalr/transport"
)

type polled struct {
	status int
	body   string
}

// pollLater polls in a goroutine.
func (n *node) pollLater(path string) <-chan polled {
	out := make(chan polled, 1)
	go func() {
		res, body := n.do("GET", path, "")
		out <- polled{res.StatusCode, body}
	}()
	return out
}

func TestLongPolling(t *testing.T) {
	n := start(t, transport.Config{})
	path, e := n.polling()
	if e.Kind() != transport.LongPolling {
		t.Errorf("kind %s", e.Kind())
	}
	e.Send([]byte("one"))
	e.Send([]byte("two"))
	res, body := n.do("GET", path+"&_=123", "")
	if body != "onetwo" || res.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("polled %s %q %v", res.Status, body, res.Header)
	}
	for k, want := range map[string]string{
		"Cache-Control": "no-cache, no-store",
		"Pragma":        "no-cache",
		"Expires":       "Thu, 01 Jan 1970 00:00:00 GMT",
	} {
		if got := res.Header.Get(k); got != want {
			t.Errorf("%s: %q", k, got)
		}
	}
	later := n.pollLater(path)
	if res, _ := n.do("POST", path, "hello"); res.StatusCode != http.StatusOK {
		t.Errorf("POST: %s", res.Status)
	}
	if got := await(t, "a message", e.got); got != "hello" {
		t.Errorf("received %q", got)
	}
	e.Send([]byte("three"))
	if got := await(t, "the poll", later); got != (polled{200, "three"}) {
		t.Errorf("polled %v", got)
	}
	// What was sent before the end is taken first; then the client is told.
	e.Send([]byte("bye"))
	e.Close()
	if got := <-n.pollLater(path); got != (polled{200, "bye"}) {
		t.Errorf("polled %v", got)
	}
	wantEnd(t, e, transport.ByUs)
	if got := <-n.pollLater(path); got != (polled{204, ""}) {
		t.Errorf("polled %v", got)
	}
	if got := <-n.pollLater(path); got.status != 404 {
		t.Errorf("polled %v", got)
	}
}

func TestPostsAreReceivedOneAtATime(t *testing.T) {
	n := start(t, transport.Config{})
	var inside, most int
	var mu sync.Mutex
	n.setup = func(e *end) {
		e.receive = func(string) error {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			inside--
			mu.Unlock()
			return nil
		}
	}
	path, e := n.polling()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { n.do("POST", path, "x") })
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d at a time", most)
	}
	for i := range 20 {
		n.do("POST", path, fmt.Sprint(i))
	}
	for range 20 {
		<-e.got
	}
	for i := range 20 {
		if got := <-e.got; got != fmt.Sprint(i) {
			t.Errorf("received %s as %d", got, i)
		}
	}
}

func TestPollsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{})
		defer stop()
		path, e := n.polling()

		began := time.Now()
		if got := <-n.pollLater(path); got != (polled{200, ""}) || time.Since(began) != 90*time.Second {
			t.Errorf("an idle poll: %v after %s", got, time.Since(began))
		}

		// Another poll takes the place of one that waits.
		first := n.pollLater(path)
		synctest.Wait()
		second := n.pollLater(path)
		if got := <-first; got != (polled{204, ""}) {
			t.Errorf("the first: %v", got)
		}
		time.Sleep(time.Minute)
		e.Send([]byte("x"))
		if got := <-second; got != (polled{200, "x"}) {
			t.Errorf("the second: %v", got)
		}

		// DELETE ends the one that waits.
		held := n.pollLater(path)
		synctest.Wait()
		if res, _ := n.do("DELETE", path, ""); res.StatusCode != http.StatusAccepted || res.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("DELETE: %s", res.Status)
		}
		if got := <-held; got != (polled{204, ""}) {
			t.Errorf("after DELETE: %v", got)
		}
		wantEnd(t, e, transport.ByClient)

		// Close as well.
		path, e = n.polling()
		held = n.pollLater(path)
		synctest.Wait()
		e.Close()
		if got := <-held; got != (polled{204, ""}) {
			t.Errorf("after Close: %v", got)
		}
		wantEnd(t, e, transport.ByUs)
	})
}

func TestAClientThatDoesNotPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gap := time.Duration(0)
		n, stop := startPiped(t, transport.Config{Accept: func(*http.Request) (transport.Grant, *transport.Refusal) {
			return transport.Grant{PollTimeout: gap}, nil
		}})
		defer stop()
		path, e := n.polling()
		time.Sleep(4 * time.Second)
		later := n.pollLater(path)
		time.Sleep(time.Minute)
		e.Send([]byte("x"))
		<-later
		began := time.Now()
		wantEnd(t, e, transport.ByLoss)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("ended after %s", took)
		}

		gap = 300 * time.Second
		_, e = n.polling()
		began = time.Now()
		wantEnd(t, e, transport.ByLoss)
		if took := time.Since(began); took != gap {
			t.Errorf("with a gap of its own: after %s", took)
		}

		// What nobody fetches does not hold up the end.
		_, e = n.polling()
		began = time.Now()
		e.Send([]byte("x"))
		e.Close()
		wantEnd(t, e, transport.ByUs)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("closed after %s", took)
		}
	})
}

// A poll that the client gave up loses nothing.
func TestAPollThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, stop := startPiped(t, transport.Config{})
		defer stop()
		path, e := n.polling()
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
		given := make(chan error, 1)
		go func() {
			_, err := n.client.Do(r)
			given <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-given; err == nil {
			t.Error("the poll was answered")
		}
		synctest.Wait()
		e.Send([]byte("x"))
		if got := <-n.pollLater(path); got != (polled{200, "x"}) {
			t.Errorf("the next: %v", got)
		}
	})
}

func TestTooMuchBetweenPolls(t *testing.T) {
	n := start(t, transport.Config{MaxUnsent: 100})
	path, e := n.polling()
	if !e.Send(make([]byte, 60)) || e.Send(make([]byte, 60)) {
		t.Error("the bound is not kept")
	}
	wantEnd(t, e, transport.BySlow)
	deadline := time.Now().Add(patience)
	for {
		got := <-n.pollLater(path)
		if got.status == 404 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("polled %v", got)
		}
	}
}
