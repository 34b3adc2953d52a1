package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"testing"

	"reslog/control/local"
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
	keys, err := a.Keys(name)
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{keys[0].Value, keys[1].Value}
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

func TestKeysRotate(t *testing.T) {
	kv := memory{}
	configured := Account{"team1", []string{testKey("one"), testKey("two")}}
	a := openTestAccounts(t, kv, configured)
	before, _ := a.Account("team1")
	if _, err := a.RegenerateKey(t.Context(), "team1", "key1"); err != nil {
		t.Fatal(err)
	}
	rotated := mustKeys(t, a, "team1")
	if rotated[0] == testKey("one") || rotated[1] != testKey("two") {
		t.Errorf("keys are %v", rotated)
	}
	if string(before.Keys[0]) != "one" {
		t.Error("an account that was handed out has changed")
	}

	// A restart keeps the regenerated key against the configured one, and takes
	// a configured key that was not regenerated.
	configured.Keys[1] = testKey("three")
	again := mustKeys(t, openTestAccounts(t, kv, configured), "team1")
	if again != [2]string{rotated[0], testKey("three")} {
		t.Errorf("after a restart keys are %v, want %v", again, rotated)
	}
}

func TestKeysRefusals(t *testing.T) {
	a := openTestAccounts(t, memory{})
	if _, err := a.RegenerateKey(t.Context(), DevAccount, "key3"); !errors.Is(err, local.ErrBadKeyName) {
		t.Errorf("key3: %v", err)
	}
	if _, err := a.RegenerateKey(t.Context(), "none", "key1"); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("no account: %v", err)
	}
	if _, err := a.Keys("none"); !errors.Is(err, resource.ErrNotFound) {
		t.Errorf("no account: %v", err)
	}
}
