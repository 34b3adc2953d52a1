package interop

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// query returns all that a filter lets through.
func (c tableOf) query(t *testing.T, filter string) []object {
	t.Helper()
	o := &aztables.ListEntitiesOptions{}
	if filter != "" {
		o.Filter = &filter
	}
	found, _ := c.pages(t, o)
	return found
}

// pages returns the entities of all pages, and how many each had.
func (c tableOf) pages(t *testing.T, o *aztables.ListEntitiesOptions) (found []object, sizes []string) {
	t.Helper()
	for pager := c.NewListEntitiesPager(o); pager.More(); {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		sizes = append(sizes, strconv.Itoa(len(page.Entities)))
		for _, b := range page.Entities {
			found = append(found, parsed(t, b))
		}
	}
	return found, sizes
}

// rows are the row keys of entities.
func rows(found []object) string {
	var keys []string
	for _, o := range found {
		keys = append(keys, o["RowKey"].(string))
	}
	return strings.Join(keys, " ")
}

// TestFilters has every operator on every type, on entities 0 to 9 of which each
// has the properties that are its number, in several types.
func TestFilters(t *testing.T) {
	c := open(t).table(t)
	for i := range 10 {
		o := at("p", strconv.Itoa(i), "Int", i, "Double", float64(i)+0.5, "String", fmt.Sprintf("s%d", i), "Even", i%2 == 0,
			"Long@odata.type", "Edm.Int64", "Long", strconv.FormatInt(int64(i)*10_000_000_000, 10),
			"Time@odata.type", "Edm.DateTime", "Time", fmt.Sprintf("2026-01-0%dT00:00:00Z", i+1)[:20],
			"Guid@odata.type", "Edm.Guid", "Guid", fmt.Sprintf("0000000%d-0000-0000-0000-000000000000", i),
			"Binary@odata.type", "Edm.Binary", "Binary", []string{"AA==", "AQ==", "Ag==", "Aw==", "BA==", "BQ==", "Bg==", "Bw==", "CA==", "CQ=="}[i])
		if i == 9 {
			o["Time"] = "2026-01-10T00:00:00Z"
			o["Only"] = "here"
		}
		c.add(t, o)
	}
	for _, x := range []struct{ filter, rows string }{
		{"Int eq 3", "3"},
		{"Int ne 3", "0 1 2 4 5 6 7 8 9"},
		{"Int gt 7", "8 9"},
		{"Int ge 7", "7 8 9"},
		{"Int lt 2", "0 1"},
		{"Int le 2", "0 1 2"},
		{"Int eq -3", ""},
		{"Double gt 7.5", "8 9"},
		{"Double eq 0.5", "0"},
		{"Double lt 1.6e0", "0 1"},
		{"Long ge 80000000000L", "8 9"},
		{"Long eq 0L", "0"},
		{"String eq 's4'", "4"},
		{"String gt 's7' and String lt 's9'", "8"},
		{"String eq 'S4'", ""},
		{"Even eq true", "0 2 4 6 8"},
		{"Even", "0 2 4 6 8"},
		{"not Even", "1 3 5 7 9"},
		{"Even ne true", "1 3 5 7 9"},
		{"Time lt datetime'2026-01-03T00:00:00Z'", "0 1"},
		{"Time eq datetime'2026-01-10T00:00:00.0000000Z'", "9"},
		{"Guid eq guid'00000005-0000-0000-0000-000000000000'", "5"},
		{"Binary eq X'06'", "6"},
		{"Binary eq binary'06'", "6"},
		{"Binary gt X'07'", "8 9"},
		{"Only eq 'here'", "9"},
		{"Only ne 'here'", ""},
		{"PartitionKey eq 'p' and RowKey ge '3' and RowKey lt '5'", "3 4"},
		{"PartitionKey eq 'q'", ""},
		{"RowKey eq '3' or RowKey eq '5' or Int eq 7", "3 5 7"},
		{"(Int lt 3 or Int gt 7) and Even eq true", "0 2 8"},
		{"Int lt 3 or Int gt 7 and Even eq true", "0 1 2 8"},
		{"not (Int lt 8)", "8 9"},
		{"3 eq Int", "3"},
		{"7 lt Int", "8 9"},
		{"Timestamp gt datetime'2020-01-01T00:00:00Z'", "0 1 2 3 4 5 6 7 8 9"},
		{"PartitionKey ge 'p' and PartitionKey le 'p' and (RowKey eq '1' or RowKey eq '8')", "1 8"},
	} {
		t.Run(x.filter, func(t *testing.T) { want(t, "rows", rows(c.query(t, x.filter)), x.rows) })
	}
	for _, bad := range []string{"Int eq", "Int eq 'unterminated", "Int eqq 3", "(Int eq 3", "Int eq 3)", "eq 3", "Int eq 3 and", "startswith(String,'s')"} {
		_, err := c.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: &bad}).NextPage(t.Context())
		if !hasCode(err, "InvalidInput", "NotImplemented") {
			t.Errorf("filter %.40s: %v", bad, err)
		}
	}
}

