package interop

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"reslog/server/servertest"
)

// TestNode runs the tests of @azure/storage-blob in node/.
func TestNode(t *testing.T) {
	install(t)
	files, err := filepath.Glob("node/test/*.test.js")
	check(t, err)
	if len(files) == 0 {
		t.Fatal("no tests in node/test")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			runNode(t, filepath.Join("test", filepath.Base(file)), open(t).env()...)
		})
	}
}

// TestNodeQueue runs the tests of @azure/storage-queue in node/.
func TestNodeQueue(t *testing.T) {
	install(t)
	for _, file := range []string{"queue/queue.test.js", "queue/sas.test.js"} {
		t.Run(filepath.Base(file), func(t *testing.T) { runNode(t, file, open(t).env()...) })
	}
}

// TestNodeTable runs the tests of @azure/data-tables in node/.
func TestNodeTable(t *testing.T) {
	install(t)
	for _, file := range []string{"table/table.test.js", "table/sas.test.js"} {
		t.Run(filepath.Base(file), func(t *testing.T) { runNode(t, file, open(t).env()...) })
	}
}

// env is the account as the tests in node/ are told of it.
func (g *target) env() []string {
	env := []string{
		"RESLOG_BLOB_ENDPOINT=" + g.URL, "RESLOG_QUEUE_ENDPOINT=" + g.QueueURL, "RESLOG_TABLE_ENDPOINT=" + g.TableURL,
		"RESLOG_ACCOUNT=" + g.Account, "RESLOG_KEY=" + g.Key, "RESLOG_CONNECTION_STRING=" + g.connectionString(),
	}
	if g.foreign {
		env = append(env, "RESLOG_FOREIGN=1")
	}
	return env
}

// TestNodeMonitor runs the tests of @azure/arm-monitor and @azure/identity in node/.
func TestNodeMonitor(t *testing.T) {
	install(t)
	n := servertest.Start(t, estate("", "", nil))
	p := n.Principal(t, []string{"Owner"})
	runNode(
		t, "monitor/monitor.test.js", "NODE_EXTRA_CA_CERTS="+n.CAFile(), "RESLOG_CONTROL="+n.ControlURL(),
		"RESLOG_TENANT="+p.TenantID, "RESLOG_APP="+p.AppID, "RESLOG_SECRET="+p.Password,
		"RESLOG_RESOURCE="+devBlobID, "RESLOG_ARCHIVE="+archiveID,
	)
}

// TestNodeLogs runs the tests of @azure/monitor-query-logs, @azure/monitor-query and
// @azure/monitor-ingestion in node/.
func TestNodeLogs(t *testing.T) {
	install(t)
	n := servertest.Start(t, estate("", "", nil))
	owner := n.Principal(t, []string{"Owner"})
	_, rule := collecting(t, n, owner, "source")
	_, err := n.Admin(t).PutSetting(t.Context(), devBlobID, "rows", toWorkspace(workspaceID, "Dedicated"))
	check(t, err)
	write(t, n, 1)
	n.Settle(t)
	p := n.Principal(t, []string{"Log Analytics Reader", "Monitoring Metrics Publisher"})
	runNode(
		t, "logs/logs.test.js", "NODE_EXTRA_CA_CERTS="+n.CAFile(), "RESLOG_CONTROL="+n.ControlURL(),
		"RESLOG_TENANT="+p.TenantID, "RESLOG_APP="+p.AppID, "RESLOG_SECRET="+p.Password,
		"RESLOG_WORKSPACE="+customerID(t, n, workspaceID), "RESLOG_RULE="+*rule.Properties.ImmutableID, "RESLOG_RESOURCE="+devBlobID,
	)
}

// runNode runs the tests of a file below node/.
func runNode(t *testing.T, file string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	cmd.Dir = "node"
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// install brings in the packages that the lock file names, unless they are
// there. npm keeps a copy of the lock file in node_modules.
func install(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the SDKs for JavaScript need %s (node 20 or later with npm): %v", tool, err)
		}
	}
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
