package blob_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
)

// isoTime is the form in which the SDK wants the times of a key.
const isoTime = "2006-01-02T15:04:05Z"

// delegate gets a user delegation key that is valid for an hour, with the SDK.
func (s *secured) delegate(who token, change ...func(*service.KeyInfo)) *service.UserDelegationCredential {
	s.T.Helper()
	now := s.Clock.Now().UTC()
	info := service.KeyInfo{Start: to.Ptr(now.Add(-time.Minute).Format(isoTime)), Expiry: to.Ptr(now.Add(time.Hour).Format(isoTime))}
	for _, f := range change {
		f(&info)
	}
	cred, err := s.as(who).ServiceClient().GetUserDelegationCredential(context.Background(), info, nil)
	if err != nil {
		s.T.Fatal(err)
	}
	return cred
}

// signed returns the query of a user delegation SAS, made by the SDK; it
// expires in half an hour unless it says otherwise.
func (s *secured) signed(cred *service.UserDelegationCredential, v sas.BlobSignatureValues) string {
	s.T.Helper()
	if v.ExpiryTime.IsZero() {
		v.ExpiryTime = s.Clock.Now().UTC().Add(30 * time.Minute)
	}
	q, err := v.SignWithUserDelegation(cred)
	if err != nil {
		s.T.Fatal(err)
	}
	return q.Encode()
}

