package interop

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/pageblob"
)

// pages returns the page ranges of a blob as "start-end start-end".
func pages(t *testing.T, b *pageblob.Client, o *pageblob.GetPageRangesOptions) string {
	t.Helper()
	var s []string
	pager := b.NewGetPageRangesPager(o)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		for _, r := range page.PageRange {
			s = append(s, fmt.Sprintf("%d-%d", *r.Start, *r.End))
		}
	}
	return strings.Join(s, " ")
}

func TestPageBlob(t *testing.T) {
	c := open(t).container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	ctx := t.Context()
	b := c.NewPageBlobClient("disk")
	_, err := b.Create(ctx, 8*512, &pageblob.CreateOptions{SequenceNumber: to.Ptr(int64(7)), Metadata: meta("kind", "disk")})
	check(t, err)
	want(t, "ranges of an empty blob", pages(t, b, nil), "")

	page := func(letter string, n int) string { return strings.Repeat(letter, 512*n) }
	_, err = b.UploadPages(ctx, body(page("a", 2)), blob.HTTPRange{Offset: 512, Count: 1024}, nil)
	check(t, err)
	up, err := b.UploadPages(ctx, body(page("b", 1)), blob.HTTPRange{Offset: 2560, Count: 512}, &pageblob.UploadPagesOptions{
		TransactionalValidation:        blob.TransferValidationTypeComputeCRC64(),
		SequenceNumberAccessConditions: &pageblob.SequenceNumberAccessConditions{IfSequenceNumberEqualTo: to.Ptr(int64(7))},
	})
	check(t, err)
	wantPtr(t, "sequence number", up.BlobSequenceNumber, 7)
	want(t, "ranges", pages(t, b, nil), "512-1535 2560-3071")
	want(t, "ranges of a part", pages(t, b, &pageblob.GetPageRangesOptions{Range: blob.HTTPRange{Offset: 1024, Count: 1024}}), "1024-1535")
	want(t, "content", get(t, b.BlobClient()), page("\x00", 1)+page("a", 2)+page("\x00", 2)+page("b", 1)+page("\x00", 2))

	_, err = b.ClearPages(ctx, blob.HTTPRange{Offset: 512, Count: 512}, nil)
	check(t, err)
	want(t, "ranges after clearing", pages(t, b, nil), "1024-1535 2560-3071")

	_, err = b.Resize(ctx, 4*512, nil)
	check(t, err)
	want(t, "ranges after shrinking", pages(t, b, nil), "1024-1535")
	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "length", p.ContentLength, 4*512)
	wantPtr(t, "type", p.BlobType, blob.BlobTypePageBlob)
	wantPtr(t, "sequence number", p.BlobSequenceNumber, 7)

	for _, step := range []struct {
		action pageblob.SequenceNumberActionType
		n      *int64
		want   int64
	}{
		{pageblob.SequenceNumberActionTypeIncrement, nil, 8},
		{pageblob.SequenceNumberActionTypeUpdate, to.Ptr(int64(5)), 5},
		{pageblob.SequenceNumberActionTypeMax, to.Ptr(int64(3)), 5},
		{pageblob.SequenceNumberActionTypeMax, to.Ptr(int64(9)), 9},
	} {
		r, err := b.UpdateSequenceNumber(ctx, &pageblob.UpdateSequenceNumberOptions{ActionType: &step.action, SequenceNumber: step.n})
		check(t, err)
		wantPtr(t, "sequence number after "+string(step.action), r.BlobSequenceNumber, step.want)
	}
}

func TestPageBlobRefusals(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	_, err := c.NewPageBlobClient("odd").Create(ctx, 700, nil)
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidHeaderValue)

	b := c.NewPageBlobClient("disk")
	_, err = b.Create(ctx, 1024, nil)
	check(t, err)
	page := strings.Repeat("x", 512)
	_, err = b.UploadPages(ctx, body(page), blob.HTTPRange{Offset: 1024, Count: 512}, nil)
	wantCode(t, err, http.StatusRequestedRangeNotSatisfiable, bloberror.InvalidPageRange)
	for _, seq := range []pageblob.SequenceNumberAccessConditions{
		{IfSequenceNumberEqualTo: to.Ptr(int64(3))},
		{IfSequenceNumberLessThan: to.Ptr(int64(0))},
	} {
		_, err = b.UploadPages(ctx, body(page), blob.HTTPRange{Count: 512}, &pageblob.UploadPagesOptions{SequenceNumberAccessConditions: &seq})
		wantCode(t, err, http.StatusPreconditionFailed, bloberror.SequenceNumberConditionNotMet)
	}
	put(t, c, "block", "abc")
	_, err = c.NewPageBlobClient("block").UploadPages(ctx, body(page), blob.HTTPRange{Count: 512}, nil)
	wantCode(t, err, http.StatusConflict, bloberror.InvalidBlobType)
}

func TestPageRangesDiff(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewPageBlobClient("disk")
	_, err := b.Create(ctx, 8*512, nil)
	check(t, err)
	page := strings.Repeat("x", 512)
	_, err = b.UploadPages(ctx, body(page+page), blob.HTTPRange{Count: 1024}, nil)
	check(t, err)
	snap, err := b.CreateSnapshot(ctx, nil)
	check(t, err)
	_, err = b.UploadPages(ctx, body(page), blob.HTTPRange{Offset: 2048, Count: 512}, nil)
	check(t, err)
	_, err = b.ClearPages(ctx, blob.HTTPRange{Count: 512}, nil)
	check(t, err)
	pager := b.NewGetPageRangesDiffPager(&pageblob.GetPageRangesDiffOptions{PrevSnapshot: snap.Snapshot})
	diff, err := pager.NextPage(ctx)
	check(t, err)
	if len(diff.PageRange) != 1 || *diff.PageRange[0].Start != 2048 || *diff.PageRange[0].End != 2559 {
		t.Errorf("changed pages: %+v", diff.PageRange)
	}
	if len(diff.ClearRange) != 1 || *diff.ClearRange[0].Start != 0 || *diff.ClearRange[0].End != 511 {
		t.Errorf("cleared pages: %+v", diff.ClearRange)
	}
	old, err := b.WithSnapshot(*snap.Snapshot)
	check(t, err)
	want(t, "ranges of the snapshot", pages(t, old, nil), "0-1023")
}

func TestUploadPagesFromURL(t *testing.T) {
	c := open(t).container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)})
	ctx := t.Context()
	put(t, c, "source", strings.Repeat("y", 1536))
	b := c.NewPageBlobClient("disk")
	_, err := b.Create(ctx, 2048, nil)
	check(t, err)
	_, err = b.UploadPagesFromURL(ctx, c.NewBlobClient("source").URL(), 512, 1024, 512, nil)
	check(t, err)
	want(t, "ranges", pages(t, b, nil), "1024-1535")
}
