package storagelog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The documented samples that are records by the rules are read strictly and
// written again byte for byte.
func TestSamplesRoundTrip(t *testing.T) {
	for _, name := range []string{"2011.log", "v1.log", "v2.log"} {
		t.Run(name, func(t *testing.T) {
			log := readFile(t, name)
			r := NewReader(bytes.NewReader(log), Strict)
			var out bytes.Buffer
			w := NewWriter(&out)
			records := 0
			for {
				var e Entry
				err := r.Read(&e)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				records++
				if err := w.Write(&e); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if want := bytes.Count(log, []byte("\n")); records != want {
				t.Errorf("%d records, want %d", records, want)
			}
			if d := cmp.Diff(strings.Split(string(log), "\n"), strings.Split(out.String(), "\n")); d != "" {
				t.Errorf("written again (-sample +ours):\n%s", d)
			}
		})
	}
}

func TestSampleFields(t *testing.T) {
	lines := strings.Split(string(readFile(t, "v1.log")), "\n")
	got, err := ParseEntry([]byte(lines[0]))
	if err != nil {
		t.Fatal(err)
	}
	want := Entry{
		Version: V1, StartTime: time.Date(2014, 6, 19, 22, 59, 23, 196776700, time.UTC),
		Operation: "GetBlob", Status: "AnonymousSuccess", HTTPStatus: "200", EndToEndLatency: 17, ServerLatency: 16,
		AuthType: "anonymous", OwnerAccount: "storagesample", Service: "blob",
		URL:       "https://storagesample.blob.core.windows.net/sample-container1/00001.txt",
		ObjectKey: "/storagesample/sample-container1/00001.txt", RequestID: "61d2e3f6-bcb7-4cd1-a81e-4f8f497f0da2",
		ClientIP: "192.100.0.102:4362", RequestVersion: "2014-02-14",
		RequestHeaderSize: 283, ResponseHeaderSize: 354, ResponsePacketSize: 23,
		ETag: `"0x8D15A2913C934DE"`, LastModified: time.Date(2014, 6, 19, 22, 58, 10, 0, time.UTC),
		UserAgent:       "WA-Storage/4.0.1 (.NET CLR 4.0.30319.34014; Win32NT 6.3.9600.0)",
		ClientRequestID: "44dfd78e-7288-4898-8f70-c3478983d3b6",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}

	got, err = ParseEntry([]byte(lines[5]))
	if err != nil {
		t.Fatal(err)
	}
	if got.ObjectKey != `/storagesample/input//";"` {
		t.Errorf("object key %q", got.ObjectKey)
	}
	if !strings.HasSuffix(got.URL, `/input//";"?timeout=90`) {
		t.Errorf("url %q", got.URL)
	}

	lines = strings.Split(string(readFile(t, "v2.log")), "\n")
	if got, err = ParseEntry([]byte(lines[2])); err != nil {
		t.Fatal(err)
	}
	if got.Audience != "https://storage.azure.com/" || got.AuthType != "bearer" ||
		!strings.HasPrefix(got.AuthorizationDetail, `[{"action":"Microsoft.Storage/`) {
		t.Errorf("fields of 2.0: %+v", got)
	}
	if !strings.Contains(got.URL, "?restype=container&comp=list&prefix=&") {
		t.Errorf("url %q", got.URL)
	}
}

// What documentation made of records is refused by the strict reader and read
// by the lenient one.
func TestArtefacts(t *testing.T) {
	log := readFile(t, "artefacts.txt")
	for i, line := range strings.Split(strings.TrimSpace(string(log)), "\n") {
		if _, err := ParseEntry([]byte(line)); err == nil {
			t.Errorf("line %d is read strictly", i+1)
		}
	}
	r := NewReader(bytes.NewReader(log), Lenient)
	var got []Entry
	for {
		var e Entry
		if err := r.Read(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 6 || r.Skipped() != 0 {
		t.Fatalf("%d records and %d skipped, want 6 and 0", len(got), r.Skipped())
	}
	for i, want := range []string{
		`W/"datetime'2011-07-28T18%3A02%3A41.0086789Z'"`,
		`W/"datetime'2011-07-28T18%3A02%3A41.0086789Z'"`,
		`"0x8D15A2913C934DE"`,
	} {
		if got[i].ETag != want {
			t.Errorf("etag of line %d: %s, want %s", i+1, got[i].ETag, want)
		}
		if got[i].LastModified.IsZero() || got[i].ClientRequestID == "" {
			t.Errorf("line %d lost what follows the etag: %+v", i+1, got[i])
		}
	}
	if want := "https://logsamples.queue.core.windows.net/queue1/messages?numofmessages=32&peekonly=true&timeout=30"; got[3].URL != want || got[3].ObjectKey != "/logsamples/queue1" {
		t.Errorf("bare url: %q, key %q", got[3].URL, got[3].ObjectKey)
	}
	if !strings.HasSuffix(got[4].AuthorizationDetail, `"principalType":"User"}]`) || got[4].TenantID != "72f988bf-..." {
		t.Errorf("authorization detail: %q", got[4].AuthorizationDetail)
	}
	if got[5].ObjectKey != "/sally/c/b" || got[5].EndToEndLatency != 18 || got[5].ContentLength != NoSize {
		t.Errorf("short record: %+v", got[5])
	}
}

// Lines as editors leave them: byte order mark, carriage returns, a header, no
// line feed at the end.
func TestLenientLog(t *testing.T) {
	line := strings.Split(string(readFile(t, "v1.log")), "\n")[0]
	log := "\uFEFF" + line + "\r\n" + Header(V1) + "\r\n\r\n" + line + ";extra;\"more\"\r\n3.1;2031-01-01T00:00:00.0000000Z;X"
	r := NewReader(strings.NewReader(log), Lenient)
	var lines []string
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l.Text(FieldOperation))
		if v := l.Version(); v == V1 && l.Text(FieldClientRequestID) != "44dfd78e-7288-4898-8f70-c3478983d3b6" {
			t.Errorf("client request id %q", l.Text(FieldClientRequestID))
		}
	}
	if d := cmp.Diff([]string{"GetBlob", "GetBlob", "X"}, lines); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if r.Skipped() != 1 {
		t.Errorf("%d lines skipped, want the header", r.Skipped())
	}
}
