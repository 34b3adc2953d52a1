//go:build cgo

package conformance_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"reslog/analytics/engine/enginetest"
	"reslog/internal/ticks"
	"reslog/kql"
)

// comparison compares an answer with that of a case.
type comparison struct {
	x   example
	got enginetest.Result
	// sets: arrays have no order.
	sets bool
}

// unordered are the functions whose arrays have no order, lists what makes lists of
// rows that a group, a join or a union left in no order, and sorts what orders rows.
var (
	unordered = regexp.MustCompile(`\b(make_set|makeset|make_set_if|make_bag|set_union|set_intersect|set_difference|bag_keys|buildschema)\b`)
	lists     = regexp.MustCompile(`(?s)\b(summarize|distinct|join|union)\b.*\b(make_list|makelist)\b`)
	sorts     = regexp.MustCompile(`\b(sort|order|top)\s+(\S+\s+)?by\b`)
)

// differs says what differs; "" for nothing.
func differs(x example, got enginetest.Result) string {
	c := comparison{x, got, unordered.MatchString(x.Query) || lists.MatchString(x.Query) && !sorts.MatchString(x.Query)}
	if x.LastLine != nil {
		return c.lastLine()
	}
	if why := c.columns(); why != "" {
		return why
	}
	return c.rows()
}

func (c comparison) columns() string {
	names := make([]string, len(c.got.Columns))
	for i, col := range c.got.Columns {
		names[i] = col.Name
	}
	if !slices.Equal(names, c.x.Columns) {
		return fmt.Sprintf("columns %v, want %v", names, c.x.Columns)
	}
	for i, want := range c.x.Types {
		if have := c.got.Columns[i].Type.String(); want != "" && have != want {
			return fmt.Sprintf("column %s is %s, want %s", names[i], have, want)
		}
	}
	return ""
}

// rows compares as ordered what the query orders, else as multisets. Rows that are
// equal in what they are ordered by are in any order.
func (c comparison) rows() string {
	have, want := c.got.Rows, c.x.Rows
	if len(have) != c.x.RowCount {
		return fmt.Sprintf("%d rows %s, want %d %v", len(have), c.show(), c.x.RowCount, want)
	}
	keys, ordered := c.orderedBy()
	used := make([]bool, len(have))
	for i, w := range want {
		found := -1
		for j, h := range have {
			if !used[j] && c.sameRow(h, w) && (!ordered || i == j || keys != nil && c.tied(have, keys, i, j)) {
				found = j
				break
			}
		}
		if found < 0 {
			return fmt.Sprintf("row %d is missing, want %v, have %s", i, w, c.show())
		}
		used[found] = true
	}
	return ""
}

// orderedBy are the result columns that the rows are sorted by, nil when one of the
// keys is no result column.
func (c comparison) orderedBy() (keys []int, ordered bool) {
	sort := sortOf(c.got.Plan.Root)
	if sort == nil || !sorts.MatchString(c.x.Query) {
		return nil, false
	}
	for _, k := range sort.Keys {
		ref, ok := k.X.(*kql.ColRef)
		if !ok {
			return nil, true
		}
		at := slices.IndexFunc(c.got.Plan.Columns, func(col kql.Col) bool { return col.ID == ref.Col.ID })
		if at < 0 {
			return nil, true
		}
		keys = append(keys, at)
	}
	return keys, true
}

// sortOf is the sort that the rows of r are in the order of; nil for none.
func sortOf(r kql.Rel) *kql.Sort {
	for {
		switch x := r.(type) {
		case *kql.Sort:
			return x
		case *kql.Filter:
			r = x.Input
		case *kql.Project:
			r = x.Input
		case *kql.Limit:
			r = x.Input
		case *kql.Window:
			r = x.Input
		case *kql.Expand:
			r = x.Input
		case *kql.Shared:
			r = x.Input
		default:
			return nil
		}
	}
}

func (c comparison) tied(rows [][]any, keys []int, i, j int) bool {
	if i >= len(rows) {
		return false
	}
	for _, k := range keys {
		if rows[i][k] != rows[j][k] {
			return false
		}
	}
	return true
}

func (c comparison) sameRow(have, want []any) bool {
	if len(have) != len(want) {
		return false
	}
	for i := range have {
		if !c.same(c.got.Columns[i].Type, have[i], want[i]) {
			return false
		}
	}
	return true
}

