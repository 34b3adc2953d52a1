package odata

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"reslog/service/storage/tablestore"
)

// show writes ranges as "a/b..c/d", with nothing for no bound and ~ for a zero byte.
func show(list []tablestore.Range) string {
	if list == nil {
		return "all"
	}
	key := func(k *tablestore.Key) string {
		if k == nil {
			return ""
		}
		return strings.ReplaceAll(k.Partition+"/"+k.Row, "\x00", "~")
	}
	parts := make([]string, len(list))
	for i, r := range list {
		parts[i] = key(r.From) + ".." + key(r.To)
	}
	return strings.Join(parts, " ")
}

func TestRanges(t *testing.T) {
	for expression, want := range map[string]string{
		"PartitionKey eq 'a' and RowKey eq 'b'":                                             "a/b..a/b",
		"RowKey eq 'b' and Size gt 5 and PartitionKey eq 'a'":                               "a/b..a/b",
		"PartitionKey eq 'a'":                                                               "a/..a~/",
		"PartitionKey eq 'a' and RowKey ge 'b' and RowKey lt 'c'":                           "a/b..a/c",
		"PartitionKey eq 'a' and RowKey gt 'b' and RowKey le 'c'":                           "a/b~..a/c",
		"PartitionKey eq 'a' and RowKey ge 'b'":                                             "a/b..a~/",
		"PartitionKey eq 'a' and RowKey ne 'b'":                                             "a/..a/b a/b~..a~/",
		"PartitionKey eq 'a' and (RowKey eq 'c' or RowKey eq 'b')":                          "a/b..a/b a/c..a/c",
		"(PartitionKey eq 'b' or PartitionKey eq 'a') and (RowKey eq '1' or RowKey eq '2')": "a/1..a/1 a/2..a/2 b/1..b/1 b/2..b/2",
		"PartitionKey eq 'b' and RowKey eq '1' or PartitionKey eq 'a' and RowKey eq '2'":    "a/2..a/2 b/1..b/1",
		"PartitionKey gt 'a'":                                                               "a~/..",
		"PartitionKey ge 'a'":                                                               "a/..",
		"PartitionKey lt 'b'":                                                               "..b/",
		"PartitionKey le 'b'":                                                               "..b~/",
		"PartitionKey ge 'a' and PartitionKey le 'a'":                                       "a/..a~/",
		"PartitionKey ge 'a' and PartitionKey lt 'b' and RowKey eq 'x'":                     "a/x..b/",
		"PartitionKey gt 'a' and PartitionKey le 'b' and RowKey ge 'x' and RowKey le 'y'":   "a~/x..b/y",
		"PartitionKey ne 'a'":                                                               "..a/ a~/..",
		"not (PartitionKey ne 'a')":                                                         "a/..a~/",
		"not (PartitionKey lt 'a' or PartitionKey gt 'b')":                                  "a/..b~/",
		"RowKey eq 'x'":                                                     "/x..",
		"RowKey eq 'x' or PartitionKey eq 'a'":                              "/x..a~/ a~/x..",
		"Size gt 5":                                                         "all",
		"PartitionKey eq 'a' or Size gt 5":                                  "all",
		"not (PartitionKey eq 'a' and Size gt 5)":                           "all",
		"not (PartitionKey eq 'a' or Size gt 5)":                            "..a/ a~/..",
		"PartitionKey ge ''":                                                "all",
		"PartitionKey lt 'a' or PartitionKey ge 'a'":                        "all",
		"PartitionKey lt ''":                                                "",
		"PartitionKey eq 'a' and PartitionKey eq 'b'":                       "",
		"PartitionKey gt 'b' and PartitionKey lt 'a'":                       "",
		"PartitionKey eq 'a' and RowKey gt 'b' and RowKey lt 'b'":           "",
		"not (Size gt 5 or true)":                                           "",
		"PartitionKey gt 'a' and PartitionKey lt 'a\x00' and RowKey eq 'x'": "",
		"PartitionKey eq 'a' and RowKey eq '' or PartitionKey lt 'a'":       "..a/",
		"PartitionKey eq '\U0001F600' or PartitionKey eq '\uFFFD'":          "\U0001F600/..\U0001F600~/ \uFFFD/..\uFFFD~/",
	} {
		f, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := show(f.Ranges); got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}

// TestManyRanges: a product of conditions does not make more ranges than there may
// be, and none is lost.
func TestManyRanges(t *testing.T) {
	var partitions, rows []string
	for i := range MaxComparisons / 2 {
		partitions = append(partitions, fmt.Sprintf("PartitionKey eq 'p%03d'", i))
		rows = append(rows, fmt.Sprintf("RowKey eq 'r%03d'", i))
	}
	f, err := Compile("(" + strings.Join(partitions, " or ") + ") and (" + strings.Join(rows, " or ") + ")")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Ranges); n != len(partitions) {
		t.Errorf("%d ranges", n)
	}
	inOrder(t, f.Ranges)
	for _, k := range []tablestore.Key{{Partition: "p000", Row: "r000"}, {Partition: "p249", Row: "r249"}, {Partition: "p100", Row: "r007"}} {
		if e := (&tablestore.Entity{Key: k}); !within(f.Ranges, k) || !f.Match(e) {
			t.Errorf("%v is not found", k)
		}
	}
	f, err = Compile(strings.ReplaceAll(strings.Join(append(partitions, rows...), " and "), " eq ", " ne "))
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, f.Ranges)
	if n := len(f.Ranges); n > maxRanges {
		t.Errorf("%d ranges", n)
	}
}

