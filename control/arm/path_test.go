package arm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParsePath(t *testing.T) {
	for path, want := range map[string]string{
		"/":                               "path=/ rest=[]",
		"/subscriptions":                  "path=/subscriptions rest=[subscriptions]",
		"//subscriptions//S/":             "path=/subscriptions/S sub=S rest=[]",
		"/subscriptions/S/resourceGroups": "path=/subscriptions/S/resourceGroups sub=S rest=[resourceGroups]",
		"/Subscriptions/S/RESOURCEgroups/G/resources": "path=/Subscriptions/S/RESOURCEgroups/G/resources sub=S group=G rest=[resources]",
		"/providers":                     "path=/providers rest=[] scope= ns= types=[] names=[]",
		"/subscriptions/S/providers/A.B": "path=/subscriptions/S/providers/A.B sub=S rest=[] scope=/subscriptions/S ns=A.B types=[] names=[]",
		"/subscriptions/S/resourceGroups/G/providers/A.B/x/1/y/2/z":                        "path=/subscriptions/S/resourceGroups/G/providers/A.B/x/1/y/2/z sub=S group=G rest=[] scope=/subscriptions/S/resourceGroups/G ns=A.B types=[x y z] names=[1 2]",
		"/subscriptions/S/resourceGroups/G/providers/A/x/1/PROVIDERS/Microsoft.Insights/y": "path=/subscriptions/S/resourceGroups/G/providers/A/x/1/PROVIDERS/Microsoft.Insights/y sub=S group=G rest=[] scope=/subscriptions/S/resourceGroups/G/providers/A/x/1 ns=Microsoft.Insights types=[y] names=[]",
		// A name may be the word.
		"/providers/A/x/providers/y/2": "path=/providers/A/x/providers/y/2 rest=[] scope= ns=A types=[x y] names=[providers 2]",
	} {
		got, err := parsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		text := "path=" + got.path
		if got.subscription != "" {
			text += " sub=" + got.subscription
		}
		if got.group != "" {
			text += " group=" + got.group
		}
		text += fmt.Sprint(" rest=", got.rest)
		if got.provided {
			text += fmt.Sprint(" scope=", got.scope, " ns=", got.namespace, " types=", got.types, " names=", got.names)
		}
		if text != want {
			t.Errorf("%s:\n got %s\nwant %s", path, text, want)
		}
	}
}

func TestExtensions(t *testing.T) {
	const account = "/subscriptions/S/resourcegroups/G/providers/microsoft.storage/storageAccounts/a"
	for path, want := range map[string]string{
		account + "/providers/microsoft.insights/DiagnosticSettings":                        account + " id=" + account + " [DiagnosticSettings]",
		account + "/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/x": account + "/blobServices/default id=" + account + "/blobServices/default [diagnosticSettings x]",
		"/subscriptions/S/providers/Microsoft.Insights/diagnosticSettings/x":                "/subscriptions/S id= [diagnosticSettings x]",
		"/subscriptions/S/resourceGroups/G/providers/Microsoft.Insights/diagnosticSettings": "/subscriptions/S/resourceGroups/G id= [diagnosticSettings]",
		"/providers/Microsoft.Insights/diagnosticSettingsCategories/a/b/c":                  " id= [diagnosticSettingsCategories a b c]",
	} {
		got, err := parsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		x, err := got.extension()
		if text := fmt.Sprint(x.scope, " id=", x.id, " ", x.rest); err != nil || text != want {
			t.Errorf("%s:\n got %s, %v\nwant %s", path, text, err, want)
		}
	}
	// A scope that is a collection is no resource.
	got, err := parsePath("/providers/A/x/1/y/providers/providers/Microsoft.Insights/diagnosticSettings")
	if err != nil {
		t.Fatal(err)
	}
	got.scope = "/subscriptions/S/providers/A/x"
	if x, err := got.extension(); err == nil {
		t.Errorf("extension %v", x)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"/", "/subscriptions/s/resourceGroups/g/providers/a/b/c/providers/d/e/f", "/providers//providers/providers/providers", "/a/../b", "/%2e/é\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, err := parsePath(path)
		if err != nil {
			return
		}
		again, err := parsePath(got.path)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("%q is read as %v, and that as %v, %v", path, got, again, err)
		}
		if n := len(got.types) - len(got.names); n < 0 || n > 1 || strings.Contains(got.path, "//") {
			t.Errorf("%q is read as %v", path, got)
		}
		if x, err := got.extension(); err == nil && x.scope != got.scope {
			t.Errorf("%q extends %v", path, x)
		}
	})
}

