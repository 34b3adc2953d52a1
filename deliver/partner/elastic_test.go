package partner

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/bus"
	"reslog/deliver"
	"reslog/record"
)

// The document is the line, byte for byte, behind the time.
func TestElasticSource(t *testing.T) {
	const stamp = `"@timestamp":"2026-03-04T12:00:00.604712400Z"`
	long := fmt.Sprintf(storageLine, 1, 2, 3, 4)
	for line, want := range map[string]string{
		`{"a":1}`:                               `{` + stamp + `,"a":1}`,
		`{}`:                                    `{` + stamp + `}`,
		" \n{ \"a\" :\r\n[1,\t2] }\n":           `{` + stamp + `, "a" :  [1,` + "\t" + `2] } `,
		long:                                    `{` + stamp + `,` + long[1:],
		`{"@timestamp":"2020-01-01T00:00:00Z"}`: `{"@timestamp":"2020-01-01T00:00:00Z"}`,
		`{"\u0040timestamp":"2020-01-01T00:00:00Z"}`: `{"\u0040timestamp":"2020-01-01T00:00:00Z"}`,
		"{\"a\":\"\xff\"}":                           `{` + stamp + `,"a":"` + "\ufffd" + `"}`,
		"two\nlines":                                 `{` + stamp + `,"message":"two\nlines"}`,
		`[1]`:                                        `{` + stamp + `,"message":"[1]"}`,
	} {
		it := item(0, line)
		var p elastic
		if got := string(p.appendSource(nil, &it)); got != want {
			t.Errorf("%q is\n%s, want\n%s", line, got, want)
		}
	}
	it := item(0, `{}`)
	it.Record.Time = time.Time{}
	var p elastic
	if got := string(p.appendSource(nil, &it)); got != `{"@timestamp":"2026-03-04T12:00:00.613712400Z"}` {
		t.Errorf("without a time: %s", got)
	}
	it.Record.Ended = time.Time{}
	if got := string(p.appendSource(nil, &it)); got != `{"@timestamp":"1970-01-01T00:00:00.000000000Z"}` {
		t.Errorf("without any time: %s", got)
	}
}

