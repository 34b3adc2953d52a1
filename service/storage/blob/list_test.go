package blob_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"reslog/service/storage/blob"
)

var update = flag.Bool("update", false, "write the golden files anew")

// listVersions are those in which a listing looks different.
var listVersions = []string{"2009-09-19", "2012-02-12", "2013-08-15", "2015-02-21", "2017-04-17", "2019-12-12", newest}

// TestListGoldens compares listings in every version with files. What differs
// from run to run (host, ETags, copy IDs, times) is replaced by a name.
func TestListGoldens(t *testing.T) {
	s := newServer(t)
	s.OK(201, "PUT", "/list?restype=container", "", "x-ms-meta-owner: me", "x-ms-blob-public-access: blob")
	s.put("/list/a&b.txt", "abc", "x-ms-blob-content-type: text/plain", "x-ms-meta-note: <&>", "x-ms-tags: color=blue", "x-ms-access-tier: Cool")
	s.OK(201, "PUT", "/list/a&b.txt?comp=snapshot", "")
	s.OK(201, "PUT", "/list/dir/page", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 512")
	s.OK(201, "PUT", "/list/dir/page?comp=lease", "", "x-ms-lease-action: acquire", "x-ms-lease-duration: -1")
	s.OK(202, "PUT", "/list/copy", "", "x-ms-copy-source: "+s.URL+"/list/a%26b.txt")
	s.OK(201, "PUT", "/list/open?comp=block&blockid=YQ==", "x")
	s.OK(201, "PUT", "/empty?restype=container", "")

	for _, v := range listVersions {
		include := "snapshots,metadata,uncommittedblobs"
		if v >= "2012-02-12" {
			include += ",copy"
		}
		if v >= "2019-12-12" {
			include += ",tags"
		}
		golden(t, s, "containers", v, "/?comp=list&include=metadata")
		golden(t, s, "blobs", v, "/list?restype=container&comp=list&include="+include)
		golden(t, s, "hierarchy", v, "/list?restype=container&comp=list&delimiter=/&prefix=&maxresults=2")
	}
	golden(t, s, "none", newest, "/empty?restype=container&comp=list&prefix=x&marker=&maxresults=7")
}

var volatile = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://HOST"},
	{regexp.MustCompile(`0x[0-9A-F]{10,}`), "ETAG"},
	{regexp.MustCompile(`[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z`), "SNAPSHOT"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "GUID"},
	{regexp.MustCompile(`1![A-Za-z0-9_-]+`), "MARKER"},
}

func golden(t *testing.T, s *server, name, version, path string) {
	t.Helper()
	got := s.OK(200, "GET", path, "", "x-ms-version: "+version).Body
	for _, v := range volatile {
		got = v.re.ReplaceAllString(got, v.to)
	}
	// One element a line, to be read.
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	file := filepath.Join("testdata", name+"-"+version+".xml")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", file, got)
	}
}

func TestListPages(t *testing.T) {
	s := newServer(t)
	s.container("con")
	for i := range 7 {
		s.put(fmt.Sprintf("/con/n%d", i), "x")
	}
	name, next := regexp.MustCompile(`<Name>(.*?)</Name>`), regexp.MustCompile(`<NextMarker>(.*?)</NextMarker>`)
	var names []string
	marker := ""
	for range 10 {
		a := s.OK(200, "GET", "/con?restype=container&comp=list&maxresults=3&marker="+marker, "")
		for _, m := range name.FindAllStringSubmatch(a.Body, -1) {
			names = append(names, m[1])
		}
		m := next.FindStringSubmatch(a.Body)
		if m == nil {
			break
		}
		marker = m[1]
	}
	if got := strings.Join(names, " "); got != "n0 n1 n2 n3 n4 n5 n6" {
		t.Errorf("all pages: %s", got)
	}
	for _, tc := range []struct{ code, query string }{
		{"OutOfRangeQueryParameterValue", "maxresults=0"},
		{"OutOfRangeQueryParameterValue", "maxresults=-1"},
		{"InvalidQueryParameterValue", "maxresults=many"},
		{"OutOfRangeInput", "marker=n3"},
		{"InvalidQueryParameterValue", "include=everything"},
		{"InvalidQueryParameterValue", "include=snapshots&delimiter=/"},
		{"UnsupportedQueryParameter", "showonly=files"},
		{"InvalidQueryParameterValue", "prefix=" + strings.Repeat("p", 5000)},
	} {
		s.Refused(400, tc.code, "GET", "/con?restype=container&comp=list&"+tc.query, "")
	}
	s.Refused(404, "ContainerNotFound", "GET", "/none?restype=container&comp=list", "")
	s.Refused(400, "InvalidQueryParameterValue", "GET", "/con?restype=container&comp=list&include=tags", "", "x-ms-version: 2018-03-28")
	s.OK(200, "GET", "/con?restype=container&comp=list&include=deleted,versions,deletedwithversions,immutabilitypolicy,legalhold", "")
}

