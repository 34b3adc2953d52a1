package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Versions of the diagnostic settings API. The older one takes a retention.
const (
	settingsVersion  = "2021-05-01-preview"
	retentionVersion = "2017-05-01-preview"
)

// DiagnosticSetting says which logs and metrics of a resource go where.
type DiagnosticSetting struct {
	ID         string            `json:"id,omitempty"`
	Name       string            `json:"name,omitempty"`
	Properties SettingProperties `json:"properties"`
}

// SettingProperties are the setting itself. Destinations are resource IDs; an
// empty one is not set.
type SettingProperties struct {
	StorageAccountID            string          `json:"storageAccountId,omitempty"`
	ServiceBusRuleID            string          `json:"serviceBusRuleId,omitempty"`
	WorkspaceID                 string          `json:"workspaceId,omitempty"`
	EventHubAuthorizationRuleID string          `json:"eventHubAuthorizationRuleId,omitempty"`
	EventHubName                string          `json:"eventHubName,omitempty"`
	MarketplacePartnerID        string          `json:"marketplacePartnerId,omitempty"`
	LogAnalyticsDestinationType string          `json:"logAnalyticsDestinationType,omitempty"`
	Logs                        []SettingLog    `json:"logs,omitempty"`
	Metrics                     []SettingMetric `json:"metrics,omitempty"`
}

// SettingLog switches a category, or a group of categories, on.
type SettingLog struct {
	Category        string           `json:"category,omitempty"`
	CategoryGroup   string           `json:"categoryGroup,omitempty"`
	Enabled         bool             `json:"enabled"`
	RetentionPolicy *RetentionPolicy `json:"retentionPolicy,omitempty"`
}

// SettingMetric switches a category of metrics on.
type SettingMetric struct {
	Category        string           `json:"category,omitempty"`
	Enabled         bool             `json:"enabled"`
	TimeGrain       string           `json:"timeGrain,omitempty"`
	RetentionPolicy *RetentionPolicy `json:"retentionPolicy,omitempty"`
}

// RetentionPolicy says for how many days an archive keeps what it gets; 0 is
// for ever.
type RetentionPolicy struct {
	Enabled bool `json:"enabled"`
	Days    int  `json:"days"`
}

// SettingCategory is a category that a resource can log or measure.
type SettingCategory struct {
	Name       string `json:"name"`
	Properties struct {
		CategoryType   string   `json:"categoryType"` // Logs or Metrics
		CategoryGroups []string `json:"categoryGroups"`
	} `json:"properties"`
}

// settingPath is the path of a setting, or with an empty name of all of them.
func settingPath(resource, name string) string {
	path := resource + "/providers/Microsoft.Insights/diagnosticSettings"
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	return path
}

// PutSetting makes a diagnostic setting of a resource, or replaces it. It is in
// force when the call returns.
func (n *Node) PutSetting(ctx context.Context, resource, name string, p SettingProperties) (DiagnosticSetting, error) {
	return n.putSetting(ctx, resource, name, p.version(), p)
}

// PutSettingDocument is PutSetting with the properties as JSON, for those that
// SettingProperties has no field for.
func (n *Node) PutSettingDocument(ctx context.Context, resource, name string, properties json.RawMessage) (DiagnosticSetting, error) {
	var p SettingProperties
	if err := json.Unmarshal(properties, &p); err != nil {
		return DiagnosticSetting{}, err
	}
	return n.putSetting(ctx, resource, name, p.version(), properties)
}

func (n *Node) putSetting(ctx context.Context, resource, name, version string, properties any) (s DiagnosticSetting, err error) {
	body := map[string]any{"properties": properties}
	err = n.ARM(ctx, http.MethodPut, settingPath(resource, name), version, nil, body, &s)
	return s, err
}

// version is the API version that takes the setting: today's refuses a retention.
func (p *SettingProperties) version() string {
	for _, l := range p.Logs {
		if l.RetentionPolicy != nil && l.RetentionPolicy.Enabled {
			return retentionVersion
		}
	}
	for _, m := range p.Metrics {
		if m.RetentionPolicy != nil && m.RetentionPolicy.Enabled {
			return retentionVersion
		}
	}
	return settingsVersion
}

// Setting returns one diagnostic setting of a resource.
func (n *Node) Setting(ctx context.Context, resource, name string) (s DiagnosticSetting, err error) {
	err = n.ARM(ctx, http.MethodGet, settingPath(resource, name), settingsVersion, nil, nil, &s)
	return s, err
}

// SettingDocument returns the properties of a setting as the node has them.
func (n *Node) SettingDocument(ctx context.Context, resource, name string) (json.RawMessage, error) {
	var s struct {
		Properties json.RawMessage `json:"properties"`
	}
	err := n.ARM(ctx, http.MethodGet, settingPath(resource, name), settingsVersion, nil, nil, &s)
	return s.Properties, err
}

// Settings lists the diagnostic settings of a resource.
func (n *Node) Settings(ctx context.Context, resource string) ([]DiagnosticSetting, error) {
	return list[DiagnosticSetting](ctx, n, settingPath(resource, ""), settingsVersion, nil)
}

// DeleteSetting removes a setting; what was recorded before is still delivered.
// One that is not there is no error.
func (n *Node) DeleteSetting(ctx context.Context, resource, name string) error {
	return n.ARM(ctx, http.MethodDelete, settingPath(resource, name), settingsVersion, nil, nil, nil)
}

// SettingCategories lists what a resource can log and measure.
func (n *Node) SettingCategories(ctx context.Context, resource string) ([]SettingCategory, error) {
	return list[SettingCategory](ctx, n, resource+"/providers/Microsoft.Insights/diagnosticSettingsCategories", settingsVersion, nil)
}
