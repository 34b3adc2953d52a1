package seed

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/storagelog"
)

// logging is a Logging element with its values.
type logging struct {
	version          string // "" means 1.0
	read, write, del bool
	days             int // 0 means no retention policy
}

var all = logging{read: true, write: true, del: true}

func (l logging) xml() string {
	version := l.version
	if version == "" {
		version = "1.0"
	}
	retention := "<Enabled>false</Enabled>"
	if l.days > 0 {
		retention = "<Enabled>true</Enabled><Days>" + strconv.Itoa(l.days) + "</Days>"
	}
	return `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties><Logging><Version>` + version + "</Version><Delete>" +
		strconv.FormatBool(l.del) + "</Delete><Read>" + strconv.FormatBool(l.read) + "</Read><Write>" + strconv.FormatBool(l.write) +
		"</Write><RetentionPolicy>" + retention + "</RetentionPolicy></Logging></StorageServiceProperties>"
}

// set sends Set Blob Service Properties.
func (n *node) set(t testing.TB, l logging) answer {
	t.Helper()
	return n.setOf(t, n.account, l)
}

func (n *node) setOf(t testing.TB, a account, l logging) answer {
	t.Helper()
	r := req(byKey, "PUT", "/?restype=service&comp=properties", l.xml())
	r.of = a
	n.Quiet() // the records of the requests so far are those of the setting so far
	return n.must(t, 202, r)
}

// logClient is the SDK's client of an account's `$logs`, with a SAS, because
// the SDK signs with the real clock and the node may have another.
func (n *node) logClient(t testing.TB, a account) *container.Client {
	t.Helper()
	c, err := container.NewClientWithNoCredential(n.AccountURL(a.name)+"/$logs?"+a.sas(t, "rwdl", far), nil)
	check(t, err)
	return c
}

// logBlob is a log blob with what it holds.
type logBlob struct {
	name    string
	meta    map[string]string // names in lower case
	content string
	entries []storagelog.Entry
	lines   []string
}

// logs waits for the records of all that was answered, and reads `$logs` with
// the SDK and the strict reader, in the order of names.
func (n *node) logs(t testing.TB) []logBlob { t.Helper(); return n.logsOf(t, n.account) }

func (n *node) logsOf(t testing.TB, a account) []logBlob {
	t.Helper()
	n.Settle(t)
	var blobs []logBlob
	c := n.logClient(t, a)
	pages := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true}})
	for pages.More() {
		page, err := pages.NextPage(t.Context())
		check(t, err)
		for _, item := range page.Segment.BlobItems {
			b := logBlob{name: *item.Name, meta: map[string]string{}}
			for k, v := range item.Metadata {
				b.meta[strings.ToLower(k)] = *v
			}
			resp, err := c.NewBlobClient(b.name).DownloadStream(t.Context(), nil)
			if bloberror.HasCode(err, bloberror.BlobNotFound) {
				continue // its retention ended after the listing
			}
			check(t, err)
			content, err := io.ReadAll(resp.Body)
			check(t, err)
			check(t, resp.Body.Close())
			b.content = string(content)
			b.entries, b.lines = parse(t, b.name, content)
			blobs = append(blobs, b)
		}
	}
	return blobs
}

// parse reads a log strictly.
func parse(t testing.TB, name string, content []byte) (entries []storagelog.Entry, lines []string) {
	t.Helper()
	r := storagelog.NewReader(bytes.NewReader(content), storagelog.Strict)
	for {
		var e storagelog.Entry
		err := r.Read(&e)
		if err == io.EOF { //nolint:errorlint // the Reader returns it as it is
			break
		}
		if err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		entries = append(entries, e)
	}
	lines = slices.Collect(strings.Lines(string(content)))
	if len(lines) != len(entries) {
		t.Fatalf("%s has %d lines and %d records", name, len(lines), len(entries))
	}
	return entries, lines
}

// recorded are the records of a node, by request id or client request id.
type recorded map[string][]line

// line is a record and its text.
type line struct {
	storagelog.Entry
	text string
}

func (n *node) records(t testing.TB) recorded { t.Helper(); return n.recordsOf(t, n.account) }

func (n *node) recordsOf(t testing.TB, a account) recorded {
	t.Helper()
	r := recorded{}
	for _, b := range n.logsOf(t, a) {
		for i, e := range b.entries {
			l := line{e, strings.TrimSuffix(b.lines[i], "\n")}
			r[e.RequestID] = append(r[e.RequestID], l)
			if e.ClientRequestID != "" {
				r[e.ClientRequestID] = append(r[e.ClientRequestID], l)
			}
		}
	}
	return r
}

// one returns the only record of a request.
func (r recorded) one(t testing.TB, what, id string) line {
	t.Helper()
	if len(r[id]) != 1 {
		t.Fatalf("%s: %d records, want 1", what, len(r[id]))
	}
	return r[id][0]
}

// fields splits a line at the semicolons outside quotes.
func fields(text string) []string {
	var out []string
	quoted, from := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ';' && !quoted:
			out, from = append(out, text[from:i]), i+1
		}
	}
	return append(out, text[from:])
}
