package interop

import (
	"crypto/md5"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

func TestAppendBlob(t *testing.T) {
	c := open(t).container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	ctx := t.Context()
	b := c.NewAppendBlobClient("log")
	_, err := b.Create(ctx, &appendblob.CreateOptions{Metadata: meta("kind", "log"), HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")}})
	check(t, err)

	one, err := b.AppendBlock(ctx, body("one\n"), nil)
	check(t, err)
	wantPtr(t, "offset", one.BlobAppendOffset, "0")
	wantPtr(t, "blocks", one.BlobCommittedBlockCount, 1)
	sum := md5.Sum([]byte("two\n"))
	two, err := b.AppendBlock(ctx, body("two\n"), &appendblob.AppendBlockOptions{
		TransactionalValidation:        blob.TransferValidationTypeMD5(sum[:]),
		AppendPositionAccessConditions: &appendblob.AppendPositionAccessConditions{AppendPosition: to.Ptr(int64(4)), MaxSize: to.Ptr(int64(8))},
	})
	check(t, err)
	wantPtr(t, "offset", two.BlobAppendOffset, "4")
	want(t, "content", get(t, b.BlobClient()), "one\ntwo\n")

	_, err = b.AppendBlock(ctx, body("x"), &appendblob.AppendBlockOptions{
		AppendPositionAccessConditions: &appendblob.AppendPositionAccessConditions{AppendPosition: to.Ptr(int64(4))},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.AppendPositionConditionNotMet)
	_, err = b.AppendBlock(ctx, body("x"), &appendblob.AppendBlockOptions{
		AppendPositionAccessConditions: &appendblob.AppendPositionAccessConditions{MaxSize: to.Ptr(int64(8))},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.MaxBlobSizeConditionNotMet)
	_, err = b.AppendBlock(ctx, body("x"), &appendblob.AppendBlockOptions{
		AccessConditions: &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: one.ETag}},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)

	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "type", p.BlobType, blob.BlobTypeAppendBlob)
	wantPtr(t, "blocks", p.BlobCommittedBlockCount, 2)
	wantPtr(t, "length", p.ContentLength, 8)
	wantMeta(t, p.Metadata, map[string]string{"kind": "log"})

	_, err = c.NewBlockBlobClient("log").StageBlock(ctx, blockID(1), body("x"), nil)
	wantCode(t, err, http.StatusConflict, bloberror.InvalidBlobType)
	put(t, c, "block", "abc")
	_, err = c.NewAppendBlobClient("block").AppendBlock(ctx, body("x"), nil)
	wantCode(t, err, http.StatusConflict, bloberror.InvalidBlobType)
	_, err = c.NewAppendBlobClient("nothing").AppendBlock(ctx, body("x"), nil)
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
}

func TestAppendBlockFromURL(t *testing.T) {
	c := open(t).container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	put(t, c, "source", "0123456789")
	b := c.NewAppendBlobClient("log")
	_, err := b.Create(t.Context(), nil)
	check(t, err)
	_, err = b.AppendBlockFromURL(t.Context(), c.NewBlobClient("source").URL(), &appendblob.AppendBlockFromURLOptions{Range: blob.HTTPRange{Offset: 2, Count: 3}})
	check(t, err)
	want(t, "content", get(t, b.BlobClient()), "234")
}

func TestSealAppendBlob(t *testing.T) {
	c := open(t).container(t, nil)
	b := c.NewAppendBlobClient("log")
	_, err := b.Create(t.Context(), nil)
	check(t, err)
	_, err = b.AppendBlock(t.Context(), body("last words"), nil)
	check(t, err)
	sealed, err := b.Seal(t.Context(), nil)
	check(t, err)
	wantPtr(t, "sealed", sealed.IsSealed, true)
	_, err = b.AppendBlock(t.Context(), body("x"), nil)
	wantCode(t, err, http.StatusConflict, "BlobIsSealed")
	p, err := b.GetProperties(t.Context(), nil)
	check(t, err)
	wantPtr(t, "sealed", p.IsSealed, true)
}
