package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/deliver/delivertest"
	"reslog/record"
	"reslog/resource"
)

var blobs = resource.MustParse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")

// place is a workspace as the contract of destinations sees it.
type place struct {
	*fakeStore
	dedicated bool
}

func (p *place) Open(t *testing.T) deliver.Destination {
	d, err := New(Config{Store: p.fakeStore, Source: "setting", Dedicated: p.dedicated, Columns: p.Columns})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (p *place) Held(t *testing.T) []string {
	var ids []string
	for _, row := range p.held() {
		id, ok := row["CorrelationId"].(string)
		if !ok {
			t.Errorf("a row without id: %v", row)
		}
		ids = append(ids, id)
	}
	return ids
}

func (p *place) Break(n int) bool {
	p.fail(n)
	return true
}

func newRecord(i int, id string, ended time.Time) record.Record {
	return record.Record{
		Resource: blobs, Category: []record.Category{"StorageRead", "StorageWrite", "StorageDelete"}[i%3],
		Time: ended.Add(-time.Millisecond), Ended: ended, ID: id,
		Line: fmt.Appendf(nil, `{"time":%q,"correlationId":%q,"properties":{"n":%d}}`, ended.Format(time.RFC3339Nano), id, i),
	}
}

func TestContract(t *testing.T) {
	for _, dedicated := range []bool{true, false} {
		t.Run(fmt.Sprintf("dedicated=%v", dedicated), func(t *testing.T) {
			h := delivertest.Harness{
				Record: newRecord,
				New:    func(*testing.T) delivertest.Place { return &place{newFake(), dedicated} },
			}
			for i, member := range []string{
				`"a":1`, `"text":"\u0000\u2028 \"; <&> ` + "\u2029\u00a0😀" + `"`,
				`"big":"` + strings.Repeat("ab\\n", 1<<18) + `"`,
				`"deep":` + strings.Repeat("[", 500) + strings.Repeat("]", 500),
				`"deeper":` + strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500),
				`"properties":"` + "\xff" + `"`,
			} {
				r := newRecord(i, fmt.Sprintf("weird-%d", i), time.Date(2026, 3, 1, 10, 0, i, 0, time.UTC))
				r.Line = []byte(`{"correlationId":"` + r.ID + `",` + member + `}`)
				h.Weird = append(h.Weird, r)
			}
			delivertest.Run(t, h)
		})
	}
}
