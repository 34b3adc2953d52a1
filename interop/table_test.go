package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// tableCredential returns the account's key for clients of tables.
func (g *target) tableCredential(t *testing.T) *aztables.SharedKeyCredential {
	t.Helper()
	cred, err := aztables.NewSharedKeyCredential(g.Account, g.Key)
	check(t, err)
	return cred
}

// tables returns a client of the table service that signs with the account's key.
func (g *target) tables(t *testing.T) *aztables.ServiceClient {
	t.Helper()
	c, err := aztables.NewServiceClientWithSharedKey(g.TableURL, g.tableCredential(t), &aztables.ClientOptions{ClientOptions: once()})
	check(t, err)
	return c
}

// uniqueTable returns a table name that no other test uses.
func uniqueTable(t *testing.T) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, t.Name())
	return fmt.Sprintf("%.40s%08x", name, rand.Uint32())
}

// tableOf is a client with the name of its table.
type tableOf struct {
	*aztables.Client
	Name string
}

// table creates a table of its own for the test, and deletes it with the test.
func (g *target) table(t *testing.T) tableOf {
	t.Helper()
	name := uniqueTable(t)
	c := tableOf{g.tables(t).NewClient(name), name}
	_, err := c.CreateTable(t.Context(), nil)
	check(t, err)
	t.Cleanup(func() {
		if _, err := c.Delete(context.WithoutCancel(t.Context()), nil); err != nil && !hasCode(err, "ResourceNotFound", "TableNotFound", "TableBeingDeleted") {
			t.Errorf("delete the test's table: %v", err)
		}
	})
	return c
}

// object is an entity as JSON has it.
type object map[string]any

// with returns the object with other members too.
func (o object) with(pairs ...any) object {
	c := object{}
	for k, v := range o {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
	}
	return c
}

func (o object) json(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(o)
	check(t, err)
	return b
}

// at makes an entity of its keys and other members.
func at(partition, row string, pairs ...any) object {
	return object{"PartitionKey": partition, "RowKey": row}.with(pairs...)
}

// parsed decodes an entity; numbers stay as they are written.
func parsed(t *testing.T, b []byte) object {
	t.Helper()
	var o object
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	check(t, d.Decode(&o))
	return o
}

// add inserts an entity.
func (c tableOf) add(t *testing.T, o object) aztables.AddEntityResponse {
	t.Helper()
	r, err := c.AddEntity(t.Context(), o.json(t), nil)
	check(t, err)
	return r
}

// get reads an entity.
func (c tableOf) get(t *testing.T, partition, row string) object {
	t.Helper()
	r, err := c.GetEntity(t.Context(), partition, row, nil)
	check(t, err)
	return parsed(t, r.Value)
}

// missing ends the test unless there is no such entity.
func (c tableOf) missing(t *testing.T, partition, row string) {
	t.Helper()
	_, err := c.GetEntity(t.Context(), partition, row, nil)
	wantCode(t, err, http.StatusNotFound, aztables.ResourceNotFound)
}

func TestTableLife(t *testing.T) {
	g := open(t)
	svc := g.tables(t)
	ctx := t.Context()
	name := uniqueTable(t)
	c := tableOf{svc.NewClient(name), name}
	_, err := c.AddEntity(ctx, at("p", "r").json(t), nil)
	wantCode(t, err, http.StatusNotFound, aztables.TableNotFound)
	_, err = c.NewListEntitiesPager(nil).NextPage(ctx)
	wantCode(t, err, http.StatusNotFound, aztables.TableNotFound)
	_, err = c.Delete(ctx, nil)
	wantCode(t, err, http.StatusNotFound, aztables.ResourceNotFound)

	made, err := svc.CreateTable(ctx, name, nil)
	check(t, err)
	wantPtr(t, "name", made.TableName, name)
	_, err = svc.CreateTable(ctx, name, nil)
	wantCode(t, err, http.StatusConflict, aztables.TableAlreadyExists)
	_, err = svc.CreateTable(ctx, strings.ToUpper(name), nil)
	wantCode(t, err, http.StatusConflict, aztables.TableAlreadyExists)
	c.add(t, at("p", "r", "a", "b"))
	// Names are compared without regard to case.
	other := tableOf{svc.NewClient(strings.ToLower(name)), name}
	want(t, "by another case", other.get(t, "p", "r")["a"], any("b"))
	_, err = c.Delete(ctx, nil)
	check(t, err)
	_, err = c.GetEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusNotFound, aztables.TableNotFound)
	if g.foreign {
		return // elsewhere a name is free after a while only
	}
	_, err = svc.CreateTable(ctx, name, nil)
	check(t, err)
	c.missing(t, "p", "r")
	_, err = c.Delete(ctx, nil)
	check(t, err)
}

