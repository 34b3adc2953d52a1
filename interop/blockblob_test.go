package interop

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// put uploads a block blob in one request.
func put(t *testing.T, c *container.Client, name, content string) blockblob.UploadResponse {
	t.Helper()
	r, err := c.NewBlockBlobClient(name).Upload(t.Context(), body(content), nil)
	check(t, err)
	return r
}

// get downloads a blob whole.
func get(t *testing.T, b *blob.Client) string {
	t.Helper()
	r, err := b.DownloadStream(t.Context(), nil)
	check(t, err)
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	check(t, err)
	return string(content)
}

// blockID makes the base64 id of block n.
func blockID(n int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%06d", n)) }

func TestPutBlob(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("dir/a blob.txt")
	content := "the content of a blob"
	sum := md5.Sum([]byte(content))
	up, err := b.Upload(ctx, body(content), &blockblob.UploadOptions{
		Metadata: meta("Owner", "me"),
		HTTPHeaders: &blob.HTTPHeaders{
			BlobContentType: to.Ptr("text/plain; charset=utf-8"), BlobContentLanguage: to.Ptr("en"), BlobCacheControl: to.Ptr("no-store"),
			BlobContentDisposition: to.Ptr("attachment"), BlobContentEncoding: to.Ptr("identity"),
		},
	})
	check(t, err)
	if !bytes.Equal(up.ContentMD5, sum[:]) || up.ETag == nil || !recent(up.LastModified) {
		t.Errorf("answer to the upload: %+v", up)
	}
	wantPtr(t, "encrypted", up.IsServerEncrypted, true)

	r, err := b.DownloadStream(ctx, nil)
	check(t, err)
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	check(t, err)
	want(t, "content", string(got), content)
	wantPtr(t, "type", r.BlobType, blob.BlobTypeBlockBlob)
	wantPtr(t, "length", r.ContentLength, int64(len(content)))
	wantPtr(t, "content type", r.ContentType, "text/plain; charset=utf-8")
	wantPtr(t, "language", r.ContentLanguage, "en")
	wantPtr(t, "cache control", r.CacheControl, "no-store")
	wantPtr(t, "disposition", r.ContentDisposition, "attachment")
	wantPtr(t, "encoding", r.ContentEncoding, "identity")
	wantPtr(t, "accept ranges", r.AcceptRanges, "bytes")
	wantPtr(t, "ETag", r.ETag, *up.ETag)
	wantMeta(t, r.Metadata, map[string]string{"owner": "me"})
	if !bytes.Equal(r.ContentMD5, sum[:]) {
		t.Errorf("Content-MD5 %x, want %x", r.ContentMD5, sum)
	}

	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "length", p.ContentLength, int64(len(content)))
	wantPtr(t, "access tier", p.AccessTier, "Hot")
	wantPtr(t, "tier inferred", p.AccessTierInferred, true)
	wantPtr(t, "lease state", p.LeaseState, "available")
	wantPtr(t, "lease status", p.LeaseStatus, "unlocked")
	if !recent(p.CreationTime) {
		t.Errorf("creation time %v", p.CreationTime)
	}
}

func TestContentValidation(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("b")
	content := noise(10_000)
	sum := md5.Sum(content)

	_, err := b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])})
	check(t, err)
	other := md5.Sum([]byte("something else"))
	_, err = b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(other[:])})
	wantCode(t, err, http.StatusBadRequest, bloberror.MD5Mismatch)

	up, err := b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeComputeCRC64()})
	check(t, err)
	want(t, "length of the CRC64", len(up.ContentCRC64), 8)
	_, err = b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeCRC64(12345)})
	wantCode(t, err, http.StatusBadRequest, bloberror.CRC64Mismatch)

	_, err = b.StageBlock(ctx, blockID(1), bodyOf(content), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeComputeCRC64()})
	check(t, err)
	_, err = b.StageBlock(ctx, blockID(1), bodyOf(content), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeCRC64(1)})
	wantCode(t, err, http.StatusBadRequest, bloberror.CRC64Mismatch)
	_, err = b.StageBlock(ctx, blockID(1), bodyOf(content), &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeMD5(other[:])})
	wantCode(t, err, http.StatusBadRequest, bloberror.MD5Mismatch)

	// x-ms-blob-content-md5 is kept and, with Put Blob, checked.
	_, err = b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{HTTPHeaders: &blob.HTTPHeaders{BlobContentMD5: sum[:]}})
	check(t, err)
	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	if !bytes.Equal(p.ContentMD5, sum[:]) {
		t.Errorf("Content-MD5 %x, want %x", p.ContentMD5, sum)
	}

	r, err := b.DownloadStream(ctx, &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 100, Count: 500}, RangeGetContentMD5: to.Ptr(true)})
	check(t, err)
	defer r.Body.Close()
	part := md5.Sum(content[100:600])
	if !bytes.Equal(r.ContentMD5, part[:]) {
		t.Errorf("MD5 of a range: %x, want %x", r.ContentMD5, part)
	}
}