func TestElasticIndex(t *testing.T) {
	for _, c := range []struct {
		index    string
		category record.Category
		want     string
	}{
		{DefaultIndex, "StorageRead", "logs-azure.storageread-default"},
		{DefaultIndex, "All Metrics/é-x", "logs-azure.all_metrics___x-default"},
		{DefaultIndex, "", "logs-azure.platformlogs-default"},
		{DefaultIndex, record.Category(strings.Repeat("x", 500)), "logs-azure." + strings.Repeat("x", 100) + "-default"},
		{"azure", "StorageRead", "azure"},
		{"{category}-{category}", "A", "a-a"},
	} {
		p := elastic{index: c.index}
		if got := p.indexOf(c.category); got != c.want || checkIndex(got) != nil {
			t.Errorf("%q of %q is %q, want %q", c.index, c.category, got, c.want)
		}
	}
	for _, bad := range []string{"", ".", "..", "-a", "_a", "+a", "A", "a b", "a/b", "a*", "a,b", "a#", "a:b", `a"b`, "{kind}", strings.Repeat("a", 151), "a\n"} {
		if checkIndex(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Records that are put off one by one are sent again, those alone, and only so
// often.
func TestElasticPutsOff(t *testing.T) {
	p := newElasticPlace(t)
	d := p.Open(t)
	tries := map[string]int{}
	p.backend.item = func(d elasticDocument) (int, string, string) {
		if n := d.fields["n"].(float64); int(n)%3 == 0 {
			if tries[d.id]++; tries[d.id] <= int(n)/10 {
				return 429, "es_rejected_execution_exception", "queue is full"
			}
		}
		return 0, "", ""
	}
	deliverAll(t, d, items(31))
	if got := sizesOf(p.server); got != "[31 7 4 1]" {
		t.Errorf("requests of %s", got)
	}
	if got := len(p.Held(t)); got != 31 {
		t.Errorf("%d records held", got)
	}
	more := items(100)[90:] // 90, 93, 96 and 99 are put off nine times
	deliverFails(t, d, more, "429", "queue is full")
	deliverFails(t, d, more, "429")
	deliverAll(t, d, more)
	if got := sizesOf(p.server); got != "[31 7 4 1 10 4 4 4 4 4 4 4 4 4]" {
		t.Errorf("requests of %s", got)
	}
}

// Records that can never be indexed are rejected, by the kind of error; the
// others of the request are stored.
func TestElasticMappingErrors(t *testing.T) {
	p := newElasticPlace(t)
	d := p.Open(t)
	p.backend.item = func(d elasticDocument) (int, string, string) {
		switch int(d.fields["n"].(float64)) % 10 {
		case 1:
			return 400, "document_parsing_exception", fmt.Sprintf("[1:23] failed to parse field [n] of type [date] in document with id '%s'", d.id)
		case 2:
			return 400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded" + strings.Repeat("!", 5000)
		}
		return 0, "", ""
	}
	batch := items(50)
	_, err := d.Deliver(t.Context(), batch)
	if got := deliver.Rejected(err); len(got) != 5 || !strings.Contains(err.Error(), "failed to parse field [n]") {
		t.Fatalf("rejected %v: %v", got, err)
	}
	dead := deliverLike(t, d, batch)
	if len(dead) != 10 {
		t.Errorf("dead letters %v", dead)
	}
	if got := dead["id-12"]; !strings.Contains(got, "Limit of total fields") || len(got) > 500 {
		t.Errorf("the reason has %d bytes: %s", len(got), got)
	}
	if got := len(p.Held(t)); got != 40 {
		t.Errorf("%d records held", got)
	}
	if got := sizesOf(p.server); got != "[50]" {
		t.Errorf("requests of %s", got)
	}
}

// What is wrong with the set-up is said, waited for, and costs no record.
func TestElasticMisconfigured(t *testing.T) {
	p := newElasticPlace(t)
	d := p.Open(t)
	for status, want := range map[int]string{403: "create_doc", 404: "no such index"} {
		p.backend.item = func(d elasticDocument) (int, string, string) {
			if d.fields["n"].(float64) > 3 {
				return status, "some_exception", "action [indices:admin/auto_create] is unauthorized"
			}
			return 0, "", ""
		}
		before, _, _ := p.count()
		deliverFails(t, d, items(8), fmt.Sprint(status), want, "some_exception")
		if n, _, _ := p.count(); n != before+1 {
			t.Errorf("%d: %d requests", status, n-before)
		}
	}
	p.backend.item = nil
	deliverAll(t, d, items(8))
	if got := p.Held(t); len(got) != 8 {
		t.Errorf("held %v", got)
	}
}

// Answers that are longer than may be read make the requests smaller.
func TestElasticLongAnswers(t *testing.T) {
	p := newElasticPlace(t)
	d := p.Open(t)
	p.backend.item = func(elasticDocument) (int, string, string) {
		return 400, "document_parsing_exception", strings.Repeat("x", 10_000)
	}
	if dead := deliverLike(t, d, items(300)); len(dead) != 300 {
		t.Errorf("%d dead letters", len(dead))
	}
	if n, _, _ := p.count(); n > 10 {
		t.Errorf("%d requests", n)
	}
	// One that has no end is no answer, even to one record.
	p.set(func(*http.Request, int) *reply {
		return &reply{200, map[string]string{"Content-Type": "application/json"}, strings.Repeat(" ", 2<<20)}
	})
	deliverFails(t, d, items(400)[300:], "Elasticsearch")
}

// The _id is the position, so what comes again is there once, whoever sends it.
func TestElasticStoresOnce(t *testing.T) {
	p := newElasticPlace(t)
	batch := items(20)
	deliverAll(t, p.Open(t), batch[:15])
	deliverAll(t, p.Open(t), batch)
	var want []string
	for _, it := range batch {
		want = append(want, it.Position.String())
	}
	var got []string
	for _, d := range p.all() {
		got = append(got, d.id)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("_id (-want +got):\n%s", d)
	}
	// Another stream's positions are others.
	again := slices.Clone(batch[:1])
	again[0].Position = bus.Position{Epoch: 8, Seq: 1}
	deliverAll(t, p.Open(t), again)
	if got := len(p.all()); got != 21 {
		t.Errorf("%d documents", got)
	}
}
