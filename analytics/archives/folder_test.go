package archives_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/analytics/archives"
	"reslog/analytics/rows"
	"reslog/record"
	"reslog/resource"
	"reslog/storagelog"
)

const (
	redisPath   = "insights-logs-connectionevents/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/TEST/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/AUDITING-SHOEBOX/DATABASES/DEFAULT/y=2023/m=01/d=24/h=10/m=00/PT1H.json"
	signalRPath = "insights-logs-alllogs/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/XXX/y=2019/m=01/d=01/h=00/m=00/PT1H.json"
	blobPath    = "insights-logs-storageread/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ACCT/BLOBSERVICES/DEFAULT/y=2023/m=01/d=24/h=11/m=00/PT1H.json"
	metricPath  = "insights-metrics-pt1m/resourceId=/SUBSCRIPTIONS/4A1C78C6-5CB1-422C-A34E-0DF7FCB9BD0B/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ACCT/y=2023/m=01/d=24/h=11/m=00/PT1H.json"
	classicPath = "$logs/blob/2014/06/19/2200/000000.log"
	queuePath   = "$logs/queue/2022/01/03/2000/000000.log"
)

func redisLine(i int) string {
	return fmt.Sprintf(`{"time":"2023-01-24T10:00:02.3680050Z","category":"ConnectionEvents","operationName":"op-%d","properties":{"id":%d,"clientIP":"20.228.16.39"}}`, i, i)
}

// write writes a file below a folder and returns its path.
func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tree is what azcopy makes of an account, and files that were kept in other ways.
func tree(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	classic, err := os.ReadFile("../../storagelog/testdata/v1.log")
	if err != nil {
		t.Fatal(err)
	}
	queue, err := os.ReadFile("../../storagelog/testdata/v2.log")
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, redisPath, redisLine(1)+"\n"+redisLine(2)+"\r\n")
	write(t, folder, signalRPath, `{"records":[{"time":"2019-01-01T00:00:00Z","operationName":"ServerlessModeEntered","properties":{"collection":"Connection"}},`+
		"\n"+`{"time":"2019-01-01T00:00:01Z","operationName":"ConnectionEnded"}]}`)
	write(t, folder, blobPath+".gz", zipped(t, `{"time":"2023-01-24T11:00:00Z","resourceId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/other/blobServices/default","operationName":"GetBlob"}`+"\n"))
	write(t, folder, metricPath, `{"time":"2023-01-24T11:00:00Z","metricName":"Transactions","total":3}`+"\n")
	write(t, folder, classicPath, string(classic))
	write(t, folder, queuePath, string(queue))
	write(t, folder, "event-hub.json", "{\n  \"records\": [\n    "+redisLine(7)+"\n  ]\n}\n")
	write(t, folder, "empty.json", "")
	write(t, folder, ".azcopy/plan", "not a log")
	write(t, folder, ".hidden", "not a log")
	return folder
}

