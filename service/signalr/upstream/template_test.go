package upstream

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "chat", true},
		{"", "chat", true},
		{"chat", "chat", true},
		{"chat", "Chat", true},
		{"chat", "chat2", false},
		{"chat, news", "news", true},
		{"chat,news", "chat", true},
		{"chat, news", "new", false},
		{"a, *", "b", true},
		{",", "", false},
		{"chat", "", false},
	} {
		if got := match(c.pattern, c.name); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func TestFirstTemplateWins(t *testing.T) {
	c := New(Config{Templates: []Template{
		{URL: "http://a.test/", Hub: "chat", Category: "messages", Event: "send, post"},
		{URL: "http://b.test/", Hub: "chat", Category: "connections"},
		{URL: "http://c.test/", Hub: "chat, news", Event: "*"},
	}})
	for _, v := range []struct {
		hub, category, event string
		want                 int
	}{
		{"chat", "messages", "send", 0},
		{"chat", "messages", "post", 0},
		{"chat", "messages", "other", 2},
		{"chat", "connections", "connected", 1},
		{"news", "connections", "connected", 2},
		{"none", "connections", "connected", -1},
	} {
		i, ok := c.find(Event{Hub: v.hub, Category: v.category, Name: v.event})
		if !ok {
			i = -1
		}
		if i != v.want {
			t.Errorf("%v: template %d", v, i)
		}
	}
	a, err := c.Call(t.Context(), Event{Hub: "none", Category: Messages, Name: "x"})
	if err != nil || a.Called || Problem(a, err) != "" {
		t.Errorf("without a template: %+v, %v", a, err)
	}
}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ template, hub, category, event, want string }{
		{"http://localhost:7071/runtime/webhooks/signalr", "chat", "messages", "send", "http://localhost:7071/runtime/webhooks/signalr"},
		{"https://app.test/{hub}/api/{category}/{event}", "chat", "messages", "send", "https://app.test/chat/api/messages/send"},
		{"https://app.test/api?code=K&h={hub}&e={event}", "chat", "messages", "a b&c=d", "https://app.test/api?code=K&h=chat&e=a%20b%26c%3Dd"},
		{"https://app.test/{event}", "chat", "messages", "a/b?c#d", "https://app.test/a%2Fb%3Fc%23d"},
		{"https://app.test/{event}", "chat", "messages", "größe", "https://app.test/gr%C3%B6%C3%9Fe"},
		{"https://app.test/{event}", "chat", "messages", "{hub}", "https://app.test/%7Bhub%7D"},
		{"https://app.test/{event}", "chat", "messages", "a.b", "https://app.test/a.b"},
		{"https://app.test", "chat", "messages", "a", "https://app.test/"},
		{"https://app.test?x={hub}", "chat", "messages", "a", "https://app.test/?x=chat"},
		{"https://{hub}.app.test:81/", "chat", "messages", "a", "https://chat.app.test:81/"},
		{"HTTP://[::1]:81/x/../y", "chat", "messages", "a", "http://[::1]:81/x/../y"},
		{"http://[::1]/", "chat", "messages", "a", "http://[::1]/"},
	} {
		p, err := parse(c.template)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		u, err := p.expand(Event{Hub: c.hub, Category: c.category, Name: c.event})
		if err != nil || u.String() != c.want {
			t.Errorf("%s with %q: %v, %v; want %s", c.template, c.event, u, err, c.want)
		}
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ template, hub, event string }{
		{"https://app.test/a/{event}/b", "chat", ".."},
		{"https://app.test/a/{event}/b", "chat", "."},
		{"https://app.test/a/.{event}/b", "chat", "."},
		{"https://app.test/a/{event}", "chat", "../../admin"},
		{"https://app.test/a/{event}", "chat", `..\admin`},
		{"https://app.test/a/{event}", "chat", strings.Repeat("x", maxName+1)},
		{"https://{hub}/a", "evil.test", "x"},
		{"https://{hub}/a", "evil/x", "x"},
		{"https://a{hub}.test/a", "@evil", "x"},
		{"https://a{event}.test/a", "chat", ""},
	} {
		p, err := parse(c.template)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		if u, err := p.expand(Event{Hub: c.hub, Category: Messages, Name: c.event}); !errors.Is(err, errName) {
			t.Errorf("%s with %q, %q: %v, %v", c.template, c.hub, c.event, u, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, bad := range []string{
		"", "app.test/x", "ftp://app.test/", "http://", "http:///x", "http://user:SECRET@app.test/", "http://app.test/#SECRET",
		"http://app.test/{other}?code=SECRET", "http://app.test:{event}/", "http://app.test/{@Microsoft.KeyVault(SecretUri=https://SECRET)}",
		"http://app.test/a b?code=SECRET", "http://app.test\\x", "{hub}://app.test/", "http://app.test:port/SECRET", "http://app.test/{hub", "http://%41.test/",
	} {
		err := Template{URL: bad}.Check()
		if err == nil {
			t.Errorf("%q is taken", bad)
		} else if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "app.test") {
			t.Errorf("%q: the error tells the URL: %v", bad, err)
		}
	}
	c := New(Config{Templates: []Template{{URL: "nonsense"}}})
	a, err := c.Call(t.Context(), Connected("chat", "id"))
	if err == nil || !a.Called {
		t.Errorf("a template that is wrong: %+v, %v", a, err)
	}
}

// FuzzExpand: whatever a client names its method, the URL has the template's host, as
// many segments, and only the query parameters of the template.
func FuzzExpand(f *testing.F) {
	f.Add("chat", "send")
	f.Add("chat", "../x?y=z&code=1#f")
	f.Add("a.b", "%2e%2e/\r\nHost: evil")
	f.Add("@evil:80", "\x00\xff{hub}")
	const template = "https://app.test:8443/api/{hub}/{category}/{event}?code=K&event={event}"
	p, err := parse(template)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, hub, event string) {
		u, err := p.expand(Event{Hub: hub, Category: Messages, Name: event})
		if err != nil {
			if !errors.Is(err, errName) {
				t.Fatal(err)
			}
			return
		}
		if u.Scheme != "https" || u.Host != "app.test:8443" || u.User != nil || u.Fragment != "" {
			t.Fatalf("another place: %s", u)
		}
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(again.EscapedPath(), "/"); n != 4 {
			t.Fatalf("another path: %s", again)
		}
		clean, err := url.JoinPath("/", again.EscapedPath())
		if err == nil && hub != "" && event != "" && strings.Count(clean, "/") != 4 {
			t.Fatalf("the path leads elsewhere: %s", clean)
		}
		q, err := url.ParseQuery(again.RawQuery)
		if err != nil || len(q) != 2 || q.Get("code") != "K" || q.Get("event") != event {
			t.Fatalf("another query: %v, %v", q, err)
		}
	})
}

// FuzzTemplate: what Check takes can be expanded, to the scheme and port that stand there.
func FuzzTemplate(f *testing.F) {
	f.Add("http://localhost:7071/runtime/webhooks/signalr?code=x")
	f.Add("https://{hub}.app.test/{category}/{event}")
	f.Add("http://[::1%25eth0]:80/")
	f.Add("http://a:@b/")
	f.Fuzz(func(t *testing.T, template string) {
		p, err := parse(template)
		if err != nil {
			return
		}
		u, err := p.expand(Event{Hub: "chat", Category: Messages, Name: "send"})
		if err != nil {
			t.Fatalf("%q: %v", template, err)
		}
		if u.Hostname() == "" || u.User != nil || u.Port() != p.port {
			t.Fatalf("%q: %s", template, u)
		}
	})
}
