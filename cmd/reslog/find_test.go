package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const findSample = `1.0;2011-07-28T18:02:40.6271789Z;PutBlob;Success;201;28;21;authenticated;sally;sally;blob;"https://sally.example/c/b";"/sally/c/b";fb658ee6-6123-41f5-81e2-4bfdc178fea3;0;201.9.10.20;2009-09-19;438;100;223;0;100;;;;;;;;
`

// The exit status of find is that of grep.
func TestFindExitStatus(t *testing.T) {
	folder := t.TempDir()
	good := filepath.Join(folder, "a.log")
	if err := os.WriteFile(good, []byte(findSample), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		status int
		out    string
		args   []string
	}{
		{"found", 0, findSample, []string{"find", "--path", good, "PutBlob"}},
		{"not found", 1, "", []string{"find", "--path", good, "GetBlob"}},
		{"none counted", 1, "0\n", []string{"find", "--path", good, "GetBlob", "--count"}},
		{"no such folder", 2, "", []string{"find", "--path", filepath.Join(folder, "none"), "GetBlob"}},
		{"no such field", 2, "", []string{"find", "--path", good, "--where", "a=b"}},
		{"no account", 2, "", []string{"find", "blob", "x", "--url", "http://127.0.0.1:1/a"}},
		{"name without key", 2, "", []string{"find", "blob", "x", "--account-name", "a"}},
		{"dump of nothing", 0, "", []string{"dump", "queue", "--path", good, "--no-header"}},
		{"dump without account", 2, "", []string{"dump", "blob", "--url", "http://127.0.0.1:1/a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(keyVariable, "")
			var out, errOut bytes.Buffer
			if got := run(c.args, strings.NewReader(""), &out, &errOut); got != c.status {
				t.Errorf("status %d, want %d; %s", got, c.status, errOut.String())
			}
			if out.String() != c.out {
				t.Errorf("output %q, want %q", out.String(), c.out)
			}
			if (errOut.Len() > 0) != (c.status == 2) {
				t.Errorf("messages %q", errOut.String())
			}
		})
	}
}