func TestBlockList(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("blocks")
	for i, s := range []string{"zero ", "one ", "two ", "three "} {
		_, err := b.StageBlock(ctx, blockID(i), body(s), nil)
		check(t, err)
	}
	list, err := b.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	check(t, err)
	want(t, "committed", len(list.CommittedBlocks), 0)
	want(t, "uncommitted", len(list.UncommittedBlocks), 4)
	_, err = b.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)

	_, err = b.CommitBlockList(ctx, []string{blockID(0), blockID(2), blockID(2)}, &blockblob.CommitBlockListOptions{
		Metadata: meta("k", "v"), HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/css")}, Tags: map[string]string{"a": "b"},
	})
	check(t, err)
	want(t, "content", get(t, b.BlobClient()), "zero two two ")

	// The others are gone; a new block replaces a committed one of the same id.
	list, err = b.GetBlockList(ctx, blockblob.BlockListTypeAll, nil)
	check(t, err)
	want(t, "uncommitted after the commit", len(list.UncommittedBlocks), 0)
	if len(list.CommittedBlocks) != 3 {
		t.Fatalf("%d committed blocks, want 3", len(list.CommittedBlocks))
	}
	wantPtr(t, "name", list.CommittedBlocks[1].Name, blockID(2))
	wantPtr(t, "size", list.CommittedBlocks[1].Size, 4)
	wantPtr(t, "blob length", list.BlobContentLength, 13)
	_, err = b.StageBlock(ctx, blockID(0), body("ZERO "), nil)
	check(t, err)
	_, err = b.CommitBlockList(ctx, []string{blockID(0), blockID(2)}, nil)
	check(t, err)
	want(t, "content", get(t, b.BlobClient()), "ZERO two ")
	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, nil) // a commit replaces all
	wantPtr(t, "content type", p.ContentType, "application/octet-stream")

	_, err = b.CommitBlockList(ctx, []string{blockID(9)}, nil)
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidBlockList)
	_, err = b.StageBlock(ctx, blockID(1), body("x"), nil)
	check(t, err)
	_, err = b.StageBlock(ctx, base64.StdEncoding.EncodeToString([]byte("another length")), body("x"), nil)
	wantCode(t, err, http.StatusBadRequest, "InvalidBlobOrBlock")
	_, err = b.StageBlock(ctx, base64.StdEncoding.EncodeToString(make([]byte, 65)), body("x"), nil)
	if err == nil {
		t.Error("a block id of 65 bytes was taken")
	}
	_, err = b.CommitBlockList(ctx, nil, nil)
	check(t, err)
	want(t, "content of an empty list", get(t, b.BlobClient()), "")
}

func TestLargeBlob(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	const size = 64 << 20
	content := noise(size)
	sum := md5.Sum(content)
	b := c.NewBlockBlobClient("large")

	t.Run("stream", func(t *testing.T) {
		_, err := b.UploadStream(ctx, bytes.NewReader(content), &blockblob.UploadStreamOptions{
			BlockSize: 4 << 20, Concurrency: 3, TransactionalValidation: blob.TransferValidationTypeComputeCRC64(),
			HTTPHeaders: &blob.HTTPHeaders{BlobContentMD5: sum[:]},
		})
		check(t, err)
		wantContent(t, ctx, b.BlobClient(), sum, size)
	})
	t.Run("one put", func(t *testing.T) {
		_, err := b.Upload(ctx, bodyOf(content), &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])})
		check(t, err)
		wantContent(t, ctx, b.BlobClient(), sum, size)
	})
	t.Run("parallel", func(t *testing.T) {
		_, err := b.UploadBuffer(ctx, content, &blockblob.UploadBufferOptions{BlockSize: 8 << 20, Concurrency: 4})
		check(t, err)
		got := make([]byte, size)
		n, err := b.DownloadBuffer(ctx, got, &blob.DownloadBufferOptions{BlockSize: 5 << 20, Concurrency: 4})
		check(t, err)
		want(t, "bytes", n, size)
		want(t, "MD5", md5.Sum(got), sum)
	})
}

// wantContent streams a blob and compares its digest.
func wantContent(t *testing.T, ctx context.Context, b *blob.Client, sum [16]byte, size int64) {
	t.Helper()
	r, err := b.DownloadStream(ctx, nil)
	check(t, err)
	defer r.Body.Close()
	h := md5.New()
	n, err := io.Copy(h, r.Body)
	check(t, err)
	want(t, "bytes", n, size)
	want(t, "MD5", [16]byte(h.Sum(nil)), sum)
}

func TestPutBlobFromURL(t *testing.T) {
	c := open(t).container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	ctx := t.Context()
	content := strings.Repeat("0123456789", 2000)
	src := c.NewBlockBlobClient("source")
	_, err := src.Upload(ctx, body(content), &blockblob.UploadOptions{
		Metadata: meta("from", "source"), HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/x-source")},
	})
	check(t, err)

	whole := c.NewBlockBlobClient("whole")
	_, err = whole.UploadBlobFromURL(ctx, src.URL(), &blockblob.UploadBlobFromURLOptions{Metadata: meta("to", "whole")})
	check(t, err)
	want(t, "content", get(t, whole.BlobClient()), content)
	p, err := whole.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "content type", p.ContentType, "text/x-source")
	wantMeta(t, p.Metadata, map[string]string{"to": "whole"})

	parts := c.NewBlockBlobClient("parts")
	_, err = parts.StageBlockFromURL(ctx, blockID(1), src.URL(), &blockblob.StageBlockFromURLOptions{Range: blob.HTTPRange{Offset: 5, Count: 10}})
	check(t, err)
	sum := md5.Sum([]byte(content))
	_, err = parts.StageBlockFromURL(ctx, blockID(2), src.URL(), &blockblob.StageBlockFromURLOptions{SourceContentValidation: blob.SourceContentValidationTypeMD5(sum[:])})
	check(t, err)
	_, err = parts.CommitBlockList(ctx, []string{blockID(1), blockID(2)}, nil)
	check(t, err)
	want(t, "content", get(t, parts.BlobClient()), content[5:15]+content)

	_, err = whole.UploadBlobFromURL(ctx, c.NewBlobClient("nothing").URL(), nil)
	if !bloberror.HasCode(err, bloberror.CannotVerifyCopySource, bloberror.BlobNotFound, bloberror.ResourceNotFound) {
		t.Errorf("a source that is not there: %v", err)
	}
}
