package arm

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/internal/journal"
	"reslog/resource"
)

const (
	sub    = "11111111-1111-1111-1111-111111111111"
	tenant = "22222222-2222-2222-2222-222222222222"

	owner   = "owner-token"  // may do everything
	reader  = "reader-token" // may read everything
	keeper  = "keeper-token" // may do everything in the group "mine"
	nobody  = "nobody-token" // is known and may do nothing
	groupsV = "2021-04-01"   // version of Resource Manager's own routes
	storeV  = "2023-01-01"   // of storage
	hubV    = "2024-01-01"   // of event hubs
	ownerID = "a0000000-0000-0000-0000-000000000001"
)

// memory is a KeyValue that fails when it is told to.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
}

func (m *memory) List(context.Context) (map[string][]byte, error) { return maps.Clone(m.values), nil }

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

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// fakeAuth knows a few tokens.
type fakeAuth struct{}

func (fakeAuth) Authenticate(_ context.Context, token string) (Caller, error) {
	// The fake sign-in wraps a token into something of three parts.
	if parts := strings.Split(token, "."); len(parts) == 3 {
		raw, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			return Caller{}, errors.New("it is malformed")
		}
		token = string(raw)
	}
	switch token {
	case owner, reader, keeper, nobody:
		name := strings.TrimSuffix(token, "-token")
		return Caller{ObjectID: "oid-" + name, AppID: "app-" + name, TenantID: tenant, Name: name, Type: "ServicePrincipal", IDs: []string{"oid-" + name}}, nil
	case "panic":
		panic("what authentication may do")
	}
	return Caller{}, errors.New("it is malformed or has expired")
}

func (a fakeAuth) Allowed(c Caller, action, scope string) bool {
	switch c.Name {
	case "owner":
		return true
	case "reader":
		return strings.HasSuffix(action, "/read")
	case "keeper":
		return covers("/subscriptions/"+sub+"/resourceGroups/mine", scope)
	}
	return false
}

// fakeRoles keeps assignments in memory.
type fakeRoles struct {
	mu   sync.Mutex
	list []RoleAssignment
}

func (f *fakeRoles) Assign(_ context.Context, a RoleAssignment) (RoleAssignment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasPrefix(a.PrincipalID, "dead") {
		return a, fmt.Errorf("principal %s: %w", a.PrincipalID, ErrNoPrincipal)
	}
	if a.PrincipalType == "" {
		a.PrincipalType = "ServicePrincipal" // what it is
	}
	f.list = append(f.list, a)
	return a, nil
}

func (f *fakeRoles) Revoke(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(a RoleAssignment) bool { return a.Name == name })
	return nil
}

