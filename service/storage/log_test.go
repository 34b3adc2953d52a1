package storage

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/record"
	"reslog/storagelog"
)

func mustRequest(t testing.TB, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// exampleExchange is a request as it is when it has been answered.
func exampleExchange(t testing.TB) (*exchange, outcome) {
	t.Helper()
	f := NewFront(FrontConfig{
		Service: &fakeService{kind: Blob}, Accounts: testAccounts{"devstoreaccount1": testAccount()},
		Now:          func() time.Time { return time.Date(2022, 7, 5, 11, 47, 39, 604712400, time.UTC) },
		NewRequestID: func() string { return "170464ae-101e-004b-6365-90ca9c000000" },
	})
	r := httptest.NewRequest(http.MethodGet, "https://devstoreaccount1.blob.core.windows.net/container/pass%20words.txt?sp=r&st=2022&sig=abc%2Bdef%3D", nil)
	r.RemoteAddr = "192.0.2.7:56029"
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS12}
	r.Header.Set("User-Agent", "Mozilla/5.0 (\"quoted\")")
	r.Header.Set("X-Ms-Range", "bytes=0-98")
	r.Header.Set("If-None-Match", `"0x1"`)
	r.Header.Set("X-Ms-Client-Request-Id", "mine")
	x := f.newExchange(httptest.NewRecorder(), r)
	x.address, _ = f.locate(&x.req)
	x.info = f.info(x.address.account)
	c := &x.call
	c.Account, c.ObjectKey, c.Version = x.info.account, x.address.objectKey, "2021-06-08"
	c.Op = &Operation{Name: "GetBlob", Class: Read}
	c.Identity = Identity{Type: ServiceSAS, Key: 1, KeyHash: x.info.signers[0].hash, SignatureHash: upperSHA256("abc+def=")}
	c.ETag, c.LastModified = `"0x8DA5A9118CDE874"`, time.Date(2022, 6, 30, 12, 7, 25, 0, time.UTC)
	x.rw.status, x.rw.headerSize, x.rw.written, x.rw.begun = 206, 394, 99, true
	return x, outcome{status: 206, total: 9500 * time.Microsecond, server: 8900 * time.Microsecond}
}

func TestRecord(t *testing.T) {
	x, o := exampleExchange(t)
	r := x.record(o)
	key := x.info.signers[0].hash
	want := `{"time":"2022-07-05T11:47:39.6047124Z","resourceId":"/subscriptions/0/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/devstoreaccount1/blobServices/default",` +
		`"category":"StorageRead","operationName":"GetBlob","operationVersion":"2021-06-08","schemaVersion":"1.0","statusCode":206,"statusText":"Success","durationMs":9,` +
		`"callerIpAddress":"192.0.2.7:56029","correlationId":"170464ae-101e-004b-6365-90ca9c000000",` +
		`"identity":{"type":"SAS","tokenHash":"key1(` + key + `),SasSignature(` + upperSHA256("abc+def=") + `)"},"location":"local",` +
		`"properties":{"accountName":"devstoreaccount1","userAgentHeader":"Mozilla/5.0 (\"quoted\")","clientRequestId":"mine","etag":"\"0x8DA5A9118CDE874\"","serviceType":"blob",` +
		`"objectKey":"/devstoreaccount1/container/pass words.txt","lastModifiedTime":"2022/06/30 12:07:25.0000000","conditionsUsed":"If-None-Match=\"0x1\"",` +
		`"metricResponseType":"Success","serverLatencyMs":8,"requestHeaderSize":REQ,"responseHeaderSize":394,"responseBodySize":99,"tlsVersion":"TLS 1.2","downloadRange":"bytes=0-98"},` +
		`"uri":"https://devstoreaccount1.blob.core.windows.net:443/container/pass%20words.txt?sp=r&st=2022&sig=XXXXX","protocol":"HTTPS","resourceType":"Microsoft.Storage/storageAccounts/blobServices"}`
	var parsed struct {
		Properties struct{ RequestHeaderSize json.Number }
	}
	if err := json.Unmarshal(r.Line, &parsed); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Replace(want, "REQ", parsed.Properties.RequestHeaderSize.String(), 1), string(r.Line)); d != "" {
		t.Error(d)
	}
	if len(key) != 64 || key != strings.ToUpper(key) {
		t.Errorf("key hash %q", key)
	}
	if r.Category != "StorageRead" || r.ID != "170464ae-101e-004b-6365-90ca9c000000" || !r.Ended.Equal(r.Time.Add(9500*time.Microsecond)) || r.Detail != nil {
		t.Errorf("record %+v", r)
	}
}

