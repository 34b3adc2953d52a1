package interop

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// signed returns a client that has nothing but a signature. The SDK signs the range of
// keys and forgets to say it in the URL: that is done here.
func (c tableOf) signed(t *testing.T, g *target, v aztables.SASSignatureValues) tableOf {
	t.Helper()
	v.TableName = c.Name
	query, err := v.Sign(g.tableCredential(t))
	check(t, err)
	q, err := url.ParseQuery(query)
	check(t, err)
	for name, value := range map[string]string{"spk": v.StartPartitionKey, "srk": v.StartRowKey, "epk": v.EndPartitionKey, "erk": v.EndRowKey} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return c.bare(t, g, q)
}

// bare returns a client of the table with the parameters and no key.
func (c tableOf) bare(t *testing.T, g *target, q url.Values) tableOf {
	t.Helper()
	b, err := aztables.NewClientWithNoCredential(g.TableURL+"/"+c.Name+"?"+q.Encode(), &aztables.ClientOptions{ClientOptions: once()})
	check(t, err)
	return tableOf{b, c.Name}
}

// calls are the operations on entities, each with what tells whether it was allowed.
func (c tableOf) calls(t *testing.T, partition, row string) map[string]func() error {
	ctx := t.Context()
	entity := at(partition, row, "a", "1").json(t)
	return map[string]func() error{
		"get":   func() error { _, err := c.GetEntity(ctx, partition, row, nil); return err },
		"query": func() error { _, err := c.NewListEntitiesPager(nil).NextPage(ctx); return err },
		"insert": func() error {
			_, err := c.AddEntity(ctx, at(partition, row+"-"+uniqueTable(t), "a", "1").json(t), nil)
			return err
		},
		"update":        func() error { _, err := c.UpdateEntity(ctx, entity, nil); return err },
		"upsert":        func() error { _, err := c.UpsertEntity(ctx, entity, nil); return err },
		"delete":        func() error { _, err := c.DeleteEntity(ctx, partition, row, nil); return err },
		"get the ACL":   func() error { _, err := c.GetAccessPolicy(ctx, nil); return err },
		"set the ACL":   func() error { _, err := c.SetAccessPolicy(ctx, nil); return err },
		"delete itself": func() error { _, err := c.Delete(ctx, nil); return err },
	}
}

// TestTableSAS gives each permission alone and sees what it opens.
func TestTableSAS(t *testing.T) {
	g := open(t)
	c := g.table(t)
	soon := time.Now().UTC().Add(time.Hour)
	for permissions, opens := range map[string]string{
		"r": "get query", "a": "insert", "u": "update", "d": "delete", "au": "insert update upsert", "raud": "get query insert update upsert delete",
	} {
		t.Run(permissions, func(t *testing.T) {
			s := c.signed(t, g, aztables.SASSignatureValues{Permissions: permissions, ExpiryTime: soon})
			for what, call := range s.calls(t, "p", "r") {
				_, err := c.UpsertEntity(t.Context(), at("p", "r").json(t), nil)
				check(t, err)
				err = call()
				if strings.Contains(" "+opens+" ", " "+what+" ") {
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				} else if !hasCode(err, "AuthorizationPermissionMismatch", "AuthorizationFailure", "ResourceNotFound") || hasCode(err, "ResourceNotFound") && what != "delete itself" {
					t.Errorf("%s is not refused: %v", what, err)
				}
			}
		})
	}
	get := func(s tableOf) error { _, err := s.GetEntity(t.Context(), "p", "r", nil); return err }
	base := aztables.SASSignatureValues{Permissions: "r", ExpiryTime: soon}
	t.Run("times, protocol, address, changes", func(t *testing.T) {
		v := base
		v.ExpiryTime = time.Now().UTC().Add(-time.Minute)
		wantCode(t, get(c.signed(t, g, v)), http.StatusForbidden, "AuthenticationFailed")
		v = base
		v.StartTime = time.Now().UTC().Add(30 * time.Minute)
		wantCode(t, get(c.signed(t, g, v)), http.StatusForbidden, "AuthenticationFailed")
		v = base
		v.Protocol = aztables.SASProtocolHTTPS
		wantCode(t, get(c.signed(t, g, v)), http.StatusForbidden, "AuthorizationProtocolMismatch")
		v = base
		v.IPRange = aztables.IPRange{Start: []byte{192, 0, 2, 1}}
		wantCode(t, get(c.signed(t, g, v)), http.StatusForbidden, "AuthorizationSourceIPMismatch")
		query, err := aztables.SASSignatureValues{Permissions: "r", ExpiryTime: soon, TableName: c.Name}.Sign(g.tableCredential(t))
		check(t, err)
		q, err := url.ParseQuery(query)
		check(t, err)
		q.Set("sp", "raud")
		wantCode(t, get(c.bare(t, g, q)), http.StatusForbidden, "AuthenticationFailed")
		q.Set("sp", "r")
		check(t, get(c.bare(t, g, q)))
		q.Set("spk", "p")
		wantCode(t, get(c.bare(t, g, q)), http.StatusForbidden, "AuthenticationFailed")
		q.Del("spk")
		other := g.table(t)
		q.Set("tn", strings.ToLower(c.Name))
		wantCode(t, get(other.bare(t, g, q)), http.StatusForbidden, "AuthorizationFailure")
	})
}

