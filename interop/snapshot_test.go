package interop

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

func TestSnapshots(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "one")
	b := c.NewBlobClient("b")
	first, err := b.CreateSnapshot(ctx, &blob.CreateSnapshotOptions{Metadata: meta("n", "1")})
	check(t, err)
	put(t, c, "b", "two")
	second, err := b.CreateSnapshot(ctx, nil)
	check(t, err)
	if *first.Snapshot >= *second.Snapshot {
		t.Errorf("snapshot times %s and %s", *first.Snapshot, *second.Snapshot)
	}
	put(t, c, "b", "three")

	old, err := b.WithSnapshot(*first.Snapshot)
	check(t, err)
	want(t, "first", get(t, old), "one")
	p, err := old.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"n": "1"})
	mid, err := b.WithSnapshot(*second.Snapshot)
	check(t, err)
	want(t, "second", get(t, mid), "two")
	want(t, "base", get(t, b), "three")

	names, _ := list(t, c, &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Snapshots: true}})
	want(t, "listed", len(names), 3)

	_, err = b.Delete(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.SnapshotsPresent)
	_, err = old.Delete(ctx, nil)
	check(t, err)
	_, err = old.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
	_, err = b.Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeOnly)})
	check(t, err)
	want(t, "base without snapshots", get(t, b), "three")
	_, err = b.CreateSnapshot(ctx, nil)
	check(t, err)
	_, err = b.Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)})
	check(t, err)
	names, _ = list(t, c, &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Snapshots: true}})
	want(t, "left", len(names), 0)
	_, err = b.CreateSnapshot(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
}