func TestParseFilter(t *testing.T) {
	for filter, want := range map[string]string{
		"":                    "[]",
		"  ":                  "[]",
		"name eq 'it''s'":     "[{name eq it's}]",
		"a eq 'x' and b ge 1": "[{a eq x} {b ge 1}]",
		"a EQ 'x'  AND b le 2024-01-01T00:00:00Z ": "[{a eq x} {b le 2024-01-01T00:00:00Z}]",
		"atScope()":                           "[{atScope () }]",
		"assignedTo( 'x' ) and atScope()":     "[{assignedTo () x} {atScope () }]",
		"a eq ''":                             "[{a eq }]",
		"eventChannels eq 'Admin, Operation'": "[{eventChannels eq Admin, Operation}]",
	} {
		if got, ok := parseFilter(filter); !ok || fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v, want %s", filter, got, ok, want)
		}
	}
	for _, filter := range []string{
		"a", "a eq", "a eq 'x", "a xx 'y'", "a eq 'x' or b eq 'y'", "a eq 'x' and", "and", "a eq 'x' b", "f(", "f('x'", "f('x' y)", "eq 'x'", "a eq 'x'y",
		strings.Repeat("a eq 'x' and ", maxConditions) + "a eq 'x'", "a eq '" + strings.Repeat("x", maxFilter) + "'", "startswith(name,'x')",
	} {
		if got, ok := parseFilter(filter); ok {
			t.Errorf("%.40q was read as %v", filter, got)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{"a eq 'x' and b ge 1", "atScope()", "f('it''s') and g eq 2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		conds, ok := parseFilter(filter)
		if !ok {
			return
		}
		var parts []string
		for _, c := range conds {
			value := "'" + strings.ReplaceAll(c.value, "'", "''") + "'"
			if c.op == "()" {
				parts = append(parts, c.name+"("+value+")")
			} else {
				parts = append(parts, c.name+" "+c.op+" "+value)
			}
		}
		written := strings.Join(parts, " and ")
		if again, ok := parseFilter(written); len(written) <= maxFilter && (!ok || !slices.Equal(again, conds)) {
			t.Errorf("%q is read as %v, that written as %q and read as %v, %v", filter, conds, written, again, ok)
		}
	})
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-26T03:42:24.909619": "2026-11-26T03:42:24.909619Z", "2026-11-26T03:42:24Z": "2026-11-26T03:42:24Z",
		"2026-11-26T03:42:24+02:00": "2026-11-26T01:42:24Z", "2026-11-26": "2026-11-26T00:00:00Z", "yesterday": "", "9999-12-31": "", "": "",
	} {
		got, ok := parseTime(text)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
}

// takes reports whether a property of the type is a secret.
func takes(typ *resourceType, name string) bool {
	switch typ.name {
	case accountType, namespaceType + "/authorizationRules":
		return name == "connectionString"
	}
	return strings.HasSuffix(typ.name, "/monitors") && name != "connectionString"
}

// Whatever a client sends, nothing panics, and what is kept is JSON without a
// secret in it.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"location":"westeurope","tags":{"a":"b"},"sku":{"name":"Standard_LRS"},"properties":{"connectionString":"AccountName=a;AccountKey=YQ=="}}`,
		`{"location":"a1","properties":{"endpoint":"https://x","apiKey":"k","headers":{"a":"b"},"datadogOrganizationProperties":{"apiKey":"k"}}}`,
		`{"location":"a1","properties":{"rights":["Send"],"kafkaEndpoint":"a:1","retentionInDays":5,"partitionCount":1e3}}`,
		`{"Location":null,"properties":{"APIKEY":"k","apikey":"l","customerId":7}}`, `[]`, `null`, `{"properties":{"a":{"password":"x"}}}`,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	s := New(Config{Resources: mustStore(f)})
	f.Fuzz(func(t *testing.T, body string, patch bool) {
		for _, typ := range s.types {
			w, err := readWanted([]byte(body))
			if err != nil {
				return
			}
			d, err := s.draft(typ, fuzzID(typ), w, patch)
			if err != nil {
				continue
			}
			props, err := parseObject(d.Properties)
			if err != nil || revealing(props) != "" {
				t.Errorf("%s: kept %s, %v", typ.name, d.Properties, err)
			}
			for _, name := range []string{"apiKey", "password", "username", "headers", "connectionString"} {
				if v := props.get(name); v != nil && v != "" && takes(typ, name) {
					t.Errorf("%s: kept %s", typ.name, d.Properties)
				}
			}
			if _, err := s.wire(typ, &d.Resource); err != nil {
				t.Errorf("%s: not to be shown: %v", typ.name, err)
			}
		}
	})
}
