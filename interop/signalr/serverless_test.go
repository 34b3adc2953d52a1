package signalr

import (
	"slices"
	"testing"
)

// ways are the transports and protocols, as the tests in Node name them.
var ways = map[string]string{
	"websockets-json": "WebSockets", "websockets-messagepack": "WebSockets", "events-json": "ServerSentEvents",
	"polling-json": "LongPolling", "polling-messagepack": "LongPolling",
}

// TestServerless has clients in Serverless mode, whom the REST API sends to, groups and
// closes, and an upstream answers.
func TestServerless(t *testing.T) {
	h := startHooks(t)
	s := start(t, h.of)
	runNode(t, s, "serverless.test.js")
	want := map[string][]string{}
	for way, transport := range ways {
		begun := []string{"ConnectionStarted " + transport, "ServerlessModeEntered " + transport}
		failed := "InvokeUpstreamFailed: Unexpected status code invoking the upstream for 'hub:" + hubOf(way) + ",event:fail,category:messages'. StatusCode: 500."
		want["alice-"+way] = append(begun[:2:2], failed, "ConnectionEnded: Connection ended. Reason: The client closed the connection")
		want["bob-"+way] = append(begun[:2:2], "ConnectionEnded: Connection ended. Reason: The connection was closed through the REST API: bye")
	}
	s.wantStories(t, want)
	for way := range ways {
		for _, what := range []string{"alice-" + way + " connections/connected", "alice-" + way + " connections/disconnected", "bob-" + way + " connections/disconnected", "alice-" + way + " messages/note"} {
			eventually(func() bool { return h.count(what) > 0 })
			if got := h.count(what); got != 1 {
				t.Errorf("the upstream heard %d times of %s", got, what)
			}
		}
	}
}

// hubOf is the hub of a way: names of hubs have no hyphens.
func hubOf(way string) string {
	for i := range way {
		if way[i] == '-' {
			return way[:i] + "_" + way[i+1:]
		}
	}
	return way
}

// TestReconnect has clients that connect again, all by themselves: when they are told
// to, when they were silent, and when the network fails.
func TestReconnect(t *testing.T) {
	s := start(t, nil)
	runNode(t, s, "reconnect.test.js")
	const (
		started, entered = "ConnectionStarted ", "ServerlessModeEntered "
		ended            = "ConnectionEnded: Connection ended. Reason: The client closed the connection"
		aborted          = "ConnectionAborted: Connection aborted. Reason: "
	)
	again := func(transport, reason string) []string {
		return []string{started + transport, entered + transport, aborted + reason, started + transport, entered + transport, ended}
	}
	alone := func(hub string) string {
		return "InvokeUpstreamFailed: No upstream is set up for 'hub:" + hub + ",event:nothing,category:messages': what the client invokes reaches nobody."
	}
	// One connection, however often its WebSocket broke.
	stateful := []string{started + "WebSockets", entered + "WebSockets", alone("stateful"), ended}
	want := map[string][]string{
		"silent":        slices.Insert(again("WebSockets", "Connection ping timeout"), 2, alone("silent")),
		"stateful-json": stateful, "stateful-messagepack": stateful,
	}
	for way, transport := range ways {
		want["reload-"+way] = again(transport, "Service reloading, reconnect")
	}
	want["lost"] = again("WebSockets", "The connection was lost")
	s.wantStories(t, want)
}
