package blob_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestLongestBlockList commits the most blocks a blob can have, with the longest
// block IDs, and reads them back.
func TestLongestBlockList(t *testing.T) {
	const most = 50_000
	s := newServer(t)
	s.container("con")
	id := func(i int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%064d", i)) }
	const distinct = 100
	for i := range distinct {
		s.OK(201, "PUT", "/con/b?comp=block&blockid="+id(i), string(rune('a'+i%26)))
	}
	list := func(kind string, n int) string {
		var b strings.Builder
		b.WriteString("<BlockList>")
		for i := range n {
			b.WriteString("<" + kind + ">" + id(i%distinct) + "</" + kind + ">")
		}
		return b.String() + "</BlockList>"
	}
	s.Refused(400, "BlockListTooLong", "PUT", "/con/b?comp=blocklist", list("Latest", most+1))
	s.OK(201, "PUT", "/con/b?comp=blocklist", list("Uncommitted", most))
	s.OK(201, "PUT", "/con/b?comp=blocklist", list("Committed", most)) // again, of what is there
	got := s.OK(200, "GET", "/con/b?comp=blocklist&blocklisttype=all", "")
	if n := strings.Count(got.Body, "<Block>"); n != most || !strings.Contains(got.Body, "<UncommittedBlocks />") {
		t.Errorf("%d blocks, want %d", n, most)
	}
	last := fmt.Sprintf("<Block><Name>%s</Name><Size>1</Size></Block></CommittedBlocks>", id((most-1)%distinct))
	if !strings.Contains(got.Body, last) {
		t.Error("the last block is another")
	}
	got.WantHeader(t, "x-ms-blob-content-length", "50000")
	var want strings.Builder
	for i := range most {
		want.WriteByte(byte('a' + i%distinct%26))
	}
	if got := s.OK(200, "GET", "/con/b", ""); got.Body != want.String() {
		t.Error("the content is not that of the blocks in their order")
	}
	s.Refused(400, "InvalidBlockList", "PUT", "/con/b?comp=blocklist", list("Uncommitted", 1))
}

// TestBodyLimits announces bodies of the largest size and of one byte more, at
// the versions that changed it. None is sent: the answer to the announcement
// says whether it would be taken.
func TestBodyLimits(t *testing.T) {
	const mib = 1 << 20
	s := newServer(t)
	s.container("con")
	s.OK(201, "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
	s.OK(201, "PUT", "/con/page", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 8388608")
	const (
		put   = "/con/b"
		block = "/con/b?comp=block&blockid=YQ=="
		app   = "/con/app?comp=appendblock"
	)
	for _, tc := range []struct {
		path, version string
		limit         int64
	}{
		{put, "2009-09-19", 64 * mib},
		{put, "2015-12-11", 64 * mib},
		{put, "2016-05-31", 256 * mib},
		{put, "2019-07-07", 256 * mib},
		{put, "2019-12-12", 5000 * mib},
		{put, newest, 5000 * mib},
		{block, "2009-09-19", 4 * mib},
		{block, "2015-12-11", 4 * mib},
		{block, "2016-05-31", 100 * mib},
		{block, "2019-07-07", 100 * mib},
		{block, "2019-12-12", 4000 * mib},
		{block, newest, 4000 * mib},
		{app, "2015-02-21", 4 * mib},
		{app, "2021-12-02", 4 * mib},
		{app, "2022-11-02", 100 * mib},
		{app, newest, 100 * mib},
	} {
		if status, _ := s.announce(tc.path, tc.version, tc.limit); status != http.StatusContinue {
			t.Errorf("%s %s: %d bytes are answered %d, want 100", tc.version, tc.path, tc.limit, status)
		}
		if status, code := s.announce(tc.path, tc.version, tc.limit+1); status != 413 || code != "RequestBodyTooLarge" {
			t.Errorf("%s %s: %d bytes are answered %d %s, want 413", tc.version, tc.path, tc.limit+1, status, code)
		}
	}
	page := []string{"x-ms-page-write: update", "x-ms-range: bytes=0-4194303"}
	if status, _ := s.announce("/con/page?comp=page", newest, 4*mib, page...); status != http.StatusContinue {
		t.Errorf("4 MiB of pages are answered %d", status)
	}
	page[1] = "x-ms-range: bytes=0-4194815"
	if status, code := s.announce("/con/page?comp=page", newest, 4*mib+512, page...); status != 413 || code != "RequestBodyTooLarge" {
		t.Errorf("more than 4 MiB of pages are answered %d %s", status, code)
	}
}

// announce sends the header of a PUT with a body of n bytes, asks whether to go
// on, and returns the answer to that.
func (s *server) announce(path, version string, n int64, headers ...string) (status int, code string) {
	s.T.Helper()
	r, err := http.NewRequest(http.MethodPut, s.URL+path, http.NoBody)
	if err != nil {
		s.T.Fatal(err)
	}
	r.Header.Set("x-ms-version", version)
	if !strings.Contains(path, "comp=") {
		r.Header.Set("x-ms-blob-type", "BlockBlob")
	}
	for _, line := range headers {
		k, v, _ := strings.Cut(line, ": ")
		r.Header.Set(k, v)
	}
	s.Sign(r)
	var b bytes.Buffer
	fmt.Fprintf(&b, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", r.URL.RequestURI(), r.URL.Host, n)
	if err := r.Header.Write(&b); err != nil {
		s.T.Fatal(err)
	}
	b.WriteString("\r\n")
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		s.T.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(b.Bytes()); err != nil {
		s.T.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.T.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode, res.Header.Get("X-Ms-Error-Code")
}
