package interop

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

func TestTags(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("b")
	_, err := b.Upload(ctx, body("x"), &blockblob.UploadOptions{Tags: map[string]string{"status": "new", "team/x": "a + b"}})
	check(t, err)
	got, err := b.GetTags(ctx, nil)
	check(t, err)
	tags := map[string]string{}
	for _, tag := range got.BlobTagSet {
		tags[*tag.Key] = *tag.Value
	}
	if len(tags) != 2 || tags["status"] != "new" || tags["team/x"] != "a + b" {
		t.Errorf("tags: %v", tags)
	}
	before, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "tag count", before.TagCount, 2)
	_, err = b.SetTags(ctx, map[string]string{"status": "done"}, nil)
	check(t, err)
	after, err := b.GetProperties(ctx, nil)
	check(t, err)
	want(t, "ETag after setting tags", *after.ETag, *before.ETag)

	_, err = b.SetTags(ctx, map[string]string{"status": "x"}, &blob.SetTagsOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfTags: to.Ptr(`"status" = 'new'`)}},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
	_, err = b.Upload(ctx, body("y"), &blockblob.UploadOptions{
		AccessConditions: cond(blob.ModifiedAccessConditions{IfTags: to.Ptr(`"status" = 'done'`)}), Tags: map[string]string{"status": "done"},
	})
	check(t, err)

	eleven := map[string]string{}
	for i := range 11 {
		eleven[string(rune('a'+i))] = "v"
	}
	_, err = b.SetTags(ctx, eleven, nil)
	if err == nil {
		t.Error("eleven tags were taken")
	}
	_, err = b.SetTags(ctx, map[string]string{"k": "not & allowed"}, nil)
	if err == nil {
		t.Error("a tag value with & was taken")
	}
}

func TestFindBlobsByTags(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	for name, tags := range map[string]map[string]string{
		"a": {"colour": "red", "n": "1"}, "b": {"colour": "red", "n": "2"}, "c": {"colour": "blue", "n": "3"},
	} {
		_, err := c.NewBlockBlobClient(name).Upload(ctx, body(name), &blockblob.UploadOptions{Tags: tags})
		check(t, err)
	}
	found, err := c.FilterBlobs(ctx, `"colour" = 'red'`, nil)
	check(t, err)
	want(t, "red ones in the container", len(found.Blobs), 2)
	found, err = c.FilterBlobs(ctx, `"colour" = 'red' AND "n" > '1'`, &container.FilterBlobsOptions{MaxResults: to.Ptr(int32(10))})
	check(t, err)
	if len(found.Blobs) != 1 || *found.Blobs[0].Name != "b" {
		t.Errorf("found %+v", found.Blobs)
	}
	everywhere, err := g.service(t).FilterBlobs(ctx, `@container = '`+nameOf(c)+`' AND "colour" = 'blue'`, &service.FilterBlobsOptions{})
	check(t, err)
	if len(everywhere.Blobs) != 1 || *everywhere.Blobs[0].Name != "c" || *everywhere.Blobs[0].ContainerName != nameOf(c) {
		t.Errorf("found %+v", everywhere.Blobs)
	}
	_, err = c.FilterBlobs(ctx, `colour is red`, nil)
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidQueryParameterValue)
}

func TestTiers(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "content")
	b := c.NewBlobClient("b")
	for _, tier := range []blob.AccessTier{blob.AccessTierCool, blob.AccessTierCold, blob.AccessTierHot} {
		_, err := b.SetTier(ctx, tier, nil)
		check(t, err)
		p, err := b.GetProperties(ctx, nil)
		check(t, err)
		wantPtr(t, "tier", p.AccessTier, string(tier))
		if p.AccessTierInferred != nil && *p.AccessTierInferred {
			t.Error("a tier that was set is said to be inferred")
		}
		if !recent(p.AccessTierChangeTime) {
			t.Errorf("tier changed at %v", p.AccessTierChangeTime)
		}
	}
	_, err := b.SetTier(ctx, blob.AccessTierArchive, nil)
	check(t, err)
	_, err = b.DownloadStream(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.BlobArchived)
	_, err = b.SetTier(ctx, blob.AccessTierHot, &blob.SetTierOptions{RehydratePriority: to.Ptr(blob.RehydratePriorityHigh)})
	check(t, err)
	_, err = b.SetTier(ctx, "Lukewarm", nil)
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidHeaderValue)

	_, err = c.NewBlockBlobClient("cool").Upload(ctx, body("x"), &blockblob.UploadOptions{Tier: to.Ptr(blob.AccessTierCool)})
	check(t, err)
	p, err := c.NewBlobClient("cool").GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "tier", p.AccessTier, "Cool")
}
