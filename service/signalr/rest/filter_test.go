package rest

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"reslog/service/signalr/hub"
)

func TestFilter(t *testing.T) {
	users := func(n ...string) hub.Target { return hub.Target{Kind: hub.Users, Names: n} }
	connections := func(n ...string) hub.Target { return hub.Target{Kind: hub.Connections, Names: n} }
	groups := func(n ...string) hub.Target { return hub.Target{Kind: hub.Groups, Names: n} }
	for _, v := range []struct {
		text string
		want hub.Target
	}{
		{`userId eq 'ann'`, users("ann")},
		{` (userId eq 'o''hara') `, users("o'hara")},
		{`userId eq 'ann' or userId eq 'bob'`, users("ann", "bob")},
		{`userId in ('ann', 'bob')`, users("ann", "bob")},
		{`connectionId in('x')`, connections("x")},
		{`'red' in groups or 'blue' in groups`, groups("red", "blue")},
		{`userId ne 'ann'`, hub.Target{ExceptUsers: []string{"ann"}}},
		{`not(connectionId in ('x','y'))`, hub.Target{Except: []string{"x", "y"}}},
		{`not (not (userId eq 'ann'))`, users("ann")},
		{`'red' in groups and connectionId ne 'x' and userId ne 'ann'`, hub.Target{Kind: hub.Groups, Names: []string{"red"}, Except: []string{"x"}, ExceptUsers: []string{"ann"}}},
		{`connectionId ne 'x' and 'red' in groups`, hub.Target{Kind: hub.Groups, Names: []string{"red"}, Except: []string{"x"}}},
		{`userId in ('a','b') and userId in ('b','c')`, users("b")},
		{`userId eq 'a' and userId eq 'b'`, users()},
	} {
		got, err := parseFilter(v.text)
		if err != nil || got.Kind != v.want.Kind || strings.Join(got.Names, ",") != strings.Join(v.want.Names, ",") ||
			strings.Join(got.Except, ",") != strings.Join(v.want.Except, ",") || strings.Join(got.ExceptUsers, ",") != strings.Join(v.want.ExceptUsers, ",") {
			t.Errorf("%s: %+v, %v; want %+v", v.text, got, err, v.want)
		}
	}
	for _, wrong := range []string{
		`userId`, `userId eq`, `userId eq ann`, `userId gt 'a'`, `user eq 'a'`, `userId eq 'a`, `userId eq 'a' or`, `(userId eq 'a'`, `userId eq 'a')`,
		`'a' in users`, `userId in ()`, `userId in ('a'`, `userId in ('a' 'b')`, `true`, `userId eq 'a' or connectionId eq 'b'`, `userId eq 'a' and 'b' in groups`,
		`'a' in groups and 'b' in groups`, `not ('a' in groups)`, `userId ne 'a' or userId ne 'b'`, `not (userId ne 'a' and connectionId ne 'b')`,
		strings.Repeat("(", 100) + `userId eq 'a'` + strings.Repeat(")", 100), strings.Repeat("not ", 100) + `userId eq 'a'`,
	} {
		got, err := parseFilter(wrong)
		var f *failure
		if !errors.As(err, &f) || f.status != 400 {
			t.Errorf("%s: %+v, %v", wrong, got, err)
		}
	}
}

func TestExecute(t *testing.T) {
	const send = `[{"type":"SendMessage","target":"m","arguments":[1]}]`
	const path = "/api/hubs/chat/:execute" + newest + "&filter="
	w := newWorld(t)
	for filter, want := range map[string]string{
		"": "c1 c2 c3 c4", "userId eq 'ann'": "c1 c2", "'red' in groups": "c1 c3", "'red' in groups and connectionId ne 'c1'": "c3",
		"userId ne 'ann'": "c3 c4", "userId eq 'a' and userId eq 'b'": "",
	} {
		w.want(202, "POST", path+url.QueryEscape(filter), send)
		if got := w.got(); got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	for _, v := range []struct{ filter, want string }{
		{"userId eq 'ann'", "c1 c2"},
		{"connectionId in ('c1', 'c4', 'none') and connectionId ne 'c1'", "c4"},
		{"'red' in groups", "c1 c3"},
		{"'red' in groups and userId ne 'bob'", "c1"},
	} {
		w := newWorld(t)
		w.want(202, "POST", path+url.QueryEscape(v.filter), `[{"type":"JoinGroup","group":"blue"},{"type":"sendMessage","target":"m"}]`)
		w.got()
		w.want(202, "POST", "/api/v1/hubs/chat/groups/blue", message)
		if got := w.got(); got != v.want {
			t.Errorf("join, %s: %q, want %q", v.filter, got, v.want)
		}
	}
	for filter, left := range map[string]string{
		"": "", "userId eq 'ann'": "c3", "connectionId eq 'c3'": "c1", "userId ne 'ann'": "c1", "'red' in groups": "", "connectionId ne 'c1'": "c1",
	} {
		w := newWorld(t)
		w.want(202, "POST", path+url.QueryEscape(filter), `[{"type":"LeaveGroup","group":"red"}]`)
		w.want(202, "POST", "/api/v1/hubs/chat/groups/red", message)
		if got := w.got(); got != left {
			t.Errorf("leave, %s: %q, want %q", filter, got, left)
		}
	}
	w.want(202, "POST", path+url.QueryEscape("userId eq 'bob'"), `[{"type":"CloseConnection","reason":"r"}]`)
	if got := w.closed(); got != "c3:r" {
		t.Error(got)
	}
}

// TestExecuteRefuses: nothing is done unless all can be.
func TestExecuteRefuses(t *testing.T) {
	w := newWorld(t)
	const good = `{"type":"SendMessage","target":"m"}`
	path := "/api/hubs/chat/:execute" + newest
	for _, v := range []struct{ query, body string }{
		{"", ""},
		{"", "{}"},
		{"", "[]"},
		{"", "[1]"},
		{"", "[" + good},
		{"", "[" + good + `,{"type":"Other"}]`},
		{"", "[" + good + `,{}]`},
		{"", "[" + good + `,{"type":"SendMessage"}]`},
		{"", "[" + good + `,{"type":"SendMessage","target":"m","arguments":{}}]`},
		{"", "[" + good + `,{"type":"JoinGroup","group":"g"}]`},
		{"", "[" + good + `,{"type":"LeaveGroup"}]`},
		{"&filter=nonsense", "[" + good + "]"},
		{"&filter=" + url.QueryEscape("userId eq 'ann' and connectionId ne 'c1'"), "[" + good + `,{"type":"JoinGroup","group":"g"}]`},
		{"&filter=" + url.QueryEscape("connectionId eq 'c1' and userId ne 'ann'"), "[" + good + `,{"type":"JoinGroup","group":"g"}]`},
		{"", "[" + strings.TrimSuffix(strings.Repeat(good+",", maxCommands+1), ",") + "]"},
	} {
		w.want(400, "POST", path+v.query, v.body)
	}
	w.want(400, "POST", path, "\x90", "Content-Type: application/x-msgpack")
	if got := w.got(); got != "" {
		t.Error("done:", got)
	}
}

// FuzzFilter: a filter is refused or finds somebody by one kind of name.
func FuzzFilter(f *testing.F) {
	f.Add(`'red' in groups and not (connectionId in ('x', 'y'))`)
	f.Add(`userId eq 'o''hara' or userId eq ''`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text)
		var failed *failure
		switch {
		case err != nil && !errors.As(err, &failed):
			t.Fatal(err)
		case err == nil && reflect.DeepEqual(got, hub.Target{}):
			t.Fatalf("%q finds everybody", text)
		}
	})
}
