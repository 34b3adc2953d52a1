package interop

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

func TestContainerLife(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	c := g.container(t, &container.CreateOptions{
		Access: to.Ptr(container.PublicAccessTypeContainer), Metadata: meta("Colour", "blue", "n", "1"),
	})

	_, err := c.Create(ctx, nil)
	wantCode(t, err, http.StatusConflict, bloberror.ContainerAlreadyExists)

	p, err := c.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"colour": "blue", "n": "1"})
	wantPtr(t, "public access", p.BlobPublicAccess, container.PublicAccessTypeContainer)
	wantPtr(t, "lease state", p.LeaseState, "available")
	wantPtr(t, "lease status", p.LeaseStatus, "unlocked")
	wantPtr(t, "immutability policy", p.HasImmutabilityPolicy, false)
	wantPtr(t, "legal hold", p.HasLegalHold, false)
	if p.ETag == nil || (*p.ETag)[0] != '"' || !recent(p.LastModified) || p.RequestID == nil || p.Version == nil {
		t.Errorf("headers of the answer: %+v", p)
	}

	set, err := c.SetMetadata(ctx, &container.SetMetadataOptions{Metadata: meta("shape", "round")})
	check(t, err)
	if *set.ETag == *p.ETag {
		t.Error("the ETag did not change with the metadata")
	}
	p, err = c.GetProperties(ctx, nil)
	check(t, err)
	wantMeta(t, p.Metadata, map[string]string{"shape": "round"})

	_, err = c.SetMetadata(ctx, &container.SetMetadataOptions{
		Metadata:                 meta("x", "y"),
		ModifiedAccessConditions: &container.ModifiedAccessConditions{IfModifiedSince: to.Ptr(time.Now().Add(time.Hour))},
	})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)

	_, err = c.Delete(ctx, &container.DeleteOptions{AccessConditions: &container.AccessConditions{
		ModifiedAccessConditions: &container.ModifiedAccessConditions{IfUnmodifiedSince: to.Ptr(time.Now().Add(-time.Hour))},
	}})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.ConditionNotMet)
	_, err = c.Delete(ctx, nil)
	check(t, err)
	_, err = c.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.ContainerNotFound)
	_, err = c.Delete(ctx, nil)
	wantCode(t, err, http.StatusNotFound, bloberror.ContainerNotFound)
}

func TestContainerNames(t *testing.T) {
	svc := open(t).service(t)
	for _, name := range []string{"Upper", "a", "-dash", "dash-", "two--dashes", "dot.ted"} {
		_, err := svc.CreateContainer(t.Context(), name, nil)
		if !bloberror.HasCode(err, bloberror.InvalidResourceName, bloberror.OutOfRangeInput) {
			t.Errorf("container name %q: %v", name, err)
		}
	}
}

func TestContainerAccessPolicy(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	c := g.container(t, nil)
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	expiry := start.AddDate(2, 0, 0)
	_, err := c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{
		Access: to.Ptr(container.PublicAccessTypeBlob),
		ContainerACL: []*container.SignedIdentifier{
			{ID: to.Ptr("readers"), AccessPolicy: &container.AccessPolicy{Start: &start, Expiry: &expiry, Permission: to.Ptr("rl")}},
			{ID: to.Ptr("open"), AccessPolicy: &container.AccessPolicy{Permission: to.Ptr("r")}},
		},
	})
	check(t, err)
	got, err := c.GetAccessPolicy(ctx, nil)
	check(t, err)
	wantPtr(t, "public access", got.BlobPublicAccess, container.PublicAccessTypeBlob)
	if len(got.SignedIdentifiers) != 2 {
		t.Fatalf("%d identifiers, want 2", len(got.SignedIdentifiers))
	}
	wantPtr(t, "id", got.SignedIdentifiers[0].ID, "readers")
	policy := got.SignedIdentifiers[0].AccessPolicy
	wantPtr(t, "permission", policy.Permission, "rl")
	if policy.Start == nil || !policy.Start.Equal(start) || policy.Expiry == nil || !policy.Expiry.Equal(expiry) {
		t.Errorf("times: got %v to %v", policy.Start, policy.Expiry)
	}

	six := make([]*container.SignedIdentifier, 6)
	for i := range six {
		six[i] = &container.SignedIdentifier{ID: to.Ptr(string(rune('a' + i))), AccessPolicy: &container.AccessPolicy{Permission: to.Ptr("r"), Expiry: &expiry}}
	}
	_, err = c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{ContainerACL: six})
	wantCode(t, err, http.StatusBadRequest, bloberror.InvalidXMLDocument)

	_, err = c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{})
	check(t, err)
	got, err = c.GetAccessPolicy(ctx, nil)
	check(t, err)
	want(t, "identifiers after clearing", len(got.SignedIdentifiers), 0)
	if got.BlobPublicAccess != nil {
		t.Errorf("public access after clearing: %v", *got.BlobPublicAccess)
	}
}

func TestContainerETagCondition(t *testing.T) {
	c := open(t).container(t, nil)
	_, err := c.Delete(t.Context(), &container.DeleteOptions{AccessConditions: &container.AccessConditions{
		LeaseAccessConditions: &container.LeaseAccessConditions{LeaseID: to.Ptr("6f1d0b3a-7c5e-4b47-9a4c-1f5c7f0f2c11")},
	}})
	wantCode(t, err, http.StatusPreconditionFailed, bloberror.LeaseNotPresentWithContainerOperation)
	p, err := c.GetProperties(t.Context(), nil)
	check(t, err)
	if *p.ETag == azcore.ETag("") {
		t.Error("no ETag")
	}
}
