package interop

import (
	"crypto/md5"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// settle waits until a copy is no longer pending.
func settle(t *testing.T, b *blob.Client) blob.GetPropertiesResponse {
	t.Helper()
	for range 3000 { // a minute
		p, err := b.GetProperties(t.Context(), nil)
		check(t, err)
		if p.CopyStatus == nil || *p.CopyStatus != blob.CopyStatusTypePending {
			return p
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the copy is still pending")
	return blob.GetPropertiesResponse{}
}

func TestCopyBlob(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	src := c.NewBlockBlobClient("source")
	_, err := src.Upload(ctx, body("content"), &blockblob.UploadOptions{
		Metadata: meta("a", "1"), HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/x-source")},
	})
	check(t, err)

	dst := c.NewBlobClient("copy")
	started, err := dst.StartCopyFromURL(ctx, src.URL(), nil)
	check(t, err)
	if started.CopyID == nil || started.CopyStatus == nil {
		t.Fatalf("answer to the copy: %+v", started)
	}
	p := settle(t, dst)
	wantPtr(t, "status", p.CopyStatus, blob.CopyStatusTypeSuccess)
	wantPtr(t, "id", p.CopyID, *started.CopyID)
	wantPtr(t, "progress", p.CopyProgress, "7/7")
	wantPtr(t, "source", p.CopySource, src.URL())
	wantPtr(t, "content type", p.ContentType, "text/x-source")
	wantMeta(t, p.Metadata, map[string]string{"a": "1"})
	if !recent(p.CopyCompletionTime) {
		t.Errorf("completed at %v", p.CopyCompletionTime)
	}
	want(t, "content", get(t, dst), "content")

	_, err = dst.StartCopyFromURL(ctx, src.URL(), &blob.StartCopyFromURLOptions{Metadata: meta("b", "2")})
	check(t, err)
	p = settle(t, dst)
	wantMeta(t, p.Metadata, map[string]string{"b": "2"})
	_, err = dst.AbortCopyFromURL(ctx, *p.CopyID, nil)
	wantCode(t, err, http.StatusConflict, bloberror.NoPendingCopyOperation)

	_, err = dst.StartCopyFromURL(ctx, c.NewBlobClient("nothing").URL(), nil)
	if !bloberror.HasCode(err, bloberror.BlobNotFound, bloberror.CannotVerifyCopySource) {
		t.Errorf("a source that is not there: %v", err)
	}
	_, err = dst.StartCopyFromURL(ctx, src.URL(), &blob.StartCopyFromURLOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: p.ETag}},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.TargetConditionNotMet)
	_, err = dst.StartCopyFromURL(ctx, src.URL(), &blob.StartCopyFromURLOptions{
		SourceModifiedAccessConditions: &blob.SourceModifiedAccessConditions{SourceIfMatch: p.ETag},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.SourceConditionNotMet)
}

func TestCopyKeepsKind(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	page := c.NewPageBlobClient("disk")
	_, err := page.Create(ctx, 1024, nil)
	check(t, err)
	_, err = page.UploadPages(ctx, body(strings.Repeat("p", 512)), blob.HTTPRange{Offset: 512, Count: 512}, nil)
	check(t, err)
	log := c.NewAppendBlobClient("log")
	_, err = log.Create(ctx, nil)
	check(t, err)
	_, err = log.AppendBlock(ctx, body("line\n"), nil)
	check(t, err)
	for name, kind := range map[string]blob.BlobType{"disk": blob.BlobTypePageBlob, "log": blob.BlobTypeAppendBlob} {
		dst := c.NewBlobClient(name + "-copy")
		_, err := dst.StartCopyFromURL(ctx, c.NewBlobClient(name).URL(), nil)
		check(t, err)
		wantPtr(t, "type", settle(t, dst).BlobType, kind)
		want(t, "content", get(t, dst), get(t, c.NewBlobClient(name)))
	}
	want(t, "ranges", pages(t, c.NewPageBlobClient("disk-copy"), nil), "512-1023")
}

func TestCopyFromURL(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	put(t, c, "source", "content")
	u, err := c.NewBlobClient("source").GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
	check(t, err)
	sum := md5.Sum([]byte("content"))
	dst := c.NewBlobClient("copy")
	r, err := dst.CopyFromURL(ctx, u, &blob.CopyFromURLOptions{SourceContentMD5: sum[:], Metadata: meta("k", "v")})
	check(t, err)
	if r.CopyStatus == nil || *r.CopyStatus != "success" {
		t.Errorf("status %v", r.CopyStatus)
	}
	want(t, "content", get(t, dst), "content")
	other := md5.Sum([]byte("other"))
	_, err = dst.CopyFromURL(ctx, u, &blob.CopyFromURLOptions{SourceContentMD5: other[:]})
	wantCode(t, err, http.StatusBadRequest, bloberror.MD5Mismatch)
}

func TestCopySnapshotOverBase(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "old")
	s, err := c.NewBlobClient("b").CreateSnapshot(ctx, nil)
	check(t, err)
	put(t, c, "b", "new")
	snap, err := c.NewBlobClient("b").WithSnapshot(*s.Snapshot)
	check(t, err)
	_, err = c.NewBlobClient("b").StartCopyFromURL(ctx, snap.URL(), nil)
	check(t, err)
	settle(t, c.NewBlobClient("b"))
	want(t, "content after promoting the snapshot", get(t, c.NewBlobClient("b")), "old")
	want(t, "content of the snapshot", get(t, snap), "old")
}
