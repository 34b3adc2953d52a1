package client

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// minuteAPI is the x-ms-version that minute metrics are read and written with: the
// first that has them, and in which what a body leaves out stays as it is.
const minuteAPI = "2013-08-15"

// MinuteMetrics are the settings of a service for summaries of its requests by
// minute. Those by hour are in AnalyticsSettings. The zero value keeps none.
type MinuteMetrics struct {
	Version string // "" means AnalyticsVersion
	// IsRetentionPolicyEnabled says that summaries are deleted after
	// RetentionInDays, 1 to 365.
	IsRetentionPolicyEnabled bool
	RetentionInDays          int

	metricsType MetricsType
}

// Type returns the summaries that are kept.
func (m *MinuteMetrics) Type() MetricsType { return m.metricsType }

// SetType changes the summaries that are kept. It refuses MetricsAPISummary alone
// with ErrOnlyAPISummary.
func (m *MinuteMetrics) SetType(t MetricsType) error { return t.set(&m.metricsType) }

// Validate reports what a service would refuse.
func (m *MinuteMetrics) Validate() error {
	return validateRetention("minute metrics", m.IsRetentionPolicyEnabled, m.RetentionInDays)
}

// MarshalJSON writes the settings as AnalyticsSettings writes those by hour.
func (m *MinuteMetrics) MarshalJSON() ([]byte, error) {
	return json.Marshal(newMetricsJSON(m.Version, m.metricsType, m.IsRetentionPolicyEnabled, m.RetentionInDays))
}

// The part of the body of Set and Get Service Properties that is about minutes,
// x-ms-version 2013-08-15.
type minuteXML struct {
	XMLName xml.Name    `xml:"StorageServiceProperties"`
	Metrics *metricsXML `xml:"MinuteMetrics"`
}

// GetMinuteMetrics returns the settings of a service for summaries by minute.
func (a *Account) GetMinuteMetrics(ctx context.Context, service Service) (*MinuteMetrics, error) {
	body, err := a.serviceProperties(ctx, service, propertiesCall{http.MethodGet, minuteAPI, nil, http.StatusOK})
	if err != nil {
		return nil, fmt.Errorf("get %s service properties: %w", service, err)
	}
	var p minuteXML
	if err := xml.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &p); err != nil {
		return nil, fmt.Errorf("read the minute metrics: %w", err)
	}
	m := &MinuteMetrics{Version: AnalyticsVersion}
	if p.Metrics == nil {
		return m, nil
	}
	m.Version = orDefaultVersion(strings.TrimSpace(p.Metrics.Version))
	m.metricsType = p.Metrics.metricsType()
	var unknown []unknownXML
	if m.IsRetentionPolicyEnabled, m.RetentionInDays, err = retentionFromXML(p.Metrics.Retention, &unknown); err != nil {
		return nil, fmt.Errorf("read the minute metrics: %w", err)
	}
	return m, nil
}

// SetMinuteMetrics replaces the settings of a service for summaries by minute. All
// other settings stay.
func (a *Account) SetMinuteMetrics(ctx context.Context, service Service, m *MinuteMetrics) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("set %s service properties: %w", service, err)
	}
	body, err := xml.Marshal(minuteXML{Metrics: newMetricsXML(m.Version, m.metricsType, m.IsRetentionPolicyEnabled, m.RetentionInDays)})
	if err != nil {
		return fmt.Errorf("set %s service properties: %w", service, err)
	}
	body = append([]byte(xmlDeclaration), body...)
	if _, err := a.serviceProperties(ctx, service, propertiesCall{http.MethodPut, minuteAPI, body, http.StatusAccepted}); err != nil {
		return fmt.Errorf("set %s service properties: %w", service, err)
	}
	return nil
}
