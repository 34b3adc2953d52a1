package identity

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	roleOwner           = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	roleContributor     = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	roleReader          = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	roleMonitor         = "749f88d5-cbae-40b8-bcfc-e573ddc772fa"
	roleLogReader       = "73c42c96-874c-492b-b04d-ab87d138a893"
	roleBlobOwner       = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	roleBlobContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	roleBlobReader      = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
	roleDelegator       = "db58b8e5-c6ad-4a2a-8342-4190687cbf4a"
	roleQueueSender     = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"

	alice = "aaaaaaaa-0000-0000-0000-000000000001"
	bob   = "bbbbbbbb-0000-0000-0000-000000000002"

	account   = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct"
	container = account + "/blobServices/default/containers/c"
	blobRead  = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	blobWrite = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
)

func assign(t testing.TB, d *Directory, who, role string, scope Scope) RoleAssignment {
	t.Helper()
	a, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: who, RoleDefinitionID: role, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBuiltInRoles(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range BuiltInRoles() {
		if !isGUID(r.ID) || seen[r.ID] || seen[r.Name] || r.Name == "" || r.Description == "" || len(r.Actions)+len(r.DataActions) == 0 {
			t.Errorf("role %+v", r)
		}
		seen[r.ID], seen[r.Name] = true, true
	}
	if len(seen) != 2*25 {
		t.Errorf("%d roles, want 25", len(seen)/2)
	}
}

func TestRoleAllows(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	for _, c := range []struct {
		role, action string
		data, want   bool
	}{
		{roleOwner, "Microsoft.Storage/storageAccounts/write", false, true},
		{roleOwner, blobRead, true, false}, // data is not for owners
		{roleContributor, "Microsoft.Insights/diagnosticSettings/write", false, true},
		{roleContributor, "Microsoft.Authorization/roleAssignments/write", false, false},
		{roleContributor, "microsoft.authorization/ROLEASSIGNMENTS/delete", false, false},
		{roleContributor, "Microsoft.Authorization/roleAssignments/read", false, true},
		{roleReader, "Microsoft.Storage/storageAccounts/read", false, true},
		{roleReader, "Microsoft.Storage/storageAccounts/listKeys/action", false, false},
		{roleReader, blobRead, true, false},
		{roleMonitor, "microsoft.insights/diagnosticsettings/WRITE", false, true},
		{roleMonitor, "Microsoft.Storage/storageAccounts/write", false, false},
		{roleLogReader, "Microsoft.OperationalInsights/workspaces/query/read", false, true},
		{roleLogReader, "Microsoft.OperationalInsights/workspaces/sharedKeys/read", false, false},
		{roleBlobReader, blobRead, true, true},
		{roleBlobReader, blobRead, false, false},
		{roleBlobReader, blobWrite, true, false},
		{roleBlobReader, blobRead + "/x", true, false},
		{roleBlobContributor, strings.ToUpper(blobWrite), true, true},
		{roleBlobContributor, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/manageOwnership/action", true, false},
		{roleBlobOwner, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/manageOwnership/action", true, true},
		{roleBlobOwner, "Microsoft.Storage/storageAccounts/blobServices/write", false, false},
		{roleDelegator, "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action", false, true},
		{roleQueueSender, "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action", true, true},
		{roleQueueSender, "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read", true, false},
		{roleReader, "", false, false},
	} {
		r, ok := d.Role(c.role)
		if !ok {
			t.Fatalf("no role %s", c.role)
		}
		if got := r.Allows(c.action, c.data); got != c.want {
			t.Errorf("%s, %s, data %v: %v", r.Name, c.action, c.data, got)
		}
	}
	if r, ok := d.Role("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/" + strings.ToUpper(roleReader)); !ok || r.Name != "Reader" {
		t.Errorf("by resource ID: %+v, %v", r, ok)
	}
	if _, ok := d.Role("Reader"); ok {
		t.Error("a role by name")
	}
}

func TestMatchPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true},
		{"*", "a/b", true},
		{"", "", true},
		{"", "a", false},
		{"a/*/c", "a/b/c", true},
		{"a/*/c", "a/b/b/c", true},
		{"a/*/c", "a/c", false},
		{"*/read", "a/read", true},
		{"*/read", "read", false},
		{"*/read", "a/read/x", false},
		{"*/read", "a/read/read", true},
		{"a*b*c", "aXbXbXc", true},
		{"a*b*c", "aXbXbX", false},
		{"A/b", "a/B", true},
		{"a**", "a", true},
		{"ab", "a", false},
	} {
		if got := matchPattern(c.pattern, c.s); got != c.want {
			t.Errorf("%q covers %q: %v", c.pattern, c.s, got)
		}
	}
}

