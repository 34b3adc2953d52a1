package interop

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// inner is what the log should say of a change inside a transaction.
type inner struct{ Operation, Key string }

// tableTraffic does one of everything that tables can do and names each operation
// as the log should. It returns the changes of its transaction.
func tableTraffic(t *testing.T, g *target, rec *recorder) []inner {
	svc := g.recordedTables(t, rec)
	ctx := t.Context()
	name := uniqueTable(t)
	c := svc.NewClient(name)
	account := "/" + g.Account
	table := account + "/" + name
	row := table + "/p/r"
	do := func(_ any, err error) { t.Helper(); check(t, err) }
	refused := func(code string, err error) {
		t.Helper()
		if !hasCode(err, code) {
			t.Fatalf("error %v, want %s", err, code)
		}
	}
	entity := at("p", "r", "a", "1").json(t)

	do(svc.GetProperties(asOf(ctx, "GetTableServiceProperties", account), nil))
	do(svc.SetProperties(as(ctx, "SetTableServiceProperties"), aztables.ServiceProperties{HourMetrics: &aztables.Metrics{
		Version: to.Ptr("1.0"), Enabled: to.Ptr(false), RetentionPolicy: &aztables.RetentionPolicy{Enabled: to.Ptr(false)},
	}}, nil))
	_, err := c.AddEntity(as(ctx, "InsertEntity"), entity, nil)
	refused("TableNotFound", err)
	do(svc.CreateTable(asOf(ctx, "CreateTable", table), name, nil))
	_, err = svc.CreateTable(asOf(ctx, "CreateTable", table), name, nil)
	refused("TableAlreadyExists", err)
	do(svc.NewListTablesPager(nil).NextPage(as(ctx, "QueryTables")))
	do(c.GetAccessPolicy(asOf(ctx, "GetTableACL", table), nil))
	do(c.SetAccessPolicy(asOf(ctx, "SetTableACL", table), nil))

	added, err := c.AddEntity(asOf(ctx, "InsertEntity", row), entity, nil)
	check(t, err)
	_, err = c.AddEntity(asOf(ctx, "InsertEntity", row), entity, nil)
	refused("EntityAlreadyExists", err)
	do(c.GetEntity(asOf(ctx, "QueryEntity", row), "p", "r", nil))
	_, err = c.GetEntity(asOf(ctx, "QueryEntity", table+"/p/none"), "p", "none", nil)
	refused("ResourceNotFound", err)
	do(c.UpdateEntity(asOf(ctx, "MergeEntity", row), entity, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge}))
	do(c.UpdateEntity(asOf(ctx, "UpdateEntity", row), entity, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeReplace}))
	_, err = c.UpdateEntity(asOf(ctx, "MergeEntity", row), entity, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge, IfMatch: &added.ETag})
	refused("UpdateConditionNotSatisfied", err)
	do(c.UpsertEntity(asOf(ctx, "InsertOrMergeEntity", row), entity, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeMerge}))
	do(c.UpsertEntity(asOf(ctx, "InsertOrReplaceEntity", row), entity, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}))
	do(c.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: to.Ptr("PartitionKey eq 'p' and a eq '1'")}).NextPage(as(ctx, "QueryEntities")))
	_, err = c.NewListEntitiesPager(&aztables.ListEntitiesOptions{Filter: to.Ptr("a eq")}).NextPage(as(ctx, "QueryEntities"))
	refused("InvalidInput", err)
	do(c.DeleteEntity(asOf(ctx, "DeleteEntity", row), "p", "r", nil))

	do(c.SubmitTransaction(as(ctx, "EntityGroupTransaction"), []aztables.TransactionAction{
		action(t, aztables.TransactionTypeAdd, at("p", "1")), action(t, aztables.TransactionTypeInsertMerge, at("p", "2")),
		action(t, aztables.TransactionTypeInsertReplace, at("p", "3")),
	}, nil))
	do(c.SubmitTransaction(as(ctx, "EntityGroupTransaction"), []aztables.TransactionAction{
		action(t, aztables.TransactionTypeUpdateMerge, at("p", "1"), azcore.ETagAny), action(t, aztables.TransactionTypeUpdateReplace, at("p", "2"), azcore.ETagAny),
		action(t, aztables.TransactionTypeDelete, at("p", "3")),
	}, nil))
	_, err = c.SubmitTransaction(as(ctx, "EntityGroupTransaction"), []aztables.TransactionAction{
		action(t, aztables.TransactionTypeInsertMerge, at("p", "4")), action(t, aztables.TransactionTypeAdd, at("p", "1")),
	}, nil)
	if err == nil {
		t.Fatal("a transaction that inserts what is there succeeds")
	}

	query, err := aztables.SASSignatureValues{TableName: name, ExpiryTime: time.Now().UTC().Add(time.Hour), Permissions: "r"}.Sign(g.tableCredential(t))
	check(t, err)
	s, err := aztables.NewClientWithNoCredential(g.TableURL+"/"+name+"?"+query, &aztables.ClientOptions{ClientOptions: rec.options()})
	check(t, err)
	do(s.GetEntity(asOf(ctx, "QueryEntity", table+"/p/1"), "p", "1", nil))
	_, err = s.AddEntity(as(ctx, "InsertEntity"), entity, nil)
	refused("AuthorizationPermissionMismatch", err)
	do(svc.DeleteTable(asOf(ctx, "DeleteTable", table), name, nil))
	return []inner{
		{"InsertEntity", table + "/p/1"},
		{"InsertOrMergeEntity", table + "/p/2"},
		{"InsertOrReplaceEntity", table + "/p/3"},
		{"MergeEntity", table + "/p/1"},
		{"UpdateEntity", table + "/p/2"},
		{"DeleteEntity", table + "/p/3"},
	}
}
