package partner

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"reslog/deliver"
)

// A request that is too large is halved until its parts are taken; a record that
// is too large alone is rejected, and nothing else.
func TestTooLarge(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, nil)
		srv.largest = 20_000
		batch := items(80)
		big := item(80, `{"big":"`+strings.Repeat("x", 30_000)+`"}`)
		batch = slices.Insert(batch, 37, big)
		batch[37].Position = batch[36].Position
		for i := range batch { // positions grow
			batch[i].Position.Seq, batch[i].Position.Index = uint64(i+1), 0
		}
		dead := deliverLike(t, d, batch)
		if len(dead) != 1 || !strings.Contains(dead["id-80"], "413") {
			t.Errorf("dead letters %v", dead)
		}
		got := held()
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != 80 {
			t.Errorf("%d records held", len(got))
		}
		if n := len(held()); n != 80 {
			t.Errorf("%d records sent in all", n)
		}
	})
}

// Limits of one's own are kept, by bytes and by number.
func TestLimits(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		byNumber, d, _ := a.open(t, func(c *Connection) { c.MaxRecords = 7 })
		deliverAll(t, d, items(20))
		if got := sizesOf(byNumber); got != "[7 7 6]" {
			t.Errorf("requests of %s", got)
		}
		srv, d, held := a.open(t, func(c *Connection) { c.MaxBytes = 2000 })
		srv.largest = 2000
		deliverAll(t, d, items(40))
		if got := held(); len(got) != 40 || !slices.IsSorted(got[:10]) {
			t.Errorf("held %v", got)
		}
		if n, _, _ := srv.count(); n < 2 || n > 20 {
			t.Errorf("%d requests", n)
		}
	})
}

// A record that makes the partner refuse the request is found and rejected; the
// others are stored, each once.
func TestRefusedRecords(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, nil)
		bad := map[string]bool{"id-5": true, "id-40": true}
		p := srv.backend
		srv.backend = picky{p, func(body string) *reply {
			if strings.Contains(body, `:5}`) || strings.Contains(body, `:40}`) || strings.Contains(body, "poison") {
				return &a.bad
			}
			return nil
		}}
		batch := items(64)
		for id := range bad {
			for i := range batch {
				if batch[i].Record.ID == id {
					batch[i].Record.Line = []byte(`{"poison":true}`)
				}
			}
		}
		dead := deliverLike(t, d, batch)
		for id := range bad {
			if !strings.Contains(dead[id], "invalid") {
				t.Errorf("%s: %q", id, dead[id])
			}
		}
		if len(dead) != 2 {
			t.Errorf("dead letters %v", dead)
		}
		if got := held(); len(got) != 62 {
			t.Errorf("%d records held", len(got))
		}
	})
}

// A partner that refuses everything is not asked about each record.
func TestRefusedAsSuch(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, nil)
		srv.set(func(*http.Request, int) *reply { return &a.bad })
		dead := deliverLike(t, d, items(1000))
		if len(dead) != 1000 || len(held()) != 0 {
			t.Errorf("%d dead letters", len(dead))
		}
		if n, _, _ := srv.count(); n > 50 {
			t.Errorf("%d requests", n)
		}
	})
}

// picky refuses some requests.
type picky struct {
	backend
	refuse func(body string) *reply
}

type refusedBatch struct{ reply }

func (p picky) take(t *testing.T, r *http.Request, body []byte) (any, int) {
	batch, n := p.backend.take(t, r, body)
	if out := p.refuse(string(body)); out != nil {
		return refusedBatch{*out}, n
	}
	return batch, n
}

func (p picky) store(batch any, partly bool) reply {
	if r, ok := batch.(refusedBatch); ok {
		return r.reply
	}
	return p.backend.store(batch, partly)
}

// A batch that failed in the middle is continued, not repeated; a new instance
// knows nothing of that.
func TestProgressIsRemembered(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, func(c *Connection) { c.MaxRecords = 10 })
		batch := items(45)
		n := 0
		srv.set(func(*http.Request, int) *reply {
			if n++; n == 3 || n == 5 {
				return &reply{status: 503}
			}
			return nil
		})
		deliverFails(t, d, batch, "503")
		if got := len(held()); got != 20 {
			t.Errorf("%d records held after the first call", got)
		}
		deliverFails(t, d, batch, "503")
		if got := len(held()); got != 30 {
			t.Errorf("%d records held after the second call", got)
		}
		deliverAll(t, d, batch)
		if got := held(); len(got) != 45 {
			t.Errorf("%d records held, each once", len(got))
		}
		if got := sizesOf(srv); got != "[10 10 10 10 10 10 5]" {
			t.Errorf("requests of %s", got)
		}
		deliverAll(t, d, items(50)[45:]) // nothing of the batch before is in the way
		if got := len(held()); got != 50 {
			t.Errorf("%d records held", got)
		}
	})
}

// What was rejected is rejected again while it cannot be put aside, and not sent
// again.
func TestRejectionIsRemembered(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, nil)
		srv.largest = 10_000
		batch := items(9)
		batch[4].Record.Line = []byte(`{"big":"` + strings.Repeat("x", 20_000) + `"}`)
		var requests []int
		for range 3 {
			_, err := d.Deliver(t.Context(), batch)
			if got := deliver.Rejected(err); len(got) != 1 || got[0] != batch[4].Position {
				t.Fatalf("rejected %v: %v", got, err)
			}
			n, _, _ := srv.count()
			requests = append(requests, n)
		}
		if requests[2] != requests[0] {
			t.Errorf("requests after each call: %v", requests)
		}
		deliverAll(t, d, slices.Delete(slices.Clone(batch), 4, 5))
		if got := held(); len(got) != 8 {
			t.Errorf("held %v", got)
		}
		if n, _, _ := srv.count(); n != requests[0] {
			t.Errorf("%d requests", n)
		}
	})
}

// A record that is refused does not hide that the partner then failed.
func TestRefusedThenFailed(t *testing.T) {
	eachAPI(t, func(t *testing.T, a api) {
		srv, d, held := a.open(t, func(c *Connection) { c.MaxRecords = 1 })
		answers := []*reply{&a.bad, {status: 503}}
		srv.set(func(*http.Request, int) *reply {
			if len(answers) == 0 {
				return nil
			}
			r := answers[0]
			answers = answers[1:]
			return r
		})
		deliverFails(t, d, items(3), "503")
		dead := deliverLike(t, d, items(3))
		if fmt.Sprint(len(dead), len(held())) != "1 2" || dead["id-0"] == "" {
			t.Errorf("dead letters %v, held %v", dead, held())
		}
	})
}
