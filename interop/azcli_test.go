package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/client"
	"reslog/server/servertest"
)

// azPatience bounds one command of azure-cli, which is slow to start.
const azPatience = 5 * time.Minute

// az is azure-cli with a folder of its own: what it knows of clouds and who is
// signed in.
type az struct {
	dir, ca string
}

// azStart runs before azure-cli: version 2.45 imports requests in two threads at once
// while it waits for an operation to end, and may fail of it.
const azStart = "import requests\n"

// newAz returns an azure-cli that knows the node as its cloud, the way users make
// it known: az cloud register, az cloud set.
func newAz(t *testing.T, n *servertest.Node) *az {
	t.Helper()
	if _, err := exec.LookPath("az"); err != nil {
		t.Fatalf("the Resource Manager API is tested with azure-cli (package azure-cli of Debian): %v", err)
	}
	a := &az{t.TempDir(), n.CAFile()}
	check(t, os.WriteFile(filepath.Join(a.dir, "sitecustomize.py"), []byte(azStart), 0o600))
	// The name, as the authority of az must be a host name.
	url := strings.Replace(n.ControlURL(), "127.0.0.1", "localhost", 1)
	a.ok(t, nil, "cloud", "register", "-n", "local", "--endpoint-resource-manager", url)
	a.ok(t, nil, "cloud", "set", "-n", "local")
	return a
}

// run runs a command.
func (a *az) run(t *testing.T, args ...string) (stdout, stderr []byte, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), azPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "az", args...)
	cmd.Env = append(
		os.Environ(), "AZURE_CONFIG_DIR="+a.dir, "REQUESTS_CA_BUNDLE="+a.ca,
		"AZURE_CORE_COLLECT_TELEMETRY=no", "AZURE_CORE_NO_COLOR=yes", "PYTHONWARNINGS=ignore", "PYTHONPATH="+a.dir, "HTTPS_PROXY=", "https_proxy=",
	)
	var out, report bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &report
	err := cmd.Run()
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) || ctx.Err() != nil {
		t.Fatalf("az %s: %v, %v\n%s", args[0], err, ctx.Err(), report.Bytes())
	}
	return out.Bytes(), report.Bytes(), cmd.ProcessState.ExitCode()
}

// ok runs a command that must succeed, and decodes what it prints unless into is
// nil.
func (a *az) ok(t *testing.T, into any, args ...string) {
	t.Helper()
	out, report, exit := a.run(t, args...)
	if exit != 0 {
		t.Fatalf("az %s: exit %d\n%s", strings.Join(args, " "), exit, report)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("az %s printed %q: %v", strings.Join(args, " "), out, err)
	}
}

// refused runs a command that must fail with an exit code, and say why in these
// words.
func (a *az) refused(t *testing.T, exit int, words string, args ...string) {
	t.Helper()
	_, report, got := a.run(t, args...)
	if got != exit || !strings.Contains(string(report), words) {
		t.Errorf("az %s: exit %d, want %d with %q:\n%s", strings.Join(args, " "), got, exit, words, report)
	}
}

func (a *az) login(t *testing.T, p client.Principal) {
	t.Helper()
	a.ok(t, nil, "login", "--service-principal", "-u", p.AppID, "-p", p.Password, "--tenant", p.TenantID)
}

// copied returns an azure-cli that knows what a knows now.
func (a *az) copied(t *testing.T) *az {
	t.Helper()
	other := &az{t.TempDir(), a.ca}
	check(t, os.CopyFS(other.dir, os.DirFS(a.dir)))
	return other
}

// as is copied with somebody else signed in.
func (a *az) as(t *testing.T, p client.Principal) *az {
	t.Helper()
	other := a.copied(t)
	other.login(t, p)
	return other
}

// azSetting is a diagnostic setting as az prints it.
type azSetting struct {
	ID, Name, Type                            string
	EventHubName, EventHubAuthorizationRuleID string
	StorageAccountID, WorkspaceID             string
	MarketplacePartnerID                      string
	Logs                                      []azLog
	Metrics                                   []any
}

