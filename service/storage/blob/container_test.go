package blob_test

import (
	"strings"
	"testing"
	"time"
)

func TestContainers(t *testing.T) {
	s := newServer(t)
	made := s.OK(201, "PUT", "/docs?restype=container", "", "x-ms-meta-k: v", "x-ms-blob-public-access: blob")
	s.Refused(409, "ContainerAlreadyExists", "PUT", "/docs?restype=container", "")
	for _, method := range []string{"GET", "HEAD"} {
		a := s.OK(200, method, "/docs?restype=container", "")
		for name, want := range map[string]string{
			"ETag": made.Header.Get("ETag"), "x-ms-meta-k": "v", "x-ms-blob-public-access": "blob",
			"x-ms-lease-state": "available", "x-ms-has-legal-hold": "false", "x-ms-default-encryption-scope": "$account-encryption-key",
		} {
			a.WantHeader(t, name, want)
		}
	}
	s.OK(200, "PUT", "/docs?restype=container&comp=metadata", "", "x-ms-meta-n: 2")
	a := s.OK(200, "GET", "/docs?restype=container&comp=metadata", "")
	a.WantHeader(t, "x-ms-meta-n", "2")
	a.WantHeader(t, "x-ms-meta-k", "")
	if a.Header.Get("ETag") == made.Header.Get("ETag") {
		t.Error("the ETag did not change")
	}
	past := s.Clock.Now().Add(-time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	s.Refused(412, "ConditionNotMet", "DELETE", "/docs?restype=container", "", "If-Unmodified-Since: "+past)
	s.OK(202, "DELETE", "/docs?restype=container", "")
	s.Refused(404, "ContainerNotFound", "GET", "/docs?restype=container", "")
	s.Refused(404, "ContainerNotFound", "DELETE", "/docs?restype=container", "")
	s.OK(201, "PUT", "/docs?restype=container", "")

	for name, code := range map[string]string{
		"ab": "OutOfRangeInput", strings.Repeat("a", 64): "OutOfRangeInput", "Upper": "InvalidResourceName",
		"a--b": "InvalidResourceName", "-ab": "InvalidResourceName", "ab-": "InvalidResourceName", "a_b": "InvalidResourceName", "$what": "InvalidResourceName",
	} {
		s.Refused(400, code, "PUT", "/"+name+"?restype=container", "")
	}
	s.Refused(400, "InvalidHeaderValue", "PUT", "/abc?restype=container", "", "x-ms-blob-public-access: all")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/docs?restype=container&comp=what", "")
	s.Refused(501, "NotImplemented", "PUT", "/docs?restype=container&comp=undelete", "")
}

func TestContainerACL(t *testing.T) {
	s := newServer(t)
	s.container("con")
	body := `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers><SignedIdentifier><Id>one</Id><AccessPolicy>` +
		`<Start>2026-01-01T00:00:00.0000000Z</Start><Expiry>2027-01-01T00:00:00.0000000Z</Expiry><Permission>rl</Permission></AccessPolicy></SignedIdentifier>` +
		`<SignedIdentifier><Id>two</Id></SignedIdentifier></SignedIdentifiers>`
	s.OK(200, "PUT", "/con?restype=container&comp=acl", body, "x-ms-blob-public-access: container")
	a := s.OK(200, "GET", "/con?restype=container&comp=acl", "")
	a.WantHeader(t, "x-ms-blob-public-access", "container")
	if !strings.Contains(a.Body, "<Id>one</Id><AccessPolicy><Start>2026-01-01T00:00:00.0000000Z</Start><Expiry>2027-01-01T00:00:00.0000000Z</Expiry><Permission>rl</Permission></AccessPolicy>") {
		t.Errorf("policies: %s", a.Body)
	}
	s.put("/con/b", "public")
	if got := s.Want(200, "", request{Method: "GET", Path: "/con/b", Anonymous: true}); got.Body != "public" {
		t.Errorf("anonymous read: %q", got.Body)
	}
	s.Want(200, "", request{Method: "GET", Path: "/con?restype=container&comp=list", Anonymous: true})
	s.OK(200, "PUT", "/con?restype=container&comp=acl", "")
	s.Want(401, "NoAuthenticationInformation", request{Method: "GET", Path: "/con/b", Anonymous: true})
	s.OK(200, "GET", "/con?restype=container&comp=acl", "").WantHeader(t, "x-ms-blob-public-access", "")

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
		s.Refused(400, tc.code, "PUT", "/con?restype=container&comp=acl", tc.body)
	}
}

