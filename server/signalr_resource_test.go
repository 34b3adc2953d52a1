package server

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reslog/service/signalr"
	"reslog/service/signalr/upstream"
)

func TestSignalRProperties(t *testing.T) {
	var p signalRProperties
	err := json.Unmarshal([]byte(`{
		"features": [{"flag":"ServiceMode","value":"Serverless"},{"flag":"EnableConnectivityLogs","value":"True"},{"flag":"EnableMessagingLogs","value":"True"}],
		"upstream": {"templates": [{"urlTemplate":"http://a/{hub}","hubPattern":"chat","categoryPattern":"*","eventPattern":"connected",
			"auth":{"type":"ManagedIdentity","managedIdentity":{"resource":"api://x"}}},{"urlTemplate":"http://b/"}]},
		"serverless": {"connectionTimeoutInSeconds":40,"keepAliveIntervalInSeconds":5},
		"resourceLogConfiguration": {"categories": [{"name":"MessagingLogs","enabled":"false"},{"name":"HttpRequestLogs","enabled":true}]}
	}`), &p)
	if err != nil {
		t.Fatal(err)
	}
	var got signalr.Service
	p.apply(&got)
	want := signalr.Service{
		Mode: signalr.Serverless, Connectivity: true, HTTPRequests: true, KeepAlive: 5 * time.Second, ClientTimeout: 40 * time.Second,
		Upstreams: []upstream.Template{{URL: "http://a/{hub}", Hub: "chat", Category: "*", Event: "connected", ManagedIdentity: "api://x"}, {URL: "http://b/"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported()); diff != "" {
		t.Error(diff)
	}
}

func TestWithMode(t *testing.T) {
	raw, err := withMode(json.RawMessage(`{"features":[{"flag":"servicemode","value":"Default"},{"flag":"X","value":"1"}],"cors":1}`), signalr.Classic)
	if want := `{"cors":1,"features":[{"flag":"X","value":"1"},{"flag":"ServiceMode","value":"Classic"}]}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestReadFileOfSignalR(t *testing.T) {
	path := writeTestFile(t, `signalr-addr: 0.0.0.0:8888
signalr-mode: Serverless
signalr-tier: Free_F1
signalr-units: 1
signalr-upstream-hosts: [hooks.example]
`)
	var c Config
	if err := c.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	want := Config{SignalRAddr: "0.0.0.0:8888", SignalRMode: "Serverless", SignalRTier: "Free_F1", SignalRUnits: 1, SignalRUpstreamHosts: []string{"hooks.example"}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}
