package partner

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://otlp.example":                   "",
		"http://127.0.0.1:4318":                  "",
		"http://[::1]:4318/":                     "",
		"https://otlp.example/base/path/":        "",
		"HTTPS://otlp.example":                   "",
		"":                                       "http",
		"otlp.example:4318":                      "http",
		"//otlp.example":                         "http",
		"ftp://otlp.example":                     "http",
		"https://":                               "host",
		"https://:4318":                          "host",
		"https:opaque":                           "host",
		"https://user@otlp.example":              "user",
		"https://user:hush-hush@otlp.example":    "user",
		"https://otlp.example?key=hush-hush":     "query",
		"https://otlp.example?":                  "query",
		"https://otlp.example#hush-hush":         "fragment",
		"https://otlp.example#":                  "fragment",
		"https://otlp.example:0":                 "port",
		"https://otlp.example:65536":             "port",
		"https://otlp.example:":                  "port",
		"https://otlp.example:hush-hush":         "URL",
		"https://otlp.example/\x7fhush-hush":     "URL",
		"https://hush hush.example":              "URL",
		"https://x/" + strings.Repeat("a", 2048): "bytes",
	} {
		for _, kind := range []Kind{OTLP, Datadog, Elastic} {
			err := Check(kind, endpoint)
			switch {
			case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s %q: %v, want %q", kind, endpoint, err, want)
			case err != nil && strings.Contains(err.Error(), "hush"):
				t.Errorf("the error repeats a secret: %v", err)
			}
		}
	}
	if err := Check("splunk", "https://x"); err == nil {
		t.Error("any kind is accepted")
	}
}

func TestConfigurations(t *testing.T) {
	c := Connection{Endpoint: "https://host.example"}
	with := func(headers map[string]Secret) Connection {
		return Connection{Endpoint: c.Endpoint, Headers: headers}
	}
	for name, d := range map[string]struct {
		make func() error
		want string
	}{
		"otlp": {func() error { _, err := NewOTLP(OTLPConfig{Connection: c}); return err }, ""},
		"otlp with a token": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"Authorization": "Bearer x"})})
			return err
		}, ""},
		"otlp without an endpoint": {func() error { _, err := NewOTLP(OTLPConfig{}); return err }, "endpoint"},
		"a header of the body": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"content-type": "x"})})
			return err
		}, "Content-Type"},
		"a host": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"host": "x"})})
			return err
		}, "Host"},
		"no name of a header": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"a b": "x"})})
			return err
		}, "name of a header"},
		"a header twice": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"a": "x", "A": "y"})})
			return err
		}, "twice"},
		"a header with a break": {func() error {
			_, err := NewOTLP(OTLPConfig{Connection: with(map[string]Secret{"a": "x\r\nb: y"})})
			return err
		}, "control"},
		"datadog":                {func() error { _, err := NewDatadog(DatadogConfig{Connection: c, APIKey: "k"}); return err }, ""},
		"datadog without a key":  {func() error { _, err := NewDatadog(DatadogConfig{Connection: c}); return err }, "API key"},
		"datadog with a bad key": {func() error { _, err := NewDatadog(DatadogConfig{Connection: c, APIKey: "k\n"}); return err }, "control"},
		"datadog with two keys": {func() error {
			_, err := NewDatadog(DatadogConfig{Connection: with(map[string]Secret{"dd-api-key": "x"}), APIKey: "k"})
			return err
		}, "Dd-Api-Key"},
		"datadog with a bad tag": {func() error {
			_, err := NewDatadog(DatadogConfig{Connection: c, APIKey: "k", Tags: []string{"a,b"}})
			return err
		}, "tag"},
		"elastic": {func() error { _, err := NewElastic(ElasticConfig{Connection: c}); return err }, ""},
		"elastic, two ways": {func() error {
			_, err := NewElastic(ElasticConfig{Connection: c, APIKey: "a", Username: "b"})
			return err
		}, "choose one"},
		"elastic, a password alone": {func() error { _, err := NewElastic(ElasticConfig{Connection: c, Password: "b"}); return err }, "without a user"},
		"elastic, a colon":          {func() error { _, err := NewElastic(ElasticConfig{Connection: c, Username: "a:b"}); return err }, "colon"},
		"elastic, an index":         {func() error { _, err := NewElastic(ElasticConfig{Connection: c, Index: "Logs"}); return err }, "capital"},
	} {
		err := d.make()
		if d.want == "" && err != nil || d.want != "" && (err == nil || !strings.Contains(err.Error(), d.want)) {
			t.Errorf("%s: %v, want %q", name, err, d.want)
		}
	}
}

func TestElasticAuthentication(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  ElasticConfig
		want string
	}{
		"encoded": {ElasticConfig{APIKey: "aWQ6a2V5"}, "ApiKey aWQ6a2V5"},
		"id:key":  {ElasticConfig{APIKey: "id:key"}, "ApiKey aWQ6a2V5"},
		"basic":   {ElasticConfig{Username: "elastic", Password: "changeme"}, "Basic ZWxhc3RpYzpjaGFuZ2VtZQ=="},
		"none":    {ElasticConfig{}, ""},
	} {
		var got string
		c.cfg.Connection = Connection{Endpoint: "http://host", Client: &http.Client{Transport: accepting(func(r *http.Request) (int, string) {
			got = r.Header.Get("Authorization")
			return 200, `{"errors":false,"items":[{"create":{"status":201}}]}`
		})}}
		d, err := NewElastic(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		deliverAll(t, d, items(1))
		if got != c.want {
			t.Errorf("%s: Authorization %q, want %q", name, got, c.want)
		}
	}
}
