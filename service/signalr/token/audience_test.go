package token

import "testing"

func TestMatch(t *testing.T) {
	const client = "https://contoso.service.signalr.net/client/?hub=chat"
	const send = "https://contoso.service.signalr.net/api/v1/hubs/chat/users/Bob"
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{client, client, true},
		{client, "https://contoso.service.signalr.net:443/client/?hub=chat", true},
		{client, "https://contoso.service.signalr.net/client?hub=chat", true},
		{client, "https://CONTOSO.service.signalr.net/client/?hub=Chat", true},
		{client, "https://contoso.service.signalr.net/client/?asrs.op=%2Fchat&hub=chat&x=1", true},
		{client, "https://contoso.service.signalr.net/client/?hub=other", false},
		{client, "https://contoso.service.signalr.net/client/", false},
		{client, "https://contoso.service.signalr.net/server/?hub=chat", false},
		{client, "https://other.service.signalr.net/client/?hub=chat", false},
		{client, "http://contoso.service.signalr.net/client/?hub=chat", false},
		{client, "chat", false},
		{client, "", false},
		{client, "ftp://contoso.service.signalr.net/client/?hub=chat", false},
		{client, "https://contoso.service.signalr.net@evil/client/?hub=chat", false},

		// A local service: scheme and names of the machine do not matter.
		{"http://localhost/client/?hub=chat", "https://localhost/client/?hub=chat", true},
		{"http://127.0.0.1:8888/client/?hub=chat", "http://localhost/client/?hub=chat", true},
		{"http://[::1]:8888/client/?hub=chat", "http://127.0.0.1/client/?hub=chat", true},
		{"http://10.0.0.1/client/?hub=chat", "https://10.0.0.1:5000/client/?hub=chat", true},
		{"http://reslog:8888/client/?hub=chat", "https://Reslog/client/?hub=chat", true},
		{"http://reslog:8888/client/?hub=chat", "https://other/client/?hub=chat", false},
		{"http://10.0.0.1/client/?hub=chat", "http://localhost/client/?hub=chat", false},

		// With an application's prefix.
		{ClientURL("https", "contoso.service.signalr.net", "App_Chat"), "https://contoso.service.signalr.net/client/?hub=app_chat", true},
		{client, "https://contoso.service.signalr.net/client/?hub=app_chat", false},

		// The REST API: as documented, and as the SDK has it.
		{send, send, true},
		{send, send + "/", true},
		{send, send + "?application=app&api-version=2022-06-01", true},
		{send, "https://contoso.service.signalr.net/api/v1/hubs/CHAT/users/Bob", true},
		{send, "https://contoso.service.signalr.net/api/v1/hubs/chat/users/bob", false},
		{send, "https://contoso.service.signalr.net/api/v1/hubs/chat", false},
		{send, "https://contoso.service.signalr.net/API/v1/hubs/chat/users/Bob", false},
		{"http://localhost/api/hubs/chat/users/a%2Fb", "http://localhost/api/hubs/chat/users/a%2fb", true},
		{"http://localhost/api/hubs/chat/users/a%2Fb", "http://localhost/api/hubs/chat/users/a/b", false},
		{"http://localhost/api/hubs/chat/groups/hubs/X", "http://localhost/api/hubs/chat/groups/hubs/x", false},
	} {
		if got := (Audience{URLs: []string{"https://nobody/", c.want}}).Match([]string{"x", c.got}); got != c.ok {
			t.Errorf("%s for %s: %v", c.got, c.want, got)
		}
	}
	if (Audience{}).Match([]string{client}) || (Audience{URLs: []string{client}}).Match(nil) {
		t.Error("nothing matches something")
	}
}

func TestURLs(t *testing.T) {
	for got, want := range map[string]string{
		ClientURL("http", "127.0.0.1:8888", "Chat"):                "http://127.0.0.1/client/?hub=chat",
		ServerURL("https", "[::1]:8888", "a"):                      "https://[::1]/server/?hub=a",
		RequestURL("https", "x.signalr.net", "/api/v1/hubs/chat/"): "https://x.signalr.net/api/v1/hubs/chat",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
