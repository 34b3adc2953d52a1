package rest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"reslog/service/signalr/hub"
)

// lost are other nodes that cannot be reached.
type lost struct{}

func (lost) Publish([]byte) error { return errors.New("SECRET") }

func (lost) Ask(context.Context, []byte, func([]byte)) error { return errors.New("SECRET") }

func (lost) Receive(func([]byte), func([]byte) []byte) {}

// TestOtherNodesAreLost: what SDKs repeat is a 503; a message, which clients here have got,
// and a method, which may have run, are a 500.
func TestOtherNodesAreLost(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	w.config.Hubs = hub.New(hub.Config{Peers: lost{}})
	w.config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	w.handler = New(w.config)
	for _, v := range []struct {
		status       int
		method, path string
	}{
		{500, "POST", "/api/v1/hubs/chat"},
		{500, "POST", "/api/hubs/chat/connections/none/:invoke" + newest},
		{503, "HEAD", "/api/v1/hubs/chat/connections/none"},
		{503, "PUT", "/api/v1/hubs/chat/groups/g/connections/none"},
		{503, "PUT", "/api/v1/hubs/chat/groups/g/users/ann"},
		{503, "POST", "/api/hubs/chat/:closeConnections" + newest},
		{503, "GET", "/api/hubs/chat/groups/g/connections" + newest},
	} {
		log.Reset()
		a := w.want(v.status, v.method, v.path, message)
		if strings.Contains(a.body, "SECRET") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: %s, logged %q", v.path, a.body, log.String())
		}
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t)
	w.config.Hubs = hub.New(hub.Config{MaxGroups: 1, MaxStanding: 1})
	w.handler = New(w.config)
	w.config.Hubs.Join("chat", &member{id: "x", user: "ann", hubs: w.config.Hubs})
	w.want(200, "PUT", "/api/v1/hubs/chat/groups/g1/connections/x", "")
	if a := w.want(400, "PUT", "/api/v1/hubs/chat/groups/g2/connections/x", ""); a.code() != "TooManyGroups" {
		t.Error(a)
	}
	w.want(202, "PUT", "/api/v1/hubs/chat/groups/g1/users/bob?ttl=10", "")
	if a := w.want(429, "PUT", "/api/v1/hubs/chat/groups/g1/users/eve?ttl=10", ""); a.code() != "TooManyRequests" {
		t.Error(a)
	}
}