type azLog struct {
	Category, CategoryGroup *string
	Enabled                 bool
	RetentionPolicy         struct {
		Enabled bool
		Days    int
	}
}

// TestAzureCLI runs azure-cli, signed in once, against one node.
func TestAzureCLI(t *testing.T) {
	t.Parallel()
	n := servertest.Start(t, estate("", "", map[string]any{"apiKey": "key"}), servertest.WithTLS())
	owner := n.Principal(t, []string{"Owner", "Storage Blob Data Contributor"})
	a := newAz(t, n)
	wrong := owner
	wrong.Password = "not-the-secret"
	a.refused(t, 1, "AADSTS7000215", "login", "--service-principal", "-u", wrong.AppID, "-p", wrong.Password, "--tenant", wrong.TenantID)
	a.login(t, owner)

	// Side by side, as most of a command's time is the start of Python.
	for _, step := range []struct {
		name string
		run  func(*testing.T, *servertest.Node, *az)
	}{
		{"settings", azSettings},
		{"refusals", azRefusals},
		{"resources", azResources},
		{"storage", azStorage},
		{"workspaces", azWorkspaces},
		{"queues", azQueues},
		{"entities", azEntities},
		{"redis", azRedis},
	} {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			step.run(t, n, a.copied(t))
		})
	}
}