// same compares a value of ours with one of a case.
func (c comparison) same(t kql.Type, have, want any) bool {
	if want == nil || c.x.Loose && t != kql.String && printed(fmt.Sprint(want)) == "" {
		return have == nil || have == ""
	}
	w := fmt.Sprint(want)
	if c.x.Loose {
		w = printed(w)
	}
	switch h := have.(type) {
	case nil:
		return c.x.Loose && strings.EqualFold(strings.Trim(w, "()"), "null")
	case bool:
		return h == (w == "True" || w == "true" || w == "1")
	case float64:
		g, err := strconv.ParseFloat(strings.ReplaceAll(w, "∞", "Inf"), 64)
		return err == nil && c.near(h, g, w)
	case int64:
		switch t {
		case kql.Datetime:
			n, ok := ticks.ParseDate(w)
			return ok && n == h
		case kql.Timespan:
			n, ok := ticks.ParseSpan(w)
			return ok && n == h
		}
		return strconv.FormatInt(h, 10) == w
	case string:
		if t == kql.Dynamic {
			return c.sameDynamic(h, want)
		}
		return h == w || c.x.Loose && printed(h) == w
	}
	return false
}

// near: the last digits of a sum depend on the order of its parts. What a human
// printed is rounded.
func (c comparison) near(f, g float64, text string) bool {
	if f == g || math.IsNaN(f) && math.IsNaN(g) {
		return true
	}
	tolerance := 1e-10 * math.Max(math.Abs(f), math.Abs(g))
	if c.x.Loose {
		_, digits, _ := strings.Cut(text, ".")
		tolerance = max(tolerance, 0.51*math.Pow10(-len(digits)))
	}
	return math.Abs(f-g) <= tolerance
}

func (c comparison) sameDynamic(have string, want any) bool {
	h, ok := decode(have)
	if !ok {
		return false
	}
	if text, isText := want.(string); isText && c.x.Loose {
		if w, ok := decode(printed(text)); ok && c.sameJSON(h, w) {
			return true
		}
	}
	return c.sameJSON(h, want)
}

// printed is a text without what a page or a file adds to it.
func printed(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\u00a0", " ", `\"`, `"`).Replace(s))
}

func decode(s string) (any, bool) {
	var v any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	return v, true
}

func (c comparison) sameJSON(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			if w, ok := y[k]; !ok || !c.sameJSON(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && c.sameArray(x, y)
	case json.Number:
		w := fmt.Sprint(b)
		f, err := x.Float64()
		g, err2 := strconv.ParseFloat(w, 64)
		whole := func(s string) bool { return !strings.ContainsAny(s, ".eEN") }
		return err == nil && err2 == nil && c.near(f, g, w) && (c.x.Loose || whole(x.String()) == whole(w))
	case string:
		w := fmt.Sprint(b)
		if x == w {
			return true
		}
		// Dates and spans are text in JSON, and written in more than one way.
		n, ok := ticks.ParseDate(x)
		m, ok2 := ticks.ParseDate(w)
		if ok && ok2 && strings.Contains(x, "T") {
			return n == m
		}
		return (x == "NaN" || x == "Infinity" || x == "-Infinity") && b == x
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

func (c comparison) sameArray(x, y []any) bool {
	if len(x) != len(y) {
		return false
	}
	same := true
	for i := range x {
		same = same && c.sameJSON(x[i], y[i])
	}
	if same || !c.sets {
		return same
	}
	used := make([]bool, len(y))
next:
	for _, v := range x {
		for j := range y {
			if !used[j] && c.sameJSON(v, y[j]) {
				used[j] = true
				continue next
			}
		}
		return false
	}
	return true
}

// lastLine compares the last row, values as CSV.
func (c comparison) lastLine() string {
	if len(c.got.Rows) == 0 {
		return fmt.Sprintf("no rows, want %s", *c.x.LastLine)
	}
	row := c.got.Rows[len(c.got.Rows)-1]
	want := []any{*c.x.LastLine}
	if len(row) > 1 {
		want = nil
		for _, v := range strings.Split(*c.x.LastLine, ",") {
			want = append(want, v)
		}
	}
	if !c.sameRow(row, want) {
		return fmt.Sprintf("the last row is %s, want %q", show(c.got.Columns, row), *c.x.LastLine)
	}
	return ""
}

func (c comparison) show() string {
	var out []string
	for _, row := range c.got.Rows[:min(6, len(c.got.Rows))] {
		out = append(out, show(c.got.Columns, row))
	}
	return strings.Join(out, " ")
}

// show is a row for people, in the form of a .kqltest file.
func show(cols []kql.Column, row []any) string {
	out := make([]string, len(row))
	for i, v := range row {
		out[i] = text(cols[i].Type, v)
	}
	return "(" + strings.Join(out, " | ") + ")"
}

// text is a value as a .kqltest file has it.
func text(t kql.Type, v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case int64:
		switch t {
		case kql.Datetime:
			return ticks.FormatDate(v)
		case kql.Timespan:
			return ticks.FormatSpan(v)
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		if t == kql.String {
			return strconv.Quote(v)
		}
		return v
	}
	return fmt.Sprint(v)
}
