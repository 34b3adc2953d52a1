package interop

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// signed adds a signature to a URL.
func signed(t *testing.T, g *target, url string, v sas.BlobSignatureValues) string {
	t.Helper()
	q, err := v.SignWithSharedKey(g.credential(t))
	check(t, err)
	return url + "?" + q.Encode()
}

// bare returns a client for a blob that signs nothing.
func bare(t *testing.T, url string) *blockblob.Client {
	t.Helper()
	b, err := blockblob.NewClientWithNoCredential(url, &blockblob.ClientOptions{ClientOptions: once()})
	check(t, err)
	return b
}

// nameOf returns the name of a client's container or queue.
func nameOf(c interface{ URL() string }) string {
	return c.URL()[strings.LastIndexByte(c.URL(), '/')+1:]
}

func TestBlobSAS(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	put(t, c, "dir/b c", "content")
	url := c.NewBlobClient("dir/b c").URL()
	base := sas.BlobSignatureValues{
		ContainerName: nameOf(c), BlobName: "dir/b c", ExpiryTime: time.Now().UTC().Add(time.Hour),
		Permissions: to.Ptr(sas.BlobPermissions{Read: true}).String(),
	}

	want(t, "content", get(t, bare(t, signed(t, g, url, base)).BlobClient()), "content")

	t.Run("what it does not permit", func(t *testing.T) {
		b := bare(t, signed(t, g, url, base))
		_, err := b.Upload(ctx, body("x"), nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
		_, err = b.Delete(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
	})
	t.Run("create is not overwrite", func(t *testing.T) {
		v := base
		v.Permissions = to.Ptr(sas.BlobPermissions{Create: true}).String()
		_, err := bare(t, signed(t, g, url, v)).Upload(ctx, body("x"), nil)
		if !bloberror.HasCode(err, bloberror.UnauthorizedBlobOverwrite, bloberror.AuthorizationPermissionMismatch) {
			t.Errorf("overwriting with create alone: %v", err)
		}
		v.BlobName = "dir/new"
		_, err = bare(t, signed(t, g, c.NewBlobClient("dir/new").URL(), v)).Upload(ctx, body("x"), nil)
		check(t, err)
	})
	t.Run("expired", func(t *testing.T) {
		v := base
		v.ExpiryTime = time.Now().UTC().Add(-time.Minute)
		_, err := bare(t, signed(t, g, url, v)).GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)
	})
	t.Run("not yet", func(t *testing.T) {
		v := base
		v.StartTime = time.Now().UTC().Add(30 * time.Minute)
		_, err := bare(t, signed(t, g, url, v)).GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)
	})
	t.Run("changed after signing", func(t *testing.T) {
		u := strings.Replace(signed(t, g, url, base), "sp=r", "sp=rw", 1)
		_, err := bare(t, u).GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)
	})
	t.Run("https only", func(t *testing.T) {
		v := base
		v.Protocol = sas.ProtocolHTTPS
		_, err := bare(t, signed(t, g, url, v)).GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationProtocolMismatch)
	})
	t.Run("address", func(t *testing.T) {
		v := base
		v.IPRange = sas.IPRange{Start: []byte{192, 0, 2, 1}}
		_, err := bare(t, signed(t, g, url, v)).GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationSourceIPMismatch)
		v.IPRange = sas.IPRange{Start: []byte{127, 0, 0, 0}, End: []byte{127, 255, 255, 255}}
		_, err = bare(t, signed(t, g, url, v)).GetProperties(ctx, nil)
		check(t, err)
	})
	t.Run("response headers", func(t *testing.T) {
		v := base
		v.ContentType, v.CacheControl, v.ContentDisposition = "text/x-sas", "max-age=5", "inline"
		v.ContentEncoding, v.ContentLanguage = "identity", "de"
		r, err := bare(t, signed(t, g, url, v)).DownloadStream(ctx, nil)
		check(t, err)
		defer r.Body.Close()
		wantPtr(t, "content type", r.ContentType, "text/x-sas")
		wantPtr(t, "cache control", r.CacheControl, "max-age=5")
		wantPtr(t, "disposition", r.ContentDisposition, "inline")
		wantPtr(t, "encoding", r.ContentEncoding, "identity")
		wantPtr(t, "language", r.ContentLanguage, "de")
	})
	t.Run("snapshot", func(t *testing.T) {
		s, err := c.NewBlobClient("dir/b c").CreateSnapshot(ctx, nil)
		check(t, err)
		put(t, c, "dir/b c", "newer")
		snap, err := c.NewBlobClient("dir/b c").WithSnapshot(*s.Snapshot)
		check(t, err)
		u, err := snap.GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
		check(t, err)
		want(t, "content", get(t, bare(t, u).BlobClient()), "content")
	})
	t.Run("tags", func(t *testing.T) {
		v := base
		v.Permissions = to.Ptr(sas.BlobPermissions{Tag: true}).String()
		b := bare(t, signed(t, g, url, v))
		_, err := b.SetTags(ctx, map[string]string{"k": "v"}, nil)
		check(t, err)
		_, err = b.GetProperties(ctx, nil)
		wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
	})
}

