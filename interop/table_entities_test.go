package interop

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// TestEntityTypes has a property of each type come back as it was, by the SDK's own
// entities.
func TestEntityTypes(t *testing.T) {
	c := open(t).table(t)
	when := time.Date(2026, 3, 4, 5, 6, 7, 123_456_700, time.UTC)
	e := aztables.EDMEntity{
		Entity: aztables.Entity{PartitionKey: "p", RowKey: "r"},
		Properties: map[string]any{
			"Bool": true, "Off": false, "Int": int32(-42), "Double": 2.5, "String": "text ü 漢字 \"quoted\" <tag> \\ / \n\t", "Empty": "",
			"Long": aztables.EDMInt64(math.MaxInt64), "Least": aztables.EDMInt64(math.MinInt64), "Guid": aztables.EDMGUID("4185404a-5818-48c3-b9be-f217df0dba6f"),
			"Binary": aztables.EDMBinary{0, 1, 254, 255}, "Time": aztables.EDMDateTime(when), "_x1": "a name", "Größe": "another",
		},
	}
	b, err := json.Marshal(e)
	check(t, err)
	began := time.Now()
	added, err := c.AddEntity(t.Context(), b, nil)
	check(t, err)
	for what, value := range map[string][]byte{"answer to the insert": added.Value, "get": must(c.GetEntity(t.Context(), "p", "r", nil)).get(t).Value} {
		var got aztables.EDMEntity
		check(t, json.Unmarshal(value, &got))
		near(t, what+": timestamp", (*time.Time)(&got.Timestamp), began)
		want(t, what+": ETag", got.ETag, string(added.ETag))
		want(t, what+": properties", len(got.Properties), len(e.Properties))
		for name, v := range e.Properties {
			want(t, what+": "+name, fmt.Sprintf("%T %v", got.Properties[name], got.Properties[name]), fmt.Sprintf("%T %v", v, v))
		}
		if !strings.HasPrefix(got.ETag, `W/"datetime'`) || !strings.HasSuffix(got.ETag, `'"`) {
			t.Errorf("%s: ETag %s", what, got.ETag)
		}
	}
}

// got is what a call returns.
type got[T any] struct {
	value T
	err   error
}

func must[T any](v T, err error) got[T] { return got[T]{v, err} }

func (g got[T]) get(t *testing.T) T {
	t.Helper()
	check(t, g.err)
	return g.value
}

// Values at the ends of their types, and how they are written.
func TestEntityValues(t *testing.T) {
	g := open(t)
	c := g.table(t)
	typed := func(kind, value string) []any { return []any{"V@odata.type", "Edm." + kind, "V", value} }
	for i, x := range []struct {
		sent []any
		kind string // annotation in the answer; "" for none
		back any
	}{
		{[]any{"V", json.Number("2147483647")}, "", json.Number("2147483647")},
		{[]any{"V", json.Number("-2147483648")}, "", json.Number("-2147483648")},
		{typed("Int64", "9223372036854775807"), "Edm.Int64", "9223372036854775807"},
		{typed("Int64", "-1"), "Edm.Int64", "-1"},
		{[]any{"V", json.Number("1.7976931348623157e308")}, "", 1.7976931348623157e308},
		{[]any{"V", json.Number("0.1")}, "", 0.1},
		{[]any{"V@odata.type", "Edm.Double", "V", json.Number("3")}, "", 3.0},
		{typed("Double", "NaN"), "Edm.Double", "NaN"},
		{typed("Double", "Infinity"), "Edm.Double", "Infinity"},
		{typed("Double", "-Infinity"), "Edm.Double", "-Infinity"},
		{typed("Guid", "4185404A-5818-48C3-B9BE-F217DF0DBA6F"), "Edm.Guid", "4185404a-5818-48c3-b9be-f217df0dba6f"},
		{typed("Binary", ""), "Edm.Binary", ""},
		{typed("Binary", "AAH+/w=="), "Edm.Binary", "AAH+/w=="},
		{typed("DateTime", "1601-01-01T00:00:00Z"), "Edm.DateTime", "1601-01-01T00:00:00Z"},
		{typed("DateTime", "2026-03-04T05:06:07.1234567Z"), "Edm.DateTime", "2026-03-04T05:06:07.1234567Z"},
		{typed("DateTime", "9999-12-31T23:59:59.9999999Z"), "Edm.DateTime", "9999-12-31T23:59:59.9999999Z"},
		{typed("Boolean", "true"), "", true},
		{typed("Int32", "7"), "", json.Number("7")},
		{typed("String", "x"), "", "x"},
	} {
		t.Run(fmt.Sprint(x.sent...), func(t *testing.T) {
			if _, err := c.AddEntity(t.Context(), at("p", fmt.Sprint(i)).with(x.sent...).json(t), nil); err != nil {
				t.Fatal(err)
			}
			// As it comes: the SDK writes numbers anew.
			_, _, answer := g.send(t, http.MethodGet, fmt.Sprintf("/%s(PartitionKey='p',RowKey='%d')", c.Name, i), "", "Accept", minimalMetadata)
			o := parsed(t, []byte(answer))
			kind, _ := o["V@odata.type"].(string)
			v := o["V"]
			if want, ok := x.back.(float64); ok {
				n, err := v.(json.Number).Float64()
				check(t, err)
				if n != want || kind == "" && !strings.ContainsAny(string(v.(json.Number)), ".eE") {
					t.Errorf("got %v (%s), want the double %v", v, kind, want)
				}
				return
			}
			want(t, "value", v, x.back)
			want(t, "type", kind, x.kind)
		})
	}
	// What is null is not there.
	c.add(t, at("p", "null", "a", nil, "b", "c"))
	o := c.get(t, "p", "null")
	_, there := o["a"]
	want(t, "a null property is there", there, false)
	for i, bad := range [][]any{
		typed("Int64", "x"), typed("Int32", "2147483648"), typed("Guid", "4185404a"), typed("Binary", "*"), typed("DateTime", "yesterday"),
		typed("DateTime", "1600-12-31T23:59:59Z"), typed("Boolean", "maybe"), typed("Text", "x"),
		{"V", []any{1}},
		{"V", object{"a": 1}},
	} {
		row := fmt.Sprint("bad", i)
		_, err := c.AddEntity(t.Context(), at("p", row).with(bad...).json(t), nil)
		if !hasCode(err, "InvalidInput", "InvalidValueType", "OutOfRangeInput") {
			t.Errorf("%v: %v", bad, err)
			continue
		}
		c.missing(t, "p", row)
	}
}

