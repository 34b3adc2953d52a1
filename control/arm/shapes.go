package arm

import (
	"cmp"

	"reslog/resource"
)

// AccountSecrets are the Secrets of a storage account's resource.
type AccountSecrets struct {
	Keys [2]string `json:"keys"` // base64, 64 bytes each
	// Regenerated keys are not replaced by those of the configuration.
	Regenerated [2]bool `json:"regenerated"`
	// ConnectionString is that of an account elsewhere, Azurite's or a real one,
	// which only receives archives. Then Keys are nobody's.
	ConnectionString string `json:"connectionString,omitempty"`
}

// AccountSecretsOf decodes the secrets of a Microsoft.Storage/storageAccounts.
func AccountSecretsOf(r resource.Resource) (AccountSecrets, error) {
	return secretsOf[AccountSecrets](r)
}

// KeyPair are the Secrets of SignalR hubs, Redis Enterprise databases and
// workspaces.
type KeyPair struct {
	PrimaryKey   string `json:"primaryKey"` // base64
	SecondaryKey string `json:"secondaryKey"`
}

// KeyPairOf decodes the secrets of one of those.
func KeyPairOf(r resource.Resource) (KeyPair, error) { return secretsOf[KeyPair](r) }

// Namespace are the properties of an Event Hubs namespace that say where it is.
type Namespace struct {
	// KafkaEndpoint is a list of host:port, separated by commas; "" leaves it to
	// the connection string of a rule.
	KafkaEndpoint string `json:"kafkaEndpoint"`
	// SecurityProtocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
	SecurityProtocol string `json:"kafkaSecurityProtocol"`
}

// NamespaceOf decodes the properties of a Microsoft.EventHub/namespaces.
func NamespaceOf(r resource.Resource) (Namespace, error) {
	n, err := propertiesOf[Namespace](r)
	n.SecurityProtocol = cmp.Or(n.SecurityProtocol, "PLAINTEXT")
	return n, err
}

// RuleSecrets are the Secrets of an authorization rule of a namespace.
type RuleSecrets struct {
	PrimaryKey   string `json:"primaryKey"` // base64
	SecondaryKey string `json:"secondaryKey"`
	// ConnectionString is that of a namespace elsewhere; then the keys are
	// nobody's.
	ConnectionString string `json:"connectionString,omitempty"`
}

// RuleSecretsOf decodes the secrets of a
// Microsoft.EventHub/namespaces/authorizationRules.
func RuleSecretsOf(r resource.Resource) (RuleSecrets, error) { return secretsOf[RuleSecrets](r) }

// Workspace are the properties of a Log Analytics workspace that others need.
type Workspace struct {
	CustomerID      string `json:"customerId"` // a GUID, what queries name it by
	RetentionInDays int    `json:"retentionInDays"`
}

// WorkspaceOf decodes the properties of a Microsoft.OperationalInsights/workspaces.
func WorkspaceOf(r resource.Resource) (Workspace, error) { return propertiesOf[Workspace](r) }

// Monitor are the properties of a partner's monitor that say where it is.
type Monitor struct {
	Endpoint string `json:"endpoint"` // URL, http or https
	// Protocol is otlp, datadog or elasticsearch.
	Protocol string `json:"protocol"`
	// Index is where Elasticsearch puts records; "" leaves it to the destination.
	Index string `json:"index,omitempty"`
	// Encoding is that of OTLP, json or protobuf; "" leaves it to the destination.
	Encoding string `json:"encoding,omitempty"`
}

// MonitorOf decodes the properties of a partner's monitor.
func MonitorOf(r resource.Resource) (Monitor, error) { return propertiesOf[Monitor](r) }

// MonitorSecrets are the Secrets of a partner's monitor.
type MonitorSecrets struct {
	APIKey   string            `json:"apiKey,omitempty"`
	Username string            `json:"username,omitempty"`
	Password string            `json:"password,omitempty"`
	Headers  map[string]string `json:"headers,omitempty"`
}

// MonitorSecretsOf decodes the secrets of a partner's monitor.
func MonitorSecretsOf(r resource.Resource) (MonitorSecrets, error) {
	return secretsOf[MonitorSecrets](r)
}
