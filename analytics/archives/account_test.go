package archives_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"reslog/analytics/archives"
	"reslog/client"
	"reslog/record"
	"reslog/resource"
	"reslog/server"
	"reslog/server/servertest"
)

const archiveAccount = "archiveacct"

// node is a node whose account is logged in both ways: in $logs, and by a setting
// to another account; the records of a SignalR resource go there as well.
func node(t *testing.T) (*servertest.Node, resource.ID) {
	t.Helper()
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.SubscriptionID, c.ResourceGroup = "4a1c78c6-5cb1-422c-a34e-0df7fcb9bd0b", "test"
		c.Accounts = []server.Account{{Name: archiveAccount}}
		c.Resources = []server.Resource{{ID: "Microsoft.SignalRService/SignalR/chat"}}
	}))
	admin := n.Admin(t)
	const group = "/subscriptions/4a1c78c6-5cb1-422c-a34e-0df7fcb9bd0b/resourceGroups/test/providers/"
	for _, id := range []string{group + "Microsoft.Storage/storageAccounts/" + server.DevAccount + "/blobServices/default", group + "Microsoft.SignalRService/SignalR/chat"} {
		if _, err := admin.PutSetting(t.Context(), id, "all", client.SettingProperties{
			StorageAccountID: group + "Microsoft.Storage/storageAccounts/" + archiveAccount,
			Logs:             []client.SettingLog{{CategoryGroup: "allLogs", Enabled: true}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	n.SetLogging(t, "rwd")
	return n, resource.MustParse(group + "Microsoft.SignalRService/SignalR/chat")
}

// requests makes requests that are logged: a container and n blobs in it.
func requests(t *testing.T, c *azblob.Client, name string, n int) {
	t.Helper()
	if _, err := c.CreateContainer(t.Context(), name, nil); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := c.UploadBuffer(t.Context(), name, fmt.Sprint("blob-", i), []byte("text"), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// key opens an account of a node by its key.
func key(t *testing.T, n *servertest.Node, account string) *archives.Account {
	t.Helper()
	fields := map[string]string{}
	for field := range strings.SplitSeq(n.ConnectionString(account), ";") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	a, err := archives.OpenAccount(archives.AccountConfig{Endpoint: fields["BlobEndpoint"], Name: fields["AccountName"], Key: fields["AccountKey"]})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func importAll(t *testing.T, source archives.Source, s *fakeStore, selection archives.Selection) archives.Summary {
	t.Helper()
	sum, err := archives.Import(t.Context(), archives.Config{
		Source: source, Store: s, Selection: selection,
		Warn: func(b archives.Blob, at int64, err error) { t.Errorf("%s at %d: %v", b.Location, at, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// putBlobs are the object keys of the uploads to a container, sorted.
func putBlobs(s *fakeStore, name string) []string {
	var keys []string
	for _, row := range s.rows {
		object, _ := row["ObjectKey"].(string)
		if row["OperationName"] == "PutBlob" && strings.HasPrefix(object, "/"+server.DevAccount+"/"+name+"/") {
			keys = append(keys, object)
		}
	}
	slices.Sort(keys)
	return keys
}

// What a node left in $logs and in an archive, read with keys and signatures, also
// after it has grown.
func TestNode(t *testing.T) {
	n, chat := node(t)
	c := n.BlobClient(t)
	requests(t, c, "first", 5)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := n.Emitter().Emit(context.WithoutCancel(t.Context()), record.Record{
		Resource: chat, Category: "AllLogs", Time: at, Ended: at, ID: "1",
		Line: []byte(`{"time":"2026-01-01T00:00:00Z","resourceId":"` + chat.Upper() + `","category":"AllLogs","operationName":"ConnectionStarted","properties":{"connectionId":"c1"}}`),
	}); err != nil {
		t.Fatal(err)
	}
	n.Settle(t)
	logs, archive := newStore(), newStore()
	importAll(t, key(t, n, server.DevAccount), logs, archives.Selection{})
	importAll(t, key(t, n, archiveAccount), archive, archives.Selection{})
	for name, s := range map[string]*fakeStore{"$logs": logs, "the archive": archive} {
		if got := putBlobs(s, "first"); len(got) != 5 || len(slices.Compact(got)) != 5 {
			t.Errorf("%s has %q", name, got)
		}
	}
	i := slices.IndexFunc(archive.rows, func(row map[string]any) bool { return row["Type"] == "SignalRServiceDiagnosticLogs" })
	if i < 0 || archive.rows[i]["ConnectionId"] != "c1" || archive.rows[i]["_ResourceId"] != string(chat.Key()) {
		t.Errorf("SignalR is row %d of %v", i, archive.column("OperationName"))
	}

	requests(t, c, "second", 3)
	n.Settle(t)
	importAll(t, key(t, n, server.DevAccount), logs, archives.Selection{})
	importAll(t, key(t, n, archiveAccount), archive, archives.Selection{})
	for name, s := range map[string]*fakeStore{"$logs": logs, "the archive": archive} {
		if first, second := putBlobs(s, "first"), putBlobs(s, "second"); len(first) != 5 || len(second) != 3 {
			t.Errorf("%s has %q and %q", name, first, second)
		}
	}
	writes := newStore()
	importAll(t, key(t, n, archiveAccount), writes, archives.Selection{Categories: []record.Category{"StorageWrite"}, Services: []string{"blob"}, Since: time.Now().Add(-2 * time.Hour)})
	for _, row := range writes.rows {
		if row["Category"] != "StorageWrite" {
			t.Errorf("%v of %v", row["Category"], row["OperationName"])
		}
	}
	none := newStore()
	if sum := importAll(t, key(t, n, server.DevAccount), none, archives.Selection{Until: time.Now().Add(-24 * time.Hour)}); sum.Blobs != 0 || len(none.rows) != 0 {
		t.Errorf("yesterday has %d rows, %+v", len(none.rows), sum)
	}
}

// Signatures of an account and of a container.
func TestNodeSAS(t *testing.T) {
	n, _ := node(t)
	requests(t, n.BlobClient(t), "first", 4)
	n.Settle(t)
	account := n.BlobClientFor(t, archiveAccount, nil).ServiceClient()
	full, err := account.GetSASURL(sas.AccountResourceTypes{Service: true, Container: true, Object: true}, sas.AccountPermissions{Read: true, List: true}, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	only, err := account.NewContainerClient("insights-logs-storagewrite").GetSASURL(sas.ContainerPermissions{Read: true, List: true}, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore()
	for i, u := range []string{only, full} {
		source, err := archives.OpenURL(u, nil)
		if err != nil {
			t.Fatal(err)
		}
		importAll(t, source, s, archives.Selection{})
		// The container is the account's: what was read is not read again.
		if got := putBlobs(s, "first"); len(got) != 4 {
			t.Errorf("%d: %q", i, got)
		}
	}
	u, err := url.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = ""
	for name, bad := range map[string]string{"without": u.String(), "damaged": full + "x", "of one object type": strings.Replace(full, "srt=sco", "srt=o", 1), "of nothing": strings.Replace(full, archiveAccount, archiveAccount+"/insights-logs-nothing", 1)} {
		source, err := archives.OpenURL(bad, nil)
		if err == nil {
			_, err = archives.Import(t.Context(), archives.Config{Source: source, Store: newStore()})
		}
		if err == nil || strings.Contains(err.Error(), "sig=") || strings.Contains(err.Error(), "\n") {
			t.Errorf("a URL %s: %v", name, err)
		}
	}
}

// A blob that goes while it is read is told of; one that was replaced is another.
func TestBlobsChange(t *testing.T) {
	n := servertest.Start(t)
	c := n.BlobClient(t).ServiceClient().NewContainerClient("insights-logs-connectionevents")
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(redisPath, "insights-logs-connectionevents/")
	put := func(text string) {
		t.Helper()
		if _, err := c.NewBlockBlobClient(name).Upload(t.Context(), streaming.NopCloser(strings.NewReader(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	put(redisLine(1) + "\n")
	s := newStore()
	importAll(t, key(t, n, server.DevAccount), s, archives.Selection{})
	if _, err := c.NewBlobClient(name).Delete(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	// When a blob was made is known to the second.
	deadline := time.Now().Add(10 * time.Second)
	for made := time.Now().Unix(); time.Now().Unix() == made && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
	}
	put(redisLine(2) + "\n")
	importAll(t, key(t, n, server.DevAccount), s, archives.Selection{})
	if got := s.column("ConnectionId"); !slices.Equal(got, []string{"REDConnectionEvents 1", "REDConnectionEvents 2"}) {
		t.Errorf("%v", got)
	}
	gone := &vanishing{Source: key(t, n, server.DevAccount), delete: func() { _, _ = c.NewBlobClient(name).Delete(t.Context(), nil) }}
	var told error
	sum, err := archives.Import(t.Context(), archives.Config{Source: gone, Store: newStore(), Warn: func(_ archives.Blob, _ int64, err error) { told = err }})
	if err != nil || sum.Failed != 1 || !errors.Is(told, archives.ErrGone) {
		t.Errorf("%+v, %v, told of %v", sum, err, told)
	}
}

// vanishing deletes blobs as soon as they are listed.
type vanishing struct {
	archives.Source
	delete func()
}

func (v *vanishing) List(ctx context.Context, s archives.Selection, fn func(archives.Blob) error) error {
	return v.Source.List(ctx, s, func(b archives.Blob) error {
		v.delete()
		return fn(b)
	})
}

// Errors are one line, say what to do, and never hold a secret.
func TestAccountErrors(t *testing.T) {
	var status int
	var code string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-ms-error-code", code)
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>sig=SECRET</Message></Error>", code)
	}))
	defer srv.Close()
	for _, c := range []struct {
		status int
		code   string
		want   string
	}{
		{403, "AuthenticationFailed", "check the account's name and key"},
		{403, "AuthorizationPermissionMismatch", "needs permissions r and l"},
		{404, "ContainerNotFound", "no container of that name"},
		{404, "ResourceNotFound", "not public"},
		{400, "InvalidHeaderValue", "answers 400 InvalidHeaderValue"},
	} {
		status, code = c.status, c.code
		a, err := archives.OpenURL(srv.URL+"/acct/insights-logs-x?sig=SECRET", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = archives.Import(t.Context(), archives.Config{Source: a, Store: newStore()})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.code, err)
		}
	}
	for _, bad := range []string{"", "acct", "ftp://h/?sig=SECRET", "https://a.blob.core.windows.net/c/b?sig=SECRET", "http://h:x/?sig=SECRET"} {
		if _, err := archives.OpenURL(bad, nil); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := archives.OpenAccount(archives.AccountConfig{Endpoint: "http://h", Name: "a", Key: "SECRET!"}); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
}