// run imports folders and fails on errors.
func run(t *testing.T, s *fakeStore, set func(*archives.Config), paths ...string) archives.Summary {
	t.Helper()
	source, err := archives.OpenFolder(paths...)
	if err != nil {
		t.Fatal(err)
	}
	cfg := archives.Config{Source: source, Store: s, Warn: func(b archives.Blob, at int64, err error) {
		t.Errorf("%s at %d: %v", b.Location, at, err)
	}}
	if set != nil {
		set(&cfg)
	}
	sum, err := archives.Import(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestFolder(t *testing.T) {
	folder := tree(t)
	s := newStore()
	var last archives.Summary
	sum := run(t, s, func(c *archives.Config) {
		c.Progress = func(s archives.Summary) { last = s }
		c.Classic = func(account string, service storagelog.Service) rows.EntryOrigin {
			return rows.EntryOrigin{Location: account + " " + string(service)}
		}
	}, folder)
	want := []string{
		"StorageBlobLogs GetBlob", "StorageBlobLogs PutBlob", "StorageBlobLogs CopyBlob", "StorageBlobLogs CopyBlobSource", "StorageBlobLogs CopyBlobDestination",
		"StorageBlobLogs PutBlob", "StorageBlobLogs GetContainerProperties", "StorageTableLogs CreateTable", // a batch is by tables
		"StorageBlobLogs PutBlob", "StorageBlobLogs PutBlob", "StorageBlobLogs ListBlobs", "StorageBlobLogs RenamePathFile", "StorageQueueLogs PeekMessages",
		"AzureDiagnostics op-7", // its record says no resource
		"SignalRServiceDiagnosticLogs ServerlessModeEntered", "SignalRServiceDiagnosticLogs ConnectionEnded",
		"REDConnectionEvents op-1", "REDConnectionEvents op-2",
		"StorageBlobLogs GetBlob",
		"AzureMetrics <nil>",
	}
	if d := cmp.Diff(want, s.column("OperationName")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if sum.Blobs != 7 || sum.Rows != int64(len(want)) || sum != last || sum.Failed+sum.Torn+sum.Known != 0 || sum.BadLines != 0 {
		t.Errorf("%+v, told of %+v", sum, last)
	}
	if s.rows[0]["Location"] != "storagesample blob" {
		t.Errorf("%v", s.rows[0])
	}
	// Where a line says no resource, its folder does.
	if got := s.rows[16]["_ResourceId"]; got != "/subscriptions/4a1c78c6-5cb1-422c-a34e-0df7fcb9bd0b/resourcegroups/test/providers/microsoft.cache/redisenterprise/auditing-shoebox/databases/default" {
		t.Errorf("resource %v", got)
	}
	if got := s.rows[18]["_ResourceId"]; got != "/subscriptions/s/resourcegroups/g/providers/microsoft.storage/storageaccounts/other/blobservices/default" {
		t.Errorf("resource %v", got)
	}
	before := s.batches
	again := run(t, s, nil, folder)
	if len(s.rows) != len(want) || s.batches != before || again.Known+again.Blobs != 7 || again.Rows != 0 {
		t.Errorf("again: %d rows, %d batches more, %+v", len(s.rows), s.batches-before, again)
	}
}

func TestSelection(t *testing.T) {
	folder := tree(t)
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, c := range map[string]struct {
		s    archives.Selection
		want string // tables, counted
	}{
		"since":    {archives.Selection{Since: at("2023-01-24T11:00:00Z")}, "AzureDiagnostics:1 AzureMetrics:1 StorageBlobLogs:1"},
		"until":    {archives.Selection{Until: at("2019-01-01T00:30:00Z")}, "AzureDiagnostics:1 SignalRServiceDiagnosticLogs:2 StorageBlobLogs:7 StorageTableLogs:1"},
		"between":  {archives.Selection{Since: at("2023-01-24T10:59:59Z"), Until: at("2023-01-24T10:59:59Z")}, "AzureDiagnostics:1 REDConnectionEvents:2"},
		"blob":     {archives.Selection{Services: []string{"Blob"}}, "AzureDiagnostics:1 StorageBlobLogs:8 StorageTableLogs:1"},
		"redis":    {archives.Selection{Services: []string{"redis", "signalr"}}, "AzureDiagnostics:1 REDConnectionEvents:2 SignalRServiceDiagnosticLogs:2"},
		"category": {archives.Selection{Categories: []record.Category{"storageread", "AllMetrics"}}, "AzureDiagnostics:1 AzureMetrics:1 StorageBlobLogs:1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore()
			run(t, s, func(cfg *archives.Config) { cfg.Selection = c.s }, folder)
			count := map[string]int{}
			for _, row := range s.rows {
				count[row["Type"].(string)]++
			}
			var got []string
			for table, n := range count {
				got = append(got, fmt.Sprintf("%s:%d", table, n))
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

// A folder that is imported while the workspace fails at any of its batches, with
// the batch stored or not, is there once in the end.
func TestKilledAnywhere(t *testing.T) {
	folder := t.TempDir()
	var lines, array, entries strings.Builder
	array.WriteString(`{"records":[`)
	for i := range 50 {
		lines.WriteString(redisLine(i) + "\n")
		fmt.Fprintf(&array, "%s%s", [2]string{",", ""}[min(1, 1-min(i, 1))], redisLine(100+i))
		fmt.Fprintf(&entries, "1.0;2014-06-19T01:33:54.0926521Z;op-%d;Success;201;197;54;authenticated;a;a;blob;\"https://a/c\";\"/a/c\";a200be85-1c98-4dd9-918e-f13d8c0538e0;0;1.1.1.1:1;2014-02-14;1;1;1;1;1;;;;;;;;\n", 200+i)
	}
	write(t, folder, redisPath, lines.String())
	write(t, folder, signalRPath, array.String()+"]}")
	write(t, folder, classicPath, entries.String())
	write(t, folder, "zipped.json.gz", zipped(t, strings.ReplaceAll(lines.String(), "op-", "op-3")))
	whole := newStore()
	small := func(c *archives.Config) { c.BatchRows, c.BatchBytes = 7, 2000 }
	run(t, whole, small, folder)
	if len(whole.rows) != 200 || whole.batches < 30 {
		t.Fatalf("%d rows in %d batches", len(whole.rows), whole.batches)
	}
	for k := range whole.batches {
		for _, lost := range []bool{false, true} {
			s := newStore()
			s.left, s.lost = k, lost
			source, err := archives.OpenFolder(folder)
			if err != nil {
				t.Fatal(err)
			}
			cfg := archives.Config{Source: source, Store: s}
			small(&cfg)
			if _, err := archives.Import(t.Context(), cfg); !errors.Is(err, errDown) {
				t.Fatalf("batch %d: %v", k, err)
			}
			s.left = -1
			run(t, s, small, folder)
			if d := cmp.Diff(whole.rows, s.rows); d != "" {
				t.Fatalf("failed at batch %d, stored %v (-want +got):\n%s", k, lost, d)
			}
		}
	}
}

// Files that grow are read on; what is unfinished waits; one that is made anew is
// another one.
func TestGrowth(t *testing.T) {
	folder, s := t.TempDir(), newStore()
	path := write(t, folder, redisPath, redisLine(1)+"\n"+redisLine(2)[:40])
	add := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = f.WriteString(text); err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	torn := 0
	tolerant := func(c *archives.Config) {
		c.Warn = func(archives.Blob, int64, error) { torn++ }
	}
	for range 2 {
		if sum := run(t, s, tolerant, folder); len(s.rows) != 1 || sum.Torn != 1 {
			t.Fatalf("%d rows, %+v", len(s.rows), sum)
		}
	}
	add(redisLine(2)[40:] + "\n" + redisLine(3)) // whole, without its break
	run(t, s, nil, folder)
	add("\n" + redisLine(4) + "\n")
	if sum := run(t, s, nil, folder); len(s.rows) != 4 || sum.Rows != 1 || torn != 2 {
		t.Fatalf("%d rows, %+v, torn %d", len(s.rows), sum, torn)
	}
	if sum := run(t, s, nil, folder); sum.Known != 1 {
		t.Errorf("%+v", sum)
	}
	write(t, folder, redisPath, redisLine(5)+"\n")
	run(t, s, nil, folder)
	if got := s.column("ConnectionId"); !slices.Equal(got, []string{
		"REDConnectionEvents 1", "REDConnectionEvents 2", "REDConnectionEvents 3", "REDConnectionEvents 4", "REDConnectionEvents 5",
	}) {
		t.Errorf("%v", got)
	}
}

// Lines that are no records are passed over, told of, and not looked at again.
func TestBadLines(t *testing.T) {
	folder, s := t.TempDir(), newStore()
	write(t, folder, redisPath, "garbage\n"+redisLine(1)+"\n{\"no\":\"time\"}\n{\"torn\":\"\n\n"+redisLine(2)+"\n\x00\n")
	write(t, folder, classicPath, "Log version; Transaction Start Time\n1.0;2014-06-19T01:33:54.0926521Z;GetBlob\n")
	var told []string
	warn := func(c *archives.Config) {
		c.Warn = func(b archives.Blob, at int64, err error) {
			told = append(told, fmt.Sprintf("%s %d %v", filepath.Base(b.Location), at, err))
		}
	}
	sum := run(t, s, warn, folder)
	if sum.BadLines != 6 || sum.Rows != 2 || sum.Blobs != 2 || len(told) != 6 {
		t.Errorf("%+v, told of %q", sum, told)
	}
	for i, part := range []string{"000000.log 0 this is not a record", "000000.log 36 this cannot become a row: the entry is of service", "PT1H.json 0 this is not a JSON object"} {
		if i >= len(told) || !strings.HasPrefix(told[i], part) {
			t.Errorf("told of %q, want %q", told, part)
		}
	}
	if sum := run(t, s, nil, folder); sum.Known != 2 || len(s.rows) != 2 {
		t.Errorf("again: %+v, %d rows", sum, len(s.rows))
	}
}

// The shared table, when that is wanted.
func TestShared(t *testing.T) {
	folder, s := t.TempDir(), newStore()
	write(t, folder, redisPath, redisLine(1)+"\n")
	run(t, s, func(c *archives.Config) { c.Shared = true }, folder)
	if got := s.rows[0]; got["Type"] != "AzureDiagnostics" || got["clientIP_s"] != "20.228.16.39" || got["Category"] != "ConnectionEvents" {
		t.Errorf("%v", got)
	}
}

func TestImportErrors(t *testing.T) {
	if _, err := archives.OpenFolder(filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a folder that is not there is opened")
	}
	if _, err := archives.Import(t.Context(), archives.Config{}); err == nil {
		t.Error("nothing is imported from nowhere")
	}
	folder := t.TempDir()
	write(t, folder, redisPath, redisLine(1)+"\n")
	write(t, folder, "broken.json.gz", zipped(t, redisLine(2)+"\n"+strings.Repeat("x", 100))[:60])
	s := newStore()
	failed := 0
	if sum := run(t, s, func(c *archives.Config) { c.Warn = func(archives.Blob, int64, error) { failed++ } }, folder); sum.Failed != 1 || failed != 1 || len(s.rows) != 1 {
		t.Errorf("%+v, %d rows", sum, len(s.rows))
	}
	source, err := archives.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := archives.Import(over, archives.Config{Source: source, Store: newStore()}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	id := resource.MustParse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")
	if got := archives.Service(id, storagelog.Queue).String(); got != id.String()+"/queueServices/default" {
		t.Errorf("service %s", got)
	}
}
