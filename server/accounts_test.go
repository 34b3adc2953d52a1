package server

import (
	"context"
	"encoding/base64"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"reslog/control/arm"
	"reslog/resource"
)

// memory is a resource.KeyValue.
type memory map[string][]byte

func (m memory) List(context.Context) (map[string][]byte, error) { return maps.Clone(m), nil }
func (m memory) Put(_ context.Context, k string, v []byte) error { m[k] = v; return nil }
func (m memory) Delete(_ context.Context, k string) error        { delete(m, k); return nil }

func openTestAccounts(t *testing.T, kv memory, configured ...Account) *accounts {
	t.Helper()
	store, err := resource.OpenStore(t.Context(), kv)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Accounts: configured, Logger: slog.New(slog.DiscardHandler)}.withDefaults()
	a, err := openAccounts(t.Context(), store, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustKeys(t *testing.T, a *accounts, name string) [2]string {
	t.Helper()
	acct, ok := a.Account(name)
	if !ok {
		t.Fatalf("there is no account %s", name)
	}
	return [2]string{base64.StdEncoding.EncodeToString(acct.Keys[0]), base64.StdEncoding.EncodeToString(acct.Keys[1])}
}

func TestAccountsAreMade(t *testing.T) {
	a := openTestAccounts(t, memory{}, Account{"team1", []string{testKey("one"), testKey("two")}}, Account{Name: "team2"})
	if got := mustKeys(t, a, "team1"); got != [2]string{testKey("one"), testKey("two")} {
		t.Errorf("keys of team1 are %v", got)
	}
	if got := mustKeys(t, a, DevAccount); got[0] != DevKey || got[1] == "" || got[1] == DevKey {
		t.Error("the development account has other keys than its own and a random one")
	}
	acct, ok := a.Account("team2")
	if !ok || len(acct.Keys[0]) != keySize || len(acct.Keys[1]) != keySize {
		t.Errorf("team2 is %+v, %v", acct, ok)
	}
	want := "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/reslog/providers/Microsoft.Storage/storageAccounts/team2"
	if acct.ID.String() != want || acct.Location != DefaultLocation {
		t.Errorf("resource is %s in %s", acct.ID, acct.Location)
	}
	if _, ok := a.Account("team3"); ok {
		t.Error("an account nobody made is there")
	}
}

// A restart keeps a regenerated key against the configured one, and takes a
// configured key that was not regenerated.
func TestRegeneratedKeysStay(t *testing.T) {
	kv := memory{}
	configured := Account{"team1", []string{testKey("one"), testKey("two")}}
	a := openTestAccounts(t, kv, configured)
	before, _ := a.Account("team1")
	r, ok := a.store.Get(before.ID)
	if !ok {
		t.Fatal("the account is no resource")
	}
	err := a.put(t.Context(), r, arm.AccountSecrets{Keys: [2]string{testKey("new"), testKey("two")}, Regenerated: [2]bool{true, false}})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustKeys(t, a, "team1"); got != [2]string{testKey("new"), testKey("two")} {
		t.Errorf("keys are %v", got)
	}
	if string(before.Keys[0]) != "one" {
		t.Error("an account that was handed out has changed")
	}
	configured.Keys[1] = testKey("three")
	if got := mustKeys(t, openTestAccounts(t, kv, configured), "team1"); got != [2]string{testKey("new"), testKey("three")} {
		t.Errorf("after a restart keys are %v", got)
	}
}

// An account elsewhere only receives: it is not served here.
func TestAccountsElsewhereAreNotServed(t *testing.T) {
	a := openTestAccounts(t, memory{})
	dev, _ := a.Account(DevAccount)
	id := resource.MustParse(strings.ReplaceAll(dev.ID.String(), DevAccount, "elsewhere"))
	if err := a.put(t.Context(), resource.Resource{ID: id}, arm.AccountSecrets{ConnectionString: "AccountName=elsewhere"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := a.Account("elsewhere"); ok {
		t.Error("an account elsewhere is served")
	}
}

// A configured account follows the configured region; what else was kept with it
// stays.
func TestConfiguredAccountsFollowTheLocation(t *testing.T) {
	store, err := resource.OpenStore(t.Context(), memory{})
	if err != nil {
		t.Fatal(err)
	}
	var a *accounts
	for _, location := range []string{"local", "westus"} {
		cfg := Config{Location: location}.withDefaults()
		if a, err = openAccounts(t.Context(), store, cfg); err != nil {
			t.Fatal(err)
		}
		if dev, _ := a.Account(DevAccount); dev.Location != location {
			t.Errorf("the account is in %s, want %s", dev.Location, location)
		}
		dev, _ := a.Account(DevAccount)
		r, _ := store.Get(dev.ID)
		if location == "westus" && r.Tags["kept"] != "yes" {
			t.Errorf("its tags are %v", r.Tags)
		}
		r.Tags = map[string]string{"kept": "yes"}
		if err := store.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}