func TestParseScope(t *testing.T) {
	for in, want := range map[string]Scope{
		"/": "/", "//": "/",
		"/subscriptions/s":                        "/subscriptions/s",
		"subscriptions/s/":                        "/subscriptions/s",
		"/Subscriptions/s/resourcegroups/a group": "/Subscriptions/s/resourcegroups/a group",
		account:   account,
		container: container,
		"/subscriptions/s/providers/Microsoft.X/types/name": "/subscriptions/s/providers/Microsoft.X/types/name",
	} {
		if got, err := ParseScope(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{
		"", "s", "/subscriptions", "/subscriptions/", "/subscriptions//s", "/subscriptions/s/resourceGroups", "/subscriptions/s/x/y",
		"/subscriptions/s/providers/Microsoft.X", "/providers/Microsoft.Management/managementGroups/m", account + "/blobServices",
		account + "/../x", account + "/./x", "/subscriptions/\x00", "/subscriptions/\xff", "/subscriptions/\uFFFD", "/subscriptions/" + strings.Repeat("x", maxScope),
	} {
		if got, err := ParseScope(in); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestScopeCovers(t *testing.T) {
	for _, c := range []struct {
		s, other Scope
		want     bool
	}{
		{"/", "/", true},
		{"/", container, true},
		{"/", "", false},
		{"", "", false},
		{"", "/subscriptions/s", false},
		{"/subscriptions/s", "/subscriptions/s", true},
		{"/subscriptions/s", "/", false},
		{"/subscriptions/s", container, true},
		{"/subscriptions/s", "/subscriptions/s2", false},
		{"/SUBSCRIPTIONS/S", container, true},
		{account, container, true},
		{account, account + "2", false},
		{account, account + "2/blobServices/default", false},
		{container, account, false},
		{container, container + "c", false},
		{container, container + "/blobs/x", true},
		{"/subscriptions/s/resourceGroups/É", "/subscriptions/s/resourceGroups/é/providers/x/y/z", true},
		{"/subscriptions/k", "/subscriptions/\u212a", false}, // the Kelvin sign folds to k but is longer
	} {
		if got := c.s.Covers(c.other); got != c.want {
			t.Errorf("%q covers %q: %v", c.s, c.other, got)
		}
	}
}

func TestAssignAndCheck(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	a := assign(t, d, strings.ToUpper(alice), "/providers/Microsoft.Authorization/roleDefinitions/"+roleBlobReader, account)
	if a.PrincipalID != alice || a.RoleDefinitionID != roleBlobReader || a.PrincipalType != User || !isGUID(a.Name) {
		t.Errorf("assigned %+v", a)
	}
	if a.ResourceID() != account+"/providers/Microsoft.Authorization/roleAssignments/"+a.Name {
		t.Errorf("resource ID %s", a.ResourceID())
	}
	want := Grant{a.Name, roleBlobReader, alice, User}
	if g, ok := d.Check([]string{bob, strings.ToUpper(alice)}, blobRead, true, Scope(strings.ToUpper(container))); !ok || g != want {
		t.Errorf("grant %+v, %v", g, ok)
	}
	for name, allowed := range map[string]bool{
		"another":     checks(d, bob, blobRead, container),
		"nobody":      checks(d, "", blobRead, container),
		"above":       checks(d, alice, blobRead, "/subscriptions/s/resourceGroups/g"),
		"beside":      checks(d, alice, blobRead, account+"x"),
		"write":       checks(d, alice, blobWrite, container),
		"empty scope": checks(d, alice, blobRead, ""),
	} {
		if allowed {
			t.Errorf("%s is allowed", name)
		}
	}
	if _, ok := d.Check(nil, blobRead, true, container); ok {
		t.Error("without principals it is allowed")
	}

	// The same triple is the same assignment, whatever it is called.
	again, isNew, err := d.Assign(t.Context(), RoleAssignment{Name: bob, PrincipalID: alice, RoleDefinitionID: roleBlobReader, Scope: Scope(strings.ToUpper(account)) + "/"})
	if err != nil || isNew || again != a {
		t.Errorf("again: %+v, %v, %v", again, isNew, err)
	}
	if _, _, err := d.Assign(t.Context(), RoleAssignment{Name: strings.ToUpper(a.Name), PrincipalID: bob, RoleDefinitionID: roleBlobReader, Scope: account}); !errors.Is(err, ErrExists) {
		t.Errorf("another under the name: %v", err)
	}
	if err := d.Revoke(t.Context(), strings.ToUpper(a.Name)); err != nil {
		t.Fatal(err)
	}
	if checks(d, alice, blobRead, container) {
		t.Error("revoked and allowed")
	}
	if err := d.Revoke(t.Context(), a.Name); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
}

func checks(d *Directory, who, action string, scope Scope) bool {
	_, ok := d.Check([]string{who}, action, true, scope)
	return ok
}

// The type of a principal of the directory is known; a deleted one has nothing.
func TestAssignToAServicePrincipal(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	p, _ := create(t, d, ServicePrincipalSpec{DisplayName: "one"})
	a, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: p.ObjectID, PrincipalType: User, RoleDefinitionID: roleBlobReader, Scope: "/"})
	if err != nil || a.PrincipalType != ServicePrincipal {
		t.Errorf("assigned %+v, %v", a, err)
	}
	if a.ResourceID() != "/providers/Microsoft.Authorization/roleAssignments/"+a.Name {
		t.Errorf("resource ID %s", a.ResourceID())
	}
	if err := d.Delete(t.Context(), p.ObjectID); err != nil {
		t.Fatal(err)
	}
	if checks(d, p.ObjectID, blobRead, container) {
		t.Error("who is deleted is allowed")
	}
}

func TestAssignRefuses(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	good := RoleAssignment{PrincipalID: alice, RoleDefinitionID: roleReader, Scope: "/"}
	for name, c := range map[string]struct {
		change func(*RoleAssignment)
		want   error
	}{
		"no principal":   {func(a *RoleAssignment) { a.PrincipalID = "" }, ErrInvalid},
		"long principal": {func(a *RoleAssignment) { a.PrincipalID = strings.Repeat("x", 2000) }, ErrInvalid},
		"no role":        {func(a *RoleAssignment) { a.RoleDefinitionID = "" }, ErrNotFound},
		"unknown role":   {func(a *RoleAssignment) { a.RoleDefinitionID = alice }, ErrNotFound},
		"no scope":       {func(a *RoleAssignment) { a.Scope = "" }, ErrInvalid},
		"bad name":       {func(a *RoleAssignment) { a.Name = "mine" }, ErrInvalid},
		"bad type":       {func(a *RoleAssignment) { a.PrincipalType = "Robot" }, ErrInvalid},
	} {
		a := good
		c.change(&a)
		if _, _, err := d.Assign(t.Context(), a); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAssignmentsAreLimited(t *testing.T) {
	kv := newMemory()
	for n := range maxAssignments {
		name := fmt.Sprintf("%08x-0000-0000-0000-000000000000", n)
		kv.values[assignmentKey+name] = fmt.Appendf(nil, `{"name":%q,"principalId":%q,"roleDefinitionId":%q,"scope":"/subscriptions/%d"}`, name, alice, roleReader, n)
	}
	d := openTestDirectory(t, kv, newClock())
	if _, _, err := d.Assign(t.Context(), RoleAssignment{PrincipalID: bob, RoleDefinitionID: roleReader, Scope: "/"}); !errors.Is(err, ErrLimit) {
		t.Errorf("one too many: %v", err)
	}
	if _, ok := d.Check([]string{alice}, "x/read", false, "/subscriptions/3999/resourceGroups/g"); !ok {
		t.Error("one of many is not found")
	}
}

func TestAssignments(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	top := assign(t, d, alice, roleOwner, "/")
	sub := assign(t, d, alice, roleReader, "/subscriptions/s")
	acct := assign(t, d, bob, roleReader, account)
	other := assign(t, d, bob, roleBlobReader, "/subscriptions/other")
	for name, c := range map[string]struct {
		filter Filter
		want   []RoleAssignment
	}{
		"all":     {Filter{}, []RoleAssignment{top, other, sub, acct}},
		"alice":   {Filter{PrincipalID: strings.ToUpper(alice)}, []RoleAssignment{top, sub}},
		"readers": {Filter{RoleDefinitionID: "/x/" + roleReader}, []RoleAssignment{sub, acct}},
		"holding": {Filter{Holding: container}, []RoleAssignment{top, sub, acct}},
		"within":  {Filter{Within: "/subscriptions/S"}, []RoleAssignment{sub, acct}},
		"both":    {Filter{PrincipalID: bob, Holding: container, Within: account}, []RoleAssignment{acct}},
		"none":    {Filter{PrincipalID: "nobody"}, nil},
	} {
		got := d.Assignments(c.filter)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if a, ok := d.Assignment(strings.ToUpper(acct.Name)); !ok || a != acct {
		t.Errorf("by name: %+v, %v", a, ok)
	}
}

// An assignment of a role that this version does not know gives nothing.
func TestUnknownRoleGivesNothing(t *testing.T) {
	kv := newMemory()
	kv.values[assignmentKey+bob] = []byte(`{"name":"` + bob + `","principalId":"` + alice + `","roleDefinitionId":"` + alice + `","scope":"/"}`)
	d := openTestDirectory(t, kv, newClock())
	if checks(d, alice, blobRead, container) {
		t.Error("it is allowed")
	}
	if len(d.Assignments(Filter{})) != 1 {
		t.Error("and it cannot be seen")
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	d := openTestDirectory(t, newMemory(), newClock())
	assign(t, d, alice, roleBlobContributor, account)
	who := []string{bob, alice}
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := d.Check(who, blobWrite, true, container); !ok {
			t.Error("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	d := openTestDirectory(b, newMemory(), newClock())
	for n := range 10 {
		assign(b, d, alice, roleReader, Scope(fmt.Sprintf("/subscriptions/%d", n)))
	}
	assign(b, d, alice, roleBlobContributor, account)
	who := []string{bob, alice}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := d.Check(who, blobWrite, true, container); !ok {
			b.Fatal("refused")
		}
	}
}
