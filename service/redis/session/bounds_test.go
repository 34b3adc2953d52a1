package session

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func TestSizeOfAnIdleSession(t *testing.T) {
	if n := unsafe.Sizeof(Session{}); n > 288 {
		t.Errorf("a session is %d bytes, want at most 288", n)
	}
	w := watchNew(&Counts{})
	w.feed([]step{c("HELLO 3 AUTH alice p", "SET a b"), r(hello3(), ok), c("GET a"), r(null)}, whole)
	if w.q != nil || w.tx != nil || w.rare != nil || w.in.creds != nil {
		t.Error("a session without anything under way holds more than itself")
	}
}

func TestFloodOfEqualFailures(t *testing.T) {
	counts := &Counts{}
	w := watchNew(counts)
	for range 3 {
		for range 50 {
			w.feed([]step{c("AUTH alice x"), r(wrong)}, whole)
		}
		w.clock = w.clock.Add(time.Second)
	}
	if len(w.events) != 3*maxSame || counts.Untold.Load() != 3*(50-maxSame) {
		t.Errorf("%d told, %d not, want %d and %d", len(w.events), counts.Untold.Load(), 3*maxSame, 3*(50-maxSame))
	}
}

func TestFloodOfDifferentFailures(t *testing.T) {
	counts := &Counts{}
	w := watchNew(counts)
	for i := range 300 {
		w.feed([]step{c(fmt.Sprintf("AUTH user%d x", i)), r(wrong)}, whole)
	}
	if len(w.events) != maxTold || counts.Untold.Load() != 300-maxTold {
		t.Errorf("%d told, %d not, want %d and %d", len(w.events), counts.Untold.Load(), maxTold, 300-maxTold)
	}
}

func TestSuccessThatWasNotToldIsToldLater(t *testing.T) {
	w := watchNew(&Counts{})
	for range maxSame + 1 {
		w.feed([]step{c("AUTH alice p", "RESET"), r(ok, resetOK)}, whole)
	}
	w.feed([]step{c("AUTH alice p"), r(ok)}, whole)
	if len(w.events) != maxSame || w.User() != "alice" {
		t.Fatalf("%d told, user %q, want %d and alice", len(w.events), w.User(), maxSame)
	}
	w.clock = w.clock.Add(time.Second)
	w.feed([]step{c("AUTH alice p", "AUTH alice p"), r(ok, ok)}, whole)
	if len(w.events) != maxSame+1 {
		t.Errorf("%d told, want one more than %d", len(w.events), maxSame)
	}
}

// Logins of one user that wait take no more room than one; so do plain commands.
func TestManyEqualLoginsWait(t *testing.T) {
	w := watchNew(&Counts{})
	w.feed([]step{c("AUTH bob p"), r(ok)}, whole)
	for range 20000 {
		w.feed([]step{c("AUTH alice p")}, whole)
	}
	w.feed([]step{c("GET a"), c("AUTH carl p")}, whole)
	if n := len(w.q.items); n != 2 {
		t.Errorf("%d items wait, want 2", n)
	}
	for range 20000 {
		w.feed([]step{r(ok)}, whole)
	}
	w.feed([]step{r(null, ok)}, whole)
	if want := []string{"8 bob", "8 alice", "8 carl"}; !slices.Equal(w.events, want) {
		t.Errorf("told %q, want %q", w.events, want)
	}
}

// What an attacker sends without reading replies takes a bounded room, and the
// session follows again once the replies are there.
func TestFloodOfDifferentLogins(t *testing.T) {
	const n = 5000
	w := watchNew(&Counts{})
	for i := range n {
		w.feed([]step{c(fmt.Sprintf("AUTH user%d %s", i, strings.Repeat("p", 1+i%50)), "RESET", "MULTI")}, whole)
	}
	if items, names := cap(w.q.items), cap(w.q.names); items > 4*maxItems || names > 4*maxNames {
		t.Errorf("room for %d items and %d bytes of names", items, names)
	}
	for i := range n {
		w.feed([]step{r(wrong, resetOK, noAuth)}, whole)
		if i%50 == 0 {
			w.clock = w.clock.Add(time.Second)
		}
	}
	if w.Blind() || w.q != nil || w.lead != 0 {
		t.Errorf("blind %v, waits %v, %d", w.Blind(), w.q, w.lead)
	}
	if len(w.events) < 1000 || w.events[0] != "0 user0" || w.events[len(w.events)-1] != "0 " {
		t.Errorf("%d told, from %q to %q", len(w.events), w.events[0], w.events[len(w.events)-1])
	}
	w.feed([]step{c("AUTH alice p"), r(ok)}, whole)
	if w.User() != "alice" {
		t.Errorf("user %q, want alice", w.User())
	}
}

// A success in a lump that may begin a transaction changes what replies mean.
func TestHazardInALump(t *testing.T) {
	w := watchNew(&Counts{})
	for i := range 300 {
		w.feed([]step{c(fmt.Sprintf("AUTH user%d p", i), "GET a", "MULTI")}, whole)
	}
	for range 299 {
		w.feed([]step{r(wrong, noAuth, noAuth)}, whole)
	}
	if w.Blind() {
		t.Error("blind, though nothing succeeded")
	}
	if w.feed([]step{r(ok)}, whole); !w.Blind() {
		t.Error("not blind")
	}
}

