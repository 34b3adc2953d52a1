package seed

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/server"
)

// Sizes as a client counts them on its end of the connection; the head is
// counted with its request or status line.
func TestSizes(t *testing.T) { inBothModes(t, sizes) }

func sizes(t *testing.T, mode func(*server.Config)) {
	t.Helper()
	n := start(t, mode)
	n.set(t, all)
	blocks := `<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>MDE=</Latest></BlockList>`
	type sent struct {
		request
		answer
	}
	var list []sent
	do := func(status int, r request) answer {
		t.Helper()
		a := n.must(t, status, r)
		list = append(list, sent{r, a})
		return a
	}
	do(201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	do(201, req(byKey, "PUT", "/docs/b", strings.Repeat("x", 100000), "x-ms-blob-type", "BlockBlob", "User-Agent", "test/1.0"))
	do(201, req(bySAS, "PUT", "/docs/list?comp=block&blockid=MDE%3D", "some block"))
	do(201, req(byKey, "PUT", "/docs/list?comp=blocklist", blocks))
	do(200, req(byKey, "GET", "/docs/b", ""))
	do(206, req(byKey, "GET", "/docs/b", "", "Range", "bytes=10-19"))
	do(200, req(byKey, "HEAD", "/docs/b", ""))
	do(200, req(nobody, "GET", "/docs/b", "", "Accept", "*/*", "accept-encoding", "gzip", "x-ms-client-request-id", "me"))
	do(404, req(byKey, "GET", "/docs/no", ""))
	do(200, req(byKey, "GET", "/docs?restype=container&comp=list", ""))
	do(202, req(byKey, "DELETE", "/docs/b", ""))
	do(400, req(byKey, "PUT", "/docs/wrong", "body", "x-ms-blob-type", "Nonsense"))
	got := n.records(t)
	for _, s := range list {
		what := s.method + " " + s.target
		e := got.one(t, what, s.id)
		want(t, what+": request header", e.RequestHeaderSize, int64(s.requestHead))
		want(t, what+": response header", e.ResponseHeaderSize, int64(s.responseHead))
		want(t, what+": response body", e.ResponsePacketSize, int64(len(s.answer.body)))
		want(t, what+": content length", e.ContentLength, int64(len(s.request.body)))
		want(t, what+": request body", e.RequestPacketSize, int64(len(s.request.body)))
	}
}

// "E2E Latency: the total time", "Server Latency: … does not include the network
// latency": a client that takes its time adds to the one and not to the other.
func TestLatencies(t *testing.T) {
	n := start(t, nil)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.set(t, all)
	n.Quiet()
	before := time.Now()
	conn, _, _ := n.dial(t, request{
		as: byKey, method: "PUT", target: "/docs/b", body: "1", length: 2, header: []field{{"x-ms-blob-type", "BlockBlob"}},
	})
	n.waitFor(t, "the request to be in the node", func() bool { return n.InFlight() > 0 })
	sent := time.Now()
	time.Sleep(400 * time.Millisecond)
	_, err := conn.Write([]byte("2"))
	check(t, err)
	a := receive(t, conn, "PUT")
	e := n.records(t).one(t, "slow put", a.id)
	if e.EndToEndLatency < 400 || e.EndToEndLatency > 60000 || e.ServerLatency > e.EndToEndLatency-350 {
		t.Errorf("latencies %d and %d, of which 400 were the client's", e.EndToEndLatency, e.ServerLatency)
	}
	// The start is when the request was received, not when its body or answer was.
	if e.StartTime.Before(before.Add(-time.Millisecond)) || e.StartTime.After(sent) {
		t.Errorf("started at %s, was sent from %s to %s", e.StartTime, before, sent)
	}
}

// Field by field what the announcement's list says, for one request of each kind.
func TestEveryField(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	body := "some content"
	sum := md5.Sum([]byte(body))
	digest := base64.StdEncoding.EncodeToString(sum[:])
	agent, referrer, clientID := `agent;1 "x" <y> & 'z'`, "https://example.com/a;b?c=d&e=\"f\"", `id ; "q" & more`
	a := n.must(t, 201, req(byKey, "PUT", "/docs/dir/lake.jpg?timeout=30", body, "x-ms-blob-type", "BlockBlob", "Content-MD5", digest,
		"User-Agent", agent, "Referer", referrer, "x-ms-client-request-id", clientID))
	get := n.must(t, 200, req(byKey, "GET", "/docs/dir/lake.jpg", ""))
	list := n.must(t, 200, req(byKey, "GET", "/docs?restype=container&comp=list&prefix=dir/&include=metadata", ""))
	got := n.records(t)

	e := got.one(t, "put", a.id)
	want(t, "1 version", string(e.Version), "1.0")
	want(t, "3 operation", e.Operation, "PutBlob")
	want(t, "4 status", e.Status, "Success")
	want(t, "5 HTTP status", e.HTTPStatus, "201")
	want(t, "8 authentication", e.AuthType, "authenticated")
	want(t, "9 requester", e.RequesterAccount, n.account.name)
	want(t, "10 owner", e.OwnerAccount, n.account.name)
	want(t, "11 service", e.Service, "blob")
	want(t, "12 URL", e.URL, a.url)
	want(t, "13 key", e.ObjectKey, "/"+n.account.name+"/docs/dir/lake.jpg")
	want(t, "14 request id", e.RequestID, a.header.Get("x-ms-request-id"))
	want(t, "15 operation number", e.OperationNumber, 0)
	want(t, "17 version of the request", e.RequestVersion, a.header.Get("x-ms-version"))
	want(t, "23 request MD5", e.RequestMD5, digest)
	want(t, "24 server MD5", e.ServerMD5, digest)
	want(t, "25 ETag", e.ETag, a.header.Get("ETag"))
	want(t, "26 last modified", e.LastModified.Format(http.TimeFormat), a.header.Get("Last-Modified"))
	want(t, "27 conditions", e.Conditions, "")
	want(t, "28 user agent", e.UserAgent, agent)
	want(t, "29 referrer", e.Referrer, referrer)
	want(t, "30 client request id", e.ClientRequestID, clientID)

	// As text: the forms that readers rely on.
	f := fields(e.text)
	want(t, "number of fields", len(f), 30)
	for i, form := range map[int]string{
		2: `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$`, 6: `^\d+$`, 7: `^\d+$`, 12: `^"http://.*\?timeout=30"$`, 13: `^".*"$`,
		14: `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, 16: `^127\.0\.0\.1:\d+$`, 25: `^"&quot;0x[0-9A-F]+&quot;"$`,
		26: `^[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$`,
		28: `^"agent;1 &quot;x&quot; &lt;y&gt; &amp; &#39;z&#39;"$`, 30: `^"id ; &quot;q&quot; &amp; more"$`,
	} {
		if !regexp.MustCompile(form).MatchString(f[i-1]) {
			t.Errorf("field %d is %s", i, f[i-1])
		}
	}

	e = got.one(t, "get", get.id)
	want(t, "ETag of a read", e.ETag, get.header.Get("ETag"))
	want(t, "MD5s of a read", e.RequestMD5+e.ServerMD5, "")
	e = got.one(t, "list", list.id)
	want(t, "ETag of many objects", e.ETag, "")
	want(t, "last modified of many objects", e.LastModified.IsZero(), true)
	want(t, "URL of a list", e.URL, list.url)
	want(t, "key of a list", e.ObjectKey, "/"+n.account.name+"/docs")
}

// "For PutBlob, PutPage, PutBlock, we store the server side evaluated
// content-md5 in this field even if MD5 was not sent in the request"; of Put
// Block List the MD5 is that of the list.
func TestMD5(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	sum := func(s string) string {
		b := md5.Sum([]byte(s))
		return base64.StdEncoding.EncodeToString(b[:])
	}
	page := strings.Repeat("p", 512)
	blocks := `<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>MDE=</Latest></BlockList>`
	type row struct {
		what            string
		request         request
		client, service string
	}
	rows := []row{
		{"PutBlob", req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob"), "", sum("abc")},
		{"PutBlob, empty", req(byKey, "PUT", "/docs/e", "", "x-ms-blob-type", "BlockBlob"), "", sum("")},
		{"PutBlob, old", req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob", "x-ms-version", "2009-09-19"), "", sum("abc")},
		{"PutBlob, sent", req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob", "Content-MD5", sum("abc")), sum("abc"), sum("abc")},
		{"PutBlock", req(byKey, "PUT", "/docs/l?comp=block&blockid=MDE%3D", "abc"), "", sum("abc")},
		{"PutBlock, sent", req(byKey, "PUT", "/docs/l?comp=block&blockid=MDE%3D", "abc", "Content-MD5", sum("abc")), sum("abc"), sum("abc")},
		{"PutBlockList, sent", req(byKey, "PUT", "/docs/l?comp=blocklist", blocks, "Content-MD5", sum(blocks), "x-ms-blob-content-md5", sum("abc")), sum(blocks), ""},
		{"PutBlob, page", req(byKey, "PUT", "/docs/p", "", "x-ms-blob-type", "PageBlob", "x-ms-blob-content-length", "512"), "", ""},
		{"PutPage", req(byKey, "PUT", "/docs/p?comp=page", page, "x-ms-page-write", "update", "x-ms-range", "bytes=0-511"), "", sum(page)},
		{"PutPage, sent", req(byKey, "PUT", "/docs/p?comp=page", page, "x-ms-page-write", "update", "x-ms-range", "bytes=0-511", "Content-MD5", sum(page)), sum(page), sum(page)},
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = n.must(t, 201, r.request).id
	}
	// A client whose MD5 is wrong: both are in the log.
	bad := n.must(t, 400, req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob", "Content-MD5", sum("other")))
	// What the client sent is in the log also when nothing came of it.
	refused := n.must(t, 412, req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob", "Content-MD5", sum("abc"), "If-Match", `"0x0"`))
	other := n.must(t, 201, req(byKey, "PUT", "/docs/b", "abc", "x-ms-blob-type", "BlockBlob", "x-ms-content-md5", sum("abc")))
	got := n.records(t)
	want(t, "refused: request MD5", got.one(t, "refused", refused.id).RequestMD5, sum("abc"))
	want(t, "x-ms-content-md5: request MD5", got.one(t, "other", other.id).RequestMD5, sum("abc"))
	for i, r := range rows {
		e := got.one(t, r.what, ids[i])
		want(t, r.what+": request MD5", e.RequestMD5, r.client)
		if r.what == "PutBlob, page" || strings.HasPrefix(r.what, "PutBlockList") {
			continue // nothing is said of these
		}
		want(t, r.what+": server MD5", e.ServerMD5, r.service)
	}
	e := got.one(t, "mismatch", bad.id)
	want(t, "mismatch: status", e.Status, "Md5Mismatch")
	want(t, "mismatch: request MD5", e.RequestMD5, sum("other"))
	want(t, "mismatch: server MD5", e.ServerMD5, sum("abc"))
}

// ConditionsUsed: "Semicolon separated list of ConditionName=value".
func TestConditionsUsed(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	etag := n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")).header.Get("ETag")
	past, recent := time.Now().Add(-time.Hour).UTC(), time.Now().Add(-time.Minute).UTC()
	const rfc850 = "Monday, 02-Jan-06 15:04:05 GMT"
	for _, c := range []struct {
		status int
		header []string
		want   string
		field  string
	}{
		{200, []string{"If-Modified-Since", past.Format(http.TimeFormat)}, "If-Modified-Since=" + past.Format(rfc850), ""},
		{412, []string{"If-Unmodified-Since", past.Format(http.TimeFormat)}, "If-Unmodified-Since=" + past.Format(rfc850), ""},
		{200, []string{"If-Match", etag}, "If-Match=" + etag, `"If-Match=&quot;` + strings.Trim(etag, `"`) + `&quot;"`},
		{304, []string{"If-None-Match", etag}, "If-None-Match=" + etag, ""},
		{
			200,
			[]string{"If-None-Match", etag, "If-Modified-Since", recent.Format(http.TimeFormat)},
			"If-Modified-Since=" + recent.Format(rfc850) + ";If-None-Match=" + etag, "",
		},
	} {
		a := n.must(t, c.status, req(byKey, "GET", "/docs/b", "", c.header...))
		e := n.records(t).one(t, c.want, a.id)
		want(t, "conditions", e.Conditions, c.want)
		if c.field != "" {
			want(t, "field 27", fields(e.text)[26], c.field)
		}
	}
}

// CopyBlobSource is there "to provide information like name, conditions used etc.
// about the source blob".
func TestConditionsOnCopySource(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	etag := n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob")).header.Get("ETag")
	a := n.must(t, 202, req(byKey, "PUT", "/docs/copy", "", "x-ms-copy-source", n.AccountURL(n.account.name)+"/docs/b",
		"x-ms-source-if-match", etag, "If-None-Match", "*"))
	got := n.records(t)[a.id]
	if len(got) != 3 {
		t.Fatalf("%d records of a copy", len(got))
	}
	for i, c := range []struct{ operation, conditions string }{
		{"CopyBlob", "If-None-Match=*"}, {"CopyBlobSource", "If-Match=" + etag}, {"CopyBlobDestination", ""},
	} {
		want(t, "operation", got[i].Operation, c.operation)
		want(t, c.operation+": number", got[i].OperationNumber, i)
		want(t, c.operation+": conditions", got[i].Conditions, c.conditions)
		want(t, c.operation+": size", got[i].RequestHeaderSize, int64(a.requestHead))
	}
}

// RequestVersion is "the same x-ms-version response header that we return", also
// when the request names none.
func TestVersionOfTheAnswer(t *testing.T) {
	n := start(t, nil)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	n.set(t, all)
	resp, err := http.Get(n.AccountURL(n.account.name) + "/docs/b")
	check(t, err)
	check(t, resp.Body.Close())
	e := n.records(t).one(t, "plain get", resp.Header.Get("x-ms-request-id"))
	want(t, "version", e.RequestVersion, "2009-09-19")
	want(t, "version of the answer", resp.Header.Get("x-ms-version"), e.RequestVersion)
	want(t, "form of the ETag", strings.HasPrefix(e.ETag, "0x"), true)
}

// Whatever a client puts into names and headers, every line is one that a strict
// reader accepts, and what is text comes back as it was.
func TestHostileInput(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	for path, name := range map[string]string{
		`a%3Bb`:               `a;b`,
		`a%22b%22`:            `a"b"`,
		`";"`:                 `";"`,
		`a%0Ab`:               "a\nb",
		`a%0D%0Ab`:            "a\r\nb",
		`a%09b%01`:            "a\tb\x01",
		`a%7Fb`:               "a\x7fb",
		`%3Cb%3E&'`:           `<b>&'`,
		`%C3%A4%E2%82%AC`:     "ä€",
		`%F0%9F%98%80`:        "😀",
		`&amp;quot;`:          `&amp;quot;`,
		`a%2520b`:             `a%20b`,
		`a%2Fb`:               `a/b`,
		`a+b`:                 `a+b`,
		`%E2%80%A8`:           "\u2028",
		`very%20long/` + long: "very long/" + long,
	} {
		a := n.send(t, req(byKey, "PUT", "/docs/"+path, "x", "x-ms-blob-type", "BlockBlob"))
		if a.status != 201 {
			t.Errorf("put %s: %d %s", path, a.status, a.body)
			continue
		}
		e := n.records(t).one(t, path, a.id)
		want(t, "key", e.ObjectKey, "/"+n.account.name+"/docs/"+name)
		want(t, "URL", e.URL, a.url)
		if strings.ContainsAny(e.text, "\r\n\t\x01") {
			t.Errorf("%s: a control character in %q", path, e.text)
		}
	}
	// Bytes that are no text, anywhere they can be put.
	var ids []string
	for _, r := range []request{
		req(byKey, "GET", "/docs/%FF%FE", ""),
		req(byKey, "GET", "/docs/b?prefix=%FF", ""),
		req(nobody, "GET", "/docs/a%3Bb", "", "User-Agent", "\xff\xfe;\"\x80", "Referer", "\xc3\x28", "x-ms-client-request-id", "\xa0\xa1"),
		req(nobody, "GET", "/docs/a%3Bb?x=\xff\xfe;\"'<", "", "If-Match", "*"),
		req(nobody, "GET", "/docs/a%3Bb", "", "Referer", strings.Repeat("€", 1000), "x-ms-client-request-id", strings.Repeat("ü", 600)),
		req(nobody, "GET", "/docs/a%3Bb", "", "User-Agent", strings.Repeat("u", 5000)),
	} {
		a := n.send(t, r)
		if a.status >= 500 {
			t.Errorf("%s: %d", r.target, a.status)
		}
		if a.status == 200 {
			ids = append(ids, a.id)
		}
	}
	if len(ids) < 3 {
		t.Errorf("%d requests worked", len(ids))
	}
	got := n.records(t) // fails when a line cannot be read strictly
	for _, id := range ids {
		e := got.one(t, "hostile", id)
		if len(e.Referrer) > 1024 || len(e.ClientRequestID) > 1024 {
			t.Errorf("%d bytes of referrer, %d of client request id, want at most 1024", len(e.Referrer), len(e.ClientRequestID))
		}
		want(t, "fields", len(fields(e.text)), 30)
	}
}

var long = strings.Repeat("n", 900)

// The longest heads that are taken, of characters that take the most room.
func TestLongestInput(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", "", "x-ms-blob-public-access", "blob"))
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	quotes := strings.Repeat(`"`, 60<<10)
	agent := n.must(t, 200, req(nobody, "GET", "/docs/b", "", "User-Agent", quotes))
	name := n.send(t, req(bySAS, "GET", "/docs/"+quotes, ""))
	query := n.must(t, 200, req(nobody, "GET", "/docs/b?x="+quotes, ""))
	match := n.must(t, 412, req(bySAS, "GET", "/docs/b", "", "If-Match", quotes))
	got := n.records(t)
	want(t, "user agent", got.one(t, "agent", agent.id).UserAgent, quotes)
	want(t, "name", got.one(t, "name", name.id).ObjectKey, "/"+n.account.name+"/docs/"+quotes)
	want(t, "query", got.one(t, "query", query.id).URL, query.url)
	want(t, "conditions", got.one(t, "match", match.id).Conditions, "If-Match="+quotes)
}

// A signature is never in a log: not in the URL, not in that of a copy source,
// not in a referrer.
func TestSignaturesAreRedacted(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	n.must(t, 201, req(byKey, "PUT", "/docs/b", "x", "x-ms-blob-type", "BlockBlob"))
	token := n.account.sas(t, "rw", far)
	_, sig, _ := strings.Cut(token, "sig=")
	sig, _, _ = strings.Cut(sig, "&")
	source := n.AccountURL(n.account.name) + "/docs/b?" + token
	for _, r := range []request{
		req(nobody, "GET", "/docs/b?"+token, ""),
		req(nobody, "GET", "/docs/b?"+strings.Replace(token, "sig=", "SIG=", 1), ""),
		req(nobody, "GET", "/docs/b?"+strings.Replace(token, "sig=", "%73ig=", 1), ""),
		req(byKey, "GET", "/docs/b", "", "Referer", source),
		req(byKey, "PUT", "/docs/copy", "", "x-ms-copy-source", source),
		req(byKey, "PUT", "/docs/copy2", "", "x-ms-copy-source", source, "x-ms-requires-sync", "true"),
	} {
		if a := n.send(t, r); a.status >= 400 {
			t.Errorf("%s %s: %d %s", r.method, r.target, a.status, a.body)
		}
	}
	seen := 0
	for _, b := range n.logs(t) {
		if strings.Contains(b.content, sig) || strings.Contains(strings.ToLower(b.content), strings.ToLower(sig)) {
			t.Errorf("%s holds the signature", b.name)
		}
		seen += strings.Count(b.content, "XXXXX")
	}
	if seen < 5 {
		t.Errorf("%s redacted signatures, want one for each", strconv.Itoa(seen))
	}
}