// TestTableSASRange gives the rows from (b, 2) to (d, 5) away.
func TestTableSASRange(t *testing.T) {
	g := open(t)
	c := g.table(t)
	inside := func(p, r string) bool { return (p > "b" || p == "b" && r >= "2") && (p < "d" || p == "d" && r <= "5") }
	var allowed []string
	for _, p := range []string{"a", "b", "c", "d", "e"} {
		for _, r := range []string{"1", "2", "5", "6"} {
			c.add(t, at(p, r, "n", p+r))
			if inside(p, r) {
				allowed = append(allowed, p+r)
			}
		}
	}
	s := c.signed(t, g, aztables.SASSignatureValues{
		Permissions: "raud", ExpiryTime: time.Now().UTC().Add(time.Hour), StartPartitionKey: "b", StartRowKey: "2", EndPartitionKey: "d", EndRowKey: "5",
	})
	keys := func(filter string) string {
		var found []string
		for _, o := range s.query(t, filter) {
			found = append(found, o["n"].(string))
		}
		return strings.Join(found, " ")
	}
	want(t, "rows", keys(""), strings.Join(allowed, " "))
	want(t, "rows of a filter", keys("RowKey eq '1' or RowKey eq '6'"), "b6 c1 c6 d1")
	for _, p := range []string{"a", "b", "c", "d", "e"} {
		for _, r := range []string{"1", "2", "5", "6"} {
			for what, call := range map[string]func() error{
				"get":    func() error { _, err := s.GetEntity(t.Context(), p, r, nil); return err },
				"merge":  func() error { _, err := s.UpdateEntity(t.Context(), at(p, r, "m", 1).json(t), nil); return err },
				"upsert": func() error { _, err := s.UpsertEntity(t.Context(), at(p, r, "m", 1).json(t), nil); return err },
				"batch": func() error {
					_, err := s.SubmitTransaction(t.Context(), []aztables.TransactionAction{action(t, aztables.TransactionTypeInsertMerge, at(p, r, "m", 1))}, nil)
					return err
				},
			} {
				err := call()
				if inside(p, r) != (err == nil) {
					t.Errorf("%s of (%s, %s): %v", what, p, r, err)
				}
				if err != nil && what != "batch" && !hasCode(err, "AuthorizationFailure", "ResourceNotFound", "AuthorizationPermissionMismatch") {
					t.Errorf("%s of (%s, %s): %v", what, p, r, err)
				}
			}
		}
	}
	for _, p := range []string{"a", "e"} {
		for _, o := range c.query(t, "PartitionKey eq '"+p+"'") {
			if _, changed := o["m"]; changed {
				t.Errorf("%v was changed from outside its range", o["n"])
			}
		}
	}
}

