package table_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

// client returns the Go SDK's client of a table, with the account's key.
func (s *server) client(table string) *aztables.Client {
	s.T.Helper()
	cred, err := aztables.NewSharedKeyCredential(account, base64.StdEncoding.EncodeToString(s.Accounts[account].Keys[0]))
	if err != nil {
		s.T.Fatal(err)
	}
	service, err := aztables.NewServiceClientWithSharedKey(s.URL, cred, &aztables.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return service.NewClient(table)
}

// wantCode demands a service error.
func wantCode(t *testing.T, err error, status int, code aztables.TableErrorCode) {
	t.Helper()
	var e *azcore.ResponseError
	if !errors.As(err, &e) || e.StatusCode != status || e.ErrorCode != string(code) {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

// TestSDK is the life of a table with the client of the Go SDK.
func TestSDK(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	c := s.client("sdk")
	if made, err := c.CreateTable(ctx, nil); err != nil || *made.TableName != "sdk" {
		t.Fatalf("create: %+v %v", made, err)
	}
	_, err := c.CreateTable(ctx, nil)
	wantCode(t, err, 409, aztables.TableAlreadyExists)

	e := aztables.EDMEntity{
		Entity: aztables.Entity{PartitionKey: "it's", RowKey: "a b+c%é"},
		Properties: map[string]any{
			"Text": "é😀\"", "Yes": true, "Int": int32(7), "Half": 0.5,
			"Long": aztables.EDMInt64(1 << 60), "Bin": aztables.EDMBinary{0, 255},
			"When": aztables.EDMDateTime(time.Date(2024, 5, 6, 7, 8, 9, 123_456_700, time.UTC)),
			"Id":   aztables.EDMGUID("c9da6455-213d-42c9-9a79-3e9149a57833"),
		},
	}
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	// This SDK doubles the quotes of keys in bodies too, where they stand for
	// themselves.
	body = bytes.Replace(body, []byte("it''s"), []byte("it's"), 1)
	added, err := c.AddEntity(ctx, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AddEntity(ctx, body, nil)
	wantCode(t, err, 409, aztables.EntityAlreadyExists)
	got, err := c.GetEntity(ctx, e.PartitionKey, e.RowKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	var back aztables.EDMEntity
	if err := json.Unmarshal(got.Value, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Properties, e.Properties) || back.ETag != string(added.ETag) || got.ETag != added.ETag {
		t.Errorf("got %+v, want %+v; ETags %s %s %s", back.Properties, e.Properties, back.ETag, got.ETag, added.ETag)
	}

	change := []byte(`{"PartitionKey":"it's","RowKey":"a b+c%é","Int":8}`)
	stale := added.ETag
	if _, err := c.UpdateEntity(ctx, change, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeMerge, IfMatch: &stale}); err != nil {
		t.Fatal(err)
	}
	_, err = c.UpdateEntity(ctx, change, &aztables.UpdateEntityOptions{UpdateMode: aztables.UpdateModeReplace, IfMatch: &stale})
	wantCode(t, err, 412, aztables.UpdateConditionNotSatisfied)
	_, err = c.DeleteEntity(ctx, e.PartitionKey, e.RowKey, &aztables.DeleteEntityOptions{IfMatch: &stale})
	wantCode(t, err, 412, aztables.UpdateConditionNotSatisfied)
	if _, err := c.UpsertEntity(ctx, change, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpsertEntity(ctx, []byte(`{"PartitionKey":"it's","RowKey":"new"}`), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteEntity(ctx, e.PartitionKey, e.RowKey, nil); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetEntity(ctx, e.PartitionKey, e.RowKey, nil)
	wantCode(t, err, 404, aztables.ResourceNotFound)

	expiry := time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC)
	id := "policy"
	_, err = c.SetAccessPolicy(ctx, &aztables.SetAccessPolicyOptions{TableACL: []*aztables.SignedIdentifier{{ID: &id, AccessPolicy: &aztables.AccessPolicy{Expiry: &expiry, Permission: to.Ptr("ra")}}}})
	if err != nil {
		t.Fatal(err)
	}
	if acl, err := c.GetAccessPolicy(ctx, nil); err != nil || len(acl.SignedIdentifiers) != 1 || !acl.SignedIdentifiers[0].AccessPolicy.Expiry.Equal(expiry) {
		t.Errorf("policies: %+v %v", acl, err)
	}
	if _, err := c.Delete(ctx, nil); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetEntity(ctx, "a", "b", nil)
	wantCode(t, err, 404, aztables.TableNotFound)
}

// TestSDKQueries lists with the client of the Go SDK, and with a signature it made.
func TestSDKQueries(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	c := s.client("sdk")
	if _, err := c.CreateTable(ctx, nil); err != nil {
		t.Fatal(err)
	}
	var actions []aztables.TransactionAction
	for i := range 25 {
		actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: fmt.Appendf(nil, `{"PartitionKey":"p","RowKey":"%02d","n":%d}`, i, i)})
	}
	if _, err := c.SubmitTransaction(ctx, actions, nil); err != nil {
		t.Fatal(err)
	}
	count := func(c *aztables.Client, o *aztables.ListEntitiesOptions) (n, pages int) {
		t.Helper()
		for pager := c.NewListEntitiesPager(o); pager.More(); pages++ {
			page, err := pager.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Entities)
		}
		return n, pages
	}
	if n, pages := count(c, &aztables.ListEntitiesOptions{Top: to.Ptr(int32(10))}); n != 25 || pages != 3 {
		t.Errorf("%d entities in %d pages", n, pages)
	}
	if n, _ := count(c, &aztables.ListEntitiesOptions{Filter: to.Ptr("PartitionKey eq 'p' and n ge 20"), Select: to.Ptr("n")}); n != 5 {
		t.Errorf("%d entities", n)
	}
	// The URL is not made by the SDK, which has no slash before the table in it when
	// the account is in the path.
	signed, err := aztables.NewClientWithNoCredential(s.URL+"/sdk?"+s.tableSAS("sdk", "r", "", "p", "05", "p", "09"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := count(signed, nil); n != 5 {
		t.Errorf("%d entities with a signature", n)
	}
	_, err = signed.GetEntity(ctx, "p", "10", nil)
	wantCode(t, err, 403, "AuthorizationFailure")
}
