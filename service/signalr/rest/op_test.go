package rest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// q is the query of the version that SDKs use.
const q = "?api-version=2022-06-01"

// newest is that of the newest.
const newest = "?api-version=2024-12-01"

func TestWhoGetsIt(t *testing.T) {
	w := newWorld(t)
	for _, v := range []struct{ path, want string }{
		{"/api/v1/hubs/chat", "c1 c2 c3 c4"},
		{"/api/v1/hubs/CHAT", "c1 c2 c3 c4"},
		{"/api/v1/hubs/chat?excluded=c1&excluded=c4", "c2 c3"},
		{"/api/v1/hubs/other", ""},
		{"/api/v1/hubs/chat?application=app", ""},
		{"/api/v1/hubs/chat/users/ann", "c1 c2"},
		{"/api/v1/hubs/chat/connections/c4", "c4"},
		{"/api/v1/hubs/chat/groups/red", "c1 c3"},
		{"/api/v1/hubs/chat/groups/red?excluded=c3", "c1"},
		{"/api/hubs/chat/:send" + q, "c1 c2 c3 c4"},
		{"/api/hubs/chat/:send" + q + "&excluded=c2", "c1 c3 c4"},
		{"/api/hubs/chat/users/bob/:send" + q, "c3"},
		{"/api/hubs/chat/connections/c1/:send" + q, "c1"},
		{"/api/hubs/chat/groups/red/:send" + q + "&excluded=c1", "c3"},
	} {
		w.want(202, "POST", v.path, message)
		if got := w.got(); got != v.want {
			t.Errorf("%s: %q, want %q", v.path, got, v.want)
		}
	}
	// An application is a part of the hub's name.
	m := &member{id: "a1", protocol: payload.JSON, hubs: w.hubs}
	w.members["a1"] = m
	w.hubs.Join("app_chat", m)
	w.want(202, "POST", "/api/hubs/chat/:send"+q+"&application=App", message)
	if got := w.got(); got != "a1" {
		t.Error(got)
	}
}

// TestEscapedNames: names with slashes, colons and the like are one segment.
func TestEscapedNames(t *testing.T) {
	w := newWorld(t)
	const name = "a/b:c?d#e%f größe"
	m := &member{id: "x", user: name, protocol: payload.JSON}
	w.join(m)
	escaped := url.PathEscape(name)
	w.want(202, "POST", "/api/hubs/chat/users/"+escaped+"/:send"+q, message)
	if got := w.got(); got != "x" {
		t.Error(got)
	}
	w.want(200, "PUT", "/api/hubs/chat/groups/"+escaped+"/connections/x"+q, "")
	w.want(200, "HEAD", "/api/hubs/chat/users/"+escaped+"/groups/"+escaped+q, "")
	w.want(202, "POST", "/api/v1/hubs/chat/users/"+escaped, message)
	if got := w.got(); got != "x" {
		t.Error(got)
	}
}

