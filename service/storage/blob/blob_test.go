package blob_test

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"
)

func md5of(s string) string {
	sum := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestPutAndGet(t *testing.T) {
	s := newServer(t)
	s.container("con")
	put := s.put("/con/a/b.txt", "hello, world", "x-ms-meta-Color: blue", "x-ms-blob-content-type: text/plain", "Content-MD5: "+md5of("hello, world"))
	put.WantHeader(t, "Content-MD5", md5of("hello, world"))
	put.WantHeader(t, "x-ms-request-server-encrypted", "true")
	if etag := put.Header.Get("ETag"); !strings.HasPrefix(etag, `"0x`) {
		t.Errorf("ETag %q", etag)
	}

	for _, method := range []string{"GET", "HEAD"} {
		a := s.OK(200, method, "/con/a/b.txt", "")
		if want := "hello, world"; method == "GET" && a.Body != want {
			t.Errorf("body %q, want %q", a.Body, want)
		}
		for name, want := range map[string]string{
			"Content-Length": "12", "Content-Type": "text/plain", "Content-MD5": md5of("hello, world"),
			"x-ms-blob-type": "BlockBlob", "x-ms-meta-color": "blue", "Accept-Ranges": "bytes",
			"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available", "x-ms-server-encrypted": "true",
			"ETag": put.Header.Get("ETag"), "Last-Modified": put.Header.Get("Last-Modified"),
			"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true",
		} {
			a.WantHeader(t, name, want)
		}
	}
	md := s.OK(200, "GET", "/con/a/b.txt?comp=metadata", "")
	md.WantHeader(t, "x-ms-meta-color", "blue")
}

func TestPutRefusals(t *testing.T) {
	s := newServer(t)
	s.container("con")
	block := "x-ms-blob-type: BlockBlob"
	for _, tc := range []struct {
		name    string
		status  int
		code    string
		path    string
		body    string
		headers []string
	}{
		{"no type", 400, "MissingRequiredHeader", "/con/b", "x", nil},
		{"unknown type", 400, "InvalidHeaderValue", "/con/b", "x", []string{"x-ms-blob-type: Blob"}},
		{"append blob before its time", 400, "InvalidHeaderValue", "/con/b", "", []string{"x-ms-blob-type: AppendBlob", "x-ms-version: 2014-02-14"}},
		{"no container", 404, "ContainerNotFound", "/none/b", "x", []string{block}},
		{"bad container name", 400, "InvalidResourceName", "/Nope/b", "x", []string{block}},
		{"wrong md5", 400, "Md5Mismatch", "/con/b", "x", []string{block, "Content-MD5: " + md5of("y")}},
		{"malformed md5", 400, "InvalidMd5", "/con/b", "x", []string{block, "Content-MD5: abc"}},
		{"wrong blob md5", 400, "Md5Mismatch", "/con/b", "x", []string{block, "x-ms-blob-content-md5: " + md5of("y")}},
		{"wrong crc", 400, "Crc64Mismatch", "/con/b", "x", []string{block, "x-ms-content-crc64: AAAAAAAAAAA="}},
		{"malformed crc", 400, "InvalidCrc64", "/con/b", "x", []string{block, "x-ms-content-crc64: AAAA"}},
		{"metadata name", 400, "InvalidMetadata", "/con/b", "x", []string{block, "x-ms-meta-a-b: 1"}},
		{"metadata without a name", 400, "EmptyMetadataKey", "/con/b", "x", []string{block, "x-ms-meta-: 1"}},
		{"metadata twice", 400, "InvalidMetadata", "/con/b", "x", []string{block, "x-ms-meta-a: 1", "x-ms-meta-a: 2"}},
		{"metadata too large", 400, "MetadataTooLarge", "/con/b", "x", []string{block, "x-ms-meta-a: " + strings.Repeat("v", 8192)}},
		{"page blob without length", 400, "MissingRequiredHeader", "/con/b", "", []string{"x-ms-blob-type: PageBlob"}},
		{"page blob of odd length", 400, "InvalidHeaderValue", "/con/b", "", []string{"x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 100"}},
		{"page blob with a body", 400, "InvalidHeaderValue", "/con/b", "x", []string{"x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 512"}},
		{"lease on nothing", 412, "LeaseNotPresentWithBlobOperation", "/con/b", "x", []string{block, "x-ms-lease-id: 1f812371-a41d-49e6-b123-f4b542e851c5"}},
		{"malformed lease", 400, "InvalidHeaderValue", "/con/b", "x", []string{block, "x-ms-lease-id: none"}},
		{"unknown tier", 400, "InvalidHeaderValue", "/con/b", "x", []string{block, "x-ms-access-tier: Warm"}},
		{"bad tags", 400, "InvalidTagName", "/con/b", "x", []string{block, "x-ms-tags: a%21=1"}},
		{"customer key", 400, "UnsupportedHeader", "/con/b", "x", []string{block, "x-ms-encryption-key: k"}},
		{"structured body", 400, "UnsupportedHeader", "/con/b", "x", []string{block, "x-ms-structured-body: XSM/1.0; properties=crc64"}},
		{"unknown component", 400, "InvalidQueryParameterValue", "/con/b?comp=what", "", nil},
		{"undelete", 501, "NotImplemented", "/con/b?comp=undelete", "", nil},
		{"version id", 400, "UnsupportedQueryParameter", "/con/b?versionid=2020-01-01T00:00:00.0000000Z", "", nil},
		{"name too long", 400, "OutOfRangeInput", "/con/" + strings.Repeat("n", 1025), "x", []string{block}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.T = t
			s.Refused(tc.status, tc.code, "PUT", tc.path, tc.body, tc.headers...)
		})
	}
	s.T = t
	s.Refused(404, "BlobNotFound", "GET", "/con/b", "")
	s.Refused(405, "UnsupportedHttpVerb", "POST", "/con/b", "")
}