func TestContainerLease(t *testing.T) {
	s := newServer(t)
	s.container("con")
	const id = "1f812371-a41d-49e6-b123-f4b542e851c5"
	lease := "/con?restype=container&comp=lease"
	a := s.OK(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-lease-duration: 15", "x-ms-proposed-lease-id: "+id)
	a.WantHeader(t, "x-ms-lease-id", id)
	a = s.Refused(412, "LeaseIdMissing", "DELETE", "/con?restype=container", "")
	if !strings.Contains(a.Body, "There is currently a lease on the container and no lease ID") {
		t.Errorf("message: %s", a.Body)
	}
	s.Refused(412, "LeaseIdMismatchWithContainerOperation", "GET", "/con?restype=container", "", "x-ms-lease-id: 00000000-a41d-49e6-b123-f4b542e851c5")
	props := s.OK(200, "GET", "/con?restype=container", "", "x-ms-lease-id: "+id)
	props.WantHeader(t, "x-ms-lease-state", "leased")
	props.WantHeader(t, "x-ms-lease-duration", "fixed")
	s.OK(200, "PUT", "/con?restype=container&comp=metadata", "")
	s.Clock.Advance(20 * time.Second)
	s.OK(200, "GET", "/con?restype=container", "").WantHeader(t, "x-ms-lease-state", "expired")
	s.Refused(412, "LeaseLost", "DELETE", "/con?restype=container", "", "x-ms-lease-id: "+id)
	s.OK(200, "PUT", lease, "", "x-ms-lease-action: renew", "x-ms-lease-id: "+id)
	s.OK(202, "PUT", lease, "", "x-ms-lease-action: break", "x-ms-lease-break-period: 5").WantHeader(t, "x-ms-lease-time", "5")
	s.OK(200, "PUT", lease, "", "x-ms-lease-action: release", "x-ms-lease-id: "+id)
	s.OK(202, "DELETE", "/con?restype=container", "")
}

func TestBlobLease(t *testing.T) {
	s := newServer(t)
	s.container("con")
	put := s.put("/con/b", "x")
	const id, other = "1f812371-a41d-49e6-b123-f4b542e851c5", "2f812371-a41d-49e6-b123-f4b542e851c5"
	lease := "/con/b?comp=lease"
	a := s.OK(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-lease-duration: -1", "x-ms-proposed-lease-id: {"+strings.ToUpper(id)+"}")
	a.WantHeader(t, "x-ms-lease-id", id)
	a.WantHeader(t, "ETag", put.Header.Get("ETag"))
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-lease-duration", "infinite")
	s.Refused(412, "LeaseIdMissing", "PUT", "/con/b", "y", "x-ms-blob-type: BlockBlob")
	s.Refused(412, "LeaseIdMissing", "PUT", "/con/b?comp=block&blockid=YQ==", "y")
	s.Refused(412, "LeaseIdMismatchWithBlobOperation", "DELETE", "/con/b", "", "x-ms-lease-id: "+other)
	s.put("/con/b", "y", "x-ms-lease-id: "+id)
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-lease-state", "leased")
	s.OK(201, "PUT", "/con/b?comp=snapshot", "")
	s.OK(200, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Cool")
	a = s.OK(200, "PUT", lease, "", "x-ms-lease-action: change", "x-ms-lease-id: "+id, "x-ms-proposed-lease-id: "+other)
	a.WantHeader(t, "x-ms-lease-id", other)
	s.OK(202, "PUT", lease, "", "x-ms-lease-action: break").WantHeader(t, "x-ms-lease-time", "0")
	s.put("/con/b", "z")
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-lease-state", "available")
	for _, headers := range [][]string{
		{"x-ms-lease-action: seize"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 10"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 61"},
		{"x-ms-lease-action: acquire", "x-ms-lease-duration: 15", "x-ms-proposed-lease-id: me"},
		{"x-ms-lease-action: break", "x-ms-lease-break-period: 61"},
		{"x-ms-lease-action: change", "x-ms-lease-id: " + id, "x-ms-version: 2011-08-18", "x-ms-proposed-lease-id: " + other},
	} {
		s.Refused(400, "InvalidHeaderValue", "PUT", lease, "", headers...)
	}
	s.Refused(400, "MissingRequiredHeader", "PUT", lease, "")
	s.Refused(400, "MissingRequiredHeader", "PUT", lease, "", "x-ms-lease-action: acquire")
	s.Refused(400, "MissingRequiredHeader", "PUT", lease, "", "x-ms-lease-action: renew")
	s.OK(201, "PUT", lease, "", "x-ms-lease-action: acquire", "x-ms-version: 2011-08-18")
}

// TestLogs is what users may and may not do to $logs, which the node made.
func TestLogs(t *testing.T) {
	s := newServer(t)
	s.Refused(403, "InsufficientAccountPermissions", "PUT", "/$logs?restype=container", "")
	s.Refused(404, "ContainerNotFound", "GET", "/$logs?restype=container&comp=list", "")
	s.asSystem("PUT", "/$logs?restype=container", "")
	s.asSystem("PUT", "/$logs/blob/l.log", "1.0;line\n")

	if got := s.OK(200, "GET", "/?comp=list", ""); strings.Contains(got.Body, "$logs") {
		t.Errorf("$logs is not hidden: %s", got.Body)
	}
	if got := s.OK(200, "GET", "/?comp=list&include=system", ""); !strings.Contains(got.Body, "<Name>$logs</Name>") {
		t.Errorf("$logs is not there with include=system: %s", got.Body)
	}
	for _, path := range []string{
		"/$logs?restype=container", "/$logs?restype=container&comp=metadata", "/$logs?restype=container&comp=list&prefix=blob/",
		"/$logs/blob/l.log", "/%24logs/blob/l.log", "/$logs/blob/l.log?comp=metadata", "/$logs/blob/l.log?comp=blocklist",
	} {
		s.OK(200, "GET", path, "")
	}
	for _, r := range []request{
		{Method: "DELETE", Path: "/$logs?restype=container"},
		{Method: "PUT", Path: "/$logs?restype=container&comp=metadata"},
		{Method: "PUT", Path: "/$logs?restype=container&comp=acl"},
		{Method: "PUT", Path: "/$logs?restype=container&comp=lease", Headers: []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: -1"}},
		{Method: "PUT", Path: "/$logs/mine", Body: "x", Headers: []string{"x-ms-blob-type: BlockBlob"}},
		{Method: "PUT", Path: "/%24logs/mine", Body: "x", Headers: []string{"x-ms-blob-type: BlockBlob"}},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=metadata"},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=properties"},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=block&blockid=YQ==", Body: "x"},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=blocklist", Body: "<BlockList/>"},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=snapshot"},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=tier", Headers: []string{"x-ms-access-tier: Cool"}},
		{Method: "PUT", Path: "/$logs/blob/l.log?comp=lease", Headers: []string{"x-ms-lease-action: acquire", "x-ms-lease-duration: -1"}},
		{Method: "PUT", Path: "/$logs/copy", Headers: []string{"x-ms-copy-source: " + s.URL + "/$logs/blob/l.log"}},
	} {
		s.Want(403, "InsufficientAccountPermissions", r)
	}
	s.Want(401, "NoAuthenticationInformation", request{Method: "GET", Path: "/$logs/blob/l.log", Anonymous: true})
	s.OK(202, "DELETE", "/$logs/blob/l.log", "")
	s.Refused(404, "BlobNotFound", "GET", "/$logs/blob/l.log", "")
}

func TestRootContainer(t *testing.T) {
	s := newServer(t)
	s.Refused(404, "ContainerNotFound", "GET", "/file.txt", "")
	s.container("$root")
	s.put("/file.txt", "root")
	if got := s.OK(200, "GET", "/file.txt", ""); got.Body != "root" {
		t.Errorf("root blob: %q", got.Body)
	}
	if got := s.OK(200, "GET", "/$root/file.txt", ""); got.Body != "root" {
		t.Errorf("root blob by its full name: %q", got.Body)
	}
	if got := s.OK(200, "GET", "/?comp=list&include=system", ""); !strings.Contains(got.Body, "<Name>$root</Name>") {
		t.Errorf("$root is listed with the containers of the service: %s", got.Body)
	}
	s.OK(200, "GET", "/?restype=account&comp=properties", "")
	s.OK(200, "GET", "/$root?restype=account&comp=properties", "")
}