func TestTableNames(t *testing.T) {
	svc := open(t).tables(t)
	for _, name := range []string{"1digit", "ab", "has-dash", "has space", "dot.ted", strings.Repeat("a", 64), "ünïcödé", "tables"} {
		_, err := svc.CreateTable(t.Context(), name, nil)
		if !hasCode(err, "InvalidResourceName", "OutOfRangeInput", "InvalidInput") {
			t.Errorf("table name %q: %v", name, err)
		}
	}
}

func TestListTables(t *testing.T) {
	g := open(t)
	svc := g.tables(t)
	prefix := uniqueTable(t)
	for i := range 7 {
		_, err := svc.CreateTable(t.Context(), fmt.Sprintf("%s%d", prefix, i), nil)
		check(t, err)
		t.Cleanup(func() {
			_, _ = svc.DeleteTable(context.WithoutCancel(t.Context()), fmt.Sprintf("%s%d", prefix, i), nil)
		})
	}
	list := func(o *aztables.ListTablesOptions) (names, sizes []string) {
		t.Helper()
		for pager := svc.NewListTablesPager(o); pager.More(); {
			page, err := pager.NextPage(t.Context())
			check(t, err)
			sizes = append(sizes, fmt.Sprint(len(page.Tables)))
			for _, table := range page.Tables {
				names = append(names, strings.TrimPrefix(*table.Name, prefix))
			}
		}
		slices.Sort(names)
		return names, sizes
	}
	of := "TableName ge '" + prefix + "' and TableName lt '" + prefix + "a'"
	names, sizes := list(&aztables.ListTablesOptions{Filter: &of, Top: to.Ptr(int32(3))})
	want(t, "names", strings.Join(names, " "), "0 1 2 3 4 5 6")
	want(t, "pages", strings.Join(sizes, " "), "3 3 1")
	names, _ = list(&aztables.ListTablesOptions{Filter: to.Ptr("TableName eq '" + prefix + "3'")})
	want(t, "one by name", strings.Join(names, " "), "3")
	names, _ = list(&aztables.ListTablesOptions{Filter: to.Ptr(of + " and TableName ne '" + prefix + "3'")})
	want(t, "all but one", strings.Join(names, " "), "0 1 2 4 5 6")
	names, _ = list(nil)
	want(t, "among all", slices.Contains(names, "5"), true)
	for _, name := range names {
		if strings.HasPrefix(name, "$") {
			t.Errorf("%s is listed", name)
		}
	}
	_, err := svc.NewListTablesPager(&aztables.ListTablesOptions{Filter: to.Ptr("TableName eq")}).NextPage(t.Context())
	wantCode(t, err, http.StatusBadRequest, aztables.InvalidInput)
}

func TestTableAccessPolicy(t *testing.T) {
	c := open(t).table(t)
	ctx := t.Context()
	got, err := c.GetAccessPolicy(ctx, nil)
	check(t, err)
	want(t, "identifiers of a new table", len(got.SignedIdentifiers), 0)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expiry := start.AddDate(2, 0, 0)
	_, err = c.SetAccessPolicy(ctx, &aztables.SetAccessPolicyOptions{TableACL: []*aztables.SignedIdentifier{
		{ID: to.Ptr("writers"), AccessPolicy: &aztables.AccessPolicy{Start: &start, Expiry: &expiry, Permission: to.Ptr("raud")}},
		{ID: to.Ptr("readers"), AccessPolicy: &aztables.AccessPolicy{Expiry: &expiry, Permission: to.Ptr("r")}},
	}})
	check(t, err)
	got, err = c.GetAccessPolicy(ctx, nil)
	check(t, err)
	if len(got.SignedIdentifiers) != 2 {
		t.Fatalf("%d identifiers, want 2", len(got.SignedIdentifiers))
	}
	wantPtr(t, "id", got.SignedIdentifiers[0].ID, "writers")
	policy := got.SignedIdentifiers[0].AccessPolicy
	wantPtr(t, "permission", policy.Permission, "raud")
	if policy.Start == nil || !policy.Start.Equal(start) || policy.Expiry == nil || !policy.Expiry.Equal(expiry) {
		t.Errorf("times: got %v to %v", policy.Start, policy.Expiry)
	}
	six := make([]*aztables.SignedIdentifier, 6)
	for i := range six {
		six[i] = &aztables.SignedIdentifier{ID: to.Ptr(string(rune('a' + i))), AccessPolicy: &aztables.AccessPolicy{Permission: to.Ptr("r"), Start: &start, Expiry: &expiry}}
	}
	if _, err = c.SetAccessPolicy(ctx, &aztables.SetAccessPolicyOptions{TableACL: six}); err == nil {
		t.Error("six policies were taken")
	}
	_, err = c.SetAccessPolicy(ctx, &aztables.SetAccessPolicyOptions{})
	check(t, err)
	got, err = c.GetAccessPolicy(ctx, nil)
	check(t, err)
	want(t, "identifiers after clearing", len(got.SignedIdentifiers), 0)
}