func TestBodies(t *testing.T) {
	json1 := `{"type":1,"target":"m","arguments":[1,"a"]}` + "\x1e"
	pack := func(target string, args string) string {
		b := msgp.AppendString(msgp.AppendMapHeader(nil, 2), "Target")
		b = msgp.AppendString(msgp.AppendString(b, target), "Arguments")
		return string(b) + args
	}
	frames := func(pairs ...string) string {
		b := msgp.AppendMapHeader(nil, uint32(len(pairs)/2))
		for i := 0; i < len(pairs); i += 2 {
			b = msgp.AppendBytes(msgp.AppendString(b, pairs[i]), []byte(pairs[i+1]))
		}
		return string(b)
	}
	args, err := hubprotocol.NewArguments(payload.JSON, []byte(`[1,"a"]`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := hubprotocol.AppendInvocation(nil, payload.MessagePack, "m", "", args)
	if err != nil {
		t.Fatal(err)
	}
	pack1 := string(b)
	const xm, octet = "application/x-msgpack", "application/octet-stream"
	w := newWorld(t)
	for _, v := range []struct {
		name, kind, body string
		status           int
		json, pack       string
	}{
		{"json", "application/json", message, 202, json1, pack1},
		{"lower case", "application/json; charset=utf-8", `{"target":"m","arguments":[1,"a"]}`, 202, json1, pack1},
		{"no type", "", message, 202, json1, pack1},
		{"no arguments", "application/json", `{"target":"m"}`, 202, `{"type":1,"target":"m","arguments":[]}` + "\x1e", "\x08\x96\x01\x80\xc0\xa1m\x90\x90"},
		{"messagepack", xm, pack("m", "\x92\x01\xa1a"), 202, json1, pack1},
		{"both frames", octet, frames("json", json1, "messagepack", pack1), 202, json1, pack1},
		{"json frame", octet, frames("json", json1), 202, json1, ""},
		{"blazorpack too", octet, frames("json", json1, "blazorpack", pack1), 202, json1, ""},

		{"nothing", "application/json", "", 400, "", ""},
		{"no target", "application/json", `{"arguments":[]}`, 400, "", ""},
		{"no object", "application/json", `[]`, 400, "", ""},
		{"no json", "application/json", `{"target":"m"`, 400, "", ""},
		{"arguments of another type", "application/json", `{"target":"m","arguments":{}}`, 400, "", ""},
		{"json for messagepack", xm, message, 400, "", ""},
		{"messagepack that is no json", xm, pack("m", "\x91\x81\x80\x01"), 400, "", ""},
		{"cut", xm, pack("m", "\x92\x01"), 400, "", ""},
		{"no frames", octet, frames(), 400, "", ""},
		{"frames for others", octet, frames("other", "x"), 400, "", ""},
		{"frame that is none", octet, frames("json", "{}"), 400, "", ""},
		{"two frames", octet, frames("json", json1+json1), 400, "", ""},
		{"frame of another type", octet, frames("json", "{\"type\":7}\x1e"), 400, "", ""},
		{"type", "text/plain", message, 415, "", ""},
		{"charset", "application/json; charset=utf-16", message, 415, "", ""},
		{"form", "application/x-www-form-urlencoded", "a=b", 415, "", ""},
	} {
		a := w.want(v.status, "POST", "/api/hubs/chat/:send"+q, v.body, "Content-Type: "+v.kind)
		if v.name == "nothing" && !strings.Contains(a.body, "Message in request body is required.") {
			t.Errorf("%s: %s", v.name, a.body)
		}
		got, packed := strings.Join(w.members["c1"].take(), ""), strings.Join(w.members["c3"].take(), "")
		if got != v.json || packed != v.pack {
			t.Errorf("%s: %q and %x, want %q and %x", v.name, got, packed, v.json, v.pack)
		}
	}
}

func TestClose(t *testing.T) {
	for _, v := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"POST", "/api/hubs/chat/:closeConnections" + q, 204, "c1: c2: c3: c4:"},
		{"POST", "/api/hubs/chat/:closeConnections" + q + "&excluded=c1&excluded=c3&reason=so+it+is", 204, "c2:so it is c4:so it is"},
		{"POST", "/api/hubs/chat/groups/red/:closeConnections" + q + "&reason=r&excluded=c1", 204, "c3:r"},
		{"POST", "/api/hubs/chat/users/ann/:closeConnections" + q + "&reason=r&excluded=c1", 204, "c2:r"},
		{"POST", "/api/hubs/other/:closeConnections" + q, 204, ""},
		{"DELETE", "/api/hubs/chat/connections/c1" + q + "&reason=r", 200, "c1:r"},
		{"DELETE", "/api/v1/hubs/chat/connections/c1?reason=r", 202, "c1:r"},
		{"DELETE", "/api/v1/hubs/chat/connections/none", 202, ""},
		{"DELETE", "/api/hubs/other/connections/c1" + q, 404, ""},
	} {
		w := newWorld(t)
		w.want(v.status, v.method, v.path, "")
		if got := w.closed(); got != v.want {
			t.Errorf("%s %s: %q, want %q", v.method, v.path, got, v.want)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, base := range []string{"/api/v1/hubs/chat", "/api/hubs/chat"} {
		w := newWorld(t)
		v := ""
		if base == "/api/hubs/chat" {
			v = q
		}
		w.want(404, "GET", base+"/groups/blue"+v, "")
		w.want(200, "PUT", base+"/groups/blue/connections/c4"+v, "")
		w.want(200, "PUT", base+"/connections/c2/groups/blue"+v, "")
		w.want(200, "GET", base+"/groups/blue"+v, "")
		w.want(200, "DELETE", base+"/groups/blue/connections/c4"+v, "")
		w.want(200, "HEAD", base+"/users/ann/groups/blue"+v, "")
		w.want(404, "HEAD", base+"/groups/blue/users/bob"+v, "")
		w.want(200, "DELETE", base+"/connections/c2/groups/blue"+v, "")
		w.want(404, "GET", base+"/groups/blue"+v, "")

		// Connections that come later are in the group while the ttl lasts.
		sep := "?"
		if v != "" {
			sep = "&"
		}
		ttl := base + "/users/eve/groups/blue" + v + sep
		for i, ttlText := range []string{"", "ttl=0", "ttl=100"} {
			w.do("PUT", ttl+ttlText, "")
			m := &member{id: "e" + strconv.Itoa(i), user: "eve", protocol: payload.JSON}
			w.join(m)
			want := 200
			if ttlText == "ttl=0" {
				want = 404
			}
			w.want(want, "HEAD", base+"/users/eve/groups/blue"+v, "")
			if a := w.do("DELETE", base+"/users/eve/groups/blue"+v, ""); a.status != 202 && a.status != 204 {
				t.Errorf("%+v", a)
			}
			w.want(404, "HEAD", base+"/users/eve/groups/blue"+v, "")
			w.hubs.Leave("chat", m)
		}
		for _, wrong := range []string{"-1", "x", "1.5", "99999999999", "+1"} {
			w.want(400, "PUT", ttl+"ttl="+url.QueryEscape(wrong), "")
		}
		w.do("DELETE", base+"/users/ann/groups"+v, "")
		w.want(404, "HEAD", base+"/users/ann/groups/red"+v, "")
		w.want(200, "HEAD", base+"/users/bob/groups/red"+v, "")
	}
	w := newWorld(t)
	w.want(200, "DELETE", "/api/hubs/chat/connections/c1/groups"+q, "")
	w.want(404, "HEAD", "/api/hubs/chat/users/ann/groups/red"+q, "")
}

func TestHealth(t *testing.T) {
	w := newWorld(t)
	w.want(200, "HEAD", "/api/health"+q, "")
	w.want(200, "GET", "/api/health"+newest, "")
	w.want(400, "GET", "/api/health", "")
	w.want(200, "GET", "/api/v1/health", "")
}

func TestGenerateToken(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"": "token:chat::1h0m0s", "&userId=ann&minutesToExpire=5": "token:chat:ann:5m0s", "&userId=a%2Fb": "token:chat:a/b:1h0m0s",
	} {
		if a := w.want(200, "POST", "/api/hubs/chat/:generateToken"+newest+query, ""); a.body != `{"token":"`+want+`"}` {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	for _, wrong := range []string{"0", "-5", "x", "9999999999"} {
		w.want(400, "POST", "/api/hubs/chat/:generateToken"+newest+"&minutesToExpire="+wrong, "")
	}
}

func TestAccessKey(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/auth/accessKey" + newest, "/api/v1/auth/accessKey"} {
		if a := w.want(200, "GET", path, ""); a.body != `{"AccessKey":"KEY","KeyId":"id"}` || a.header.Get("Cache-Control") != "no-store" {
			t.Error(a)
		}
		c := w.config
		c.AccessKey = func(*http.Request) (string, string, *Refusal) { return "KEY", "id", &Refusal{Status: 403} }
		refusing := *w
		refusing.handler = New(c)
		if a := refusing.want(403, "GET", path, ""); a.body != "" {
			t.Error(a)
		}
		c.AccessKey = nil
		refusing.handler = New(c)
		refusing.want(403, "GET", path, "")
	}
}

func TestListGroup(t *testing.T) {
	w := newWorld(t)
	for i := range 25 {
		id := "m" + strconv.Itoa(100+i)
		w.join(&member{id: id, user: "u" + id, protocol: payload.JSON})
		w.want(200, "PUT", "/api/hubs/chat/groups/many/connections/"+id+newest, "")
	}
	list := func(query string) (ids []string, pages int) {
		next := "/api/hubs/chat/groups/many/connections" + newest + query
		for next != "" {
			a := w.want(200, "GET", next, "")
			var page memberPage
			if err := json.Unmarshal([]byte(a.body), &page); err != nil || page.Value == nil {
				t.Fatal(a.body, err)
			}
			for _, m := range page.Value {
				if m.UserID != "u"+m.ConnectionID {
					t.Error(m)
				}
				ids = append(ids, m.ConnectionID)
			}
			var ok bool
			if next, ok = strings.CutPrefix(page.NextLink, "http://127.0.0.1:8888"); !ok && next != "" {
				t.Fatal(next)
			}
			if pages++; pages > 30 {
				t.Fatal("pages without end")
			}
		}
		return ids, pages
	}
	for _, v := range []struct {
		query      string
		ids, pages int
	}{
		{"", 25, 1},
		{"&maxpagesize=10", 25, 3},
		{"&maxpagesize=25", 25, 1},
		{"&maxpagesize=5", 25, 5},
		{"&maxpagesize=1", 25, 25},
		{"&top=7", 7, 1},
		{"&top=7&maxpagesize=3", 7, 3},
		{"&top=6&maxpagesize=3", 6, 2},
		{"&top=100&MaxPageSize=20", 25, 2},
	} {
		ids, pages := list(v.query)
		if len(ids) != v.ids || pages != v.pages || ids[0] != "m100" || ids[v.ids-1] != "m"+strconv.Itoa(99+v.ids) {
			t.Errorf("%s: %d in %d pages, want %+v: %v", v.query, len(ids), pages, v, ids)
		}
	}
	if a := w.want(200, "GET", "/api/hubs/chat/groups/none/connections"+newest, ""); a.body != `{"value":[]}` {
		t.Error(a.body)
	}
	for _, wrong := range []string{"maxpagesize=0", "maxpagesize=201", "maxpagesize=x", "top=0", "top=-1", "continuationToken=x", "continuationToken=" + continuation("", 1), "continuationToken=" + continuation("a", -1)} {
		w.want(400, "GET", "/api/hubs/chat/groups/many/connections"+newest+"&"+wrong, "")
	}
}

func TestInvoke(t *testing.T) {
	w := newWorld(t)
	pack := string(msgp.AppendInt(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "a"), 1))
	const jsonType, packType = "application/json; charset=utf-8", "application/x-msgpack"
	packed := func(value string) string {
		return string(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "result")) + value
	}
	for _, v := range []struct {
		id     string
		result hub.Result
		accept string
		status int
		kind   string
		body   string
	}{
		{"c1", hub.Result{Protocol: payload.JSON, Value: []byte(`{"a":1}`)}, "", 200, jsonType, `{"result":{"a":1}}`},
		{"c1", hub.Result{Protocol: payload.JSON}, "", 200, jsonType, `{}`},
		{"c1", hub.Result{Protocol: payload.JSON, Value: []byte(`null`)}, "", 200, jsonType, `{"result":null}`},
		{"c3", hub.Result{Protocol: payload.MessagePack, Value: []byte(pack)}, "", 200, jsonType, `{"result":{"a":1}}`},
		{"c3", hub.Result{Protocol: payload.MessagePack, Value: []byte(pack)}, packType, 200, packType, packed(pack)},
		{"c1", hub.Result{Protocol: payload.JSON, Value: []byte(`{"a":1}`)}, packType, 200, packType, packed(pack)},
		{"c1", hub.Result{Protocol: payload.JSON}, packType, 200, packType, "\x80"},
		{"c1", hub.Result{Error: "no method"}, "", 400, jsonType, ""},
		{"c1", hub.Result{Lost: true, Error: "gone"}, "", 400, jsonType, ""},
		{"none", hub.Result{}, "", 404, jsonType, ""},
	} {
		if m := w.members[v.id]; m != nil {
			m.answer = v.result
		}
		a := w.want(v.status, "POST", "/api/hubs/chat/connections/"+v.id+"/:invoke"+newest, message, "Accept: "+v.accept)
		if a.header.Get("Content-Type") != v.kind || v.body != "" && a.body != v.body {
			t.Errorf("%+v: %s %q", v, a.header, a.body)
		}
		if v.result.Error == "no method" && !strings.Contains(a.body, "no method") {
			t.Error(a.body)
		}
	}
	w.got()
	w.members["c1"].answer = hub.Result{}
	for _, v := range []struct{ kind, body string }{
		{"application/json", message},
		{"application/octet-stream", string(msgp.AppendBytes(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "json"), []byte("{\"type\":1,\"target\":\"m\",\"arguments\":[1,\"a\"]}\x1e")))},
	} {
		w.want(200, "POST", "/api/hubs/chat/connections/c1/:invoke"+newest, v.body, "Content-Type: "+v.kind)
		m, _, err := hubprotocol.Next(payload.JSON, []byte(strings.Join(w.members["c1"].take(), "")))
		if err != nil || m.Target != "m" || m.InvocationID == "" {
			t.Errorf("%+v, %v", m, err)
		}
		args, err := m.Arguments.Append(nil, payload.JSON)
		if err != nil || string(args) != `[1,"a"]` {
			t.Errorf("%s, %v", args, err)
		}
	}
	w.want(400, "POST", "/api/hubs/chat/connections/c1/:invoke"+newest, "")
}

