package seed

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"reslog/server"
	"reslog/service/storage/blobstore"
)

// command builds the program once for a test and returns how to run it.
func command(t *testing.T, n *node) func(args ...string) (stdout, stderr string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "reslog")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "reslog/cmd/reslog")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return func(args ...string) (string, string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = append(os.Environ(), "AZURE_STORAGE_CONNECTION_STRING=")
		cmd.Args = append(cmd.Args, "--connection-string", n.ConnectionString(server.DevAccount))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
		return stdout.String(), stderr.String()
	}
}

// caseStudy are the logs of the announcement's case study: name, times as the
// program prints them, types, and whether LogFind selects them.
var caseStudy = []struct {
	hour, counter, start, end, types, first, last string
	selected                                      bool
}{
	{"0200", "000000", "2011-06-27T02:58:06Z", "2011-06-27T02:59:45Z", "read,write,delete", "Monday, June 27, 2011 2:58:06 AM", "Monday, June 27, 2011 2:59:45 AM", true},
	{"0300", "000000", "2011-06-27T03:00:25Z", "2011-06-27T03:53:42Z", "read,write", "Monday, June 27, 2011 3:00:25 AM", "Monday, June 27, 2011 3:53:42 AM", false},
	{"0500", "000000", "2011-06-27T05:03:47Z", "2011-06-27T05:03:47Z", "read", "Monday, June 27, 2011 5:03:47 AM", "Monday, June 27, 2011 5:03:47 AM", false},
	{"0600", "000000", "2011-06-27T06:05:48Z", "2011-06-27T06:13:31Z", "read", "Monday, June 27, 2011 6:05:48 AM", "Monday, June 27, 2011 6:13:31 AM", false},
	{"0700", "000002", "2011-06-27T07:21:13Z", "2011-06-27T07:26:21Z", "read,write", "Monday, June 27, 2011 7:21:13 AM", "Monday, June 27, 2011 7:26:21 AM", false},
}

// LogFind blob "DELETE" "2011-06-27T02:50Z" "2011-06-27T03:05Z" "DeleteContainer"
func TestCaseStudy(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	run := command(t, n)
	// Of the record the announcement shows, in the log that it selects.
	record := strings.Replace(sampleDeleteContainer, "2011-06-27T03:00:40.4636789Z", "2011-06-27T02:58:40.4636789Z", 1)
	for _, l := range caseStudy {
		content := strings.ReplaceAll(samplePutBlob, "2011-07-28T18:02:40.6271789Z", strings.TrimSuffix(l.start, "Z")+".0000000Z") + "\n"
		if l.selected {
			content += record + "\n"
		}
		n.writeLog(t, "blob/2011/06/27/"+l.hour+"/"+l.counter+".log", content, blobstore.Metadata{
			{Name: "LogType", Value: l.types}, {Name: "StartTime", Value: l.start}, {Name: "EndTime", Value: l.end}, {Name: "LogVersion", Value: "1.0"},
		})
	}
	stdout, stderr := run("find", "blob", "DELETE", "2011-06-27T02:50Z", "2011-06-27T03:05Z", "DeleteContainer", "-v")
	want(t, "found", stdout, record+"\n")
	if !strings.Contains(stderr, "Prefix used = $logs/blob/2011/06/27/") {
		t.Errorf("no prefix in %s", stderr)
	}
	for _, l := range caseStudy {
		if !l.selected && l.hour > "0300" { // by name alone: they are not even listed
			if strings.Contains(stderr, "Selected Log "+n.AccountURL(n.account.name)+"/$logs/blob/2011/06/27/"+l.hour) {
				t.Errorf("%s is selected", l.hour)
			}
			continue
		}
		verdict := map[bool]string{true: "Selected", false: "Ignoring"}[l.selected]
		text := fmt.Sprintf("%s Log %s/$logs/blob/2011/06/27/%s/%s.log Start=%s End=%s Types=%s.", verdict, n.AccountURL(n.account.name),
			l.hour, l.counter, l.first, l.last, strings.ToUpper(l.types))
		if !strings.Contains(stderr, text) {
			t.Errorf("no line %q in\n%s", text, stderr)
		}
	}
}

// header is the first line of a DumpLogs file.
const header = "Log version; Transaction Start Time; REST Operation Type; Transaction Status; HTTP Status; E2E Latency; Server Latency; Authentication Type; Accessing Account; Owner Account; Service Type;" +
	"Request url; Object Key; RequestId; Operation #; User IP; Request Version; Request Header Size; Request Packet Size; Response Header Size;" +
	"Response Packet Size; Request Content Length; Request MD5; Server MD5; Etag returned; LMT; Condition Used; User Agent; Referrer; Client Request Id"

// DumpLogs: every record of the logs that a node wrote, as it stands there.
func TestDump(t *testing.T) {
	n := start(t, nil)
	n.set(t, logging{write: true, del: true}) // reading logs adds none
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	for _, name := range []string{"a", "b;c", "%22d%22"} {
		n.must(t, 201, req(byKey, "PUT", "/docs/"+name, "x", "x-ms-blob-type", "BlockBlob"))
	}
	n.must(t, 202, req(byKey, "DELETE", "/docs/a", ""))
	var lines []string
	for _, b := range n.logs(t) {
		for _, l := range b.lines {
			lines = append(lines, strings.TrimSuffix(l, "\n"))
		}
	}
	run := command(t, n)
	file := filepath.Join(t.TempDir(), "logs.txt")
	run("dump", "blob", "-o", file, "--format", "raw", "--quiet")
	b, err := os.ReadFile(file)
	check(t, err)
	got := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	want(t, "header", squeeze(got[0]), squeeze(header))
	want(t, "lines", len(got)-1, len(lines))
	for _, l := range lines {
		if !strings.Contains(string(b), l+"\n") {
			t.Errorf("no %s in the dump", l)
		}
	}
	stdout, _ := run("find", "blob", "--operation", "DeleteBlob", "--count")
	want(t, "deletes found", stdout, "1\n")
}

// squeeze takes out the spaces, which the announcement sets in some places.
func squeeze(s string) string { return strings.ReplaceAll(s, " ", "") }