func TestContainerSAS(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	put(t, c, "a", "1")
	u, err := c.GetSASURL(sas.ContainerPermissions{Read: true, List: true, Write: true}, time.Now().Add(time.Hour), nil)
	check(t, err)
	sc, err := container.NewClientWithNoCredential(u, &container.ClientOptions{ClientOptions: once()})
	check(t, err)
	page, err := sc.NewListBlobsFlatPager(nil).NextPage(ctx)
	check(t, err)
	want(t, "blobs", len(page.Segment.BlobItems), 1)
	_, err = sc.NewBlockBlobClient("b").Upload(ctx, body("2"), nil)
	check(t, err)
	want(t, "content", get(t, sc.NewBlobClient("b")), "2")
	_, err = sc.NewBlobClient("b").Delete(ctx, nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
	_, err = sc.Delete(ctx, nil)
	if err == nil {
		t.Error("a service SAS deleted its container")
	}
}

func TestStoredPolicySAS(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	put(t, c, "b", "content")
	set := func(expiry time.Time) {
		t.Helper()
		_, err := c.SetAccessPolicy(ctx, &container.SetAccessPolicyOptions{ContainerACL: []*container.SignedIdentifier{
			{ID: to.Ptr("policy"), AccessPolicy: &container.AccessPolicy{Expiry: &expiry, Permission: to.Ptr("r")}},
		}})
		check(t, err)
	}
	set(time.Now().UTC().Add(time.Hour))
	u := signed(t, g, c.NewBlobClient("b").URL(), sas.BlobSignatureValues{ContainerName: nameOf(c), BlobName: "b", Identifier: "policy"})
	b := bare(t, u)
	want(t, "content", get(t, b.BlobClient()), "content")
	_, err := b.Upload(ctx, body("x"), nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)
	set(time.Now().UTC().Add(-time.Hour))
	_, err = b.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)
	_, err = c.SetAccessPolicy(ctx, nil)
	check(t, err)
	_, err = b.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthenticationFailed)
}

func TestAccountSAS(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	c := g.container(t, nil)
	put(t, c, "b", "content")
	client := func(types sas.AccountResourceTypes, p sas.AccountPermissions) *service.Client {
		t.Helper()
		q, err := sas.AccountSignatureValues{
			Permissions: p.String(), ResourceTypes: types.String(), ExpiryTime: time.Now().UTC().Add(time.Hour),
		}.SignWithSharedKey(g.credential(t))
		check(t, err)
		svc, err := service.NewClientWithNoCredential(g.URL+"/?"+q.Encode(), &service.ClientOptions{ClientOptions: once()})
		check(t, err)
		return svc
	}
	all := sas.AccountResourceTypes{Service: true, Container: true, Object: true}

	svc := client(all, sas.AccountPermissions{Read: true, List: true})
	_, err := svc.GetProperties(ctx, nil)
	check(t, err)
	_, err = svc.NewListContainersPager(nil).NextPage(ctx)
	check(t, err)
	want(t, "content", get(t, svc.NewContainerClient(nameOf(c)).NewBlobClient("b")), "content")
	_, err = svc.CreateContainer(ctx, unique(t), nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationPermissionMismatch)

	objects := client(sas.AccountResourceTypes{Object: true}, sas.AccountPermissions{Read: true, List: true, Write: true})
	_, err = objects.NewContainerClient(nameOf(c)).NewListBlobsFlatPager(nil).NextPage(ctx)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationResourceTypeMismatch)
	_, err = objects.GetProperties(ctx, nil)
	wantCode(t, err, http.StatusForbidden, bloberror.AuthorizationResourceTypeMismatch)
	_, err = objects.NewContainerClient(nameOf(c)).NewBlockBlobClient("b").Upload(ctx, body("x"), nil)
	check(t, err)
}

// Older SDKs sign older strings: each sv has its own form.
func TestSASVersions(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	put(t, c, "b", "content")
	for _, sv := range []string{"2012-02-12", "2013-08-15", "2015-02-21", "2015-04-05", "2018-03-28", "2018-11-09", "2020-10-02", "2020-12-06", "2026-10-06"} {
		t.Run(sv, func(t *testing.T) {
			query := serviceSAS(t, g, sv, nameOf(c), "b", "r")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.NewBlobClient("b").URL()+"?"+query, http.NoBody)
			check(t, err)
			status, _, content := statusOf(t, req)
			want(t, "answer", fmt.Sprint(status, " ", content), "200 content")

			req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"?comp=list&"+accountSAS(t, g, sv), http.NoBody)
			check(t, err)
			status, _, content = statusOf(t, req)
			if sv < "2015-04-05" {
				want(t, "status of an account SAS before there were any", status, http.StatusForbidden)
				return
			}
			if status != http.StatusOK {
				t.Errorf("account SAS: %d %s", status, content)
			}
		})
	}
}

func TestPublicAccess(t *testing.T) {
	g := open(t)
	ctx := t.Context()
	open := g.container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeContainer)})
	put(t, open, "b", "content")
	anonymous, err := container.NewClientWithNoCredential(open.URL(), &container.ClientOptions{ClientOptions: once()})
	check(t, err)
	want(t, "content", get(t, anonymous.NewBlobClient("b")), "content")
	_, err = anonymous.NewListBlobsFlatPager(nil).NextPage(ctx)
	check(t, err)
	_, err = anonymous.NewBlockBlobClient("b").Upload(ctx, body("x"), nil)
	if err == nil {
		t.Error("an anonymous client wrote")
	}

	blobs, err := container.NewClientWithNoCredential(g.container(t, &container.CreateOptions{Access: to.Ptr(container.PublicAccessTypeBlob)}).URL(),
		&container.ClientOptions{ClientOptions: once()})
	check(t, err)
	_, err = blobs.NewListBlobsFlatPager(nil).NextPage(ctx)
	if !bloberror.HasCode(err, bloberror.ResourceNotFound, bloberror.NoAuthenticationInformation) {
		t.Errorf("anonymous listing of a container with public blobs: %v", err)
	}
	_, err = blobs.NewBlobClient("nothing").DownloadStream(ctx, &blob.DownloadStreamOptions{})
	wantCode(t, err, http.StatusNotFound, bloberror.BlobNotFound)
}
