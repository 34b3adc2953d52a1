package signalr

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const nodeDir = "../node"

// runNode runs a file of ../node/signalr against a service.
func runNode(t *testing.T, s *service, file string, env ...string) {
	t.Helper()
	install(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", "--test-reporter=spec", filepath.Join("signalr", file))
	cmd.Dir = nodeDir
	cmd.Env = append(os.Environ(), "RESLOG_SIGNALR="+s.url, "RESLOG_SIGNALR_CONTROL="+s.control, "RESLOG_SIGNALR_KEY="+key, "RESLOG_SIGNALR_SECONDARY="+secondary)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// install brings in the packages that the lock file names, unless they are there. npm
// keeps a copy of the lock file in node_modules.
func install(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("@microsoft/signalr needs %s (node 20.14 or later with npm): %v", tool, err)
		}
	}
	lock, err := os.ReadFile(filepath.Join(nodeDir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	stamp := filepath.Join(nodeDir, "node_modules", ".installed-lock.json")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, lock) {
		return
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = nodeDir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("install the packages of interop/node/package-lock.json: %v\n%s", err, out)
	}
	if err := os.WriteFile(stamp, lock, 0o600); err != nil {
		t.Fatal(err)
	}
}