// utf16Compare is the order of the service by its definition.
func utf16Compare(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

func keyCompare(a, b tablestore.Key) int {
	if c := utf16Compare(a.Partition, b.Partition); c != 0 {
		return c
	}
	return utf16Compare(a.Row, b.Row)
}

func within(list []tablestore.Range, k tablestore.Key) bool {
	return list == nil || slices.ContainsFunc(list, func(r tablestore.Range) bool {
		return (r.From == nil || keyCompare(*r.From, k) <= 0) && (r.To == nil || keyCompare(k, *r.To) <= 0)
	})
}

// inOrder checks that ranges are in order and disjoint.
func inOrder(t *testing.T, list []tablestore.Range) {
	t.Helper()
	for i, r := range list {
		if r.From != nil && r.To != nil && keyCompare(*r.From, *r.To) > 0 || i > 0 && (r.From == nil || list[i-1].To == nil || keyCompare(*list[i-1].To, *r.From) >= 0) {
			t.Errorf("ranges out of order: %s", show(list))
			return
		}
	}
}

func TestCompareText(t *testing.T) {
	texts := []string{"", "\x00", "a", "a\x00", "aa", "z", "é", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uefff", "\uf000", "\ufffd", "\U00010000", "\U0001F600", "\U000FFFFF", "\U0010FFFF"}
	for _, a := range texts {
		for _, b := range texts {
			for _, tail := range []string{"", "x", "\U00010000"} {
				if got, want := compareText("p"+a+tail, "p"+b), utf16Compare("p"+a+tail, "p"+b); got != want {
					t.Errorf("%q and %q: %d, want %d", a+tail, b, got, want)
				}
			}
		}
	}
}

// tree is an expression as the naive interpreter below sees it.
type tree struct {
	word        string // and, or, not, or a comparison
	left, right *tree
	name        string
	constant    tablestore.Property
	turned      bool
}

func (e *tree) String() string {
	switch e.word {
	case "and", "or":
		return "(" + e.left.String() + " " + e.word + " " + e.right.String() + ")"
	case "not":
		return "not (" + e.left.String() + ")"
	}
	if e.turned {
		return written(e.constant) + " " + e.word + " " + e.name
	}
	return e.name + " " + e.word + " " + written(e.constant)
}

// written is a constant as an expression has it.
func written(p tablestore.Property) string {
	switch p.Type {
	case tablestore.String:
		return "'" + strings.ReplaceAll(p.Text, "'", "''") + "'"
	case tablestore.Binary:
		return fmt.Sprintf("X'%x'", p.Text)
	case tablestore.GUID:
		return "guid'" + p.Text + "'"
	case tablestore.Boolean:
		return fmt.Sprint(p.Number == 1)
	case tablestore.DateTime:
		return "datetime'" + fromTicks(p.Number).Format("2006-01-02T15:04:05.0000000Z") + "'"
	case tablestore.Int64:
		return fmt.Sprintf("%dL", p.Number)
	case tablestore.Int32:
		return fmt.Sprint(p.Number)
	}
	switch f := math.Float64frombits(uint64(p.Number)); {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	case math.IsNaN(f):
		return "NaN"
	default:
		return fmt.Sprintf("%gD", f)
	}
}

func fromTicks(n int64) time.Time {
	return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Add(0).AddDate(0, 0, int(n/864e9)).Add(time.Duration(n % 864e9 * 100))
}

// eval is the naive interpreter: it looks up, compares and knows nothing of keys.
func (e *tree) eval(x *tablestore.Entity) bool {
	switch e.word {
	case "and":
		return e.left.eval(x) && e.right.eval(x)
	case "or":
		return e.left.eval(x) || e.right.eval(x)
	case "not":
		return !e.left.eval(x)
	}
	p, ok := lookup(x, e.name)
	if !ok {
		return false
	}
	word := e.word
	if e.turned {
		word = map[string]string{"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}[word]
	}
	order, ok := orderOf(p, e.constant)
	if !ok {
		return word == "ne"
	}
	return map[string]bool{"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[word]
}

func lookup(x *tablestore.Entity, name string) (tablestore.Property, bool) {
	switch name {
	case "PartitionKey":
		return tablestore.Property{Text: x.Partition}, true
	case "RowKey":
		return tablestore.Property{Text: x.Row}, true
	case "Timestamp":
		return tablestore.Property{Type: tablestore.DateTime, Number: x.Timestamp.Sub(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)).Nanoseconds()/100 + ticks2020}, true
	}
	for _, p := range x.Properties {
		if p.Name == name {
			return p, true
		}
	}
	return tablestore.Property{}, false
}

const ticks2020 = 637134336000000000

func orderOf(p, c tablestore.Property) (order int, ok bool) {
	if p.Type == tablestore.Int64 && c.Type == tablestore.Int32 {
		c.Type = tablestore.Int64
	}
	switch {
	case p.Type == tablestore.String && c.Type != tablestore.String:
		return 1, true
	case p.Type != tablestore.String && c.Type == tablestore.String:
		return -1, true
	case p.Type != c.Type:
		return 0, false
	}
	switch p.Type {
	case tablestore.String:
		return utf16Compare(p.Text, c.Text), true
	case tablestore.Binary, tablestore.GUID:
		return strings.Compare(p.Text, c.Text), true
	case tablestore.Double:
		a, b := math.Float64frombits(uint64(p.Number)), math.Float64frombits(uint64(c.Number))
		if a != a || b != b {
			return 0, false
		}
		return int(math.Copysign(1, a-b)) * boolInt(a != b), true
	}
	return boolInt(p.Number > c.Number) - boolInt(p.Number < c.Number), true
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Small sets of values, so that comparisons often meet.
var (
	keyTexts = []string{"", "a", "a\x00", "aa", "b", "it's", "\uffee", "\U0001F600"}
	names    = []string{"A", "B", "C", "Ümläut", "_d", "E2", "F", "G", "H", "I"}
	doubles  = []float64{0, 1, -1.5, 2, math.NaN(), math.Inf(1), math.Inf(-1), 1e300}
	guids    = []string{"00000000-0000-0000-0000-000000000001", "c9da6455-213d-42c9-9a79-3e9149a57833", "ffffffff-0000-0000-0000-000000000000"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomValue(r *rand.Rand) tablestore.Property {
	p := tablestore.Property{Type: tablestore.Type(r.IntN(int(tablestore.Int64) + 1))}
	switch p.Type {
	case tablestore.String:
		p.Text = pick(r, keyTexts)
	case tablestore.Binary:
		p.Text = pick(r, []string{"", "\x00", "\xff\xfe", "\x0a"})
	case tablestore.GUID:
		p.Text = pick(r, guids)
	case tablestore.Boolean:
		p.Number = int64(r.IntN(2))
	case tablestore.DateTime:
		p.Number = ticks2020 + int64(r.IntN(4))
	case tablestore.Double:
		p.Number = int64(math.Float64bits(pick(r, doubles)))
	default:
		p.Number = int64(r.IntN(5) - 2)
	}
	return p
}

func randomTree(r *rand.Rand, depth int) *tree {
	if depth > 0 && r.IntN(4) > 0 {
		e := &tree{word: pick(r, []string{"and", "or", "and", "or", "not"}), left: randomTree(r, depth-1)}
		if e.word != "not" {
			e.right = randomTree(r, depth-1)
		}
		return e
	}
	e := &tree{word: pick(r, []string{"eq", "ne", "gt", "ge", "lt", "le"}), turned: r.IntN(3) == 0, name: pick(r, names), constant: randomValue(r)}
	switch r.IntN(5) {
	case 0, 1:
		e.name, e.constant = "PartitionKey", tablestore.Property{Text: pick(r, keyTexts)}
	case 2:
		e.name, e.constant = "RowKey", tablestore.Property{Text: pick(r, keyTexts)}
	case 3:
		e.name, e.constant = "Timestamp", tablestore.Property{Type: tablestore.DateTime, Number: ticks2020 + int64(r.IntN(4))}
	}
	return e
}

func randomEntity(r *rand.Rand) *tablestore.Entity {
	e := &tablestore.Entity{
		Key:       tablestore.Key{Partition: pick(r, keyTexts), Row: pick(r, keyTexts)},
		Timestamp: time.Date(2020, 1, 1, 0, 0, 0, r.IntN(4)*100, time.UTC),
	}
	for _, i := range r.Perm(len(names))[:r.IntN(len(names))] {
		p := randomValue(r)
		p.Name = names[i]
		e.Properties = append(e.Properties, p)
	}
	return e
}

// TestAgainstInterpreter: for random expressions and entities, Match is what the
// interpreter says, and no entity that matches is outside of Ranges.
func TestAgainstInterpreter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	matches, inside, all := 0, 0, 0
	for range 4000 {
		e := randomTree(r, 1+r.IntN(6))
		f, err := Compile(e.String())
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		inOrder(t, f.Ranges)
		for range 40 {
			x := randomEntity(r)
			want, in := e.eval(x), within(f.Ranges, x.Key)
			match := f.Match == nil || f.Match(x)
			if f.Match != nil && match != want || (in && match) != want {
				t.Fatalf("%s\nof %+v: match %v, in ranges %v, want %v\nranges %s", e, x, match, in, want, show(f.Ranges))
			}
			all, inside, matches = all+1, inside+boolInt(in), matches+boolInt(want)
		}
	}
	if matches == 0 || inside == all {
		t.Errorf("of %d entities %d were in ranges and %d matched", all, inside, matches)
	}
	t.Logf("of %d entities %d were in ranges and %d matched", all, inside, matches)
}

// FuzzCompile: whatever the expression, there is a filter whose ranges hold all
// that matches, or an error with its position.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"PartitionKey eq 'a' and (RowKey ge 'b' or not (Size lt 10L)) and Day gt datetime'2020-01-01T00:00:00Z'",
		"'it''s' ne Text or ID eq guid'c9da6455-213d-42c9-9a79-3e9149a57833' and Bytes eq X'0aff'",
		"Flag and not Other or Double gt -1.5e-3 and x eq INF", "((((true))))", "not not not a", "1 eq 1.0", "a eq 5x", "f(x)", "\xff eq '\xff'",
	} {
		f.Add(s, "a", "b")
	}
	f.Fuzz(func(t *testing.T, expression, partition, row string) {
		filter, err := Compile(expression)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(expression) || e.Reason == "" {
				t.Errorf("%q: %#v", expression, err)
			}
			return
		}
		if len(filter.Ranges) > maxRanges {
			t.Errorf("%q: %d ranges", expression, len(filter.Ranges))
		}
		for _, k := range []tablestore.Key{{Partition: partition, Row: row}, {Partition: row, Row: partition}, {Partition: partition}, {}} {
			e := example()
			e.Key = k
			in := filter.Ranges == nil || slices.ContainsFunc(filter.Ranges, func(r tablestore.Range) bool {
				return (r.From == nil || compareKeys(*r.From, k) <= 0) && (r.To == nil || compareKeys(k, *r.To) <= 0)
			})
			if filter.Match != nil && filter.Match(e) && !in {
				t.Errorf("%q matches %q, which is not in %s", expression, k, show(filter.Ranges))
			}
		}
		if match, err := CompileTables(expression); err == nil && match != nil {
			match(partition)
		}
	})
}