// azSettings goes through the commands of the two public documents: "Monitor
// Azure Managed Redis data using diagnostic settings" and "Resource Logs for
// Azure SignalR Service".
func azSettings(t *testing.T, n *servertest.Node, a *az) {
	var s azSetting
	a.ok(t, &s, "monitor", "diagnostic-settings", "create", "--resource", databaseID, "--name", "redislogs",
		"--logs", `[{"category": "ConnectionEvents","enabled": true,"retentionPolicy": {"enabled": false,"days": 0}}]`,
		"--event-hub", "connections", "--event-hub-rule", hubRuleID, "--storage-account", archiveID,
		"--workspace", workspaceID, "--marketplace-partner-id", datadogID)
	want(t, "name", s.Name, "redislogs")
	want(t, "event hub", s.EventHubName, "connections")
	want(t, "event hub rule", s.EventHubAuthorizationRuleID, hubRuleID)
	want(t, "storage account", s.StorageAccountID, archiveID)
	want(t, "workspace", s.WorkspaceID, workspaceID)
	want(t, "partner", s.MarketplacePartnerID, datadogID)
	if len(s.Logs) != 1 || *s.Logs[0].Category != "ConnectionEvents" || !s.Logs[0].Enabled || s.Logs[0].RetentionPolicy.Enabled {
		t.Errorf("logs %+v", s.Logs)
	}

	// The body of the first document, as its REST request, in the version it names.
	body := `{"properties": {
      "storageAccountId": "` + archiveID + `",
      "eventHubAuthorizationRuleID": "` + hubRuleID + `",
      "eventHubName": "myeventhub",
      "marketplacePartnerId": "` + datadogID + `",
      "workspaceId": "` + workspaceID + `",
      "logs": [{"category": "ConnectionEvents", "enabled": true, "retentionPolicy": {"enabled": false, "days": 0}}]
    }}`
	var rest struct{ Properties azSetting }
	a.ok(t, &rest, "rest", "--method", "put", "--body", body,
		"--url", databaseID+"/providers/Microsoft.Insights/diagnosticSettings/redislogs?api-version=2017-05-01-preview")
	want(t, "event hub", rest.Properties.EventHubName, "myeventhub")
	want(t, "event hub rule", rest.Properties.EventHubAuthorizationRuleID, hubRuleID)
	want(t, "partner", rest.Properties.MarketplacePartnerID, datadogID)

	a.ok(t, nil, "monitor", "diagnostic-settings", "create", "--resource", signalRID, "--name", "signalrlogs",
		"--logs", `[{"category":"AllLogs","enabled":true}]`, "--storage-account", archiveID)
	a.ok(t, &s, "monitor", "diagnostic-settings", "create", "--resource", devBlobID, "--name", "bloblogs",
		"--logs", `[{"categoryGroup":"allLogs","enabled":true}]`, "--storage-account", archiveID)
	if len(s.Logs) != 1 || s.Logs[0].CategoryGroup == nil || *s.Logs[0].CategoryGroup != "allLogs" {
		t.Errorf("logs %+v", s.Logs)
	}

	var list []azSetting
	a.ok(t, &list, "monitor", "diagnostic-settings", "list", "--resource", signalRID)
	if len(list) != 1 || list[0].Name != "signalrlogs" || list[0].Type != "Microsoft.Insights/diagnosticSettings" {
		t.Errorf("list %+v", list)
	}
	// An update is a read and a write of the whole.
	a.ok(t, nil, "monitor", "diagnostic-settings", "update", "--resource", signalRID, "--name", "signalrlogs", "--set", "logs[0].enabled=false")
	a.ok(t, &s, "monitor", "diagnostic-settings", "show", "--resource", signalRID, "--name", "SIGNALRLOGS")
	if len(s.Logs) != 1 || s.Logs[0].Enabled || s.StorageAccountID != archiveID {
		t.Errorf("updated %+v", s)
	}
	a.ok(t, nil, "monitor", "diagnostic-settings", "delete", "--resource", signalRID, "--name", "signalrlogs")
	left, err := n.Admin(t).Settings(t.Context(), signalRID)
	check(t, err)
	want(t, "settings that are left", len(left), 0)
	a.refused(t, 3, "doesn't exist", "monitor", "diagnostic-settings", "show", "--resource", signalRID, "--name", "signalrlogs")

	var categories struct {
		Value []struct{ Name, CategoryType string }
	}
	a.ok(t, &categories, "monitor", "diagnostic-settings", "categories", "list", "--resource", devBlobID)
	var names []string
	for _, c := range categories.Value {
		names = append(names, c.Name+" "+c.CategoryType)
	}
	want(t, "categories", strings.Join(names, ", "), "StorageRead Logs, StorageWrite Logs, StorageDelete Logs, Transaction Metrics, Capacity Metrics")
	var category struct{ Name, CategoryType string }
	a.ok(t, &category, "monitor", "diagnostic-settings", "categories", "show", "--resource", databaseID, "--name", "ConnectionEvents")
	want(t, "category", category.CategoryType, "Logs")
}

func azRefusals(t *testing.T, n *servertest.Node, a *az) {
	// Of an account whose queues nobody uses: its event hub takes nothing, and what waited
	// for it would keep the other steps waiting, which wait for all deliveries of the node.
	const queues = archiveID + "/queueServices/default"
	const all = `[{"category":"StorageRead","enabled":true}]`
	create := func(name, logs, rule string) []string {
		return []string{
			"monitor", "diagnostic-settings", "create", "--resource", queues, "--name", name,
			"--logs", logs, "--event-hub-rule", rule, "--event-hub", "h",
		}
	}
	admin := n.Admin(t)
	for i := range 5 {
		p := client.SettingProperties{StorageAccountID: strings.Replace(archiveID, archiveAccount, devAccount, 1)}
		if i == 0 {
			p = client.SettingProperties{EventHubAuthorizationRuleID: hubRuleID, Logs: []client.SettingLog{{Category: "StorageRead", Enabled: true}}}
		}
		_, err := admin.PutSetting(t.Context(), queues, fmt.Sprint("setting", i), p)
		check(t, err)
	}
	a.refused(t, 1, "(BadRequest) Category 'AllLogs' is not supported.", create("bad", `[{"category":"AllLogs","enabled":true}]`, hubRuleID)...)
	a.refused(t, 1, "(Conflict) Data sink '", create("twice", all, hubRuleID)...)
	a.refused(t, 1, "(Conflict) The limit of 5 diagnostic settings was reached.", create("sixth", all, namespaceID+"/authorizationRules/RootManageSharedAccessKey")...)

	reader := a.as(t, n.Principal(t, []string{"Reader"}))
	reader.ok(t, nil, "monitor", "diagnostic-settings", "show", "--resource", queues, "--name", "setting0")
	reader.refused(t, 1, "(AuthorizationFailed)", create("setting0", all, hubRuleID)...)
	reader.refused(t, 1, "(AuthorizationFailed)", "storage", "account", "keys", "list", "-g", "reslog", "-n", devAccount)
}