// TestEntityWrites tells inserts, replaces, merges and deletes from one another,
// with and without conditions.
func TestEntityWrites(t *testing.T) {
	c := open(t).table(t)
	ctx := t.Context()
	first := c.add(t, at("p", "r", "a", "1", "b", "1"))
	_, err := c.AddEntity(ctx, at("p", "r", "a", "2").json(t), nil)
	wantCode(t, err, http.StatusConflict, aztables.EntityAlreadyExists)

	has := func(what string, want string) {
		t.Helper()
		o := c.get(t, "p", "r")
		var have []string
		for _, name := range []string{"a", "b", "c"} {
			if v, ok := o[name]; ok {
				have = append(have, fmt.Sprint(name, v))
			}
		}
		if got := strings.Join(have, " "); got != want {
			t.Errorf("after %s: %s, want %s", what, got, want)
		}
	}
	etags := []azcore.ETag{first.ETag}
	update := func(mode aztables.UpdateMode, match *azcore.ETag, pairs ...any) error {
		t.Helper()
		r, err := c.UpdateEntity(ctx, at("p", "r", pairs...).json(t), &aztables.UpdateEntityOptions{UpdateMode: mode, IfMatch: match})
		if err == nil {
			if slices.Contains(etags, r.ETag) || r.ETag == "" {
				t.Errorf("ETag %s after %v", r.ETag, etags)
			}
			etags = append(etags, r.ETag)
		}
		return err
	}
	check(t, update(aztables.UpdateModeMerge, nil, "b", "2"))
	has("merge", "a1 b2")
	check(t, update(aztables.UpdateModeReplace, nil, "c", "3"))
	has("replace", "c3")
	wantCode(t, update(aztables.UpdateModeMerge, &etags[0], "a", "4"), http.StatusPreconditionFailed, aztables.UpdateConditionNotSatisfied)
	wantCode(t, update(aztables.UpdateModeReplace, &etags[1], "a", "4"), http.StatusPreconditionFailed, aztables.UpdateConditionNotSatisfied)
	has("refusals", "c3")
	check(t, update(aztables.UpdateModeMerge, &etags[2], "a", "4"))
	check(t, update(aztables.UpdateModeReplace, &etags[3], "b", "5"))
	has("conditional writes", "b5")

	for _, mode := range []aztables.UpdateMode{aztables.UpdateModeMerge, aztables.UpdateModeReplace} {
		_, err = c.UpdateEntity(ctx, at("p", "nothing", "a", "1").json(t), &aztables.UpdateEntityOptions{UpdateMode: mode})
		wantCode(t, err, http.StatusNotFound, aztables.ResourceNotFound)
		r, err := c.UpsertEntity(ctx, at("p", "new"+string(mode), "a", "1").json(t), &aztables.UpsertEntityOptions{UpdateMode: mode})
		check(t, err)
		want(t, "an ETag", r.ETag != "", true)
		want(t, "upserted", c.get(t, "p", "new"+string(mode))["a"], any("1"))
	}
	_, err = c.UpsertEntity(ctx, at("p", "r", "a", "6").json(t), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge})
	check(t, err)
	has("insert or merge", "a6 b5")
	last, err := c.UpsertEntity(ctx, at("p", "r", "a", "7").json(t), &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace})
	check(t, err)
	has("insert or replace", "a7")

	_, err = c.DeleteEntity(ctx, "p", "r", &aztables.DeleteEntityOptions{IfMatch: &etags[0]})
	wantCode(t, err, http.StatusPreconditionFailed, aztables.UpdateConditionNotSatisfied)
	_, err = c.DeleteEntity(ctx, "p", "r", &aztables.DeleteEntityOptions{IfMatch: &last.ETag})
	check(t, err)
	_, err = c.DeleteEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusNotFound, aztables.ResourceNotFound)
	c.missing(t, "p", "r")
}