func (f *fakeRoles) Assignments() []RoleAssignment {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

func (f *fakeRoles) Definitions() []RoleDefinition {
	return []RoleDefinition{
		{ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner", Actions: []string{"*"}},
		{ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader", Actions: []string{"*/read"}},
	}
}

type noLetters struct{}

func (noLetters) List(context.Context) ([]deliver.DeadLetter, error) { return nil, nil }
func (noLetters) Replay(context.Context, string) error               { return nil }
func (noLetters) Discard(context.Context, string) error              { return nil }

// bench is a server with everything it needs.
type bench struct {
	*httptest.Server
	t         *testing.T
	arm       *Server
	resources *resource.Store
	settings  *diagnostic.Store
	roles     *fakeRoles
	journal   *journal.Journal
	kv        *memory // of the resources
	mu        sync.Mutex
	now       time.Time
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(time.Second) // events of one request differ in time
	return b.now
}

// start starts a server with TLS that has an account and a group.
func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, kv: &memory{values: map[string][]byte{}}, roles: &fakeRoles{}, now: time.Now().UTC().Truncate(time.Second)}
	var err error
	if b.resources, err = resource.OpenStore(t.Context(), b.kv); err != nil {
		t.Fatal(err)
	}
	if b.settings, err = diagnostic.OpenStore(t.Context(), &memory{values: map[string][]byte{}}); err != nil {
		t.Fatal(err)
	}
	if b.journal, err = journal.Open(journal.Config{Dir: t.TempDir(), Now: b.clock}); err != nil {
		t.Fatal(err)
	}
	b.arm = New(Config{
		Resources: b.resources, Settings: b.settings, Auth: fakeAuth{}, Roles: b.roles, Journal: b.journal,
		Ledger: func() []deliver.LedgerEntry { return nil }, DeadLetters: noLetters{},
		TenantID: tenant, Subscriptions: []Subscription{{ID: sub, Name: "the one"}},
		Locations: []Location{{Name: "westeurope", DisplayName: "West Europe"}},
		Endpoints: func(r resource.Resource) map[string]string {
			switch r.ID.Type() {
			case accountType:
				return map[string]string{"blob": "http://127.0.0.1:10000/" + r.ID.Name()}
			case "Microsoft.SignalRService/SignalR":
				return map[string]string{"signalr": "http://127.0.0.1:8888"}
			}
			return nil
		},
		Now: b.clock,
	})
	mux := http.NewServeMux()
	b.Server = httptest.NewTLSServer(signIn(mux, b.arm))
	t.Cleanup(func() {
		b.Server.Close()
		if err := b.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// signIn is as much of a sign-in service of the AD FS kind as the SDKs and
// azure-cli need: the secret is the token, in the form of one.
func signIn(mux *http.ServeMux, next http.Handler) http.Handler {
	reply := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /adfs/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/adfs"
		reply(w, map[string]string{
			"issuer": base, "authorization_endpoint": base + "/oauth2/authorize", "token_endpoint": base + "/oauth2/token",
			"jwks_uri": base + "/discovery/keys", "device_authorization_endpoint": base + "/oauth2/devicecode",
		})
	})
	mux.HandleFunc("POST /adfs/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		token := part(`{"alg":"none"}`) + "." + part(`{"oid":"`+ownerID+`"}`) + "." + part(r.FormValue("client_secret"))
		reply(w, map[string]any{"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": token})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/adfs/") {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	text   string
	json   object
}

// at follows a path of members of the body.
func (r *reply) at(path string) any { return r.json.at(path) }

// code is the code of a refusal in Resource Manager's form.
func (r *reply) code() string { code, _ := r.at("error.code").(string); return code }

func (r *reply) message() string { m, _ := r.at("error.message").(string); return m }

// values are the members of a list.
func (r *reply) values() []object {
	list, _ := r.at("value").([]any)
	var all []object
	for _, v := range list {
		o, _ := asObject(v)
		all = append(all, o)
	}
	return all
}

// call sends a request; version and body may be "".
func (b *bench) call(token, method, path, version, body string, headers ...string) *reply {
	b.t.Helper()
	target := b.URL + path
	if version != "" {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		target += sep + "api-version=" + version
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.Client().Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := &reply{status: resp.StatusCode, header: resp.Header, text: string(raw)}
	if len(raw) > 0 && raw[0] == '{' {
		if r.json, err = parseObject(raw); err != nil {
			b.t.Fatalf("%s %s: body is not JSON: %s", method, path, raw)
		}
	}
	return r
}

// must is call by the owner, with the status that is wanted.
func (b *bench) must(status int, method, path, version, body string) *reply {
	b.t.Helper()
	r := b.call(owner, method, path, version, body)
	if r.status != status {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, path, r.status, status, r.text)
	}
	return r
}

// refused calls as owner and wants a refusal.
func (b *bench) refused(status int, code, method, path, version, body string) *reply {
	b.t.Helper()
	r := b.call(owner, method, path, version, body)
	if r.status != status || r.code() != code || r.header.Get("x-ms-error-code") != code {
		b.t.Errorf("%s %s %.200s:\n got %d %s\nwant %d %s", method, path, body, r.status, r.text, status, code)
	}
	return r
}

// group makes a group and returns its path.
func (b *bench) group(name string) string {
	b.t.Helper()
	path := "/subscriptions/" + sub + "/resourceGroups/" + name
	r := b.call(owner, http.MethodPut, path, groupsV, `{"location":"westeurope"}`)
	if r.status != http.StatusCreated && r.status != http.StatusOK {
		b.t.Fatalf("make group %s: %d %s", name, r.status, r.text)
	}
	return path
}

// account makes a storage account in a group and returns its path.
func (b *bench) account(group, name string) string {
	b.t.Helper()
	path := b.group(group) + "/providers/Microsoft.Storage/storageAccounts/" + name
	b.must(http.StatusOK, http.MethodPut, path, storeV, `{"location":"westeurope","sku":{"name":"Standard_LRS"},"kind":"StorageV2"}`)
	return path
}

// mustStore is an empty store of resources.
func mustStore(t testing.TB) *resource.Store {
	t.Helper()
	store, err := resource.OpenStore(t.Context(), &memory{values: map[string][]byte{}})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// fuzzID is the ID of a resource of a type.
func fuzzID(typ *resourceType) resource.ID {
	id := "/subscriptions/s/resourceGroups/g/providers/" + typ.namespace()
	for part := range strings.SplitSeq(typ.path(), "/") {
		id += "/" + part + "/default"
	}
	return resource.MustParse(id)
}
