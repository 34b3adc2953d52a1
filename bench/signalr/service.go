package main

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/resource"
	"reslog/service/signalr"
	"reslog/service/signalr/token"
)

const (
	key     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
	hubName = "bench"
)

// newService starts the service, with as many units as let it have all clients at once.
func newService(ctx context.Context) (http.Handler, error) {
	id, err := resource.Parse("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench/providers/Microsoft.SignalRService/SignalR/bench")
	if err != nil {
		return nil, err
	}
	f := &fixed{service: signalr.Service{
		ID: id, Location: "local", Mode: signalr.Serverless, Keys: []string{key}, Tier: "Premium_P1", Units: 100,
		Connectivity: true, HTTPRequests: true,
	}}
	s := signalr.New(signalr.Config{Services: f, Emitter: f, Recorder: metric.New(metric.Config{Emitter: f})})
	go func() { _ = s.Run(ctx) }() // it returns nil
	mux := http.NewServeMux()
	mux.HandleFunc("GET /records", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(strconv.AppendInt(nil, f.records.Load(), 10)) // who asked is gone
	})
	mux.Handle("/", s)
	return mux, nil
}

// fixed is one service, and an Emitter that counts.
type fixed struct {
	service signalr.Service
	records atomic.Int64
}

// ByHost implements signalr.Services, as does Watch.
func (f *fixed) ByHost(string) (signalr.Service, bool) { return f.service, true }

// Watch is explained at ByHost.
func (f *fixed) Watch(fn func(signalr.Service, bool)) { fn(f.service, false) }

// Enabled implements record.Emitter, as do Begin, Withdraw and Emit.
func (*fixed) Enabled(resource.ID, record.Category) bool { return true }

// Begin is explained at Enabled.
func (*fixed) Begin(context.Context, record.Record) error { return nil }

// Withdraw is explained at Enabled.
func (*fixed) Withdraw(context.Context, record.Record) error { return nil }

// Emit is explained at Enabled.
func (f *fixed) Emit(_ context.Context, r record.Record) error {
	if r.Category == "AllLogs" {
		f.records.Add(1)
	}
	return nil
}

// sign makes a token for an address.
func sign(audience, user string) string {
	claims := []token.Claim{
		{Type: "aud", Value: audience},
		{Type: "exp", Value: strconv.FormatInt(time.Now().Add(2*time.Hour).Unix(), 10)},
	}
	if user != "" {
		claims = append(claims, token.Claim{Type: "nameid", Value: user})
	}
	return token.Sign(key, claims...)
}