// TestEntityKeys has keys of all kinds.
func TestEntityKeys(t *testing.T) {
	c := open(t).table(t)
	keys := []string{
		" ", "a b", "it's", "''", "ü 漢字", "a+b", "100%", "%20", "a&b=c;d", "(x)", "a,b", "$a", "@", "!*~", "\"q\"", "<t>", "{\"a\":1}", "𝄞", strings.Repeat("k", 1024),
	}
	for i, partition := range keys {
		row := keys[len(keys)-1-i]
		c.add(t, at(partition, row, "n", i))
		o := c.get(t, partition, row)
		want(t, "partition key", o["PartitionKey"], any(partition))
		want(t, "row key", o["RowKey"], any(row))
		want(t, "n", o["n"], any(json.Number(fmt.Sprint(i))))
		_, err := c.UpdateEntity(t.Context(), at(partition, row, "m", i).json(t), &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge})
		check(t, err)
		filter := fmt.Sprintf("PartitionKey eq '%s' and RowKey eq '%s'", strings.ReplaceAll(partition, "'", "''"), strings.ReplaceAll(row, "'", "''"))
		want(t, "found by "+filter, len(c.query(t, filter)), 1)
		_, err = c.DeleteEntity(t.Context(), partition, row, nil)
		check(t, err)
		c.missing(t, partition, row)
	}
	for _, key := range []string{"a/b", `a\b`, "a#b", "a?b", "a\tb", "a\nb", "a\u0085b", strings.Repeat("k", 1025)} {
		_, err := c.AddEntity(t.Context(), at(key, "r").json(t), nil)
		if !hasCode(err, "OutOfRangeInput", "InvalidInput", "KeyValueTooLarge", "PropertyValueTooLarge") {
			t.Errorf("partition key %.10q: %v", key, err)
		}
		_, err = c.AddEntity(t.Context(), at("p", key).json(t), nil)
		if !hasCode(err, "OutOfRangeInput", "InvalidInput", "KeyValueTooLarge", "PropertyValueTooLarge") {
			t.Errorf("row key %.10q: %v", key, err)
		}
	}
	for _, o := range []object{{"PartitionKey": "p"}, {"RowKey": "r"}} {
		if _, err := c.AddEntity(t.Context(), o.json(t), nil); err == nil {
			t.Errorf("an entity of %v was taken", o)
		}
	}
}

// TestEntityLimits goes to the limits of sizes and names, and beyond.
func TestEntityLimits(t *testing.T) {
	c := open(t).table(t)
	text := strings.Repeat("x", 32<<10)
	many := func(n int) object {
		o := at("p", fmt.Sprint("many", n))
		for i := range n {
			o[fmt.Sprintf("P%03d", i)] = i
		}
		return o
	}
	large := func(n int) object {
		o := at("p", fmt.Sprint("large", n))
		for i := range n {
			o[fmt.Sprintf("P%03d", i)] = text
		}
		return o
	}
	binary := func(n int) []any {
		b, err := aztables.EDMBinary(noise(n)).MarshalText()
		check(t, err)
		return []any{"B@odata.type", "Edm.Binary", "B", string(b)}
	}
	for what, o := range map[string]object{
		"a string of 64 KiB": at("p", "string", "s", text), "a binary of 64 KiB": at("p", "binary").with(binary(64 << 10)...),
		"252 properties": many(252), "almost 1 MiB": large(15), "a name of 255": at("p", "name", strings.Repeat("n", 255), 1),
	} {
		if _, err := c.AddEntity(t.Context(), o.json(t), nil); err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		back := c.get(t, "p", o["RowKey"].(string))
		want(t, what+": members", len(back)-len([]string{"odata.metadata", "odata.etag", "Timestamp"}), len(o))
	}
	for _, x := range []struct {
		what  string
		o     object
		codes []string
	}{
		{"a longer string", at("p", "", "s", text+"x"), []string{"PropertyValueTooLarge"}},
		{"a longer binary", at("p", "").with(binary(64<<10 + 1)...), []string{"PropertyValueTooLarge"}},
		{"253 properties", many(253), []string{"TooManyProperties"}},
		{"more than 1 MiB", large(17), []string{"EntityTooLarge", "RequestBodyTooLarge"}},
		{"a longer name", at("p", "", strings.Repeat("n", 256), 1), []string{"PropertyNameTooLong"}},
		{"a name with a dash", at("p", "", "a-b", 1), []string{"PropertyNameInvalid", "InvalidInput"}},
		{"a name that begins with a digit", at("p", "", "1a", 1), []string{"PropertyNameInvalid", "InvalidInput"}},
	} {
		x.o["RowKey"] = x.what
		if _, err := c.AddEntity(t.Context(), x.o.json(t), nil); !hasCode(err, x.codes...) {
			t.Errorf("%s: %v", x.what, err)
			continue
		}
		c.missing(t, "p", x.what)
	}
}