// Entries gives back every classic field, in both versions.
func TestEntriesAreLossless(t *testing.T) {
	x, o := exampleExchange(t)
	x.call.RequestMD5, x.call.ServerMD5 = "req==", "srv=="
	x.req.ContentLength, x.body.read = 7, 6
	x.req.Header.Set("Referer", "http://r/\"\\\t\x01 é\xff;")
	for _, v := range []storagelog.Version{storagelog.V1, storagelog.V2} {
		entries, err := Entries(x.record(o), v)
		if err != nil {
			t.Fatal(err)
		}
		want := storagelog.Entry{
			Version: v, StartTime: time.Date(2022, 7, 5, 11, 47, 39, 604712400, time.UTC), Operation: "GetBlob", Status: "SASSuccess", HTTPStatus: "206",
			EndToEndLatency: 9, ServerLatency: 8, AuthType: "sas", OwnerAccount: "devstoreaccount1", Service: "blob",
			URL:       "https://devstoreaccount1.blob.core.windows.net:443/container/pass%20words.txt?sp=r&st=2022&sig=XXXXX",
			ObjectKey: "/devstoreaccount1/container/pass words.txt", RequestID: "170464ae-101e-004b-6365-90ca9c000000", ClientIP: "192.0.2.7:56029",
			RequestVersion: "2021-06-08", RequestHeaderSize: requestHeaderSize(&x.req), RequestPacketSize: 6, ResponseHeaderSize: 394, ResponsePacketSize: 99, ContentLength: 7,
			RequestMD5: "req==", ServerMD5: "srv==", ETag: `"0x8DA5A9118CDE874"`, LastModified: time.Date(2022, 6, 30, 12, 7, 25, 0, time.UTC),
			Conditions: `If-None-Match="0x1"`, UserAgent: `Mozilla/5.0 ("quoted")`, Referrer: "http://r/\"\\\t\x01 é\ufffd;", ClientRequestID: "mine",
		}
		if d := cmp.Diff([]storagelog.Entry{want}, entries); d != "" {
			t.Errorf("%s: %s", v, d)
		}
	}
	if _, err := Entries(x.record(o), "3.0"); err == nil {
		t.Error("version 3.0 was rendered")
	}
}

func TestCopyIsThreeEntries(t *testing.T) {
	for _, c := range []struct {
		name, version, uri, source, want string
	}{
		{"a URL", "2021-06-08", "https://devstoreaccount1.blob.core.windows.net/c/dst", "https://devstoreaccount1.blob.core.windows.net/c/src?sv=1&sig=secret", "https://devstoreaccount1.blob.core.windows.net/c/src?sv=1&sig=XXXXX"},
		{"a key of a modern request", "2021-06-08", "https://devstoreaccount1.blob.core.windows.net/c/dst", "/devstoreaccount1/c/src", "https://devstoreaccount1.blob.core.windows.net:443/c/src"},
		{"a key, path style", "2021-06-08", "http://127.0.0.1:10000/devstoreaccount1/c/dst", "/devstoreaccount1/c/src", "http://127.0.0.1:10000/devstoreaccount1/c/src"},
		{"a key of an old request", "2009-09-19", "https://devstoreaccount1.blob.core.windows.net/c/dst", "/sally/c/src", "/sally/c/src"},
		{"a URL of an old request", "2009-09-19", "https://devstoreaccount1.blob.core.windows.net/c/dst", "https://sally.blob.core.windows.net/c/src?x=1", "/sally/c/src"},
		{"a URL of an old request, path style", "2009-09-19", "http://127.0.0.1:10000/devstoreaccount1/c/dst", "http://127.0.0.1:10000/sally/c/src", "/sally/c/src"},
	} {
		x, o := exampleExchange(t)
		r := httptest.NewRequest(http.MethodPut, c.uri, nil)
		x.req.Host, x.req.URL, x.req.TLS = r.Host, r.URL, r.TLS
		if strings.HasPrefix(c.uri, "https") {
			x.req.TLS = &tls.ConnectionState{Version: tls.VersionTLS13}
		}
		x.req.Method, x.address.raw = "PUT", r.URL.Path
		x.call.Op, x.call.Version = &Operation{Name: "CopyBlob", Class: Write}, Version(c.version)
		x.call.RequestMD5 = "x=="
		modified := time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)
		x.call.Parts = []Part{{Operation: "CopyBlobSource", ObjectKey: c.source}, {Operation: "CopyBlobDestination", ObjectKey: "/devstoreaccount1/c/dst", ETag: "e", LastModified: modified}}
		rec := x.record(o)
		if strings.Contains(string(rec.Detail), "secret") {
			t.Errorf("%s: the source's signature was logged", c.name)
		}
		sameLines(t, rec, storagelog.V1)
		entries, err := Entries(rec, storagelog.V1)
		if err != nil || len(entries) != 3 {
			t.Fatalf("%s: %d entries, %v", c.name, len(entries), err)
		}
		main, src, dst := entries[0], entries[1], entries[2]
		if main.OperationNumber != 0 || src.OperationNumber != 1 || dst.OperationNumber != 2 || src.RequestID != main.RequestID || dst.ResponseHeaderSize != main.ResponseHeaderSize {
			t.Errorf("%s: %+v", c.name, entries)
		}
		if src.Operation != "CopyBlobSource" || src.ObjectKey != c.want || src.ETag != "" || src.RequestMD5 != "" || src.Conditions != "" || !src.LastModified.IsZero() {
			t.Errorf("%s: source %q, want %q; %+v", c.name, src.ObjectKey, c.want, src)
		}
		if dst.ObjectKey != "/devstoreaccount1/c/dst" || dst.ETag != "e" || !dst.LastModified.Equal(modified) || dst.ClientRequestID != "mine" {
			t.Errorf("%s: destination %+v", c.name, dst)
		}
	}
}

