package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"reslog/server"
	"reslog/server/servertest"
)

// The service that a node has from the start answers with the emulator's key.
func TestSignalR(t *testing.T) {
	n := servertest.Start(t)
	text := n.SignalRConnectionString("SignalR")
	port := n.SignalRURL()[strings.LastIndexByte(n.SignalRURL(), ':')+1:]
	if want := "Endpoint=http://127.0.0.1;Port=" + port + ";AccessKey=" + server.DevSignalRKey + ";Version=1.0;"; text != want {
		t.Errorf("connection string %q, want %q", text, want)
	}
	if n.SignalRConnectionString("other") != "" {
		t.Error("a service that is not there has a connection string")
	}
	get := func(path string, header http.Header) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.SignalRURL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Www-Authenticate")
	}
	if status, challenge := get("/client/negotiate?hub=chat&negotiateVersion=1", nil); status != http.StatusUnauthorized || challenge == "" {
		t.Errorf("without a token: %d, %q", status, challenge)
	}
	// A token of the vectors: key of the emulator, http://localhost/client/?hub=chat.
	const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhc3JzLnMudWlkIjoiYmFzIiwiZXhwIjo0MTAyNDQ0ODAwLCJhdWQiOiJodHRwOi8vbG9jYWxob3N0L2NsaWVudC8_aHViPWNoYXQifQ.PR2rWDSEYOIevGnslFAT1F3AhAfBVln84RKOh55w6Wc"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:"+port+"/client/negotiate?hub=chat&negotiateVersion=1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Host = "127.0.0.1:" + port
	r.Host = "localhost:" + port
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var negotiated struct {
		ConnectionID string `json:"connectionId"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&negotiated); err != nil || resp.StatusCode != http.StatusOK || negotiated.ConnectionID == "" {
		t.Errorf("negotiate: %d, %+v, %v", resp.StatusCode, negotiated, err)
	}
}

// What is set up through Resource Manager and the configuration holds, a restart too.
func TestSignalRSetUp(t *testing.T) {
	n := servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
		c.SignalRMode, c.SignalRTier, c.SignalRUnits = "serverless", "Free_F1", 1
		c.Resources = []server.Resource{{ID: "Microsoft.SignalRService/SignalR/chat", Properties: map[string]any{
			"features": []any{map[string]any{"flag": "ServiceMode", "value": "Serverless"}},
			"upstream": map[string]any{"templates": []any{map[string]any{"urlTemplate": "http://127.0.0.1:7071/{hub}", "hubPattern": "*"}}},
		}}}
	}))
	if s := n.SignalRConnectionString("chat"); !strings.HasPrefix(s, "Endpoint=http://chat.localhost;Port=") || strings.Contains(s, server.DevSignalRKey) {
		t.Errorf("connection string %q", strings.Split(s, "AccessKey")[0])
	}
	own := n.SignalRConnectionString("signalr")
	n.Config.SignalRMode, n.Config.SignalRTier, n.Config.SignalRUnits = "", "", 0
	n.Restart(t)
	if s := n.SignalRConnectionString("signalr"); strings.Split(s, "AccessKey")[1] != strings.Split(own, "AccessKey")[1] {
		t.Error("the key is another after a restart")
	}
	n.Config.SignalRAddr = server.Off
	n.Restart(t)
	if n.SignalRURL() != "" || n.SignalRConnectionString("signalr") != "" {
		t.Errorf("it is off, at %q", n.SignalRURL())
	}
}

func TestSignalRIsRefused(t *testing.T) {
	for want, c := range map[string]server.Config{
		"signalr address": {SignalRAddr: "8888"},
		"signalr mode":    {SignalRMode: "sometimes"},
		"signalr tier":    {SignalRTier: "Free"},
		"signalr units":   {SignalRUnits: 5000},
		"cluster peers":   {ClusterPeers: []string{"a:1"}},
		"cluster secret":  {ClusterAddr: "127.0.0.1:0", ClusterSecret: "short"},
		"cluster address": {ClusterAddr: "6222", ClusterSecret: "0123456789abcdef"},
	} {
		c.Data = "x"
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one about %q", err, want)
		}
	}
	n, err := server.New(server.Config{
		Data: t.TempDir(), BlobAddr: server.Off, QueueAddr: server.Off, TableAddr: server.Off, RedisAddr: server.Off, SignalRAddr: "127.0.0.1:0", ControlAddr: server.Off, AdminAddr: server.Off,
		Resources: []server.Resource{{ID: "Microsoft.SignalRService/SignalR/chat", Properties: map[string]any{
			"upstream": map[string]any{"templates": []any{map[string]any{"urlTemplate": "ftp://host/?code=top-secret"}}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "http://") || strings.Contains(err.Error(), "top-secret") {
		t.Errorf("a wrong upstream: %v", err)
	}
}

// Two nodes find each other, and leave in order.
func TestSignalRCluster(t *testing.T) {
	join := func(peers ...string) *servertest.Node {
		return servertest.Start(t, servertest.WithConfig(func(c *server.Config) {
			c.ClusterAddr, c.ClusterPeers, c.ClusterSecret = "127.0.0.1:0", peers, "the-same-on-all-nodes"
		}))
	}
	one := join()
	two := join(one.ClusterAddr())
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(two.AdminURL() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nreslog_cluster_nodes 1\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the nodes do not find each other")
		}
	}
}
