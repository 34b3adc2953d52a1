package delivertest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// Harness is how the suite gets at one kind of destination.
type Harness struct {
	// New prepares an empty place that nothing was ever delivered to. It is
	// called once for each case; clean up with t.Cleanup.
	New func(t *testing.T) Place
	// Record makes the i-th record, with the given ID and end time. nil makes a
	// small JSON object that holds the ID. Destinations that decode Line set it.
	Record func(i int, id string, ended time.Time) record.Record
	// Weird are records with large and unusual content; each must arrive like
	// any other, under the ID it has. nil uses some of the suite's own.
	Weird []record.Record
	// Unordered says that the destination may keep records in another order
	// than they came. They must still all be there, once.
	Unordered bool
	// AtLeastOnce says that the destination cannot recognise what it already
	// holds: after an error or a crash a record may be there more than once, under
	// the ID it has. None may be missing, and order is not looked at.
	AtLeastOnce bool
	// Sparse runs only every few of the many points of failure, for
	// destinations that take long.
	Sparse bool
}

// Place is one place of delivery, which outlives the destinations opened on it.
type Place interface {
	// Open returns a new destination on the place, as a new process would,
	// whether or not the one before was closed.
	Open(t *testing.T) deliver.Destination
	// Held returns the IDs of all records that a reader of the place can see,
	// in the order they are kept.
	Held(t *testing.T) []string
	// Break makes the place fail the n-th of its next operations and all after
	// it (0: the next one), until called with a negative n. It reports false if
	// the place cannot fail on command: the suite then breaks nothing but the
	// process.
	Break(n int) bool
}

// failer is the part of testing.T that a case fails by, so that the suite
// itself can be tested.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

type testCase struct {
	name string
	run  func(t *testing.T, f failer, h Harness)
}

// Run runs the contract of deliver.Destination.
func Run(t *testing.T, h Harness) {
	if h.New == nil {
		t.Fatal("delivertest: Harness.New is not set")
	}
	h = h.withDefaults()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, t, h) })
	}
}

func (h Harness) withDefaults() Harness {
	if h.Record == nil {
		h.Record = plainRecord
	}
	if h.Weird == nil {
		h.Weird = weirdRecords()
	}
	return h
}

var source = resource.MustParse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default")

func plainRecord(i int, id string, ended time.Time) record.Record {
	return record.Record{
		Resource: source, Category: []record.Category{"StorageRead", "StorageWrite", "StorageDelete"}[i%3],
		Time: ended.Add(-time.Millisecond), Ended: ended, ID: id,
		Line: fmt.Appendf(nil, `{"time":%q,"id":%q}`, ended.Format(time.RFC3339Nano), id),
	}
}

func weirdRecords() []record.Record {
	var recs []record.Record
	for i, line := range []string{
		`{}`,
		`{"big":"` + strings.Repeat("ab\\n", 1<<18) + `"}`,
		`{"text":"\u0000\u2028 \"; <&> ` + "\u2029\u00a0😀" + `"}`,
		`{"deep":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`,
	} {
		r := plainRecord(i, fmt.Sprintf("weird-%d", i), time.Date(2026, 3, 1, 10, 0, i, 0, time.UTC))
		r.Line = []byte(line)
		recs = append(recs, r)
	}
	return recs
}