func TestRanges(t *testing.T) {
	s := newServer(t)
	s.container("con")
	data := pattern(10_000)
	s.put("/con/b", data)
	for _, tc := range []struct {
		header string
		status int
		code   string
		want   string
		rng    string
	}{
		{"Range: bytes=0-99", 206, "", data[:100], "bytes 0-99/10000"},
		{"x-ms-range: bytes=100-199", 206, "", data[100:200], "bytes 100-199/10000"},
		{"x-ms-range: bytes=9990-", 206, "", data[9990:], "bytes 9990-9999/10000"},
		{"x-ms-range: bytes=9990-20000", 206, "", data[9990:], "bytes 9990-9999/10000"},
		{"x-ms-range: bytes=10000-", 416, "InvalidRange", "", "bytes */10000"},
		{"x-ms-range: bytes=5-3", 400, "InvalidHeaderValue", "", ""},
		{"x-ms-range: lines=0-1", 400, "InvalidHeaderValue", "", ""},
		{"Range: lines=0-1", 200, "", data, ""},
		{"Range: bytes=-5", 200, "", data, ""},
	} {
		a := s.Want(tc.status, tc.code, request{Method: "GET", Path: "/con/b", Headers: []string{tc.header}})
		if tc.code == "" && a.Body != tc.want {
			t.Errorf("%s: wrong bytes", tc.header)
		}
		a.WantHeader(t, "Content-Range", tc.rng)
	}
	a := s.OK(206, "GET", "/con/b", "", "x-ms-range: bytes=0-99", "x-ms-range-get-content-md5: true")
	a.WantHeader(t, "Content-MD5", md5of(data[:100]))
	a.WantHeader(t, "x-ms-blob-content-md5", md5of(data))
	a = s.OK(206, "GET", "/con/b", "", "x-ms-range: bytes=0-99", "x-ms-range-get-content-crc64: true")
	if a.Header.Get("x-ms-content-crc64") == "" {
		t.Error("no CRC64 of the range")
	}
	s.Refused(400, "InvalidHeaderValue", "GET", "/con/b", "", "x-ms-range-get-content-md5: true")
	s.Refused(400, "BothCrc64AndMd5HeaderPresent", "GET", "/con/b", "", "x-ms-range: bytes=0-9", "x-ms-range-get-content-md5: true", "x-ms-range-get-content-crc64: true")
	s.put("/con/empty", "")
	s.Refused(416, "InvalidRange", "GET", "/con/empty", "", "x-ms-range: bytes=0-")
	s.OK(200, "GET", "/con/empty", "")
}