func TestEntriesRefuseDamage(t *testing.T) {
	x, o := exampleExchange(t)
	r := x.record(o)
	for i := range r.Line {
		broken := record.Record{Line: r.Line[:i]}
		if _, err := Entries(broken, storagelog.V1); err == nil {
			t.Errorf("a line cut after %d bytes was rendered", i)
		}
	}
	r.Detail = []byte{200, 1, 2}
	if _, err := Entries(r, storagelog.V1); err == nil {
		t.Error("a damaged detail was rendered")
	}
}

func TestRedaction(t *testing.T) {
	for in, want := range map[string]string{
		"http://h/p?sig=a%2Bb":                             "http://h/p?sig=XXXXX",
		"http://h/p?a=1&SIG=x&b=2":                         "http://h/p?a=1&SIG=XXXXX&b=2",
		"http://h/p?%73ig=x&s%69%67=y":                     "http://h/p?%73ig=XXXXX&s%69%67=XXXXX",
		"http://h/p?sig=x&sig=y#f":                         "http://h/p?sig=XXXXX&sig=XXXXX#f",
		"http://h/sig=path?design=x&sigh=y":                "http://h/sig=path?design=x&sigh=y",
		"http://h/p?signature=x":                           "http://h/p?signature=x",
		"http://h/p?next=http%3A%2F%2Fh%3Fsig%3Dabc":       "http://h/p?next=http%3A%2F%2Fh%3Fsig%3DXXXXX",
		"http://h/p?n=h%253Fa%253D1%2526sig%253Dabc%2526b": "http://h/p?n=h%253Fa%253D1%2526sig%253DXXXXX%2526b",
		"plain text":     "plain text",
		"http://h/p?sig": "http://h/p?sig",
		"http://h/p?a=http://i/?sig=inner&sv=2019-12": "http://h/p?a=http://i/?sig=XXXXX&sv=2019-12",
	} {
		if got := redactText(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// The Front never sees a signature whose parameter is spelled to escape the log.
func TestDisguisedSignature(t *testing.T) {
	f := newTestFront(t, nil)
	q := mustQuery(t, "sv=2015-04-05&ss=b&srt=o&sp=r&se=2099-01-01")
	signed := handSAS(q, "devstoreaccount1\nr\nb\no\n\n2099-01-01\n\n\n2015-04-05\n")
	sig := mustQuery(t, signed).Get("sig")
	want(t, f.do(t, "GET", "/c/b?"+strings.Replace(signed, "sig=", "%53i%47=", 1), "", false), 200, "")
	r := f.emitter.one(t)
	if strings.Contains(string(r.Line), sig) || strings.Contains(string(r.Line), strings.ReplaceAll(sig, "=", "%3D")) || !strings.Contains(string(r.Line), "%53i%47=XXXXX") {
		t.Errorf("line %s", r.Line)
	}
}

// Whatever bytes a client sends, the line is JSON and reads back.
func TestHostileText(t *testing.T) {
	for _, s := range []string{"", "\"", "\\", "\n\r\t\x00\x1f\x7f", "é😀", "\xff\xfe", "a\xc3", "\u2028</script>", strings.Repeat("\"", 3000)} {
		x, o := exampleExchange(t)
		x.call.ObjectKey, x.call.ClientRequestID = "/a/"+s, s
		x.req.Header["User-Agent"] = []string{s}
		r := x.record(o)
		if !json.Valid(r.Line) || slices.Contains(r.Line, '\n') {
			t.Errorf("%q: %s", s, r.Line)
			continue
		}
		entries, err := Entries(r, storagelog.V1)
		if want := strings.ToValidUTF8(s, "\ufffd"); err != nil || strings.Count(want, "\ufffd") == 0 && entries[0].UserAgent != want {
			t.Errorf("%q: %q, %v", s, entries[0].UserAgent, err)
		}
	}
}
