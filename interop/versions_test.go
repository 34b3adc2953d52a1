package interop

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
)

// oldListing is a List Blobs answer of any version, as far as versions differ.
type oldListing struct {
	ContainerName   string `xml:"ContainerName,attr"`
	ServiceEndpoint string `xml:"ServiceEndpoint,attr"`
	Blobs           []struct {
		Name       string `xml:"Name"`
		URL        string `xml:"Url"`
		Properties struct {
			Inner string `xml:",innerxml"`
			ETag  string `xml:"Etag"`
			Type  string `xml:"BlobType"`
		} `xml:"Properties"`
	} `xml:"Blobs>Blob"`
}

// TestVersions speaks the protocol of each age with requests signed by hand.
func TestVersions(t *testing.T) {
	g := open(t)
	for _, version := range []string{
		"2009-09-19", "2011-08-18", "2012-02-12", "2013-08-15", "2014-02-14", "2015-02-21", "2015-04-05", "2017-04-17", "2019-12-12",
		"2021-12-02", "2026-06-06", "2026-10-06", "2026-12-06",
	} {
		t.Run(version, func(t *testing.T) {
			name := unique(t)
			do := func(method, path, content string, header ...string) (int, http.Header, string) {
				t.Helper()
				var r io.Reader = http.NoBody
				if content != "" {
					r = strings.NewReader(content)
				}
				req, err := http.NewRequestWithContext(t.Context(), method, g.URL+path, r)
				check(t, err)
				for i := 0; i < len(header); i += 2 {
					req.Header.Set(header[i], header[i+1])
				}
				g.sign(t, req, version)
				return statusOf(t, req)
			}

			status, h, answer := do(http.MethodPut, "/"+name+"?restype=container", "")
			if status != http.StatusCreated {
				t.Fatalf("create container: %d %s", status, answer)
			}
			want(t, "version of the answer", h.Get("x-ms-version"), version)
			quoted(t, "container", version, h.Get("ETag"))
			if h.Get("x-ms-request-id") == "" || h.Get("Date") == "" {
				t.Errorf("headers: %v", h)
			}

			status, h, answer = do(http.MethodPut, "/"+name+"/a%20b", "hello", "x-ms-blob-type", "BlockBlob", "x-ms-meta-k", "v", "Content-Type", "text/plain")
			if status != http.StatusCreated {
				t.Fatalf("put blob: %d %s", status, answer)
			}
			quoted(t, "put", version, h.Get("ETag"))
			want(t, "MD5 of the put", h.Get("Content-MD5"), "XUFAKrxLKna5cZ2REBfFkg==")

			status, h, answer = do(http.MethodGet, "/"+name+"/a%20b", "")
			if status != http.StatusOK || answer != "hello" {
				t.Fatalf("get blob: %d %s", status, answer)
			}
			quoted(t, "get", version, h.Get("ETag"))
			want(t, "type", h.Get("x-ms-blob-type"), "BlockBlob")
			want(t, "metadata", h.Get("x-ms-meta-k"), "v")
			want(t, "content type", h.Get("Content-Type"), "text/plain")
			want(t, "Accept-Ranges", h.Get("Accept-Ranges"), since(version, "2011-08-18", "bytes"))
			want(t, "lease state", h.Get("x-ms-lease-state"), since(version, "2012-02-12", "available"))
			want(t, "server encrypted", h.Get("x-ms-server-encrypted"), since(version, "2015-12-11", "true"))
			want(t, "has creation time", h.Get("x-ms-creation-time") != "", version >= "2017-11-09")

			status, _, answer = do(http.MethodGet, "/"+name+"/a%20b", "", "x-ms-range", "bytes=1-2")
			if status != http.StatusPartialContent || answer != "el" {
				t.Errorf("a range: %d %q", status, answer)
			}

			status, h, answer = do(http.MethodGet, "/"+name+"?restype=container&comp=list&prefix=a", "")
			if status != http.StatusOK {
				t.Fatalf("list blobs: %d %s", status, answer)
			}
			want(t, "content type of the listing", h.Get("Content-Type"), "application/xml")
			var l oldListing
			check(t, xml.Unmarshal([]byte(strings.TrimPrefix(answer, "\ufeff")), &l))
			if len(l.Blobs) != 1 || l.Blobs[0].Name != "a b" {
				t.Fatalf("listing: %s", answer)
			}
			if version < "2013-08-15" {
				want(t, "container name", strings.HasSuffix(l.ContainerName, "/"+name), true)
				want(t, "URL of the blob", strings.HasSuffix(l.Blobs[0].URL, "/"+name+"/a%20b"), true)
			} else {
				want(t, "container name", l.ContainerName, name)
				want(t, "endpoint", strings.HasPrefix(l.ServiceEndpoint, "http://"), true)
				want(t, "URL of the blob", l.Blobs[0].URL, "")
			}
			// In listings the ETag never has quotes.
			want(t, "quotes in the listing", strings.Contains(l.Blobs[0].Properties.ETag, `"`), false)
			want(t, "lease state in the listing", strings.Contains(l.Blobs[0].Properties.Inner, "<LeaseState>"), version >= "2012-02-12")
			want(t, "tier in the listing", strings.Contains(l.Blobs[0].Properties.Inner, "<AccessTier>"), version >= "2017-04-17")

			status, h, _ = do(http.MethodHead, "/"+name+"/nothing", "")
			want(t, "status of a missing blob", status, http.StatusNotFound)
			want(t, "error code", h.Get("x-ms-error-code"), "BlobNotFound")

			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/"+name+"?restype=container&comp=list", http.NoBody)
			check(t, err)
			g.signLite(t, req, version)
			status, _, answer = statusOf(t, req)
			if status != http.StatusOK {
				t.Errorf("list with Shared Key Lite: %d %s", status, answer)
			}

			status, _, answer = do(http.MethodDelete, "/"+name+"?restype=container", "")
			if status != http.StatusAccepted {
				t.Errorf("delete container: %d %s", status, answer)
			}
		})
	}
}

// quoted checks the ETag's form: quotes came with 2011-08-18.
func quoted(t *testing.T, what, version, etag string) {
	t.Helper()
	has := strings.HasPrefix(etag, `"`) && strings.HasSuffix(etag, `"`)
	if etag == "" || has != (version >= "2011-08-18") {
		t.Errorf("ETag of the %s in %s: %s", what, version, etag)
	}
}

// since returns value when version has it, else "".
func since(version, from, value string) string {
	if version >= from {
		return value
	}
	return ""
}

func TestUnknownVersions(t *testing.T) {
	g := open(t)
	for _, version := range []string{"2026-12-07", "2099-01-01", "2019-12-13", "yesterday", "2009"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"?comp=list", http.NoBody)
		check(t, err)
		g.sign(t, req, version)
		status, h, _ := statusOf(t, req)
		if status != http.StatusBadRequest || h.Get("x-ms-error-code") != "InvalidHeaderValue" {
			t.Errorf("version %s: %d %s", version, status, h.Get("x-ms-error-code"))
		}
	}
}
