package server

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testKey(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestParseAccounts(t *testing.T) {
	one, two := testKey("one"), testKey("two")
	got, err := ParseAccounts("alpha:" + one + ":" + two + ";beta1:" + one + ";")
	if err != nil {
		t.Fatal(err)
	}
	want := []Account{{"alpha", []string{one, two}}, {"beta1", []string{one}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"alpha", "a:" + one, "Alpha:" + one, "alpha:!" + one, "alpha:", "alpha:" + one + ":" + one + ":" + one} {
		accounts, err := ParseAccounts(bad)
		if err == nil {
			t.Errorf("%q was taken: %v", bad, accounts)
		} else if strings.Contains(err.Error(), one) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := (Config{Data: "x"}).Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	for want, c := range map[string]Config{
		"data folder":    {},
		"blob address":   {Data: "x", BlobAddr: "10000"},
		"admin address":  {Data: "x", AdminAddr: "on"},
		"certificate":    {Data: "x", CertFile: "c.pem"},
		"durability":     {Data: "x", Durability: "eventually"},
		"flush interval": {Data: "x", FlushInterval: time.Millisecond},
		"throttle":       {Data: "x", Throttle: -1},
		"subscription":   {Data: "x", SubscriptionID: "a/b"},
		"resource group": {Data: "x", ResourceGroup: "a b"},
		"given twice":    {Data: "x", Accounts: []Account{{Name: "abc"}, {Name: "abc"}}},
		"lower-case":     {Data: "x", Accounts: []Account{{Name: "ABC"}}},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one about %q", err, want)
		}
	}
	both := Config{Durability: "eventually"}.Validate()
	if both == nil || !strings.Contains(both.Error(), "data folder") || !strings.Contains(both.Error(), "durability") {
		t.Errorf("not all mistakes are told at once: %v", both)
	}
}

func writeTestFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	path := writeTestFile(t, `# a node for a team
blob-addr: 127.0.0.1:0
admin-addr: off
flush-interval: 2s
durability: audit
throttle: 12.5
skip-api-version-check: true
copy-hosts: [example.org]
storage-accounts:
  - name: team1
    keys: [`+testKey("one")+`]
`)
	c := Config{Data: "d", Location: "kept"}
	if err := c.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "d", Location: "kept", BlobAddr: "127.0.0.1:0", AdminAddr: Off, FlushInterval: 2 * time.Second, Durability: "audit",
		Throttle: 12.5, SkipVersionCheck: true, CopyHosts: []string{"example.org"}, Accounts: []Account{{"team1", []string{testKey("one")}}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if err := c.ReadFile(writeTestFile(t, "")); err != nil {
		t.Errorf("an empty file is refused: %v", err)
	}
}

func TestReadFileRefuses(t *testing.T) {
	const secret = "dG9wLXNlY3JldA=="
	for _, c := range []struct{ content, want string }{
		{"durability: audit\nblob-adr: 127.0.0.1:0\n", "[2:"},
		{"storage-accounts:\n  - name: team1\n    kees: [" + secret + "]\n", "[3:"},
		{"flush-interval: soon\n", "flush-interval"},
		{"throttle: [1]\n", "[1:"},
		{"a: [", "["},
		{strings.Repeat("#", maxFile+1), "bytes"},
	} {
		err := (&Config{}).ReadFile(writeTestFile(t, c.content))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error quotes the file: %v", err)
		}
	}
	if err := (&Config{}).ReadFile("missing.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error of a missing file is %v", err)
	}
}

func TestThrottle(t *testing.T) {
	if newThrottle(0) != nil {
		t.Error("no limit is a throttle")
	}
	th := newThrottle(3)
	for i := range 3 {
		if !th.Allow("a", false) {
			t.Fatalf("request %d of a second's worth was refused", i+1)
		}
	}
	if th.Allow("a", false) {
		t.Error("a request over the limit was allowed")
	}
	if !th.Allow("a", true) || !th.Allow("b", false) {
		t.Error("another account or $logs shares the limit")
	}
}