// A stored policy gives and takes what signatures allow.
func TestTableStoredPolicy(t *testing.T) {
	g := open(t)
	c := g.table(t)
	ctx := t.Context()
	policy := func(permission string, expiry time.Time) {
		t.Helper()
		_, err := c.SetAccessPolicy(ctx, &aztables.SetAccessPolicyOptions{TableACL: []*aztables.SignedIdentifier{{
			ID: to.Ptr("writers"), AccessPolicy: &aztables.AccessPolicy{Start: to.Ptr(time.Now().Add(-time.Hour)), Expiry: &expiry, Permission: &permission},
		}}})
		check(t, err)
	}
	policy("a", time.Now().Add(time.Hour))
	s := c.signed(t, g, aztables.SASSignatureValues{Identifier: "writers"})
	s.add(t, at("p", "r"))
	_, err := s.GetEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationPermissionMismatch")
	policy("ra", time.Now().Add(time.Hour))
	s.get(t, "p", "r")
	policy("ra", time.Now().Add(-time.Minute))
	_, err = s.GetEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusForbidden, "AuthenticationFailed")
	_, err = c.SetAccessPolicy(ctx, nil)
	check(t, err)
	_, err = s.GetEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusForbidden, "AuthenticationFailed")
}

func TestTableAccountSAS(t *testing.T) {
	g := open(t)
	c := g.table(t)
	ctx := t.Context()
	client := func(protocol aztables.SASProtocol, services, types, permissions string) *aztables.ServiceClient {
		t.Helper()
		q, err := aztables.AccountSASSignatureValues{
			Protocol: protocol, Permissions: permissions, Services: services, ResourceTypes: types, ExpiryTime: time.Now().UTC().Add(time.Hour),
		}.Sign(g.tableCredential(t))
		check(t, err)
		svc, err := aztables.NewServiceClientWithNoCredential(g.TableURL+"/?"+q.Encode(), &aztables.ClientOptions{ClientOptions: once()})
		check(t, err)
		return svc
	}
	const both = aztables.SASProtocolHTTPSandHTTP
	svc := client(both, "t", "sco", "rlau")
	_, err := svc.GetProperties(ctx, nil)
	check(t, err)
	_, err = svc.NewListTablesPager(nil).NextPage(ctx)
	check(t, err)
	s := tableOf{svc.NewClient(c.Name), c.Name}
	s.add(t, at("p", "r"))
	s.get(t, "p", "r")
	_, err = s.SubmitTransaction(ctx, []aztables.TransactionAction{action(t, aztables.TransactionTypeInsertMerge, at("p", "s"))}, nil)
	check(t, err)
	_, err = s.DeleteEntity(ctx, "p", "r", nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationPermissionMismatch")
	_, err = s.SubmitTransaction(ctx, []aztables.TransactionAction{action(t, aztables.TransactionTypeDelete, at("p", "s"))}, nil)
	if err == nil {
		t.Error("a transaction deleted without the permission to")
	}
	s.get(t, "p", "s")
	_, err = svc.CreateTable(ctx, uniqueTable(t), nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationPermissionMismatch")

	maker := client(both, "bqt", "c", "cd")
	name := uniqueTable(t)
	_, err = maker.CreateTable(ctx, name, nil)
	check(t, err)
	_, err = maker.DeleteTable(ctx, name, nil)
	check(t, err)
	_, err = maker.NewClient(c.Name).GetEntity(ctx, "p", "s", nil)
	wantCode(t, err, http.StatusForbidden, "AuthorizationResourceTypeMismatch")
	_, err = client(both, "bq", "sco", "rl").NewListTablesPager(nil).NextPage(ctx)
	wantCode(t, err, http.StatusForbidden, "AuthorizationServiceMismatch")
	_, err = client(aztables.SASProtocolHTTPS, "t", "sco", "rl").NewListTablesPager(nil).NextPage(ctx)
	wantCode(t, err, http.StatusForbidden, "AuthorizationProtocolMismatch")
}