func TestBlocks(t *testing.T) {
	s := newServer(t)
	s.container("con")
	id := func(n string) string { return base64.StdEncoding.EncodeToString([]byte("block" + n)) }
	query := func(n string) string { return strings.NewReplacer("=", "%3D", "+", "%2B", "/", "%2F").Replace(id(n)) }
	for _, n := range []string{"1", "2", "3"} {
		a := s.OK(201, "PUT", "/con/b?comp=block&blockid="+query(n), "data"+n)
		if a.Header.Get("ETag") != "" || a.Header.Get("x-ms-content-crc64") == "" {
			t.Error("Put Block answers with a CRC64 and no ETag")
		}
	}
	s.Refused(404, "BlobNotFound", "GET", "/con/b", "")
	list := s.OK(200, "GET", "/con/b?comp=blocklist&blocklisttype=all", "")
	if !strings.Contains(list.Body, "<CommittedBlocks /><UncommittedBlocks><Block><Name>"+id("1")+"</Name><Size>5</Size></Block>") {
		t.Errorf("block list: %s", list.Body)
	}
	body := `<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>` + id("3") + `</Latest><Uncommitted>` + id("1") + `</Uncommitted></BlockList>`
	s.OK(201, "PUT", "/con/b?comp=blocklist", body, "x-ms-meta-k: v", "Content-MD5: "+md5of(body))
	if a := s.OK(200, "GET", "/con/b", ""); a.Body != "data3data1" || a.Header.Get("x-ms-meta-k") != "v" {
		t.Errorf("committed blob: %q %v", a.Body, a.Header)
	}
	list = s.OK(200, "GET", "/con/b?comp=blocklist&blocklisttype=all", "")
	if !strings.Contains(list.Body, "<UncommittedBlocks />") {
		t.Errorf("uncommitted blocks are left: %s", list.Body)
	}
	s.OK(201, "PUT", "/con/b?comp=block&blockid="+query("4"), "data4")
	s.OK(201, "PUT", "/con/b?comp=blocklist", `<BlockList><Committed>`+id("1")+`</Committed><Latest>`+id("4")+`</Latest></BlockList>`)
	if a := s.OK(200, "GET", "/con/b", ""); a.Body != "data1data4" {
		t.Errorf("blob after the second commit: %q", a.Body)
	}
	for _, tc := range []struct{ code, path, body string }{
		{"MissingRequiredQueryParameter", "/con/b?comp=block", "x"},
		{"InvalidQueryParameterValue", "/con/b?comp=block&blockid=***", "x"},
		{"InvalidHeaderValue", "/con/b?comp=block&blockid=" + query("1"), ""},
		{"InvalidBlobOrBlock", "/con/n?comp=block&blockid=" + query("1"), ""},
		{"InvalidBlockList", "/con/b?comp=blocklist", "<BlockList><Latest>" + id("9") + "</Latest></BlockList>"},
		{"InvalidXmlDocument", "/con/b?comp=blocklist", "<BlockList><Latest>"},
		{"InvalidXmlDocument", "/con/b?comp=blocklist", "<List/>"},
		{"InvalidBlockId", "/con/b?comp=blocklist", "<BlockList><Latest>!</Latest></BlockList>"},
	} {
		if tc.code == "InvalidBlobOrBlock" {
			s.OK(201, "PUT", tc.path, "x")
			tc.path = "/con/n?comp=block&blockid=" + query("12")
			tc.body = "x"
		}
		s.Refused(400, tc.code, "PUT", tc.path, tc.body)
	}
}

