package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/bus"
)

// memory is a KeyValue that fails when it is told to.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) List(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.values), m.err
}

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.values[key] = value
	}
	return m.err
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		delete(m.values, key)
	}
	return m.err
}

// all is everything that is kept.
func (m *memory) all() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Join(slices.Collect(maps.Values(m.values)), []byte("\n"))
}

// clock is a clock that is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const testTenant = "11111111-2222-3333-4444-555555555555"

func openTestDirectory(t testing.TB, kv *memory, c *clock) *Directory {
	t.Helper()
	d, err := OpenDirectory(context.Background(), DirectoryConfig{KeyValue: kv, TenantID: testTenant, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	d.rounds = 1000 // quick tests; TestChosenSecretsAreSlow has the real number
	return d
}

func create(t testing.TB, d *Directory, spec ServicePrincipalSpec) (Principal, string) {
	t.Helper()
	p, text, err := d.CreateServicePrincipal(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p, text
}

// The real bucket keeps a directory over a restart.
func TestDirectoryInABucketOfTheBus(t *testing.T) {
	dir := t.TempDir()
	open := func() (*Directory, func()) {
		b, err := bus.Open(t.Context(), bus.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		kv, err := b.KeyValue(t.Context(), "identity")
		if err != nil {
			t.Fatal(err)
		}
		d, err := OpenDirectory(t.Context(), DirectoryConfig{KeyValue: kv, TenantID: testTenant})
		if err != nil {
			t.Fatal(err)
		}
		return d, func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	d, stop := open()
	kept, text := create(t, d, ServicePrincipalSpec{DisplayName: "Übersicht & Co"})
	gone, _ := create(t, d, ServicePrincipalSpec{DisplayName: "gone"})
	for _, id := range []string{kept.ObjectID, gone.ObjectID} {
		if _, isNew, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: id, RoleDefinitionID: roleReader, Scope: "/subscriptions/s"}); err != nil || !isNew {
			t.Fatal(isNew, err)
		}
	}
	if err := d.Delete(t.Context(), gone.ObjectID); err != nil {
		t.Fatal(err)
	}
	stop()

	d, stop = open()
	defer stop()
	if got := d.Principals(); len(got) != 1 || got[0] != kept {
		t.Errorf("principals after a restart: %+v, want %+v", got, kept)
	}
	if p, err := d.Authenticate(kept.AppID, text); err != nil || p != kept {
		t.Errorf("authenticate after a restart: %+v, %v", p, err)
	}
	if _, ok := d.Check([]string{kept.ObjectID}, "Microsoft.Storage/storageAccounts/read", false, "/subscriptions/s"); !ok {
		t.Error("the right is lost")
	}
	if _, ok := d.Check([]string{gone.ObjectID}, "Microsoft.Storage/storageAccounts/read", false, "/subscriptions/s"); ok {
		t.Error("who is deleted has a right")
	}
	if list := d.Assignments(Filter{}); len(list) != 1 {
		t.Errorf("assignments: %+v", list)
	}
}

func TestCreateServicePrincipal(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	p, text := create(t, d, ServicePrincipalSpec{DisplayName: "one"})
	if !isGUID(p.ObjectID) || !isGUID(p.AppID) || p.ObjectID == p.AppID || p.TenantID != testTenant || p.Type != ServicePrincipal {
		t.Errorf("made %+v", p)
	}
	if !strings.HasPrefix(text, secretPrefix) || len(text) != len(secretPrefix)+43 {
		t.Errorf("secret of %d bytes", len(text))
	}
	q, _ := create(t, d, ServicePrincipalSpec{DisplayName: "two", AppID: "AAAAAAAA-1111-2222-3333-444444444444"})
	if q.AppID != "aaaaaaaa-1111-2222-3333-444444444444" {
		t.Errorf("application ID %s", q.AppID)
	}
	if got, ok := d.Application("aaaaAAAA-1111-2222-3333-444444444444"); !ok || got != q {
		t.Errorf("by application: %+v, %v", got, ok)
	}
	if got, ok := d.Principal(strings.ToUpper(q.ObjectID)); !ok || got != q {
		t.Errorf("by object: %+v, %v", got, ok)
	}
	for name, spec := range map[string]ServicePrincipalSpec{
		"no name":        {},
		"long name":      {DisplayName: strings.Repeat("é", maxDisplayName+1)},
		"control":        {DisplayName: "a\nb"},
		"no text":        {DisplayName: "\xff"},
		"no GUID":        {DisplayName: "x", AppID: "app"},
		"short secret":   {DisplayName: "x", Secret: "1234567"},
		"long secret":    {DisplayName: "x", Secret: strings.Repeat("x", maxSecret+1)},
		"strange secret": {DisplayName: "x", Secret: "12345678\n"},
	} {
		if _, _, err := d.CreateServicePrincipal(t.Context(), spec); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := d.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{DisplayName: "x", AppID: q.AppID}); !errors.Is(err, ErrExists) {
		t.Errorf("an application that exists: %v", err)
	}
	if list := d.Principals(); len(list) != 2 || list[0] != p || list[1] != q {
		t.Errorf("list %+v", list)
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	kv := newMemory()
	d := openTestDirectory(t, kv, newClock())
	const chosen = "correct horse battery staple"
	p, _ := create(t, d, ServicePrincipalSpec{DisplayName: "one", Secret: chosen})
	drawn, err := d.ResetSecret(t.Context(), p.ObjectID, SecretSpec{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{chosen, drawn, drawn[len(secretPrefix):]} {
		if bytes.Contains(kv.all(), []byte(text)) {
			t.Error("a secret is in the bucket")
		}
	}
}

func TestResetSecret(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	p, first := create(t, d, ServicePrincipalSpec{DisplayName: "one"})
	reset := func(spec SecretSpec) string {
		t.Helper()
		text, err := d.ResetSecret(t.Context(), p.ObjectID, spec)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	valid := func(want bool, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if _, err := d.Authenticate(p.AppID, text); (err == nil) != want {
				t.Errorf("a secret's validity is not %v: %v", want, err)
			}
		}
	}
	second := reset(SecretSpec{Keep: true})
	valid(true, first, second)
	third := reset(SecretSpec{Keep: true})
	valid(true, second, third)
	valid(false, first)
	const chosen = "chosen by an operator"
	if got := reset(SecretSpec{Secret: chosen}); got != chosen {
		t.Error("another secret than the chosen one")
	}
	valid(true, chosen, chosen)
	valid(false, second, third)
	reset(SecretSpec{})
	valid(false, chosen) // not even from memory
	if _, err := d.ResetSecret(t.Context(), p.AppID, SecretSpec{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("reset of nobody: %v", err)
	}
	if _, err := d.ResetSecret(t.Context(), p.ObjectID, SecretSpec{Secret: "short"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("reset to a bad secret: %v", err)
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	p, text := create(t, d, ServicePrincipalSpec{DisplayName: "one"})
	for _, wrong := range []string{"", "x", text + "x", text[1:], strings.ToUpper(text), strings.Repeat("x", 1<<20)} {
		_, err := d.Authenticate(p.AppID, wrong)
		if !errors.Is(err, ErrWrongSecret) {
			t.Errorf("wrong secret: %v", err)
		}
		if err != nil && wrong != "" && len(wrong) > 1 && strings.Contains(err.Error(), wrong) {
			t.Error("the error repeats the secret")
		}
	}
	for _, app := range []string{"", p.ObjectID, text} {
		_, err := d.Authenticate(app, text)
		if !errors.Is(err, ErrUnknownApplication) {
			t.Errorf("unknown application: %v", err)
		}
		if err != nil && strings.Contains(err.Error(), text) {
			t.Error("a secret in the place of the application is repeated")
		}
	}
	if err := d.Delete(t.Context(), p.ObjectID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authenticate(p.AppID, text); !errors.Is(err, ErrUnknownApplication) {
		t.Errorf("deleted: %v", err)
	}
	if err := d.Delete(t.Context(), p.ObjectID); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestGuessesAreRationed(t *testing.T) {
	c := newClock()
	d := openTestDirectory(t, newMemory(), c)
	const chosen = "chosen by an operator"
	p, _ := create(t, d, ServicePrincipalSpec{DisplayName: "chosen", Secret: chosen})
	q, drawn := create(t, d, ServicePrincipalSpec{DisplayName: "drawn"})
	guess := func(app string) error {
		_, err := d.Authenticate(app, "a wrong one")
		return err
	}
	for n := range guesses {
		if err := errors.Join(guess(p.AppID), guess(q.AppID)); !errors.Is(err, ErrWrongSecret) || errors.As(err, new(*ThrottledError)) {
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	for _, app := range []string{p.AppID, q.AppID} {
		var throttled *ThrottledError
		if err := guess(app); !errors.As(err, &throttled) || throttled.RetryAfter != guessPause {
			t.Errorf("one guess too many: %v", err)
		}
	}
	// A drawn secret is right whatever was guessed. A chosen one must wait with the
	// others, for trying it costs.
	if _, err := d.Authenticate(q.AppID, drawn); err != nil {
		t.Errorf("the right drawn secret: %v", err)
	}
	if _, err := d.Authenticate(p.AppID, chosen); !errors.As(err, new(*ThrottledError)) {
		t.Errorf("the right chosen secret before its time: %v", err)
	}
	c.advance(guessPause)
	if _, err := d.Authenticate(p.AppID, chosen); err != nil {
		t.Errorf("the right chosen secret: %v", err)
	}
	// From now on it is remembered, and guessing keeps nobody out.
	if err := guess(p.AppID); !errors.As(err, new(*ThrottledError)) {
		t.Errorf("a guess after the pause was used up: %v", err)
	}
	if _, err := d.Authenticate(p.AppID, chosen); err != nil {
		t.Errorf("the remembered secret: %v", err)
	}
}

func TestChosenSecretsAreSlow(t *testing.T) {
	kv := newMemory()
	d, err := OpenDirectory(t.Context(), DirectoryConfig{KeyValue: kv, TenantID: testTenant})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := create(t, d, ServicePrincipalSpec{DisplayName: "x", Secret: "chosen by an operator"})
	if !bytes.Contains(kv.all(), fmt.Appendf(nil, `"rounds":%d`, 600_000)) {
		t.Error("a chosen secret is hashed with too little work")
	}
	if _, err := d.Authenticate(p.AppID, "chosen by an operator"); err != nil {
		t.Error(err)
	}
}

// What cannot be kept is not there.
func TestDirectoryWithoutDisk(t *testing.T) {
	kv := newMemory()
	d := openTestDirectory(t, kv, newClock())
	p, text := create(t, d, ServicePrincipalSpec{DisplayName: "one"})
	a, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: p.ObjectID, RoleDefinitionID: roleReader, Scope: "/"})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk is gone")
	kv.err = broken
	if _, _, err := d.CreateServicePrincipal(t.Context(), ServicePrincipalSpec{DisplayName: "two"}); !errors.Is(err, broken) {
		t.Errorf("create: %v", err)
	}
	if _, err := d.ResetSecret(t.Context(), p.ObjectID, SecretSpec{}); !errors.Is(err, broken) {
		t.Errorf("reset: %v", err)
	}
	if _, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: p.ObjectID, RoleDefinitionID: roleReader, Scope: "/subscriptions/s"}); !errors.Is(err, broken) {
		t.Errorf("assign: %v", err)
	}
	if err := d.Revoke(t.Context(), a.Name); !errors.Is(err, broken) {
		t.Errorf("revoke: %v", err)
	}
	if err := d.Delete(t.Context(), p.ObjectID); !errors.Is(err, broken) {
		t.Errorf("delete: %v", err)
	}
	if _, err := OpenDirectory(t.Context(), DirectoryConfig{KeyValue: kv}); !errors.Is(err, broken) {
		t.Errorf("open: %v", err)
	}
	if len(d.Principals()) != 1 || len(d.Assignments(Filter{})) != 1 {
		t.Error("what could not be kept is there")
	}
	if _, err := d.Authenticate(p.AppID, text); err != nil {
		t.Errorf("the old secret: %v", err)
	}
	kv.err = nil
	for key, value := range map[string]string{"principal/x": "{", "assignment/x": "[]", "other": "{}"} {
		kv.values[key] = []byte(value)
		if _, err := OpenDirectory(t.Context(), DirectoryConfig{KeyValue: kv}); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("key %s: %v", key, err)
		}
		delete(kv.values, key)
	}
}

func TestDirectoryFromManyGoroutines(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	p, text := create(t, d, ServicePrincipalSpec{DisplayName: "one", Secret: "chosen by an operator"})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			scope := Scope(fmt.Sprintf("/subscriptions/s%d", n))
			for range 50 {
				if _, err := d.Authenticate(p.AppID, text); err != nil {
					t.Error(err)
				}
				a, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: p.ObjectID, RoleDefinitionID: roleReader, Scope: scope})
				if err != nil {
					t.Error(err)
				}
				if g, ok := d.Check([]string{p.ObjectID}, "x/read", false, scope); !ok || g.AssignmentID != a.Name {
					t.Errorf("grant %+v, %v", g, ok)
				}
				if err := d.Revoke(t.Context(), a.Name); err != nil {
					t.Error(err)
				}
				if _, ok := d.Check([]string{p.ObjectID}, "x/read", false, scope); ok {
					t.Error("revoked and still allowed")
				}
				d.Principals()
			}
		})
	}
	wg.Wait()
}
