package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"

	"reslog/server"
)

// places are what receives beside the node.
type places struct {
	broker *kfake.Cluster
	otlp   *httptest.Server
}

func openPlaces() (*places, error) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(4))
	if err != nil {
		return nil, err
	}
	otlp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	return &places{broker, otlp}, nil
}

func (p *places) close() {
	p.otlp.Close()
	p.broker.Close()
}

// destination is one to measure: the resources it needs, and the properties of
// a setting that goes there.
type destination struct {
	name       string
	resources  []server.Resource
	properties map[string]any
}

const (
	hub     = "Microsoft.SignalRService/SignalR/bench"
	archive = "Microsoft.Storage/storageAccounts/archive"
)

func (p *places) destinations() []destination {
	const namespace, monitor = "Microsoft.EventHub/namespaces/streams", "Dynatrace.Observability/monitors/otlp"
	return []destination{
		{"archive", nil, map[string]any{"storageAccountId": archive}},
		{
			"event hub",
			[]server.Resource{
				{ID: namespace, Properties: map[string]any{"kafkaEndpoint": strings.Join(p.broker.ListenAddrs(), ",")}},
				{ID: namespace + "/authorizationRules/send", Properties: map[string]any{"rights": []string{"Manage", "Send", "Listen"}}},
			},
			map[string]any{"eventHubAuthorizationRuleId": namespace + "/authorizationRules/send"},
		},
		{
			"OTLP, protobuf with gzip",
			[]server.Resource{{ID: monitor, Properties: map[string]any{"endpoint": p.otlp.URL}}},
			map[string]any{"marketplacePartnerId": monitor},
		},
	}
}