func TestAppendBlobs(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.OK(201, "PUT", "/con/a", "", "x-ms-blob-type: AppendBlob")
	a := s.OK(201, "PUT", "/con/a?comp=appendblock", "one ", "x-ms-blob-condition-appendpos: 0")
	a.WantHeader(t, "x-ms-blob-append-offset", "0")
	a.WantHeader(t, "x-ms-blob-committed-block-count", "1")
	a = s.OK(201, "PUT", "/con/a?comp=appendblock", "two", "x-ms-blob-condition-maxsize: 7")
	a.WantHeader(t, "x-ms-blob-append-offset", "4")
	s.Refused(412, "AppendPositionConditionNotMet", "PUT", "/con/a?comp=appendblock", "x", "x-ms-blob-condition-appendpos: 4")
	s.Refused(412, "MaxBlobSizeConditionNotMet", "PUT", "/con/a?comp=appendblock", "x", "x-ms-blob-condition-maxsize: 7")
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/a?comp=appendblock", "")
	s.Refused(404, "BlobNotFound", "PUT", "/con/none?comp=appendblock", "x")
	s.put("/con/b", "x")
	s.Refused(409, "InvalidBlobType", "PUT", "/con/b?comp=appendblock", "x")
	s.Refused(409, "FeatureVersionMismatch", "GET", "/con/a", "", "x-ms-version: 2014-02-14")
	if got := s.OK(200, "GET", "/con/a", ""); got.Body != "one two" {
		t.Errorf("append blob: %q", got.Body)
	}
	s.OK(200, "PUT", "/con/a?comp=seal", "").WantHeader(t, "x-ms-blob-sealed", "true")
	s.Refused(409, "BlobIsSealed", "PUT", "/con/a?comp=appendblock", "x")
	s.OK(200, "HEAD", "/con/a", "").WantHeader(t, "x-ms-blob-sealed", "true")
}