func TestSelect(t *testing.T) {
	c := open(t).table(t)
	c.add(t, at("p", "1", "A", 1, "B", "b", "L@odata.type", "Edm.Int64", "L", "5"))
	c.add(t, at("p", "2", "B", "c"))
	members := func(sel string) string {
		t.Helper()
		found, _ := c.pages(t, &aztables.ListEntitiesOptions{Select: &sel})
		var all []string
		for _, o := range found {
			var names []string
			for name := range o {
				if !strings.HasPrefix(name, "odata.") {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			all = append(all, strings.Join(names, ","))
		}
		return strings.Join(all, " ")
	}
	want(t, "keys alone", members("PartitionKey,RowKey"), "PartitionKey,RowKey PartitionKey,RowKey")
	// What an entity does not have, and is selected, is null.
	want(t, "with a type", members("RowKey,L,A"), "A,L,L@odata.type,RowKey A,L,RowKey")
	want(t, "everything", members("*"), "A,B,L,L@odata.type,PartitionKey,RowKey,Timestamp B,PartitionKey,RowKey,Timestamp")

	// The rows that are filtered for need not be among the selected properties.
	found, _ := c.pages(t, &aztables.ListEntitiesOptions{Select: to.Ptr("B"), Filter: to.Ptr("A eq 1")})
	want(t, "rows", len(found), 1)
	want(t, "B", found[0]["B"], any("b"))
}

// TestPaging goes through 1,230 entities, in the order of their keys.
func TestPaging(t *testing.T) {
	c := open(t).table(t)
	const partitions, each = 3, 410
	for p := range partitions {
		var actions []aztables.TransactionAction
		for r := range each {
			actions = append(actions, aztables.TransactionAction{
				ActionType: aztables.TransactionTypeAdd, Entity: at(fmt.Sprint("p", p), fmt.Sprintf("%04d", r), "n", p*each+r).json(t),
			})
			if len(actions) == 100 || r == each-1 {
				_, err := c.SubmitTransaction(t.Context(), actions, nil)
				check(t, err)
				actions = nil
			}
		}
	}
	all := func(o *aztables.ListEntitiesOptions) string {
		t.Helper()
		found, sizes := c.pages(t, o)
		last := -1
		for _, e := range found {
			n, err := strconv.Atoi(fmt.Sprint(e["n"]))
			check(t, err)
			if n <= last {
				t.Fatalf("%d after %d", n, last)
			}
			last = n
		}
		return fmt.Sprint(len(found), ": ", strings.Join(sizes, " "))
	}
	want(t, "pages of 1,000", all(nil), "1230: 1000 230")
	want(t, "pages of 400", all(&aztables.ListEntitiesOptions{Top: to.Ptr(int32(400))}), "1230: 400 400 400 30")
	want(t, "a partition", all(&aztables.ListEntitiesOptions{Filter: to.Ptr("PartitionKey eq 'p1'"), Top: to.Ptr(int32(300))}), "410: 300 110")
	want(t, "part of one", all(&aztables.ListEntitiesOptions{Filter: to.Ptr("PartitionKey eq 'p2' and RowKey ge '0400'")}), "10: 10")
	want(t, "across", all(&aztables.ListEntitiesOptions{Filter: to.Ptr("PartitionKey ge 'p1' and RowKey lt '0005'")}), "10: 10")
	// A position in a listing serves another client as well.
	page, err := c.NewListEntitiesPager(&aztables.ListEntitiesOptions{Top: to.Ptr(int32(400))}).NextPage(t.Context())
	check(t, err)
	rest, _ := c.pages(t, &aztables.ListEntitiesOptions{NextPartitionKey: page.NextPartitionKey, NextRowKey: page.NextRowKey})
	want(t, "entities behind a position", len(rest), 830)
	want(t, "the first of them", fmt.Sprint(rest[0]["n"]), "400")

	for _, top := range []int32{-1, 1001} {
		_, err := c.NewListEntitiesPager(&aztables.ListEntitiesOptions{Top: &top}).NextPage(t.Context())
		wantCode(t, err, http.StatusBadRequest, aztables.InvalidInput)
	}
	found, _ := c.pages(t, &aztables.ListEntitiesOptions{Filter: to.Ptr("n eq 1229"), Top: to.Ptr(int32(1))})
	want(t, "the last one by a property", len(found), 1)
}
