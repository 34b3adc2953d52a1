package queue_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"reslog/resource"
	"reslog/service/storage"
	"reslog/service/storage/storagetest"
)

// authority lets the holder of the token "ann" do what it is told.
type authority struct{ allowed []string }

func (a *authority) Verify(_ context.Context, token string, accept func(string) bool) (*storage.Principal, error) {
	if token != "ann" || !accept("https://storage.azure.com") {
		return nil, storage.ErrTokenSignature
	}
	return &storage.Principal{ObjectID: "ann", TenantID: "t", Type: "User", IDs: []string{"ann"}}, nil
}

func (a *authority) Lookup(string, string) (*storage.Principal, bool) { return nil, false }

func (a *authority) Check(p *storage.Principal, act storage.Action, scope resource.ID) (storage.Grant, bool) {
	queue := storagetest.NewAccount(account).ServiceID(storage.Queue).Child("queues", "jobs")
	if scope != queue || !slices.Contains(a.allowed, strings.TrimPrefix(act.Name, "Microsoft.Storage/storageAccounts/queueServices/queues/")) {
		return storage.Grant{}, false
	}
	return storage.Grant{RoleAssignmentID: "assignment", RoleDefinitionID: "definition", PrincipalID: p.ObjectID, PrincipalType: p.Type}, true
}

// TestRoles is what actions on a queue the holder of a token needs.
func TestRoles(t *testing.T) {
	a := &authority{}
	s := newServer(t, func(c *storage.FrontConfig) { c.Authority = a })
	do := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/"+account+path, strings.NewReader(body))
		r.TLS = &tls.ConnectionState{}
		r.Header.Set("Authorization", "Bearer ann")
		r.Header.Set("X-Ms-Version", newest)
		r.Header.Set("Content-Length", "1") // that there is one
		w := httptest.NewRecorder()
		s.Front.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct{ allowed, want string }{
		{"", ""},
		{"read", "GetQueueMetadata"},
		{"write", "CreateQueue SetQueueMetadata"},
		{"delete", "DeleteQueue"},
		{"getAcl/action", "GetQueueACL"},
		{"setAcl/action", "SetQueueACL"},
		{"messages/add/action", "PutMessage"},
		{"messages/write", "PutMessage UpdateMessage"},
		{"messages/read", "PeekMessage"},
		{"messages/delete", "DeleteMessage ClearMessages"},
		{"messages/delete messages/read", "PeekMessage GetMessage DeleteMessage ClearMessages"},
		{"messages/process/action", "GetMessage DeleteMessage"},
	} {
		a.allowed = strings.Fields(c.allowed)
		var succeeded []string
		for _, o := range operations {
			s.Do(request{Method: "PUT", Path: "/jobs"})
			m := s.put("jobs", "mine", "")
			w := do(o.method, strings.ReplaceAll(o.path, "{id}", m.path("jobs", "")), o.body)
			if w.Code < 300 {
				succeeded = append(succeeded, o.name)
			} else if code := w.Header().Get("X-Ms-Error-Code"); w.Code != http.StatusForbidden || code != "AuthorizationPermissionMismatch" {
				t.Errorf("%s with %s: %d %s", o.name, c.allowed, w.Code, code)
			}
		}
		if got := strings.Join(succeeded, " "); got != c.want {
			t.Errorf("%s: may %s, want %s", c.allowed, got, c.want)
		}
	}
	s.OK(204, "DELETE", "/jobs/messages", "")
	s.Log.Take(t)
	a.allowed = []string{"messages/process/action"}
	do("GET", "/jobs/messages", "")
	if e := s.Log.One(t); e.Status != "OAuthSuccess" || e.Operation != "GetMessageRead" {
		t.Errorf("entry %+v", e)
	}
	do("POST", "/jobs/messages", envelope("x"))
	if e := s.Log.One(t); e.Status != "OAuthAuthorizationError" || e.Operation != "PutMessage" {
		t.Errorf("entry %+v", e)
	}
}
