package seed

import (
	"crypto/md5"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The sample lines of the announcement and of the reference, as they are printed
// but for the quoting that no reader accepts. Each is made again by the request
// that it is about: what is not the request's own, such as times, sizes and ids,
// must have a value where the sample has one and none where it has none.
const (
	samplePutBlob = `1.0;2011-07-28T18:02:40.6271789Z;PutBlob;Success;201;28;21;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/thumbnails/lake.jpg?timeout=30000";"/sally/thumbnails/lake.jpg";fb658ee6-6123-41f5-81e2-4bfdc178fea3;0;201.9.10.20;2009-09-19;438;100;223;0;100;;"66CbMXKirxDeTr82SXBKbg==";"0x8CE1B67AD25AA05";Thursday, 28-Jul-11 18:02:40 GMT;;;;"7/28/2011 6:02:40 PM ab970a57-4a49-45c4-baa9-20b687941e32"`

	sampleGetBlob = `1.0;2011-07-28T18:52:40.9241789Z;GetBlob;AnonymousSuccess;200;18;10;anonymous;;sally;blob;"https://sally.blob.core.windows.net/thumbnails/lake.jpg?timeout=30000";"/sally/thumbnails/lake.jpg";a84aa705-8a85-48c5-b064-b43bd22979c3;0;123.100.2.10;2009-09-19;252;0;265;100;0;;;"0x8CE1B6EA95033D5";Thursday, 28-Jul-11 18:52:40 GMT;;;;"7/28/2011 6:52:40 PM ba98eb12-700b-4d53-9230-33a3330571fc"`

	sampleCopyBlob            = `1.0;2011-07-28T18:02:40.6526789Z;CopyBlob;Success;201;28;28;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/thumbnails/lakebck.jpg?timeout=30000";"/sally/thumbnails/lakebck.jpg";85ba10a5-b7e2-495e-8033-588e08628c5d;0;268.20.203.21;2009-09-19;505;0;188;0;0;;;"0x8CE1B67AD473BC5";Thursday, 28-Jul-11 18:02:40 GMT;;;;"7/28/2011 6:02:40 PM 683803d3-538f-4ba8-bc7c-24c83aca5b1a"`
	sampleCopyBlobSource      = `1.0;2011-07-28T18:02:40.6526789Z;CopyBlobSource;Success;201;28;28;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/thumbnails/lakebck.jpg?timeout=30000";"/sally/thumbnails/lake.jpg";85ba10a5-b7e2-495e-8033-588e08628c5d;1;268.20.203.21;2009-09-19;505;0;188;0;0;;;;;;;;"7/28/2011 6:02:40 PM 683803d3-538f-4ba8-bc7c-24c83aca5b1a"`
	sampleCopyBlobDestination = `1.0;2011-07-28T18:02:40.6526789Z;CopyBlobDestination;Success;201;28;28;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/thumbnails/lakebck.jpg?timeout=30000";"/sally/thumbnails/lakebck.jpg";85ba10a5-b7e2-495e-8033-588e08628c5d;2;268.20.203.21;2009-09-19;505;0;188;0;0;;;;;;;;"7/28/2011 6:02:40 PM 683803d3-538f-4ba8-bc7c-24c83aca5b1a"`

	sampleDeleteContainer = `1.0;2011-06-27T03:00:40.4636789Z;DeleteContainer;Success;202;18;18;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/photos?restype=container&amp;timeout=30000";"/sally/photos";e09a61de-e47b-40aa-86e0-05fe620f818f;0;268.20.203.21;2009-09-19;364;0;125;0;0;;;;;;;;"ClientID f38d713b-7113-4fea-9173-9e9b00b22f71"`

	sampleGetBlob2014 = `1.0;2014-06-19T22:59:23.1967767Z;GetBlob;AnonymousSuccess;200;17;16;anonymous;;sally;blob;"https://sally.blob.core.windows.net/sample-container1/00001.txt";"/sally/sample-container1/00001.txt";61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2;0;192.100.0.102:4362;2014-02-14;283;0;354;23;0;;;"&quot;0x8D15A2913C934DE&quot;";Thursday, 19-Jun-14 22:58:10 GMT;;"WA-Storage/4.0.1 (.NET CLR 4.0.30319.34014; Win32NT 6.3.9600.0)";;"44dfd78e-7288-4898-8f70-c3478983d3b6"`
	samplePutBlob2014 = `1.0;2014-06-19T01:33:54.0926521Z;PutBlob;Success;201;197;54;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/sample-container1/00001.txt";"/sally/sample-container1/00001.txt";a200be85-1c98-4dd9-918e-f13d8c0538e0;0;192.100.0.102:4362;2014-02-14;460;23;225;0;23;"DrPO6z1f00SCsomhaf+J/A==";"DrPO6z1f00SCsomhaf+J/A==";"&quot;0x8D15975AA456EA4&quot;";Thursday, 19-Jun-14 01:33:53 GMT;;"WA-Storage/4.0.1 (.NET CLR 4.0.30319.34014; Win32NT 6.3.9600.0)";;"1fe6814a-e4cb-4195-a3cf-837dc7120f68"`

	sampleCopyBlob2014            = `1.0;2014-06-19T23:31:36.5780954Z;CopyBlob;Success;202;13;13;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/sample-container1/Copy-sample-blob.txt";"/sally/sample-container1/Copy-sample-blob.txt";505fc366-688f-4622-bbb1-20e8fc26cffd;0;192.100.0.102:4362;2014-02-14;538;0;261;0;0;;;"&quot;0x8D15A2DBF11553E&quot;";Thursday, 19-Jun-14 23:31:36 GMT;;"WA-Storage/4.0.1 (...)";;"dc00da87-5483-4524-b0dc-d1df025a6a9a"`
	sampleCopyBlobSource2014      = `1.0;2014-06-19T23:31:36.5780954Z;CopyBlobSource;Success;202;13;13;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/sample-container1/Copy-sample-blob.txt";"https://sally.blob.core.windows.net/sample-container1/00001.txt";505fc366-688f-4622-bbb1-20e8fc26cffd;1;192.100.0.102:4362;2014-02-14;538;0;261;0;0;;;;;;"WA-Storage/4.0.1 (...)";;"dc00da87-5483-4524-b0dc-d1df025a6a9a"`
	sampleCopyBlobDestination2014 = `1.0;2014-06-19T23:31:36.5780954Z;CopyBlobDestination;Success;202;13;13;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/sample-container1/Copy-sample-blob.txt";"/sally/sample-container1/Copy-sample-blob.txt";505fc366-688f-4622-bbb1-20e8fc26cffd;2;192.100.0.102:4362;2014-02-14;538;0;261;0;0;;;;;;"WA-Storage/4.0.1 (...)";;"dc00da87-5483-4524-b0dc-d1df025a6a9a"`

	sampleOddName = `1.0;2014-09-08T18:49:25.5834856Z;PutBlob;Success;201;7;7;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net/input//&quot;;&quot;?timeout=90";"/sally/input//&quot;;&quot;";9e9c90bc-0001-0052-2acc-abdcc9000000;0;192.100.0.102:4362;2011-08-18;325;0;225;0;0;"1B2M2Y8AsgTpgAmY7PhCfg==";"1B2M2Y8AsgTpgAmY7PhCfg==";"&quot;0x8D199ACBF198B4E&quot;";Monday, 08-Sep-14 18:49:25 GMT;;"WA-Storage/1.7.0";;`

	samplePutBlobV2 = `2.0;2019-06-25T14:56:54.0079155Z;PutBlob;Success;201;24;22;authenticated;sally;sally;blob;"https://sally.blob.core.windows.net:443/testcontainer/testblob7.dat";"/sally/testcontainer/testblob7.dat";c675930e-f01e-0016-2e66-2b5b8a000000;0;192.0.2.176:7040;2018-03-28;432;1999980;249;0;1999980;"yRI+gcpHB+XCS/JTxrZc9Q==";"yRI+gcpHB+XCS/JTxrZc9Q==";"&quot;0x8D6F97D5CA88E64&quot;";Tuesday, 25-Jun-19 14:56:54 GMT;;"Azure-Storage/9.3.2 (.NET Core)";;"d76a96e0-9f66-4476-b5e0-b8979b69ea85";;;;;;;;`
	samplePutSASV2  = `2.0;2022-01-03T20:34:54.4617505Z;PutBlob;SASSuccess;201;7;7;sas;;sally;blob;"https://sally.blob.core.windows.net/testcontainer/1.txt?se=2022-02-02T20:34:54Z&amp;sig=XXXXX&amp;sp=rwl&amp;sr=c&amp;sv=2020-04-08&amp;timeout=901";"/sally/testcontainer/1.txt";00000000-0000-0000-0000-000000000001;0;192.0.2.44:53371;2019-12-12;654;13;337;0;13;"xxxxxxxxxxxxxxxxxxxxxx==";"xxxxxxxxxxxxxxxxxxxxxx==";"&quot;0x8D9CEF88004E296&quot;";Monday, 03-Jan-22 20:34:54 GMT;;"Microsoft Azure Storage Explorer, 1.20.1, win32, azcopy-node, 2.0.0, win32,  AzCopy/10.11.0 Azure-Storage/0.13 (go1.15; Windows_NT)";;"00000000-0000-0000-0000-000000000002";;;;;;;;`
)

// Fields of a sample, from 1, that a repetition of its request repeats: all but
// times, latencies, URL, request id, address, header sizes, and what depends on
// the content.
var repeated = []int{1, 3, 4, 5, 8, 9, 10, 11, 13, 15, 17, 19, 21, 22, 27, 28, 29, 30}

// sameAs compares a line with a sample.
func sameAs(t *testing.T, text, sample string) {
	t.Helper()
	got, wanted := fields(text), fields(sample)
	operation := wanted[2]
	if len(got) != len(wanted) {
		t.Errorf("%s: %d fields, want %d: %s", operation, len(got), len(wanted), text)
		return
	}
	for i := range wanted {
		g, w := got[i], wanted[i]
		switch {
		case (g == "") != (w == ""):
			t.Errorf("%s: field %d is %q, in the sample %q", operation, i+1, g, w)
		case slices.Contains(repeated, i+1) && g != w && (i+1 != 13 || !strings.Contains(w, "://")):
			t.Errorf("%s: field %d is %s, in the sample %s", operation, i+1, g, w)
		case strings.HasPrefix(w, `"`) != strings.HasPrefix(g, `"`):
			t.Errorf("%s: field %d is quoted in one of %s and %s", operation, i+1, g, w)
		case shape(g) != shape(w) && i+1 != 16: // of old addresses the port is left out
			t.Errorf("%s: field %d has another form: %s, in the sample %s", operation, i+1, g, w)
		}
	}
	// The URL, but for scheme, port and what is signed.
	if address(got[11]) != address(wanted[11]) {
		t.Errorf("%s: URL %s, in the sample %s", operation, got[11], wanted[11])
	}
}

// shape tells the forms apart that ETags, dates and keys may have.
func shape(f string) string {
	switch {
	case regexp.MustCompile(`^"&quot;0x[0-9A-F]+&quot;"$`).MatchString(f):
		return "quoted etag"
	case regexp.MustCompile(`^"0x[0-9A-F]+"$`).MatchString(f):
		return "bare etag"
	case regexp.MustCompile(`^[A-Z][a-z]+, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$`).MatchString(f):
		return "rfc 850"
	case regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$`).MatchString(f):
		return "time"
	case strings.HasPrefix(f, `"http`):
		return "url"
	case strings.HasPrefix(f, `"/`):
		return "key"
	}
	return ""
}

var hostOfURL = regexp.MustCompile(`^"https?://([a-z.]+)(:\d+)?`)

// address is a URL without scheme and port, and of a query with a signature only
// the names.
func address(u string) string {
	u = hostOfURL.ReplaceAllString(u, "$1")
	if before, _, ok := strings.Cut(u, "?"); ok && strings.Contains(u, "sig=") {
		return before
	}
	return u
}

// sally's requests are addressed to her host, as in the samples.
func (n *node) sally(t *testing.T, r request, clientID, agent string, status int) string {
	t.Helper()
	r.of, r.host = sally, "sally.blob.core.windows.net"
	if clientID != "" {
		r.add("x-ms-client-request-id", clientID)
	}
	if agent != "" {
		r.add("User-Agent", agent)
	}
	return n.must(t, status, r).id
}

func unquoted(f string) string { return strings.Trim(f, `"`) }

func TestSamples(t *testing.T) {
	n := start(t, nil)
	n.setOf(t, sally, all)
	sum := func(s string) string {
		b := md5.Sum([]byte(s))
		return base64.StdEncoding.EncodeToString(b[:])
	}
	put := func(target, body, version string, header ...string) request {
		return req(byKey, "PUT", target, body, append([]string{"x-ms-version", version, "x-ms-blob-type", "BlockBlob"}, header...)...)
	}
	container := func(name string) {
		t.Helper()
		n.sally(t, req(byKey, "PUT", "/"+name+"?restype=container", "", "x-ms-version", "2009-09-19", "x-ms-blob-public-access", "blob"), "", "", 201)
	}
	made := map[string][]string{} // request id -> its samples
	repeat := func(r request, status int, samples ...string) {
		t.Helper()
		f := fields(samples[0])
		made[n.sally(t, r, unquoted(f[29]), unquoted(f[27]), status)] = samples
	}
	const old, y2014 = "2009-09-19", "2014-02-14"
	container("thumbnails")
	container("photos")
	container("sample-container1")
	container("input")

	repeat(put("/thumbnails/lake.jpg?timeout=30000", strings.Repeat("x", 100), old), 201, samplePutBlob)
	repeat(req(nobody, "GET", "/thumbnails/lake.jpg?timeout=30000", "", "x-ms-version", old), 200, sampleGetBlob)
	repeat(req(byKey, "PUT", "/thumbnails/lakebck.jpg?timeout=30000", "", "x-ms-version", old, "x-ms-copy-source", "/sally/thumbnails/lake.jpg"), 201,
		sampleCopyBlob, sampleCopyBlobSource, sampleCopyBlobDestination)
	repeat(req(byKey, "DELETE", "/photos?restype=container&timeout=30000", "", "x-ms-version", old), 202, sampleDeleteContainer)

	content := "12345678901234567890123"
	repeat(put("/sample-container1/00001.txt", content, y2014, "Content-MD5", sum(content)), 201, samplePutBlob2014)
	repeat(req(nobody, "GET", "/sample-container1/00001.txt", "", "x-ms-version", y2014), 200, sampleGetBlob2014)
	source := "http://sally.blob.core.windows.net/sample-container1/00001.txt"
	repeat(req(byKey, "PUT", "/sample-container1/Copy-sample-blob.txt", "", "x-ms-version", y2014, "x-ms-copy-source", source), 202,
		sampleCopyBlob2014, sampleCopyBlobSource2014, sampleCopyBlobDestination2014)
	repeat(put(`/input//";"?timeout=90`, "", "2011-08-18", "Content-MD5", sum("")), 201, sampleOddName)

	got := n.recordsOf(t, sally)
	compareAll(t, got, made)

	// The same in version 2.0.
	n.setOf(t, sally, logging{version: "2.0", read: true, write: true, del: true})
	clear(made)
	container("testcontainer")
	content = strings.Repeat("y", 1999980)
	repeat(put("/testcontainer/testblob7.dat", content, "2018-03-28", "Content-MD5", sum(content)), 201, samplePutBlobV2)
	content = "thirteenbytes"
	sas := put("/testcontainer/1.txt?timeout=901", content, "2019-12-12", "Content-MD5", sum(content))
	sas.as = bySAS
	repeat(sas, 201, samplePutSASV2)
	compareAll(t, n.recordsOf(t, sally), made)
}

func compareAll(t *testing.T, got recorded, made map[string][]string) {
	t.Helper()
	for id, samples := range made {
		lines := got[id]
		if len(lines) != len(samples) {
			t.Errorf("%s: %d records, want %d", fields(samples[0])[2], len(lines), len(samples))
			continue
		}
		for i := range samples {
			sameAs(t, lines[i].text, samples[i])
			// Times and latencies are the request's, in each of its records.
			want(t, "start of part", lines[i].StartTime, lines[0].StartTime)
			want(t, "latency of part", lines[i].EndToEndLatency, lines[0].EndToEndLatency)
		}
		if len(samples) == 3 {
			want(t, "source in the form of its version", lines[1].ObjectKey, map[string]string{
				"2009-09-19": "/sally/thumbnails/lake.jpg",
				"2014-02-14": "http://sally.blob.core.windows.net/sample-container1/00001.txt",
			}[lines[1].RequestVersion])
		}
	}
}
