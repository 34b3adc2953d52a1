package interop

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestNode runs the tests of @azure/storage-blob in node/.
func TestNode(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the SDK for JavaScript needs %s (node 20 or later with npm): %v", tool, err)
		}
	}
	install(t)
	files, err := filepath.Glob("node/test/*.test.js")
	check(t, err)
	if len(files) == 0 {
		t.Fatal("no tests in node/test")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			g := open(t)
			cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", filepath.Join("test", filepath.Base(file)))
			cmd.Dir = "node"
			cmd.Env = append(os.Environ(), "RESLOG_BLOB_ENDPOINT="+g.URL, "RESLOG_ACCOUNT="+g.Account, "RESLOG_KEY="+g.Key)
			if g.foreign {
				cmd.Env = append(cmd.Env, "RESLOG_FOREIGN=1")
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// install brings in the packages that the lock file names, unless they are
// there. npm keeps a copy of the lock file in node_modules.
func install(t *testing.T) {
	t.Helper()
	lock, err := os.ReadFile("node/package-lock.json")
	check(t, err)
	const stamp = "node/node_modules/.installed-lock.json"
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, lock) {
		return
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = "node"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("install the packages of node/package-lock.json: %v\n%s", err, out)
	}
	check(t, os.WriteFile(stamp, lock, 0o600))
}