// TestSDKUserDelegation signs with the SDK for a blob, a container and a
// snapshot, and uses that with the SDK.
func TestSDKUserDelegation(t *testing.T) {
	s := newSecured(t)
	ctx := context.Background()
	s.container("con")
	s.put("/con/b", "data")
	s.put("/con/dir/c", "other")
	snapshot := s.OK(201, "PUT", "/con/b?comp=snapshot", "").Header.Get("x-ms-snapshot")
	s.put("/con/b", "newer")
	s.authority.assign(annID, "", contributor)
	cred := s.delegate("ann")
	s.both()

	anonymous := func(path string) *azblobblob.Client {
		c, err := azblobblob.NewClientWithNoCredential(s.endpoint+path, &azblobblob.ClientOptions{ClientOptions: s.options()})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	read := func(c *azblobblob.Client) string {
		t.Helper()
		res, err := c.DownloadStream(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	forBlob := s.signed(cred, sas.BlobSignatureValues{ContainerName: "con", BlobName: "b", Permissions: "r", Protocol: sas.ProtocolHTTPS, IPRange: sas.IPRange{Start: []byte{127, 0, 0, 1}}})
	if got := read(anonymous("/con/b?" + forBlob)); got != "newer" {
		t.Errorf("blob: %q", got)
	}
	if _, err := anonymous("/con/b?"+forBlob).Delete(ctx, nil); !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("delete with a signature to read: %v", err)
	}
	if _, err := anonymous("/con/dir/c?"+forBlob).DownloadStream(ctx, nil); !bloberror.HasCode(err, bloberror.AuthenticationFailed) {
		t.Errorf("another blob: %v", err)
	}
	at, err := time.Parse(time.RFC3339Nano, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	forSnapshot := s.signed(cred, sas.BlobSignatureValues{ContainerName: "con", BlobName: "b", Permissions: "r", SnapshotTime: at})
	if got := read(anonymous("/con/b?snapshot=" + snapshot + "&" + forSnapshot)); got != "data" {
		t.Errorf("snapshot: %q", got)
	}

	forContainer := s.signed(cred, sas.BlobSignatureValues{ContainerName: "con", Permissions: "rcwdl"})
	cc, err := container.NewClientWithNoCredential(s.endpoint+"/con?"+forContainer, &container.ClientOptions{ClientOptions: s.options()})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for pager := cc.NewListBlobsFlatPager(nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Segment.BlobItems)
	}
	if n != 2 {
		t.Errorf("%d blobs listed", n)
	}
	must[blockblob.UploadResponse](t)(cc.NewBlockBlobClient("up").Upload(ctx, streaming.NopCloser(strings.NewReader("x")), nil))
	must[azblobblob.DeleteResponse](t)(cc.NewBlobClient("up").Delete(ctx, nil))
	if _, err := cc.GetProperties(ctx, nil); err == nil {
		t.Error("a user delegation SAS opened the properties of a container")
	}
	if _, err := cc.NewBlockBlobClient("up").Upload(ctx, streaming.NopCloser(strings.NewReader("x")), &blockblob.UploadOptions{Tags: map[string]string{"a": "b"}}); !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("tags without permission: %v", err)
	}

	for _, e := range s.both() {
		if e.AuthType != "sas" || e.RequesterAccount != "" || e.UserObjectID != annID || e.TenantID != tenantID || strings.Contains(e.URL, "sig=") && !strings.Contains(e.URL, "sig=XXXXX") {
			t.Errorf("%s: %+v", e.Operation, e)
		}
		if e.Status == "SASSuccess" && !strings.Contains(e.AuthorizationDetail, `"principalId":"`+annID) {
			t.Errorf("%s: %s", e.Operation, e.AuthorizationDetail)
		}
	}
}

// TestSDKUserDelegationEnds: what the SDK signed ends with its time, its key,
// the roles of who delegated, and by address and permission.
func TestSDKUserDelegationEnds(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.put("/con/b", "data")
	s.authority.assign(annID, "", reader)
	cred := s.delegate("ann")
	blobValues := sas.BlobSignatureValues{ContainerName: "con", BlobName: "b", Permissions: "r"}
	good := s.signed(cred, blobValues)
	s.check(200, "", "", "GET", "/con/b?"+good, "")

	wrong := blobValues
	wrong.IPRange = sas.IPRange{Start: []byte{10, 0, 0, 1}, End: []byte{10, 0, 0, 9}}
	s.check(403, "AuthorizationSourceIPMismatch", "", "GET", "/con/b?"+s.signed(cred, wrong), "")
	wrong = blobValues
	wrong.Permissions = "w"
	s.check(403, "AuthorizationPermissionMismatch", "", "GET", "/con/b?"+s.signed(cred, wrong), "")
	// Both the signature and the roles must allow: a reader cannot delegate writing.
	s.check(403, "AuthorizationPermissionMismatch", "", "PUT", "/con/b?"+s.signed(cred, wrong), "x", "x-ms-blob-type: BlockBlob")
	wrong = blobValues
	wrong.StartTime = s.Clock.Now().UTC().Add(time.Minute)
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?"+s.signed(cred, wrong), "")
	wrong = blobValues
	wrong.Directory, wrong.BlobName = "dir", ""
	s.check(403, "AuthenticationFailed", "", "GET", "/con/dir/b?"+s.signed(cred, wrong), "")

	s.authority.dismiss(annID)
	s.check(403, "AuthorizationPermissionMismatch", "", "GET", "/con/b?"+good, "")
	s.authority.assign(annID, "/blobServices/default/containers/other", reader)
	s.check(403, "AuthorizationPermissionMismatch", "", "GET", "/con/b?"+good, "")
	s.authority.assign(annID, "/blobServices/default/containers/con", reader)
	s.check(200, "", "", "GET", "/con/b?"+good, "")

	long := blobValues
	long.ExpiryTime = s.Clock.Now().UTC().Add(24 * time.Hour) // longer than the key
	outlives := s.signed(cred, long)
	s.check(200, "", "", "GET", "/con/b?"+outlives, "")
	s.Clock.Advance(31 * time.Minute)
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?"+good, "")
	s.check(200, "", "", "GET", "/con/b?"+outlives, "")
	s.Clock.Advance(30 * time.Minute)
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?"+outlives, "")
}

// TestSDKBoundDelegation: a signature for one user, one header and one
// parameter, as the SDK makes it.
func TestSDKBoundDelegation(t *testing.T) {
	s := newSecured(t)
	s.container("con")
	s.put("/con/b", "data")
	s.authority.assign(annID, "", reader)
	v := sas.BlobSignatureValues{ContainerName: "con", BlobName: "b", Permissions: "r", SignedDelegatedUserObjectID: bobID}
	bound := s.signed(s.delegate("ann"), v)
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?"+bound, "")
	s.check(403, "AuthenticationFailed", "ann", "GET", "/con/b?"+bound, "")
	s.check(401, "InvalidAuthenticationInfo", "forged", "GET", "/con/b?"+bound, "")
	s.check(200, "", "bob", "GET", "/con/b?"+bound, "")
	tenant := s.delegate("ann", func(i *service.KeyInfo) { i.DelegatedUserTenantID = to.Ptr(tenantID) })
	s.check(200, "", "bob", "GET", "/con/b?"+s.signed(tenant, v), "")
	elsewhere := s.delegate("ann", func(i *service.KeyInfo) { i.DelegatedUserTenantID = to.Ptr("elsewhere") })
	s.check(403, "AuthenticationFailed", "bob", "GET", "/con/b?"+s.signed(elsewhere, v), "")

	v.SignedDelegatedUserObjectID = ""
	v.SignedRequestHeaders = map[string]string{"x-ms-test": "one"}
	v.SignedRequestQueryParameters = map[string]string{"extra": "a b"}
	q := s.signed(s.delegate("ann"), v)
	s.check(200, "", "", "GET", "/con/b?extra=a+b&"+q, "", "x-ms-test: one")
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?extra=a+b&"+q, "", "x-ms-test: two")
	s.check(403, "AuthenticationFailed", "", "GET", "/con/b?extra=c&"+q, "", "x-ms-test: one")
}

// TestUserDelegationKey is Get User Delegation Key by itself.
func TestUserDelegationKey(t *testing.T) {
	s := newSecured(t)
	const path = "/?restype=service&comp=userdelegationkey"
	s.authority.assign(annID, "", []string{"generateUserDelegationKey/action"})
	at := func(d time.Duration) string { return s.Clock.Now().UTC().Add(d).Format(isoTime) }
	info := func(start, expiry, more string) string {
		return `<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>` + start + `</Start><Expiry>` + expiry + `</Expiry>` + more + `</KeyInfo>`
	}
	start, expiry := at(0), at(time.Hour)
	a := s.check(200, "", "ann", "POST", path, info(start, expiry, ""), "x-ms-version: 2020-02-10")
	for _, part := range []string{
		"<SignedOid>" + annID + "</SignedOid>", "<SignedTid>" + tenantID + "</SignedTid>", "<SignedStart>" + start + "</SignedStart>",
		"<SignedExpiry>" + expiry + "</SignedExpiry>", "<SignedService>b</SignedService>", "<SignedVersion>2020-02-10</SignedVersion>", "<Value>",
	} {
		if !strings.Contains(a.Body, part) {
			t.Errorf("no %s in %s", part, a.Body)
		}
	}
	again := s.check(200, "", "ann", "POST", path, info(start, expiry, ""), "x-ms-version: 2020-02-10")
	if again.Body != a.Body {
		t.Error("the same key, asked for twice, has two values")
	}
	_, value, _ := strings.Cut(a.Body, "<Value>")
	value, _, _ = strings.Cut(value, "<")
	a = s.check(200, "", "ann", "POST", path, info(start, expiry, "<DelegatedUserTid>there</DelegatedUserTid>"))
	if !strings.Contains(a.Body, "<SignedDelegatedUserTid>there</SignedDelegatedUserTid>") || strings.Contains(a.Body, value) {
		t.Errorf("body %s", a.Body)
	}
	a = s.check(200, "", "ann", "POST", path, "<KeyInfo><Expiry>"+expiry+"</Expiry></KeyInfo>")
	if !strings.Contains(a.Body, "<SignedStart>"+at(0)[:16]) {
		t.Errorf("without a start: %s", a.Body)
	}
	for _, body := range []string{
		info("", "", ""), info(start, "", ""), info("soon", expiry, ""), info(start, "later", ""),
		info(expiry, start, ""), info(start, start, ""), info(at(-time.Hour), at(-time.Minute), ""),
		info(start, at(7*24*time.Hour+time.Minute), ""), info(at(-7*24*time.Hour-time.Minute), expiry, ""),
		info(start, expiry, "<DelegatedUserTid>"+strings.Repeat("x", 65)+"</DelegatedUserTid>"),
	} {
		s.check(400, "InvalidXmlNodeValue", "ann", "POST", path, body)
	}
	s.check(200, "", "ann", "POST", path, info(at(-6*24*time.Hour), at(7*24*time.Hour-time.Minute), ""))
	s.check(400, "InvalidXmlNodeValue", "ann", "POST", path, info(start, expiry, "<DelegatedUserTid>there</DelegatedUserTid>"), "x-ms-version: 2025-05-05")
	s.check(400, "InvalidXmlDocument", "ann", "POST", path, "<KeyInfo>")
	s.check(400, "InvalidXmlDocument", "ann", "POST", path, "<Other><Expiry>"+expiry+"</Expiry></Other>")
	s.check(409, "FeatureVersionMismatch", "ann", "POST", path, info(start, expiry, ""), "x-ms-version: 2018-03-28")
	s.check(413, "RequestBodyTooLarge", "ann", "POST", path, strings.Repeat(" ", 65<<10))
	s.check(403, "AuthorizationPermissionMismatch", "bob", "POST", path, info(start, expiry, ""))
	s.check(401, "NoAuthenticationInformation", "", "POST", path, info(start, expiry, ""))
	s.check(405, "UnsupportedHttpVerb", "ann", "GET", path, "")
	// Neither the account's key nor a signature will do.
	refused := s.Refused(403, "AuthenticationFailed", "POST", path, info(start, expiry, ""))
	if !strings.Contains(refused.Body, "Only authentication scheme Bearer is supported") {
		t.Errorf("by key: %s", refused.Body)
	}
	s.check(403, "AuthenticationFailed", "", "POST", path+"&"+s.accountSAS("rwdlacup"), info(start, expiry, ""))
	for _, e := range s.both() {
		if e.Operation != "GetUserDelegationKey" && e.HTTPStatus != "405" || strings.Contains(e.URL+e.AuthorizationDetail, value) {
			t.Errorf("%+v", e)
		}
	}
	// The role must be on the account, not on a container.
	s.authority.dismiss(annID)
	s.authority.assign(annID, "/blobServices/default/containers/con", reader)
	s.check(403, "AuthorizationPermissionMismatch", "ann", "POST", path, info(start, expiry, ""))
	if _, err := s.as("ann").ServiceClient().GetUserDelegationCredential(context.Background(), service.KeyInfo{Start: to.Ptr(start), Expiry: to.Ptr(expiry)}, nil); !bloberror.HasCode(err, bloberror.AuthorizationPermissionMismatch) {
		t.Errorf("through the SDK: %v", err)
	}
	if _, err := s.client().ServiceClient().GetUserDelegationCredential(context.Background(), service.KeyInfo{Start: to.Ptr(start), Expiry: to.Ptr(expiry)}, nil); !bloberror.HasCode(err, bloberror.AuthenticationFailed) {
		t.Errorf("with a key: %v", err)
	}
}
