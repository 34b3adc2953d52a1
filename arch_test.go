package reslog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rule says what the packages of one folder may import of ours. A folder is its
// own package and all below it that have no rule of their own.
type rule struct {
	folder string
	// may are folders, in the same sense; "internal" may be imported by all.
	may []string
}

// levels are the import rules of docs/arch.md, from the bottom up.
func levels() []rule {
	l0 := []string{"resource", "kql/syntax", "storagelog"}
	l1 := slices.Concat(l0, []string{"record", "kql"})
	l2 := slices.Concat(l1, []string{"catalog", "bus", "identity"})
	l3 := slices.Concat(l2, []string{"diagnostic"})
	l5 := slices.Concat(l3, []string{"deliver"})
	all := append(slices.Clone(l5), "deliver/*", "service/*", "metric", "analytics", "analytics/rows", "analytics/archives", "analytics/engine", "kql/sql", "control", "control/query", "control/ingest", "client", "diagnose", "portal")
	return []rule{
		{"", nil}, // the root: this test
		{"resource", nil},
		{"kql/syntax", nil},
		{"storagelog", nil},
		{"record", []string{"resource"}},
		{"kql", []string{"kql/syntax"}},
		{"kql/scalar", []string{"kql"}},
		{"kql/sql", []string{"kql", "kql/syntax", "kql/scalar"}},
		{"catalog", l1},
		{"bus", l1},
		{"identity", []string{"resource"}},
		{"diagnostic", l2},
		{"service", nil},
		{"metric", []string{"resource", "record"}},
		{"service/storage", append(slices.Clone(l2), "metric")},
		{"service/storage/blob", append(slices.Clone(l2), "service/storage", "metric")},
		{"service/storage/queue", append(slices.Clone(l2), "service/storage", "metric")},
		{"service/storage/table", append(slices.Clone(l2), "service/storage", "metric")},
		{"service/storage/storagetest", append(slices.Clone(l2), "service/storage")},
		{"service/signalr", append(slices.Clone(l2), "metric", "service/signalr/*")},
		{"service/signalr/event", nil},
		{"service/signalr/payload", nil},
		{"service/signalr/token", nil},
		{"service/signalr/msgpack", nil},
		{"service/signalr/hubprotocol", []string{"service/signalr/msgpack", "service/signalr/payload"}},
		{"service/signalr/serviceprotocol", []string{"service/signalr/msgpack", "service/signalr/payload"}},
		{"service/signalr/transport", nil},
		{"service/signalr/hub", []string{"service/signalr/payload"}},
		{"service/signalr/upstream", nil},
		{"service/signalr/appserver", []string{"service/signalr/event", "service/signalr/hub", "service/signalr/hubprotocol", "service/signalr/payload", "service/signalr/serviceprotocol"}},
		{"service/signalr/appserver/appservertest", []string{"service/signalr/hubprotocol", "service/signalr/payload", "service/signalr/serviceprotocol", "service/signalr/token"}},
		{"service/signalr/rest", []string{"service/signalr/hub", "service/signalr/hubprotocol", "service/signalr/payload"}},
		{"service/redis", append(slices.Clone(l2), "metric", "service/redis/*")},
		{"service/redis/event", nil},
		{"service/redis/session", []string{"service/redis/event"}},
		{"service/redis/relay", []string{"service/redis/event"}},
		{"service/redis/connections", []string{"service/redis/event"}},
		{"service/redis/audit", []string{"service/redis/event"}},
		{"service/redis/upstream", nil},
		{"analytics/engine", []string{"kql", "kql/syntax", "kql/scalar", "kql/sql"}},
		{"analytics/rows", append(slices.Clone(l2), "kql/scalar")},
		{"analytics/archives", append(slices.Clone(l2), "analytics/rows")},
		{"analytics", append(slices.Clone(l2), "kql/scalar", "kql/sql", "analytics/engine", "analytics/rows")},
		{"deliver", []string{"resource", "record", "diagnostic", "bus"}},
		{"deliver/delivertest", l5},
		{"deliver/archive", l5},
		{"deliver/classic", l5},
		{"deliver/workspace", append(slices.Clone(l5), "analytics/rows")},
		{"deliver/eventhub", l5},
		{"deliver/partner", l5},
		{"control", append(slices.Clone(l5), "control/query", "control/ingest")},
		{"control/query", append(slices.Clone(l5), "analytics/rows")},
		{"control/ingest", append(slices.Clone(l5), "analytics/rows")},
		{"client", []string{"resource", "record", "storagelog"}},
		{"diagnose", []string{"resource", "record"}},
		{"portal", []string{"client"}},
		{"server", all},
		{"server/servertest", append(slices.Clone(all), "server")},
		{"server/faulttest", append(slices.Clone(all), "server")},
		{"cmd/reslog", append(slices.Clone(all), "server")},
		{"interop", append(slices.Clone(all), "server", "server/servertest")},
		{"bench", append(slices.Clone(all), "server", "server/servertest", "bench/report")},
	}
}

