package partner

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// partial is the answer of a receiver that rejected some records.
func partial(rejected int, why string) *reply {
	return &reply{
		200,
		map[string]string{"Content-Type": "application/json"},
		fmt.Sprintf(`{"partialSuccess":{"rejectedLogRecords":"%d","errorMessage":%q}}`, rejected, why),
	}
}

// Nobody knows which records were rejected: all of the request are put aside,
// none is sent again, and the numbers are told.
func TestOTLPPartialSuccess(t *testing.T) {
	p := newOTLPPlace(t, false)
	var told []string
	d := p.open(t, func(c *OTLPConfig) {
		c.Connection.MaxRecords = 10
		c.OnRejected = func(rejected int64, of int, why string) {
			told = append(told, fmt.Sprint(rejected, " of ", of, ": ", why))
		}
	})
	n := 0
	p.set(func(*http.Request, int) *reply {
		if n++; n == 2 {
			return partial(3, "too old")
		}
		return nil
	})
	dead := deliverLike(t, d, items(30))
	if len(dead) != 10 {
		t.Errorf("%d dead letters", len(dead))
	}
	for i := 10; i < 20; i++ {
		if got := dead[fmt.Sprint("id-", i)]; !strings.Contains(got, "3 of 10") || !strings.Contains(got, "too old") {
			t.Errorf("record %d: %q", i, got)
		}
	}
	if got := fmt.Sprint(told); got != "[3 of 10: too old]" {
		t.Errorf("told %s", got)
	}
	if got := len(p.Held(t)); got != 20 {
		t.Errorf("%d records held", got)
	}
	// Less is at stake the next time, until the receiver takes all for a while.
	if got := sizesOf(p.server); got != "[10 10 1 2 3 4]" {
		t.Errorf("requests of %s", got)
	}
	deliverAll(t, d, items(130)[30:])
	if got := sizesOf(p.server); got != "[10 10 1 2 3 4 5 6 7 8 9 10 10 10 10 10 10 5]" {
		t.Errorf("requests of %s", got)
	}
}

// A receiver that rejects all, one that rejects what comes alone, one that only
// remarks.
func TestOTLPRejections(t *testing.T) {
	p := newOTLPPlace(t, false)
	d := p.open(t, nil)
	p.set(func(_ *http.Request, n int) *reply { return partial(n, "") })
	if dead := deliverLike(t, d, items(5)); len(dead) != 5 || !strings.Contains(dead["id-4"], "rejected it") {
		t.Errorf("dead letters %v", dead)
	}
	p.set(func(*http.Request, int) *reply { return partial(1000, "more than there were") })
	if dead := deliverLike(t, d, items(6)[5:]); len(dead) != 1 {
		t.Errorf("dead letters %v", dead)
	}
	p.set(func(*http.Request, int) *reply { return partial(0, "deprecated") })
	deliverAll(t, d, items(9)[6:])
}

// A receiver that rejects one record again and again costs fewer and fewer of the
// others.
func TestOTLPRejectsOneOfMany(t *testing.T) {
	p := newOTLPPlace(t, false)
	d := p.open(t, nil)
	p.backend.held = nil
	p.server.backend = picky{p.backend, func(body string) *reply {
		if n := strings.Count(body, "poison"); n > 0 {
			return partial(n, "")
		}
		return nil
	}}
	batch := items(3000)
	for i := 0; i < len(batch); i += 300 {
		batch[i].Record.Line = []byte(`{"poison":1}`)
	}
	dead := 0
	for i := 0; i < len(batch); i += 1000 {
		dead += len(deliverLike(t, d, batch[i:i+1000]))
	}
	if dead < 10 || dead > 1500 {
		t.Errorf("%d records are dead letters for 10 that were rejected", dead)
	}
	if got := len(p.Held(t)); got+dead != 3000 {
		t.Errorf("%d held and %d dead", got, dead)
	}
}

// What a receiver says, in either encoding of google.rpc.Status or in none.
func TestOTLPReason(t *testing.T) {
	for body, want := range map[string]string{
		"\x08\x03\x12\x07invalid":          "invalid",
		"\x12\x03bad\x1a\x02\x0a\x00":      "bad",
		"\x08\x03":                         "no reason, 2 bytes",
		"\x12\xff":                         "no reason, 2 bytes",
		"\x1a\xff":                         "no reason, 2 bytes",
		"\xff\xff\xff\xff\xff\xff\xff\xff": "no reason, 8 bytes",
		"":                                 "no reason, 0 bytes",
	} {
		if got := reasonOf(&answer{body: []byte(body)}, true); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	for body, want := range map[string]string{`{"code":3,"message":"invalid"}`: "invalid", `<html>`: "<html>", `{"message":""}`: `{"message":""}`} {
		if got := reasonOf(&answer{body: []byte(body)}, false); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
