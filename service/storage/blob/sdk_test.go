package blob_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/service/storage"
)

// client returns the Go SDK's client with the account's key.
func (s *server) client() *azblob.Client {
	s.T.Helper()
	cred, err := azblob.NewSharedKeyCredential(account, base64.StdEncoding.EncodeToString(s.Accounts[account].Keys[0]))
	if err != nil {
		s.T.Fatal(err)
	}
	c, err := azblob.NewClientWithSharedKeyCredential(s.URL, cred, &azblob.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSDKMainFlows(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	client := s.client()
	if _, err := client.CreateContainer(ctx, "flow", &azblob.CreateContainerOptions{Metadata: map[string]*string{"k": to.Ptr("v")}}); err != nil {
		t.Fatal(err)
	}
	data := []byte(pattern(9 << 20))
	_, err := client.UploadStream(ctx, "flow", "dir/large", bytes.NewReader(data), &azblob.UploadStreamOptions{BlockSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	down, err := client.DownloadStream(ctx, "flow", "dir/large", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(down.Body)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("download: %d bytes, %v", len(got), err)
	}

	cc := client.ServiceClient().NewContainerClient("flow")
	bb := cc.NewBlockBlobClient("small")
	up := must[blockblob.UploadResponse](t)(bb.Upload(ctx, streaming.NopCloser(strings.NewReader("abc")), &blockblob.UploadOptions{
		Metadata: map[string]*string{"Owner": to.Ptr("me")}, Tags: map[string]string{"color": "blue"},
		TransactionalValidation: azblobblob.TransferValidationTypeComputeCRC64(),
	}))
	if up.ETag == nil || up.LastModified == nil || len(up.ContentMD5) == 0 {
		t.Errorf("upload answer: %+v", up)
	}
	props, err := bb.GetProperties(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *props.ContentLength != 3 || *props.TagCount != 1 || *props.BlobType != azblobblob.BlobTypeBlockBlob || props.CreationTime == nil {
		t.Errorf("properties: %+v", props)
	}
	_, err = bb.Upload(ctx, streaming.NopCloser(strings.NewReader("abc")), &blockblob.UploadOptions{
		AccessConditions: &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
	})
	if !bloberror.HasCode(err, bloberror.BlobAlreadyExists) {
		t.Errorf("create only: %v", err)
	}

	var names []string
	for pager := cc.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Include: container.ListBlobsInclude{Metadata: true, Tags: true}}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Segment.BlobPrefixes {
			names = append(names, *p.Name)
		}
		for _, b := range page.Segment.BlobItems {
			names = append(names, *b.Name+":"+*b.Metadata["owner"]+":"+*b.BlobTags.BlobTagSet[0].Value)
		}
	}
	if strings.Join(names, " ") != "dir/ small:me:blue" {
		t.Errorf("hierarchy: %v", names)
	}

	cp := must[azblobblob.StartCopyFromURLResponse](t)(cc.NewBlobClient("copied").StartCopyFromURL(ctx, bb.URL(), nil))
	if *cp.CopyStatus != azblobblob.CopyStatusTypeSuccess {
		t.Errorf("copy: %+v", cp)
	}

	lc, err := lease.NewBlobClient(bb, nil)
	if err != nil {
		t.Fatal(err)
	}
	must[lease.BlobAcquireResponse](t)(lc.AcquireLease(ctx, 15, nil))
	if _, err := bb.Delete(ctx, nil); !bloberror.HasCode(err, bloberror.LeaseIDMissing) {
		t.Errorf("delete of a leased blob: %v", err)
	}
	must[lease.BlobReleaseResponse](t)(lc.ReleaseLease(ctx, nil))

	signed, err := cc.NewBlobClient("small").GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	anonymous, err := azblobblob.NewClientWithNoCredential(signed, nil)
	if err != nil {
		t.Fatal(err)
	}
	must[azblobblob.DownloadStreamResponse](t)(anonymous.DownloadStream(ctx, nil))
	if _, err := anonymous.Delete(ctx, nil); !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("delete with a signature to read: %v", err)
	}
}

func TestSDKBatch(t *testing.T) {
	s := newServer(t)
	s.container("con")
	ctx := context.Background()
	client := s.client().ServiceClient()
	for _, n := range []string{"a", "b", "d"} {
		s.put("/con/"+n, n)
	}
	bb := must[*service.BatchBuilder](t)(client.NewBatchBuilder())
	for _, n := range []string{"a", "none", "b"} {
		if err := bb.Delete("con", n, nil); err != nil {
			t.Fatal(err)
		}
	}
	res, err := client.SubmitBatch(ctx, bb, nil)
	if err != nil {
		t.Fatal(err)
	}
	var outcome []string
	for _, r := range res.Responses {
		var re *azcore.ResponseError
		switch {
		case r.Error == nil:
			outcome = append(outcome, "done")
		case errors.As(r.Error, &re):
			outcome = append(outcome, re.ErrorCode)
		default:
			outcome = append(outcome, r.Error.Error())
		}
	}
	if got := strings.Join(outcome, " "); got != "done BlobNotFound done" {
		t.Errorf("batch: %s", got)
	}
	var logged []string
	ids := map[string]bool{}
	for _, e := range s.Log.Take(t)[4:] { // after the container and the blobs
		logged = append(logged, e.Operation+" "+e.Status+" "+e.ObjectKey)
		ids[e.RequestID] = true
	}
	want := "DeleteBlob Success /acct/con/a|DeleteBlob BlobNotFound /acct/con/none|DeleteBlob Success /acct/con/b|BlobBatch Success /acct"
	if got := strings.Join(logged, "|"); got != want || len(ids) != 4 {
		t.Errorf("logged with %d ids:\n%s", len(ids), got)
	}
	cc := client.NewContainerClient("con")
	tiers := must[*container.BatchBuilder](t)(cc.NewBatchBuilder())
	if err := tiers.SetTier("d", azblobblob.AccessTierCool, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := cc.SubmitBatch(ctx, tiers, nil); err != nil {
		t.Fatal(err)
	}
	s.OK(200, "HEAD", "/con/d", "").WantHeader(t, "x-ms-access-tier", "Cool")
}

// TestSystem writes as the node itself does, through the SDK and without a network.
func TestSystem(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	client, err := azblob.NewClientWithNoCredential("http://"+account+".blob.local", &azblob.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: storage.InProcess(s.Front)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	must[azblob.CreateContainerResponse](t)(client.CreateContainer(ctx, "$logs", nil))
	bb := client.ServiceClient().NewContainerClient("$logs").NewBlockBlobClient("blob/2026/01/01/0000/000000.log")
	id := base64.StdEncoding.EncodeToString([]byte("block-1"))
	must[blockblob.StageBlockResponse](t)(bb.StageBlock(ctx, id, streaming.NopCloser(strings.NewReader("1.0;x\n")), nil))
	must[blockblob.CommitBlockListResponse](t)(bb.CommitBlockList(ctx, []string{id}, &blockblob.CommitBlockListOptions{
		Metadata: map[string]*string{"LogType": to.Ptr("write")},
	}))
	list := s.OK(200, "GET", "/$logs?restype=container&comp=list&include=metadata", "")
	if !strings.Contains(list.Body, "<Metadata><LogType>write</LogType></Metadata>") {
		t.Errorf("metadata names lost their case: %s", list.Body)
	}
	if got := s.OK(200, "GET", "/$logs/blob/2026/01/01/0000/000000.log", ""); got.Body != "1.0;x\n" {
		t.Errorf("log: %q", got.Body)
	}
}

// TestSystemHeaders checks that what the SDK says in headers arrives in process.
func TestSystemHeaders(t *testing.T) {
	s := newServer(t)
	s.asSystem("PUT", "/$logs?restype=container", "")
	client, err := azblob.NewClientWithNoCredential("http://"+account+".blob.local", &azblob.ClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: storage.InProcess(s.Front)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	bb := client.ServiceClient().NewContainerClient("$logs").NewBlockBlobClient("blob/l.log")
	upload := func() error {
		_, err := bb.Upload(context.Background(), streaming.NopCloser(strings.NewReader("x")), &blockblob.UploadOptions{
			HTTPHeaders:      &azblobblob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")},
			AccessConditions: &azblobblob.AccessConditions{ModifiedAccessConditions: &azblobblob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)}},
		})
		return err
	}
	if err := upload(); err != nil {
		t.Fatal(err)
	}
	if err := upload(); !bloberror.HasCode(err, bloberror.BlobAlreadyExists) {
		t.Errorf("the condition did not arrive: %v", err)
	}
	a := s.OK(200, "HEAD", "/$logs/blob/l.log", "")
	a.WantHeader(t, "Content-Type", "text/plain")
	if etag := a.Header.Get("ETag"); !strings.HasPrefix(etag, `"`) {
		t.Errorf("ETag %s", etag)
	}
}