func TestListOddNames(t *testing.T) {
	s := newServer(t)
	s.container("con")
	for path, want := range map[string]string{
		"/con/a%20b%3B%22%3C":  `<Name>a b;&quot;&lt;</Name>`,
		"/con/%C3%A9%E2%82%AC": `<Name>é€</Name>`,
		"/con/x%01y":           `<Name Encoded="true">x%01y</Name>`,
		"/con/r%0Dn":           `<Name Encoded="true">r%0Dn</Name>`,
	} {
		s.put(path, "x")
		if got := s.OK(200, "GET", "/con?restype=container&comp=list", ""); !strings.Contains(got.Body, want) {
			t.Errorf("%s: %s", path, got.Body)
		}
		s.OK(200, "GET", path, "")
	}
	s.Refused(400, "InvalidUri", "PUT", "/con/bad%FF", "x", "x-ms-blob-type: BlockBlob")
}

// TestOldVersions is what old versions do differently outside of listings.
func TestOldVersions(t *testing.T) {
	s := newServer(t)
	s.container("con")
	old := "x-ms-version: 2009-09-19"
	a := s.put("/con/b", "x", old)
	if etag := a.Header.Get("ETag"); !strings.HasPrefix(etag, "0x") {
		t.Errorf("ETag before 2011-08-18: %s", etag)
	}
	a = s.OK(200, "GET", "/con/b", "", old)
	for _, name := range []string{"Accept-Ranges", "x-ms-lease-state", "x-ms-server-encrypted", "x-ms-creation-time", "x-ms-access-tier"} {
		a.WantHeader(t, name, "")
	}
	a.WantHeader(t, "x-ms-lease-status", "unlocked")
	s.OK(200, "GET", "/con/b", "", old, "If-Match: "+a.Header.Get("ETag"))
	s.OK(201, "PUT", "/con/copied", "", old, "x-ms-copy-source: /"+account+"/con/b")
	s.OK(201, "PUT", "/con/a", "", "x-ms-blob-type: AppendBlob")
	s.Refused(409, "FeatureVersionMismatch", "GET", "/con?restype=container&comp=list", "", old)
	s.Refused(400, "InvalidHeaderValue", "GET", "/con/b", "", "x-ms-version: 2008-10-27")
	s.Refused(409, "FeatureVersionMismatch", "PUT", "/con?restype=container&comp=lease", "", "x-ms-version: 2011-08-18", "x-ms-lease-action: acquire")
}

func TestRehydration(t *testing.T) {
	s := newServer(t, func(c *blob.Config) { c.RehydrateAfter = time.Hour })
	s.container("con")
	s.put("/con/b", "x", "x-ms-access-tier: Archive")
	s.OK(202, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Cool")
	a := s.OK(200, "HEAD", "/con/b", "")
	a.WantHeader(t, "x-ms-access-tier", "Archive")
	a.WantHeader(t, "x-ms-archive-status", "rehydrate-pending-to-cool")
	a.WantHeader(t, "x-ms-rehydrate-priority", "Standard")
	s.Refused(409, "BlobBeingRehydrated", "GET", "/con/b", "")
	s.Refused(409, "BlobBeingRehydrated", "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Hot")
	s.OK(202, "PUT", "/con/b?comp=tier", "", "x-ms-access-tier: Cool", "x-ms-rehydrate-priority: High")
	s.Clock.Advance(61 * time.Minute)
	a = s.OK(200, "GET", "/con/b", "")
	a.WantHeader(t, "x-ms-access-tier", "Cool")
	a.WantHeader(t, "x-ms-archive-status", "")
	if list := s.OK(200, "GET", "/con?restype=container&comp=list", ""); !strings.Contains(list.Body, "<AccessTier>Cool</AccessTier>") {
		t.Errorf("listed: %s", list.Body)
	}
}