// silent is a client that never answers.
type silent struct{ *member }

func (silent) Invoke(string, *payload.Payload, func(hub.Result)) {}

func TestInvokeTimeout(t *testing.T) {
	h := hub.New(hub.Config{InvokeTimeout: time.Millisecond})
	w := newWorld(t)
	w.config.Hubs = h
	w.handler = New(w.config)
	h.Join("chat", silent{&member{id: "x", hubs: h}})
	if a := w.want(400, "POST", "/api/hubs/chat/connections/x/:invoke"+newest, message); a.code() != "InvocationTimeout" {
		t.Error(a)
	}
}

func TestStreams(t *testing.T) {
	const path = "/api/hubs/chat/connections/c1/streams/s%2F1/"
	item := `{"type":2,"invocationId":"s/1","item":{"a":[1]}}` + "\x1e"
	w := newWorld(t)
	frame := func(text string) string {
		return string(msgp.AppendBytes(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "json"), []byte(text)))
	}
	for _, v := range []struct {
		path, kind, body string
		status           int
		want             string
	}{
		{":send", "application/json", ` {"a":[1]} `, 202, item},
		{":send", "application/x-msgpack", "\x81\xa1a\x91\x01", 202, item},
		{":send", "application/octet-stream", frame(item), 202, item},
		{":send&completed=true", "application/json", `{"a":[1]}`, 202, item + `{"type":3,"invocationId":"s/1"}` + "\x1e"},
		{":send&completed=false", "application/json", `{"a":[1]}`, 202, item},
		{":send&completed=true", "application/json", ``, 202, `{"type":3,"invocationId":"s/1"}` + "\x1e"},
		{":complete", "application/json", ``, 202, `{"type":3,"invocationId":"s/1"}` + "\x1e"},
		{":complete&reason=so+it+is", "application/json", ``, 202, `{"type":3,"invocationId":"s/1","error":"so it is"}` + "\x1e"},

		{":send", "application/json", ``, 400, ""},
		{":send", "application/json", `{"a":`, 400, ""},
		{":send", "application/json", `1 2`, 400, ""},
		{":send", "application/x-msgpack", "\x81", 400, ""},
		{":send", "application/octet-stream", frame(strings.Replace(item, "s/1", "s2", 1)), 400, ""},
		{":send", "application/octet-stream", frame("{\"type\":3,\"invocationId\":\"s/1\"}\x1e"), 400, ""},
		{":send&completed=maybe", "application/json", `1`, 400, ""},
	} {
		name, query, _ := strings.Cut(v.path, "&")
		w.want(v.status, "POST", path+name+newest+"&"+query, v.body, "Content-Type: "+v.kind)
		if got := strings.Join(w.members["c1"].take(), ""); got != v.want {
			t.Errorf("%s %q: %q, want %q", v.path, v.body, got, v.want)
		}
	}
	if got := w.got(); got != "" {
		t.Error("others got something:", got)
	}
}
