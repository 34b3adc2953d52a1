package upstream

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAddresses(t *testing.T) {
	for _, bad := range []string{
		"169.254.169.254:80", "169.254.1.1:80", "[fe80::1]:80", "[fe80::1%eth0]:80", "[::ffff:169.254.169.254]:80", "168.63.129.16:80",
		"100.100.100.200:80", "[fd00:ec2::254]:80", "0.0.0.0:80", "[::]:80", "224.0.0.1:80", "[ff02::1]:80", "[64:ff9b::a9fe:a9fe]:80",
		"[2002:a9fe:a9fe::1]:80", "name:80",
	} {
		if err := checkAddress(bad); !errors.Is(err, errRefused) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, good := range []string{"127.0.0.1:80", "10.0.0.1:80", "[::1]:80", "1.1.1.1:443", "[2606:4700::1]:443", "[64:ff9b::101:101]:80"} {
		if err := checkAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// TestMetadata: a template that leads to a link-local address, by number, is not called.
func TestMetadata(t *testing.T) {
	c := New(Config{Templates: []Template{{URL: "http://169.254.169.254/latest?code=SECRET"}}})
	a, err := c.Call(t.Context(), Connected("chat", "id"))
	if !errors.Is(err, errRefused) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%+v, %v", a, err)
	}
	if got := Problem(a, err); got != "Invocation failed, error: The upstream may not be called." {
		t.Error(got)
	}
}

// TestAllowedByName: the operator may name a host whose address is refused else.
func TestAllowedByName(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer hook.Close()
	_, port, err := net.SplitHostPort(hook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// 0.0.0.0 leads to this machine, but is no address that a hook has.
	templates := []Template{{URL: "http://0.0.0.0:" + port + "/"}}
	c := New(Config{Templates: templates})
	defer c.Close()
	if _, err := c.Call(t.Context(), Connected("chat", "id")); !errors.Is(err, errRefused) {
		t.Errorf("not named: %v", err)
	}
	for _, name := range []string{"0.0.0.0", "0.0.0.0:" + port} {
		c := New(Config{Templates: templates, Allowed: []string{"other.test", name}})
		if a, err := c.Call(t.Context(), Connected("chat", "id")); err != nil || a.Status != 204 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		c.Close()
	}
	c = New(Config{Templates: templates, Allowed: []string{"0.0.0.0:1"}})
	if _, err := c.Call(t.Context(), Connected("chat", "id")); !errors.Is(err, errRefused) {
		t.Errorf("another port: %v", err)
	}
}

// TestPlaceholderInHost: only hosts that are named are called.
func TestPlaceholderInHost(t *testing.T) {
	var called atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	defer hook.Close()
	_, port, err := net.SplitHostPort(hook.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	templates := []Template{{URL: "http://{hub}:" + port + "/"}}
	for _, v := range []struct {
		allowed []string
		hub     string
		want    bool
	}{
		{nil, "localhost", false},
		{[]string{"other"}, "localhost", false},
		{[]string{"localhost:1"}, "localhost", false},
		{[]string{"localhost"}, "localhost", true},
		{[]string{"LocalHost:" + port}, "LOCALHOST", true},
	} {
		called.Store(0)
		c := New(Config{Templates: templates, Allowed: v.allowed})
		_, err := c.Call(t.Context(), Connected(v.hub, "id"))
		if got := called.Load() == 1; got != v.want || errors.Is(err, errRefused) == v.want {
			t.Errorf("%+v: called %v, %v", v, got, err)
		}
		c.Close()
	}
}
