package interop

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// cond makes the conditions of a request.
func cond(m blob.ModifiedAccessConditions) *blob.AccessConditions {
	return &blob.AccessConditions{ModifiedAccessConditions: &m}
}

func TestConditions(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("b")
	up, err := b.Upload(ctx, body("one"), &blockblob.UploadOptions{AccessConditions: cond(blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)})})
	check(t, err)
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	wrong := azcore.ETag(`"0x8D0000000000000"`)

	_, err = b.Upload(ctx, body("x"), &blockblob.UploadOptions{AccessConditions: cond(blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)})})
	wantCode(t, err, http.StatusConflict, bloberror.BlobAlreadyExists)

	for name, m := range map[string]blob.ModifiedAccessConditions{
		"If-Match": {IfMatch: &wrong}, "If-Unmodified-Since": {IfUnmodifiedSince: &past},
	} {
		_, err = b.Upload(ctx, body("x"), &blockblob.UploadOptions{AccessConditions: cond(m)})
		t.Log(name)
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
		_, err = b.GetProperties(ctx, &blob.GetPropertiesOptions{AccessConditions: cond(m)})
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
		_, err = b.DownloadStream(ctx, &blob.DownloadStreamOptions{AccessConditions: cond(m)})
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
	}
	for name, m := range map[string]blob.ModifiedAccessConditions{
		"If-None-Match": {IfNoneMatch: up.ETag}, "If-Modified-Since": {IfModifiedSince: &future},
	} {
		t.Log(name)
		unchanged, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{AccessConditions: cond(m)})
		check(t, err) // the SDK takes 304 for an answer
		wantPtr(t, "error code", unchanged.ErrorCode, string(bloberror.ConditionNotMet))
		_, err = b.GetProperties(ctx, &blob.GetPropertiesOptions{AccessConditions: cond(m)})
		wantCode(t, err, http.StatusNotModified, bloberror.ConditionNotMet)
		_, err = b.SetMetadata(ctx, meta("a", "b"), &blob.SetMetadataOptions{AccessConditions: cond(m)})
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
		_, err = b.Delete(ctx, &blob.DeleteOptions{AccessConditions: cond(m)})
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
	}
	two, err := b.Upload(ctx, body("two"), &blockblob.UploadOptions{AccessConditions: cond(blob.ModifiedAccessConditions{
		IfMatch: up.ETag, IfUnmodifiedSince: &future,
	})})
	check(t, err)
	if *two.ETag == *up.ETag {
		t.Error("the ETag did not change")
	}
	want(t, "content", get(t, b.BlobClient()), "two")
}

func TestRanges(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "0123456789")
	b := c.NewBlobClient("b")
	for _, test := range []struct {
		offset, count    int64
		content, rangeIs string
	}{
		{0, 4, "0123", "bytes 0-3/10"},
		{3, 4, "3456", "bytes 3-6/10"},
		{5, 0, "56789", "bytes 5-9/10"},
		{8, 100, "89", "bytes 8-9/10"},
		{9, 1, "9", "bytes 9-9/10"},
	} {
		r, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: test.offset, Count: test.count}})
		check(t, err)
		got, err := io.ReadAll(r.Body)
		check(t, err)
		check(t, r.Body.Close())
		want(t, "content", string(got), test.content)
		wantPtr(t, "Content-Range", r.ContentRange, test.rangeIs)
		wantPtr(t, "Content-Length", r.ContentLength, int64(len(test.content)))
	}
	_, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 10, Count: 1}})
	wantCode(t, err, http.StatusRequestedRangeNotSatisfiable, bloberror.InvalidRange)

	put(t, c, "empty", "")
	want(t, "content", get(t, c.NewBlobClient("empty")), "")
	_, err = c.NewBlockBlobClient("large").Upload(ctx, bodyOf(noise(5<<20)), nil)
	check(t, err)
	_, err = c.NewBlobClient("large").DownloadStream(ctx, &blob.DownloadStreamOptions{
		Range: blob.HTTPRange{Count: 4<<20 + 1}, RangeGetContentMD5: to.Ptr(true),
	})
	wantCode(t, err, http.StatusBadRequest, bloberror.OutOfRangeInput)
}

func TestPropertiesAndMetadata(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "content")
	b := c.NewBlobClient("b")
	_, err := b.SetHTTPHeaders(ctx, blob.HTTPHeaders{BlobContentType: to.Ptr("text/html"), BlobContentLanguage: to.Ptr("fr")}, nil)
	check(t, err)
	_, err = b.SetMetadata(ctx, meta("one", "1", "two", "2 2"), nil)
	check(t, err)
	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "content type", p.ContentType, "text/html")
	wantPtr(t, "language", p.ContentLanguage, "fr")
	wantMeta(t, p.Metadata, map[string]string{"one": "1", "two": "2 2"})
	_, err = b.SetHTTPHeaders(ctx, blob.HTTPHeaders{}, nil)
	check(t, err)
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	if p.ContentLanguage != nil {
		t.Errorf("language %q is left after clearing", *p.ContentLanguage)
	}
	_, err = b.SetMetadata(ctx, nil, nil)
	check(t, err)
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, nil)
	_, err = b.SetMetadata(ctx, meta("not-a-name", "x"), nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidMetadata")
}

func TestDeleteBlob(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "content")
	_, err := c.NewBlobClient("b").Delete(ctx, nil)
	check(t, err)
	_, err = c.NewBlobClient("b").Delete(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
	_, err = c.NewBlobClient("b").DownloadStream(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
	_, err = c.NewBlobClient("b").GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
}