// confined are third parties that only some folders may import.
func confined() map[string][]string {
	return map[string][]string{
		"github.com/nats-io/":          {"bus"},
		"github.com/cockroachdb/":      {"service/storage"},
		"github.com/duckdb/":           {"analytics", "bench"},
		"github.com/twmb/franz-go":     {"deliver/eventhub", "bench"},
		"github.com/prometheus/":       {"server"},
		"github.com/spf13/":            {"cmd/reslog"},
		"github.com/goccy/go-yaml":     {"server"},
		"github.com/golang-jwt/":       {"identity", "service/signalr/token"},
		"github.com/coder/":            {"service/signalr", "cmd/reslog", "bench"},
		"github.com/tinylib/":          {"service/signalr"},
		"github.com/Azure/":            {"analytics/archives", "deliver/archive", "deliver/classic", "server", "server/servertest", "cmd/reslog", "interop", "bench"},
		"github.com/alicebob/":         {"server"},
		"github.com/redis/":            {"interop", "bench"},
		"github.com/rogpeppe/":         {},
		"github.com/google/go-cmp":     {},
		"go.uber.org/goleak":           {},
		"github.com/mattn/go-isatty":   {"cmd/reslog"},
		"golang.org/x/term":            {"cmd/reslog"},
		"github.com/pkg/errors":        {},
		"github.com/stretchr/testify/": {},
	}
}

const module = "reslog"

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, stderr.Bytes())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("read the list of packages: %v", err)
		}
		pkgs = append(pkgs, p)
	}
}

// within reports whether folder is dir or lies below it.
func within(folder, dir string) bool {
	return folder == dir || strings.HasPrefix(folder, dir+"/")
}

// ruleFor is the rule with the longest folder that holds folder.
func ruleFor(folder string) (rule, bool) {
	var best rule
	found := false
	for _, r := range levels() {
		if (folder == r.folder || r.folder != "" && within(folder, r.folder)) && (!found || len(r.folder) > len(best.folder)) {
			best, found = r, true
		}
	}
	return best, found
}

func allowed(r rule, folder, imported string) bool {
	target, _ := ruleFor(imported)
	if imported == "internal" || strings.HasPrefix(imported, "internal/") || target.folder == r.folder {
		return true
	}
	for _, m := range r.may {
		if sub, ok := strings.CutSuffix(m, "/*"); ok && within(imported, sub) || target.folder == m {
			return true
		}
	}
	return false
}

func TestImportLevels(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if strings.HasPrefix(folder, "internal/") || folder == "internal" {
			for _, imp := range p.Imports {
				if within(imp, module) && !strings.HasPrefix(imp, module+"/internal") {
					t.Errorf("%s imports %s: internal packages have no domain meaning and import nothing of ours", p.ImportPath, imp)
				}
			}
			continue
		}
		r, ok := ruleFor(folder)
		if !ok {
			t.Errorf("%s is in no folder of docs/arch.md: give it a place there and a rule here", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if !within(imp, module) {
				continue
			}
			if imported := strings.TrimPrefix(imp, module+"/"); !allowed(r, folder, imported) {
				t.Errorf("%s must not import %s: see the levels in docs/arch.md", p.ImportPath, imp)
			}
		}
		// Tests may use any part below the node, to test with the real thing, but
		// a test never makes a package part of another one's production build.
		for _, imp := range slices.Concat(p.TestImports, p.XTestImports) {
			if imp == module+"/cmd/reslog" {
				t.Errorf("the tests of %s import the command: move what they need", p.ImportPath)
			}
		}
	}
}

func TestConfinedThirdParties(t *testing.T) {
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, imp := range p.Imports {
			for prefix, homes := range confined() {
				if !strings.HasPrefix(imp, prefix) {
					continue
				}
				if !slices.ContainsFunc(homes, func(h string) bool { return within(folder, h) }) {
					t.Errorf("%s imports %s, which is confined to %v", p.ImportPath, imp, homes)
				}
			}
		}
	}
}

// The rules must hold what they claim: a rule that never refuses is no rule.
func TestRulesRefuse(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"record", "resource", true},
		{"record", "bus", false},
		{"resource", "record", false},
		{"storagelog", "resource", false},
		{"service/storage/blob", "service/storage", true},
		{"service/storage/blob", "service/storage/blobstore", true},
		{"service/storage/blob", "service/storage/queue", false},
		{"service/storage/blob", "service/storage/storagetest", false},
		{"service/storage", "service/storage/storagetest", false},
		{"service/storage", "service/storage/blob", false},
		{"service/signalr", "service/storage", false},
		{"service/storage", "diagnostic", false},
		{"service/storage", "identity", true},
		{"control", "identity", true},
		{"identity", "resource", true},
		{"identity", "bus", false},
		{"identity", "record", false},
		{"diagnostic", "deliver", false},
		{"deliver", "service/storage", false},
		{"deliver/classic", "service/storage", false},
		{"deliver/classic", "deliver", true},
		{"deliver/classic", "deliver/archive", false},
		{"control", "server", false},
		{"client", "server", false},
		{"server", "deliver/classic", true},
		{"server", "service/storage/blob", true},
		{"server", "cmd/reslog", false},
		{"cmd/reslog", "server", true},
		{"bus", "internal/lockfile", true},
	} {
		r, ok := ruleFor(c.from)
		if !ok {
			t.Errorf("%s has no rule", c.from)
			continue
		}
		if got := allowed(r, c.from, c.to); got != c.want {
			t.Errorf("%s imports %s: allowed is %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
