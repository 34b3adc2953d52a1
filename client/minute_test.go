package client_test

import (
	"encoding/json"
	"errors"
	"testing"

	"reslog/client"
	"reslog/server/servertest"
)

// Summaries by minute are settings of their own: what is set beside them stays.
func TestMinuteMetrics(t *testing.T) {
	a := servertest.Start(t).Account(t)
	before, err := a.GetAnalytics(t.Context(), client.Blob)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.GetMinuteMetrics(t.Context(), client.Blob)
	if err != nil || m.Type() != client.MetricsNone || m.IsRetentionPolicyEnabled {
		t.Fatalf("a new account has minute metrics %+v, %v", m, err)
	}
	if err := m.SetType(client.MetricsAPISummary); !errors.Is(err, client.ErrOnlyAPISummary) {
		t.Errorf("by API alone: %v", err)
	}
	if err := m.SetType(client.MetricsAll); err != nil {
		t.Fatal(err)
	}
	m.IsRetentionPolicyEnabled, m.RetentionInDays = true, 366
	if err := a.SetMinuteMetrics(t.Context(), client.Blob, m); err == nil {
		t.Error("366 days were taken")
	}
	m.RetentionInDays = 3
	if err := a.SetMinuteMetrics(t.Context(), client.Blob, m); err != nil {
		t.Fatal(err)
	}
	got, err := a.GetMinuteMetrics(t.Context(), client.Blob)
	if err != nil || *got != *m {
		t.Errorf("minute metrics are %+v, %v", got, err)
	}
	const want = `{"version":"1.0","enabled":true,"includeApis":true,"retentionPolicy":{"enabled":true,"days":3}}`
	if raw, err := json.Marshal(got); err != nil || string(raw) != want {
		t.Errorf("as JSON %s, %v", raw, err)
	}
	after, err := a.GetAnalytics(t.Context(), client.Blob)
	if err != nil || *after != *before {
		t.Errorf("the other settings were %+v, are %+v, %v", before, after, err)
	}
	before.LogType = client.LoggingAll
	if err := a.SetAnalytics(t.Context(), client.Blob, before); err != nil {
		t.Fatal(err)
	}
	if got, err := a.GetMinuteMetrics(t.Context(), client.Blob); err != nil || *got != *m {
		t.Errorf("after a change of logging minute metrics are %+v, %v", got, err)
	}
}