func azResources(t *testing.T, _ *servertest.Node, a *az) {
	var groups []struct{ Name string }
	a.ok(t, &groups, "group", "list")
	if len(groups) != 1 || groups[0].Name != "reslog" {
		t.Errorf("groups %+v", groups)
	}
	type made struct {
		ID, Name, Type, Location string
		Properties               map[string]any
	}
	var r made
	const hubs = "Microsoft.SignalRService/SignalR"
	a.ok(t, &r, "resource", "create", "-g", "reslog", "-n", "azmade", "-l", "local", "--resource-type", hubs, "--properties", "{}")
	want(t, "id", r.ID, groupID+"/providers/"+hubs+"/azmade")
	a.ok(t, &r, "resource", "show", "-g", "reslog", "-n", "azmade", "--resource-type", hubs)
	want(t, "state", r.Properties["provisioningState"], any("Succeeded"))
	var list []made
	a.ok(t, &list, "resource", "list", "-g", "reslog", "--resource-type", hubs)
	want(t, "resources", len(list), 3) // the one of the node among them
	a.ok(t, nil, "resource", "delete", "--ids", r.ID)
	a.refused(t, 3, "(ResourceNotFound)", "resource", "show", "--ids", r.ID)

	type event struct {
		OperationName, Status struct{ Value string }
		ResourceID, Caller    string
	}
	var events []event
	a.ok(t, &events, "monitor", "activity-log", "list", "--offset", "1h", "--resource-id", r.ID)
	for _, action := range []string{"/write", "/delete"} {
		if !slices.ContainsFunc(events, func(e event) bool {
			return strings.EqualFold(e.OperationName.Value, hubs+action) && e.Status.Value == "Succeeded" &&
				strings.EqualFold(e.ResourceID, r.ID) && e.Caller != ""
		}) {
			t.Errorf("the activity log has no %s among %d events", hubs+action, len(events))
		}
	}
}

func azStorage(t *testing.T, n *servertest.Node, a *az) {
	var keys []struct{ KeyName, Value, Permissions string }
	a.ok(t, &keys, "storage", "account", "keys", "list", "-g", "reslog", "-n", devAccount)
	if len(keys) != 2 || keys[0].KeyName != "key1" || keys[0].Value != devKey {
		t.Errorf("%d keys", len(keys))
	}
	container := unique(t)
	_, err := n.BlobClientFor(t, devAccount, nil).CreateContainer(t.Context(), container, nil)
	check(t, err)
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, []byte("by az"), 0o600))
	endpoint := strings.Replace(n.AccountURL(devAccount), "127.0.0.1", "localhost", 1)
	a.ok(t, nil, "storage", "blob", "upload", "--auth-mode", "login", "--blob-endpoint", endpoint, "-c", container, "-n", "dir/blob", "-f", file, "--no-progress")
	var blobs []struct{ Name string }
	a.ok(t, &blobs, "storage", "blob", "list", "--auth-mode", "login", "--blob-endpoint", endpoint, "-c", container)
	if len(blobs) != 1 || blobs[0].Name != "dir/blob" {
		t.Errorf("blobs %+v", blobs)
	}
}