func TestPageBlobs(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.OK(201, "PUT", "/con/p", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 4096", "x-ms-blob-sequence-number: 5")
	page := pattern(512)
	update := func(rng string, extra ...string) []string {
		return append([]string{"x-ms-page-write: update", "x-ms-range: bytes=" + rng}, extra...)
	}
	a := s.OK(201, "PUT", "/con/p?comp=page", page+page, update("512-1535", "x-ms-if-sequence-number-eq: 5")...)
	a.WantHeader(t, "x-ms-blob-sequence-number", "5")
	snap := s.OK(201, "PUT", "/con/p?comp=snapshot", "").Header.Get("x-ms-snapshot")
	s.OK(201, "PUT", "/con/p?comp=page", page, update("2048-2559")...)
	s.OK(201, "PUT", "/con/p?comp=page", "", "x-ms-page-write: clear", "x-ms-range: bytes=512-1023")
	const declaration = "\ufeff" + `<?xml version="1.0" encoding="utf-8"?>`
	for path, want := range map[string]string{
		"/con/p?comp=pagelist":                      "<PageRange><Start>1024</Start><End>1535</End></PageRange><PageRange><Start>2048</Start><End>2559</End></PageRange><NextMarker />",
		"/con/p?comp=pagelist&snapshot=" + snap:     "<PageRange><Start>512</Start><End>1535</End></PageRange><NextMarker />",
		"/con/p?comp=pagelist&maxresults=1":         "<PageRange><Start>1024</Start><End>1535</End></PageRange><NextMarker>2048</NextMarker>",
		"/con/p?comp=pagelist&marker=2048":          "<PageRange><Start>2048</Start><End>2559</End></PageRange><NextMarker />",
		"/con/p?comp=pagelist&prevsnapshot=" + snap: "<ClearRange><Start>512</Start><End>1023</End></ClearRange><PageRange><Start>2048</Start><End>2559</End></PageRange><NextMarker />",
	} {
		got := s.OK(200, "GET", path, "")
		if got.Body != declaration+"<PageList>"+want+"</PageList>" {
			t.Errorf("%s: %s", path, got.Body)
		}
		got.WantHeader(t, "x-ms-blob-content-length", "4096")
	}
	s.Refused(412, "SequenceNumberConditionNotMet", "PUT", "/con/p?comp=page", page, update("0-511", "x-ms-if-sequence-number-lt: 5")...)
	s.Refused(416, "InvalidPageRange", "PUT", "/con/p?comp=page", page, update("1-512")...)
	s.Refused(416, "InvalidPageRange", "PUT", "/con/p?comp=page", page, update("4096-4607")...)
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/p?comp=page", page, update("0-1023")...)
	s.Refused(400, "MissingRequiredHeader", "PUT", "/con/p?comp=page", page)
	a = s.OK(200, "PUT", "/con/p?comp=properties", "", "x-ms-blob-content-length: 1024", "x-ms-sequence-number-action: increment")
	a.WantHeader(t, "x-ms-blob-sequence-number", "6")
	head := s.OK(200, "HEAD", "/con/p", "")
	head.WantHeader(t, "Content-Length", "1024")
	head.WantHeader(t, "Content-Type", "application/octet-stream")
	s.Refused(400, "InvalidHeaderValue", "PUT", "/con/p?comp=properties", "", "x-ms-sequence-number-action: increment", "x-ms-blob-sequence-number: 5")
	s.Refused(501, "NotImplemented", "PUT", "/con/p?comp=incrementalcopy", "", "x-ms-copy-source: "+s.URL+"/con/p?snapshot="+snap)
}

func TestSnapshotsAndDelete(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/b", "old", "x-ms-meta-a: 1")
	made := s.OK(201, "PUT", "/con/b?comp=snapshot", "")
	snap := made.Header.Get("x-ms-snapshot")
	s.put("/con/b", "new")
	if got := s.OK(200, "GET", "/con/b?snapshot="+snap, ""); got.Body != "old" || got.Header.Get("x-ms-lease-status") != "" {
		t.Errorf("snapshot: %q %v", got.Body, got.Header)
	}
	s.OK(200, "HEAD", "/con/b?snapshot="+snap, "").WantHeader(t, "x-ms-meta-a", "1")
	s.Refused(400, "InvalidOperation", "PUT", "/con/b?comp=metadata&snapshot="+snap, "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/con/b?snapshot=yesterday", "")
	s.Refused(409, "SnapshotsPresent", "DELETE", "/con/b", "")
	s.Refused(400, "InvalidHeaderValue", "DELETE", "/con/b", "", "x-ms-delete-snapshots: some")
	s.OK(202, "DELETE", "/con/b", "", "x-ms-delete-snapshots: only")
	s.Refused(404, "BlobNotFound", "GET", "/con/b?snapshot="+snap, "")
	s.OK(201, "PUT", "/con/b?comp=snapshot", "", "x-ms-meta-b: 2")
	s.OK(202, "DELETE", "/con/b", "", "x-ms-delete-snapshots: include")
	s.Refused(404, "BlobNotFound", "GET", "/con/b", "")
	s.Refused(404, "BlobNotFound", "DELETE", "/con/b", "")
}

func TestSetProperties(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/b", "x", "x-ms-blob-content-type: text/plain", "x-ms-blob-cache-control: no-cache")
	s.OK(200, "PUT", "/con/b?comp=properties", "", "x-ms-blob-content-language: de")
	head := s.OK(200, "HEAD", "/con/b", "")
	head.WantHeader(t, "Content-Language", "de")
	head.WantHeader(t, "Content-Type", "")
	head.WantHeader(t, "Cache-Control", "")
	head.WantHeader(t, "Content-MD5", "")
	s.OK(200, "PUT", "/con/b?comp=metadata", "", "x-ms-meta-k: v")
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-meta-k", "v")
	s.OK(200, "PUT", "/con/b?comp=metadata", "")
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-meta-k", "")
}

func TestTiers(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.put("/con/b", "x", "x-ms-access-tier: Cool")
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-access-tier", "Cool")
	s.OK(200, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Archive")
	s.Refused(409, "BlobArchived", "GET", "/con/b", "")
	s.Refused(409, "BlobArchived", "PUT", "/con/b?comp=metadata", "")
	s.OK(202, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Hot", "x-ms-rehydrate-priority: High")
	if got := s.OK(200, "GET", "/con/b", ""); got.Body != "x" {
		t.Errorf("rehydrated: %q", got.Body)
	}
	s.Refused(400, "MissingRequiredHeader", "PUT", "/con/b?comp=tier", "")
	s.Refused(400, "BlobAccessTierNotSupportedForAccountType", "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: P10")
	s.OK(201, "PUT", "/con/a", "", "x-ms-blob-type: AppendBlob")
	s.Refused(409, "InvalidBlobType", "PUT", "/con/a?comp=tier", "", "x-ms-access-tier: Cool")
}

func TestTags(t *testing.T) {
	s := newServer(t)
	s.container("con")
	s.container("dcon")
	s.put("/con/b", "x", "x-ms-tags: color=blue&size=10")
	s.put("/dcon/b", "x", "x-ms-tags: color=red")
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "x-ms-tag-count", "2")
	set := `<?xml version="1.0"?><Tags><TagSet><Tag><Key>color</Key><Value>green</Value></Tag></TagSet></Tags>`
	before := s.OK(200, "HEAD", "/con/b", "").Header.Get("ETag")
	s.OK(204, "PUT", "/con/b?comp=tags", set)
	s.OK(200, "HEAD", "/con/b", "").WantHeader(t, "ETag", before)
	if got := s.OK(200, "GET", "/con/b?comp=tags", ""); !strings.Contains(got.Body, "<Tags><TagSet><Tag><Key>color</Key><Value>green</Value></Tag></TagSet></Tags>") {
		t.Errorf("tags: %s", got.Body)
	}
	s.Refused(412, "ConditionNotMet", "GET", "/con/b", "", `x-ms-if-tags: color = 'blue'`)
	s.OK(200, "GET", "/con/b", "", `x-ms-if-tags: "color" <> 'blue' AND (color = 'green' OR size = '1')`)
	s.Refused(400, "InvalidHeaderValue", "GET", "/con/b", "", `x-ms-if-tags: color = blue`)
	found := s.OK(200, "GET", "/?comp=blobs&where="+"color%3E%3D%27a%27", "")
	if !strings.Contains(found.Body, "<Blob><Name>b</Name><ContainerName>con</ContainerName><Tags><TagSet><Tag><Key>color</Key><Value>green</Value>") ||
		!strings.Contains(found.Body, "<ContainerName>dcon</ContainerName>") {
		t.Errorf("found: %s", found.Body)
	}
	found = s.OK(200, "GET", "/con?restype=container&comp=blobs&where=%22color%22%3D%27red%27", "")
	if !strings.Contains(found.Body, "<Blobs /><NextMarker />") {
		t.Errorf("found in the container: %s", found.Body)
	}
	found = s.OK(200, "GET", "/?comp=blobs&maxresults=1&where=%40container%3D%27dcon%27%20AND%20color%3D%27red%27", "")
	if !strings.Contains(found.Body, "<ContainerName>dcon</ContainerName>") || strings.Contains(found.Body, "<ContainerName>con<") {
		t.Errorf("found by container: %s", found.Body)
	}
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/?comp=blobs&where=color%20or", "")
	s.Refused(400, "TagsTooLarge", "PUT", "/con/b?comp=tags", "<Tags><TagSet>"+strings.Repeat("<Tag><Key>k</Key><Value>v</Value></Tag>", 11)+"</TagSet></Tags>")
	s.Refused(400, "DuplicateTagNames", "PUT", "/con/b?comp=tags", "<Tags><TagSet>"+strings.Repeat("<Tag><Key>k</Key><Value>v</Value></Tag>", 2)+"</TagSet></Tags>")
}

func TestCreateOnlySAS(t *testing.T) {
	s := newServer(t)
	s.container("con")
	create := "?" + s.accountSAS("c")
	put := request{Method: "PUT", Path: "/con/b" + create, Body: "x", Anonymous: true, Headers: []string{"x-ms-blob-type: BlockBlob"}}
	s.Want(201, "", put)
	s.Want(403, "UnauthorizedBlobOverwrite", put)
	put.Headers = append(put.Headers, "x-ms-tags: a=1")
	put.Path = "/con/new" + create
	s.Want(403, "AuthorizationPermissionMismatch", put)
	s.Want(403, "AuthorizationPermissionMismatch", request{Method: "GET", Path: "/con/b" + create, Anonymous: true})
}

// TestMetadataCase is that names come back in the case they were written in,
// also on a connection that served other requests before.
func TestMetadataCase(t *testing.T) {
	s := newServer(t)
	s.container("con")
	for _, name := range []string{"LogType", "hdi_isfolder", "UP", "camelCase"} {
		s.put("/con/"+name, strings.Repeat("x-ms-meta-"+strings.ToUpper(name)+": no\r\n", 2000), "x-ms-meta-"+name+": v")
		list := s.OK(200, "GET", "/con?restype=container&comp=list&include=metadata&prefix="+name, "")
		if !strings.Contains(list.Body, "<Metadata><"+name+">v</"+name+"></Metadata>") {
			t.Errorf("%s: %s", name, list.Body)
		}
	}
}
