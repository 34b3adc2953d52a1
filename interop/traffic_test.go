package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/pageblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// traffic does one of everything and names each operation as the log should.
func traffic(t *testing.T, g *target, rec *recorder) {
	svc := g.recorded(t, rec)
	ctx := t.Context()
	name := unique(t)
	c := svc.NewContainerClient(name)
	do := func(_ any, err error) { t.Helper(); check(t, err) }
	refused := func(code bloberror.Code, err error) {
		t.Helper()
		if !bloberror.HasCode(err, code) {
			t.Fatalf("error %v, want %s", err, code)
		}
	}

	do(c.Create(as(ctx, "CreateContainer"), &container.CreateOptions{Metadata: meta("k", "v")}))
	_, err := c.Create(as(ctx, "CreateContainer"), nil)
	refused(bloberror.ContainerAlreadyExists, err)
	do(c.GetProperties(as(ctx, "GetContainerProperties"), nil))
	do(c.SetMetadata(as(ctx, "SetContainerMetadata"), nil))
	do(c.GetAccessPolicy(as(ctx, "GetContainerACL"), nil))
	do(c.SetAccessPolicy(as(ctx, "SetContainerACL"), &container.SetAccessPolicyOptions{Access: to.Ptr(container.PublicAccessTypeBlob)}))
	do(svc.NewListContainersPager(nil).NextPage(as(ctx, "ListContainers")))
	do(svc.GetProperties(as(ctx, "GetBlobServiceProperties"), nil))
	do(svc.GetAccountInfo(as(ctx, "GetAccountInformation"), nil))

	b := c.NewBlockBlobClient("dir/block blob")
	do(b.Upload(as(ctx, "PutBlob"), body("content"), nil))
	do(b.StageBlock(as(ctx, "PutBlock"), blockID(1), body("block"), nil))
	do(b.GetBlockList(as(ctx, "GetBlockList"), "all", nil))
	do(b.CommitBlockList(as(ctx, "PutBlockList"), []string{blockID(1)}, nil))
	r, err := b.DownloadStream(as(ctx, "GetBlob"), nil)
	check(t, err)
	drain(t, r.Body)
	r, err = b.DownloadStream(as(ctx, "GetBlob"), &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: 1, Count: 2}})
	check(t, err)
	drain(t, r.Body)
	do(b.GetProperties(as(ctx, "GetBlobProperties"), nil))
	do(b.SetHTTPHeaders(as(ctx, "SetBlobProperties"), blob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")}, nil))
	do(b.SetMetadata(as(ctx, "SetBlobMetadata"), meta("a", "b"), nil))
	do(b.SetTags(as(ctx, "SetBlobTags"), map[string]string{"k": "v"}, nil))
	do(b.GetTags(as(ctx, "GetBlobTags"), nil))
	do(svc.FilterBlobs(as(ctx, "FindBlobsByTags"), `"k" = 'v'`, nil))
	do(b.SetTier(as(ctx, "SetBlobTier"), blob.AccessTierCool, nil))
	do(b.CreateSnapshot(as(ctx, "SnapshotBlob"), nil))
	do(c.NewListBlobsFlatPager(nil).NextPage(as(ctx, "ListBlobs")))

	cp := c.NewBlobClient("copy")
	started, err := cp.StartCopyFromURL(as(ctx, "CopyBlob"), b.URL(), nil)
	check(t, err)
	_, err = cp.AbortCopyFromURL(as(ctx, "AbortCopyBlob"), *started.CopyID, nil)
	refused(bloberror.NoPendingCopyOperation, err)
	do(cp.CopyFromURL(as(ctx, "CopyBlobFromURL"), b.URL(), nil))
	do(c.NewBlockBlobClient("from-url").UploadBlobFromURL(as(ctx, "PutBlobFromURL"), b.URL(), nil))
	do(c.NewBlockBlobClient("from-url").StageBlockFromURL(as(ctx, "PutBlockFromURL"), blockID(1), b.URL(), nil))

	bl, err := lease.NewBlobClient(b, &lease.BlobClientOptions{LeaseID: to.Ptr(leaseA)})
	check(t, err)
	do(bl.AcquireLease(as(ctx, "AcquireBlobLease"), 15, nil))
	_, err = b.Upload(as(ctx, "PutBlob"), body("x"), nil)
	refused(bloberror.LeaseIDMissing, err)
	do(bl.RenewLease(as(ctx, "RenewBlobLease"), nil))
	do(bl.ChangeLease(as(ctx, "ChangeBlobLease"), leaseB, nil))
	do(bl.BreakLease(as(ctx, "BreakBlobLease"), &lease.BlobBreakOptions{BreakPeriod: to.Ptr(int32(0))}))
	do(bl.ReleaseLease(as(ctx, "ReleaseBlobLease"), nil))
	cl, err := lease.NewContainerClient(c, &lease.ContainerClientOptions{LeaseID: to.Ptr(leaseA)})
	check(t, err)
	do(cl.AcquireLease(as(ctx, "AcquireContainerLease"), 15, nil))
	do(cl.RenewLease(as(ctx, "RenewContainerLease"), nil))
	do(cl.ChangeLease(as(ctx, "ChangeContainerLease"), leaseB, nil))
	do(cl.BreakLease(as(ctx, "BreakContainerLease"), &lease.ContainerBreakOptions{BreakPeriod: to.Ptr(int32(0))}))
	do(cl.ReleaseLease(as(ctx, "ReleaseContainerLease"), nil))

	ab := c.NewAppendBlobClient("append")
	do(ab.Create(as(ctx, "PutBlob"), nil))
	do(ab.AppendBlock(as(ctx, "AppendBlock"), body("line"), nil))
	do(ab.AppendBlockFromURL(as(ctx, "AppendBlockThroughCopy"), b.URL(), nil))
	do(ab.Seal(as(ctx, "SealBlob"), nil))
	pb := c.NewPageBlobClient("page")
	do(pb.Create(as(ctx, "PutBlob"), 1024, nil))
	do(pb.UploadPages(as(ctx, "PutPage"), body(strings.Repeat("x", 512)), blob.HTTPRange{Count: 512}, nil))
	do(pb.NewGetPageRangesPager(nil).NextPage(as(ctx, "GetPageRanges")))
	do(pb.ClearPages(as(ctx, "ClearPage"), blob.HTTPRange{Count: 512}, nil))
	do(pb.UpdateSequenceNumber(as(ctx, "SetBlobProperties"), &pageblob.UpdateSequenceNumberOptions{
		ActionType: to.Ptr(pageblob.SequenceNumberActionTypeIncrement),
	}))

	u, err := b.GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
	check(t, err)
	sb, err := blob.NewClientWithNoCredential(u, &blob.ClientOptions{ClientOptions: rec.options()})
	check(t, err)
	do(sb.GetProperties(as(ctx, "GetBlobProperties"), nil))
	_, err = sb.Delete(as(ctx, "DeleteBlob"), nil)
	refused(bloberror.AuthorizationPermissionMismatch, err)
	anonymous, err := blob.NewClientWithNoCredential(b.URL(), &blob.ClientOptions{ClientOptions: rec.options()})
	check(t, err)
	r, err = anonymous.DownloadStream(as(ctx, "GetBlob"), nil)
	check(t, err)
	drain(t, r.Body)

	_, err = c.NewBlobClient("nothing").GetProperties(as(ctx, "GetBlobProperties"), nil)
	refused(bloberror.BlobNotFound, err)
	do(b.Delete(as(ctx, "DeleteBlob"), &blob.DeleteOptions{DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude)}))
	do(c.Delete(as(ctx, "DeleteContainer"), nil))
}