// A success in a lump is not seen, but the next one is.
func TestSuccessInALump(t *testing.T) {
	w := watchNew(&Counts{})
	for i := range 600 {
		w.feed([]step{c(fmt.Sprintf("AUTH user%d p", i), "QUIT")}, whole)
	}
	for range 600 {
		w.feed([]step{r(ok, ok)}, whole)
	}
	told := len(w.events)
	if w.Blind() || w.User() != "" || w.who != unknown {
		t.Fatalf("blind %v, user %q", w.Blind(), w.User())
	}
	w.clock = w.clock.Add(time.Second)
	w.feed([]step{c("GET a", "AUTH alice p"), r(null, ok)}, whole)
	if got := w.events[told:]; !slices.Equal(got, []string{"8 alice"}) {
		t.Errorf("told %q then, want alice", got)
	}
}

func TestLongNamesThatWait(t *testing.T) {
	w := watchNew(&Counts{})
	for i := range 100 {
		w.feed([]step{raw(array("AUTH", fmt.Sprint(i, strings.Repeat("x", 300)), "p"))}, whole)
	}
	for range 100 {
		w.feed([]step{r(ok)}, whole)
	}
	if n := len(w.events); n < maxNames/256 || w.User() != "" || w.Blind() {
		t.Errorf("%d told, user %q, blind %v", n, w.User(), w.Blind())
	}
}

// Counts and never a password: nothing of it is anywhere in the session.
func TestNoPasswordIsHeld(t *testing.T) {
	const secret = "Pa55wordPa55word"
	for _, req := range []string{
		array("AUTH", secret), array("AUTH", "alice", secret), array("HELLO", "3", "AUTH", "alice", secret),
		"AUTH " + secret + "\n", "AUTH alice " + secret + "\n", "HELLO 3 AUTH alice \"" + secret + "\"\n",
		"AUTH \"" + secret + "\"x\n", array("AUTH", "a", secret, secret), "AUTH alice " + secret + " x\n",
		array("ECHO", secret), secret + "\n",
	} {
		w := watchNew(&Counts{})
		w.Request([]byte(req))
		if held := fmt.Sprintf("%s %+v %+v", w.in.tok, w.q, w.in.creds); strings.Contains(held, secret) || w.q != nil && bytes.Contains(w.q.names[:cap(w.q.names)], []byte(secret)) {
			t.Errorf("%q: held in %s", req, held)
		}
		if strings.Contains(string(w.in.tok[:]), secret[:8]) && w.in.arg > 0 {
			t.Errorf("%q: in the token", req)
		}
	}
}

func TestCounts(t *testing.T) {
	counts := &Counts{}
	w := watchNew(counts)
	steps := []step{
		c("SET a b", "get a", "MGET a b", "INCR n", "hset h f v", "MULTI", "GET a", "EXEC"),
		r(ok, "$1\r\nb\r\n", "*2\r\n$-1\r\n$-1\r\n", "-ERR value is not an integer\r\n", ":1\r\n", ok, queued, "*1\r\n-WRONGTYPE x\r\n"),
		raw("PING\r\n"), r("+PONG\r\n"),
	}
	w.feed(steps, bytesOf)
	requests := int64(len(steps[0].b) + len(steps[2].b))
	answers := int64(len(steps[1].b) + len(steps[3].b))
	got := []int64{counts.Commands.Load(), counts.Gets.Load(), counts.Sets.Load(), counts.Errors.Load(), counts.RequestBytes.Load(), counts.ReplyBytes.Load()}
	if want := []int64{9, 3, 2, 2, requests, answers}; !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestUnknownIsCounted(t *testing.T) {
	counts := &Counts{}
	w := watchNew(counts)
	w.feed([]step{c("AUTH bob p", "CLIENT REPLY OFF", "AUTH alice p", "AUTH alice q", "CLIENT REPLY ON"), r(ok, ok)}, whole)
	if counts.Unknown.Load() != 2 || w.User() != "" {
		t.Errorf("%d unknown, user %q, want 2 and nobody", counts.Unknown.Load(), w.User())
	}
}

func TestBlindCountsOn(t *testing.T) {
	counts := &Counts{}
	w := watchNew(counts)
	w.feed([]step{r(ok), c("AUTH bob p", "GET a"), r(ok, null), c("SET a b")}, whole)
	if counts.Commands.Load() != 3 || counts.Blinded.Load() != 1 || w.events != nil || w.q != nil {
		t.Errorf("%d commands, %d blinded, told %q", counts.Commands.Load(), counts.Blinded.Load(), w.events)
	}
}

func TestNewNeedsItsConfig(t *testing.T) {
	for _, cfg := range []Config{{}, {Counts: &Counts{}}, {Login: func(Login) {}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%+v) does not panic", cfg)
				}
			}()
			New(cfg)
		}()
	}
}
