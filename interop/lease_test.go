package interop

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
)

// Lease ids of the tests.
const (
	leaseA = "11111111-2222-4333-8444-555555555555"
	leaseB = "66666666-7777-4888-9999-aaaaaaaaaaaa"
)

// held are the conditions of a request that names a lease.
func held(id string) *blob.AccessConditions {
	return &blob.AccessConditions{LeaseAccessConditions: &blob.LeaseAccessConditions{LeaseID: &id}}
}

func TestBlobLease(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	b := c.NewBlockBlobClient("b")
	put(t, c, "b", "content")
	a, err := lease.NewBlobClient(b, &lease.BlobClientOptions{LeaseID: to.Ptr(leaseA)})
	check(t, err)
	other, err := lease.NewBlobClient(b, &lease.BlobClientOptions{LeaseID: to.Ptr(leaseB)})
	check(t, err)

	_, err = a.AcquireLease(ctx, 14, nil)
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidHeaderValue)
	got, err := a.AcquireLease(ctx, 60, nil)
	check(t, err)
	wantPtr(t, "lease id", got.LeaseID, leaseA)
	p, err := b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeLeased)
	wantPtr(t, "status", p.LeaseStatus, lease.StatusTypeLocked)
	wantPtr(t, "duration", p.LeaseDuration, lease.DurationTypeFixed)

	_, err = other.AcquireLease(ctx, 15, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseAlreadyPresent)
	_, err = other.RenewLease(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseIDMismatchWithLeaseOperation)
	_, err = other.ReleaseLease(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseIDMismatchWithLeaseOperation)

	_, err = b.Upload(ctx, body("x"), nil)
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseIDMissing)
	_, err = b.Upload(ctx, body("x"), &blockblob.UploadOptions{AccessConditions: held(leaseB)})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseIDMismatchWithBlobOperation)
	_, err = b.Upload(ctx, body("new"), &blockblob.UploadOptions{AccessConditions: held(leaseA)})
	check(t, err)
	want(t, "content", get(t, b.BlobClient()), "new")

	_, err = a.RenewLease(ctx, nil)
	check(t, err)
	changed, err := a.ChangeLease(ctx, leaseB, nil)
	check(t, err)
	wantPtr(t, "lease id after the change", changed.LeaseID, leaseB)
	_, err = other.RenewLease(ctx, nil)
	check(t, err)
	_, err = b.Delete(ctx, nil)
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseIDMissing)

	broken, err := other.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: to.Ptr(int32(40))})
	check(t, err)
	if broken.LeaseTime == nil || *broken.LeaseTime > 40 {
		t.Errorf("seconds until the lease is broken: %v", broken.LeaseTime)
	}
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeBreaking)
	wantPtr(t, "status", p.LeaseStatus, lease.StatusTypeLocked)
	_, err = other.AcquireLease(ctx, 15, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseIsBreakingAndCannotBeAcquired)
	_, err = a.AcquireLease(ctx, 15, nil)
	if !bloberror.HasCode(err, bloberror.LeaseAlreadyPresent, bloberror.LeaseIsBreakingAndCannotBeAcquired) {
		t.Errorf("another lease while the first is being broken: %v", err)
	}
	_, err = other.RenewLease(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseIsBrokenAndCannotBeRenewed)
	_, err = other.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: to.Ptr(int32(0))})
	check(t, err)
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeBroken)
	_, err = other.RenewLease(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.LeaseIsBrokenAndCannotBeRenewed)

	_, err = other.ReleaseLease(ctx, nil)
	check(t, err)
	_, err = a.AcquireLease(ctx, -1, nil)
	check(t, err)
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "duration", p.LeaseDuration, lease.DurationTypeInfinite)
	_, err = a.ReleaseLease(ctx, nil)
	check(t, err)
	p, err = b.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeAvailable)
	_, err = b.Delete(ctx, &blob.DeleteOptions{AccessConditions: held(leaseA)})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseNotPresentWithBlobOperation)
}

func TestContainerLease(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	l, err := lease.NewContainerClient(c, &lease.ContainerClientOptions{LeaseID: to.Ptr(leaseA)})
	check(t, err)
	_, err = l.AcquireLease(ctx, 60, nil)
	check(t, err)
	p, err := c.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeLeased)
	put(t, c, "b", "a lease of the container does not protect its blobs")

	_, err = c.Delete(ctx, nil)
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseIDMissing)
	_, err = l.RenewLease(ctx, nil)
	check(t, err)
	_, err = l.ChangeLease(ctx, leaseB, nil)
	check(t, err)
	_, err = l.BreakLease(ctx, &lease.ContainerBreakOptions{BreakPeriod: to.Ptr(int32(0))})
	check(t, err)
	p, err = c.GetProperties(ctx, nil)
	check(t, err)
	wantPtr(t, "state", p.LeaseState, lease.StateTypeBroken)
	_, err = l.ReleaseLease(ctx, nil)
	check(t, err)
	_, err = c.SetMetadata(ctx, &container.SetMetadataOptions{Metadata: meta("a", "b")})
	check(t, err)
}
