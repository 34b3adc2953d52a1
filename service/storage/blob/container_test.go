package blob_test

import (
	"strings"
	"testing"
	"time"
)

func TestContainers(t *testing.T) {
	s := newServer(t)
	made := s.ok(201, "PUT", "/docs?restype=container", "", "x-ms-meta-k: v", "x-ms-blob-public-access: blob")
	s.refused(409, "ContainerAlreadyExists", "PUT", "/docs?restype=container", "")
	for _, method := range []string{"GET", "HEAD"} {
		a := s.ok(200, method, "/docs?restype=container", "")
		for name, want := range map[string]string{
			"ETag": made.header.Get("ETag"), "x-ms-meta-k": "v", "x-ms-blob-public-access": "blob",
			"x-ms-lease-state": "available", "x-ms-has-legal-hold": "false", "x-ms-default-encryption-scope": "$account-encryption-key",
		} {
			wantHeader(t, a, name, want)
		}
	}
	s.ok(200, "PUT", "/docs?restype=container&comp=metadata", "", "x-ms-meta-n: 2")
	a := s.ok(200, "GET", "/docs?restype=container&comp=metadata", "")
	wantHeader(t, a, "x-ms-meta-n", "2")
	wantHeader(t, a, "x-ms-meta-k", "")
	if a.header.Get("ETag") == made.header.Get("ETag") {
		t.Error("the ETag did not change")
	}
	past := s.clock.now().Add(-time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	s.refused(412, "ConditionNotMet", "DELETE", "/docs?restype=container", "", "If-Unmodified-Since: "+past)
	s.ok(202, "DELETE", "/docs?restype=container", "")
	s.refused(404, "ContainerNotFound", "GET", "/docs?restype=container", "")
	s.refused(404, "ContainerNotFound", "DELETE", "/docs?restype=container", "")
	s.ok(201, "PUT", "/docs?restype=container", "")

	for name, code := range map[string]string{
		"ab": "OutOfRangeInput", strings.Repeat("a", 64): "OutOfRangeInput", "Upper": "InvalidResourceName",
		"a--b": "InvalidResourceName", "-ab": "InvalidResourceName", "ab-": "InvalidResourceName", "a_b": "InvalidResourceName", "$what": "InvalidResourceName",
	} {
		s.refused(400, code, "PUT", "/"+name+"?restype=container", "")
	}
	s.refused(400, "InvalidHeaderValue", "PUT", "/abc?restype=container", "", "x-ms-blob-public-access: all")
	s.refused(400, "InvalidQueryParameterValue", "GET", "/docs?restype=container&comp=what", "")
	s.refused(501, "NotImplemented", "PUT", "/docs?restype=container&comp=undelete", "")
}

func TestContainerACL(t *testing.T) {
	s := newServer(t)
	s.container("con")
	body := `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers><SignedIdentifier><Id>one</Id><AccessPolicy>` +
		`<Start>2026-01-01T00:00:00.0000000Z</Start><Expiry>2027-01-01T00:00:00.0000000Z</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier>` +
		`<SignedIdentifier><Id>two</Id></SignedIdentifier></SignedIdentifiers>`
	s.ok(200, "PUT", "/con?restype=container&comp=acl", body, "x-ms-blob-public-access: container")
	a := s.ok(200, "GET", "/con?restype=container&comp=acl", "")
	wantHeader(t, a, "x-ms-blob-public-access", "container")
	if !strings.Contains(a.body, "<Id>one</Id><AccessPolicy><Start>2026-01-01T00:00:00.0000000Z</Start><Expiry>2027-01-01T00:00:00.0000000Z</Expiry><Permission>rl</Permission></AccessPolicy>") {
		t.Errorf("policies: %s", a.body)
	}
	s.put("/con/b", "public")
	if got := s.want(200, "", request{method: "GET", path: "/con/b", anon: true}); got.body != "public" {
		t.Errorf("anonymous read: %q", got.body)
	}
	s.want(200, "", request{method: "GET", path: "/con?restype=container&comp=list", anon: true})
	s.ok(200, "PUT", "/con?restype=container&comp=acl", "")
	s.want(401, "NoAuthenticationInformation", request{method: "GET", path: "/con/b", anon: true})
	wantHeader(t, s.ok(200, "GET", "/con?restype=container&comp=acl", ""), "x-ms-blob-public-access", "")

	identifier := "<SignedIdentifier><Id>X</Id></SignedIdentifier>"
	for _, tc := range []struct{ code, body string }{
		{"InvalidXmlDocument", "<SignedIdentifiers>" + strings.Repeat(identifier, 6) + "</SignedIdentifiers>"},
		{"InvalidXmlNodeValue", "<SignedIdentifiers>" + strings.Repeat(identifier, 2) + "</SignedIdentifiers>"},
		{"InvalidXmlNodeValue", "<SignedIdentifiers>" + strings.Replace(identifier, "X", strings.Repeat("i", 65), 1) + "</SignedIdentifiers>"},
		{"InvalidXmlNodeValue", "<SignedIdentifiers><SignedIdentifier><Id>a</Id><AccessPolicy><Start>soon</Start></AccessPolicy></SignedIdentifier></SignedIdentifiers>"},
		{"InvalidXmlNodeValue", "<SignedIdentifiers><SignedIdentifier><Id>a</Id><AccessPolicy><Permission>q</Permission></AccessPolicy></SignedIdentifier></SignedIdentifiers>"},
		{"InvalidXmlDocument", "<SignedIdentifiers>"},
		{"InvalidXmlDocument", "<Other/>"},
		{"InvalidXmlDocument", strings.Repeat("<a>", 20)},
	} {
		s.refused(400, tc.code, "PUT", "/con?restype=container&comp=acl", tc.body)
	}
}

func TestContainerLease(t *testing.T) {
	s := newServer(t)
	s.container("con")
	const id = "1f812371-a41d-49e6-b123-f4b542e851c5"
	lease := "/con?restype=container&comp=lease"
	a := s.ok(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-lease-duration: 15", "x-ms-proposed-lease-id: "+id)
	wantHeader(t, a, "x-ms-lease-id", id)
	a = s.refused(412, "LeaseIdMissing", "DELETE", "/con?restype=container", "")
	if !strings.Contains(a.body, "There is currently a lease on the container and no lease ID") {
		t.Errorf("message: %s", a.body)
	}
	s.refused(412, "LeaseIdMismatchWithContainerOperation", "GET", "/con?restype=container", "", "x-ms-lease-id: 00000000-a41d-49e6-b123-f4b542e851c5")
	props := s.ok(200, "GET", "/con?restype=container", "", "x-ms-lease-id: "+id)
	wantHeader(t, props, "x-ms-lease-state", "leased")
	wantHeader(t, props, "x-ms-lease-duration", "fixed")
	s.ok(200, "PUT", "/con?restype=container&comp=metadata", "")
	s.clock.advance(20 * time.Second)
	wantHeader(t, s.ok(200, "GET", "/con?restype=container", ""), "x-ms-lease-state", "expired")
	s.refused(412, "LeaseLost", "DELETE", "/con?restype=container", "", "x-ms-lease-id: "+id)
	s.ok(200, "PUT", lease, "", "x-ms-lease-action: renew", "x-ms-lease-id: "+id)
	wantHeader(t, s.ok(202, "PUT", lease, "", "x-ms-lease-action: break", "x-ms-lease-break-period: 5"), "x-ms-lease-time", "5")
	s.ok(200, "PUT", lease, "", "x-ms-lease-action: release", "x-ms-lease-id: "+id)
	s.ok(202, "DELETE", "/con?restype=container", "")
}

func TestBlobLease(t *testing.T) {
	s := newServer(t)
	s.container("con")
	put := s.put("/con/b", "x")
	const id, other = "1f812371-a41d-49e6-b123-f4b542e851c5", "2f812371-a41d-49e6-b123-f4b542e851c5"
	lease := "/con/b?comp=lease"
	a := s.ok(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-lease-duration: -1", "x-ms-proposed-lease-id: {"+strings.ToUpper(id)+"}")
	wantHeader(t, a, "x-ms-lease-id", id)
	wantHeader(t, a, "ETag", put.header.Get("ETag"))
	wantHeader(t, s.ok(200, "HEAD", "/con/b", ""), "x-ms-lease-duration", "infinite")
	s.refused(412, "LeaseIdMissing", "PUT", "/con/b", "y", "x-ms-blob-type: BlockBlob")
	s.refused(412, "LeaseIdMissing", "PUT", "/con/b?comp=block&blockid=YQ==", "y")
	s.refused(412, "LeaseIdMismatchWithBlobOperation", "DELETE", "/con/b", "", "x-ms-lease-id: "+other)
	s.put("/con/b", "y", "x-ms-lease-id: "+id)
	wantHeader(t, s.ok(200, "HEAD", "/con/b", ""), "x-ms-lease-state", "leased")
	s.ok(201, "PUT", "/con/b?comp=snapshot", "")
	s.ok(200, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Cool")
	a = s.ok(200, "PUT", lease, "", "x-ms-lease-action: change", "x-ms-lease-id: "+id, "x-ms-proposed-lease-id: "+other)
	wantHeader(t, a, "x-ms-lease-id", other)
	wantHeader(t, s.ok(202, "PUT", lease, "", "x-ms-lease-action: break"), "x-ms-lease-time", "0")
	s.put("/con/b", "z")
	wantHeader(t, s.ok(200, "HEAD", "/con/b", ""), "x-ms-lease-state", "available")
	for _, headers := range [][]string{
		{"x-ms-lease-action: seize"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 10"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 61"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 15", "x-ms-proposed-lease-id: me"},
		{"x-ms-lease-action: break", "x-ms-lease-break-period: 61"},
		{"x-ms-lease-action: change", "x-ms-lease-id: " + id, "x-ms-version: 2011-08-18", "x-ms-proposed-lease-id: " + other},
	} {
		s.refused(400, "InvalidHeaderValue", "PUT", lease, "", headers...)
	}
	s.refused(400, "MissingRequiredHeader", "PUT", lease, "")
	s.refused(400, "MissingRequiredHeader", "PUT", lease, "", "x-ms-lease-action: acquire")
	s.refused(400, "MissingRequiredHeader", "PUT", lease, "", "x-ms-lease-action: renew")
	s.ok(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-version: 2011-08-18")
}

// TestLogs is what users may and may not do to $logs, which the node made.
func TestLogs(t *testing.T) {
	s := newServer(t)
	s.refused(403, "InsufficientAccountPermissions", "PUT", "/$logs?restype=container", "")
	s.refused(404, "ContainerNotFound", "GET", "/$logs?restype=container&comp=list", "")
	s.asSystem("PUT", "/$logs?restype=container", "")
	s.asSystem("PUT", "/$logs/blob/l.log", "1.0;line\n")

	if got := s.ok(200, "GET", "/?comp=list", ""); strings.Contains(got.body, "$logs") {
		t.Errorf("$logs is not hidden: %s", got.body)
	}
	if got := s.ok(200, "GET", "/?comp=list&include=system", ""); !strings.Contains(got.body, "<Name>$logs</Name>") {
		t.Errorf("$logs is not there with include=system: %s", got.body)
	}
	for _, path := range []string{
		"/$logs?restype=container", "/$logs?restype=container&comp=metadata", "/$logs?restype=container&comp=list&prefix=blob/",
		"/$logs/blob/l.log", "/%24logs/blob/l.log", "/$logs/blob/l.log?comp=metadata", "/$logs/blob/l.log?comp=blocklist",
	} {
		s.ok(200, "GET", path, "")
	}
	for _, r := range []request{
		{method: "DELETE", path: "/$logs?restype=container"},
		{method: "PUT", path: "/$logs?restype=container&comp=metadata"},
		{method: "PUT", path: "/$logs?restype=container&comp=acl"},
		{method: "PUT", path: "/$logs?restype=container&comp=lease", headers: []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: -1"}},
		{method: "PUT", path: "/$logs/mine", body: "x", headers: []string{"x-ms-blob-type: BlockBlob"}},
		{method: "PUT", path: "/%24logs/mine", body: "x", headers: []string{"x-ms-blob-type: BlockBlob"}},
		{method: "PUT", path: "/$logs/blob/l.log?comp=metadata"},
		{method: "PUT", path: "/$logs/blob/l.log?comp=properties"},
		{method: "PUT", path: "/$logs/blob/l.log?comp=block&blockid=YQ==", body: "x"},
		{method: "PUT", path: "/$logs/blob/l.log?comp=blocklist", body: "<BlockList/>"},
		{method: "PUT", path: "/$logs/blob/l.log?comp=snapshot"},
		{method: "PUT", path: "/$logs/blob/l.log?comp=tier", headers: []string{"x-ms-access-tier: Cool"}},
		{method: "PUT", path: "/$logs/blob/l.log?comp=lease", headers: []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: -1"}},
		{method: "PUT", path: "/$logs/copy", headers: []string{"x-ms-copy-source: " + s.url + "/$logs/blob/l.log"}},
	} {
		s.want(403, "InsufficientAccountPermissions", r)
	}
	s.want(401, "NoAuthenticationInformation", request{method: "GET", path: "/$logs/blob/l.log", anon: true})
	s.ok(202, "DELETE", "/$logs/blob/l.log", "")
	s.refused(404, "BlobNotFound", "GET", "/$logs/blob/l.log", "")
}

func TestRootContainer(t *testing.T) {
	s := newServer(t)
	s.refused(404, "ContainerNotFound", "GET", "/file.txt", "")
	s.container("$root")
	s.put("/file.txt", "root")
	if got := s.ok(200, "GET", "/file.txt", ""); got.body != "root" {
		t.Errorf("root blob: %q", got.body)
	}
	if got := s.ok(200, "GET", "/$root/file.txt", ""); got.body != "root" {
		t.Errorf("root blob by its full name: %q", got.body)
	}
	if got := s.ok(200, "GET", "/?comp=list&include=system", ""); !strings.Contains(got.body, "<Name>$root</Name>") {
		t.Errorf("$root is listed with the containers of the service: %s", got.body)
	}
	s.ok(200, "GET", "/?restype=account&comp=properties", "")
	s.ok(200, "GET", "/$root?restype=account&comp=properties", "")
}
