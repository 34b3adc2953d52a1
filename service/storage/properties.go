package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
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
	// the client sees 202. Calls for one service of an account do not overlap.
	// An error is answered in place of the 202. nil does nothing.
	OnChange func(ctx context.Context, a *Account, k Kind, p ServiceProperties) error
	// Logger is told of what is stored; nil is silent.
	Logger *slog.Logger
}

// Properties are the service properties of all accounts and services, cached:
// Get is a map lookup. One Properties must be the only writer of its store.
type Properties struct {
	config PropertiesConfig
	cache  sync.Map // of propertiesKey to ServiceProperties
	locks  sync.Map // of propertiesKey to *sync.Mutex: held by Update
}

type propertiesKey struct {
	account string
	kind    Kind
}

// String is the key in the store.
func (k propertiesKey) String() string { return k.account + "." + string(k.kind) }

// OpenProperties returns the properties kept in the store.
func OpenProperties(c PropertiesConfig) *Properties {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Properties{config: c}
}

// Get returns the properties of a service of an account; those of a new account
// when none were ever set.
func (p *Properties) Get(ctx context.Context, account string, k Kind) (ServiceProperties, error) {
	key := propertiesKey{account, k}
	if v, ok := p.cache.Load(key); ok {
		return v.(ServiceProperties), nil
	}
	sp := DefaultServiceProperties()
	if p.config.Store != nil {
		value, ok, err := p.config.Store.Get(ctx, key.String())
		if err != nil {
			return ServiceProperties{}, fmt.Errorf("read the %s service properties of %s: %w", k, account, err)
		}
		if ok {
			sp = ServiceProperties{}
			if err := json.Unmarshal(value, &sp); err != nil {
				return ServiceProperties{}, fmt.Errorf("read the stored %s service properties of %s: %w", k, account, err)
			}
		}
	}
	// A Set that came in between has stored newer ones.
	v, _ := p.cache.LoadOrStore(key, sp)
	return v.(ServiceProperties), nil
}

// Set stores the properties of a service of an account and calls OnChange.
func (p *Properties) Set(ctx context.Context, a *Account, k Kind, sp ServiceProperties) error {
	return p.update(ctx, a, k, func(ServiceProperties) (ServiceProperties, error) { return sp, nil })
}

// update changes the properties with fn, which gets the current ones.
func (p *Properties) update(ctx context.Context, a *Account, k Kind, fn func(ServiceProperties) (ServiceProperties, error)) error {
	key := propertiesKey{a.Name, k}
	v, _ := p.locks.LoadOrStore(key, new(sync.Mutex))
	lock := v.(*sync.Mutex)
	lock.Lock()
	defer lock.Unlock()
	old, err := p.Get(ctx, a.Name, k)
	if err != nil {
		return err
	}
	sp, err := fn(old)
	if err != nil {
		return err
	}
	if p.config.Store != nil {
		value, err := json.Marshal(sp)
		if err != nil {
			return fmt.Errorf("encode the %s service properties of %s: %w", k, a.Name, err)
		}
		if err := p.config.Store.Put(ctx, key.String(), value); err != nil {
			return fmt.Errorf("store the %s service properties of %s: %w", k, a.Name, err)
		}
	}
	p.cache.Store(key, sp)
	p.config.Logger.Info("service properties set", "account", a.Name, "service", string(k),
		"read", sp.Logging.Read, "write", sp.Logging.Write, "delete", sp.Logging.Delete)
	if p.config.OnChange == nil {
		return nil
	}
	return p.config.OnChange(ctx, a, k, sp)
}

// ServiceProperties are what Set and Get Blob, Queue and Table Service
// Properties exchange. Values are immutable once handed to Properties.
type ServiceProperties struct {
	Logging       Logging    `json:"logging"`
	HourMetrics   Metrics    `json:"hourMetrics"`
	MinuteMetrics Metrics    `json:"minuteMetrics"`
	Cors          []CorsRule `json:"cors,omitempty"`
	// DefaultServiceVersion is "" when it was never set.
	DefaultServiceVersion Version `json:"defaultServiceVersion,omitempty"`
}

// Logging says which requests Storage Analytics logs.
type Logging struct {
	Version   string          `json:"version"` // "1.0" or "2.0"
	Read      bool            `json:"read"`
	Write     bool            `json:"write"`
	Delete    bool            `json:"delete"`
	Retention RetentionPolicy `json:"retention"`
}

// Metrics says which metrics Storage Analytics keeps.
type Metrics struct {
	Version     string          `json:"version"` // "1.0"
	Enabled     bool            `json:"enabled"`
	IncludeAPIs bool            `json:"includeApis"`
	Retention   RetentionPolicy `json:"retention"`
}

// RetentionPolicy says how long data is kept: Days, 1 to 365, when Enabled,
// else for ever.
type RetentionPolicy struct {
	Enabled bool `json:"enabled"`
	Days    int  `json:"days,omitempty"`
}

// CorsRule is one rule of Cross-Origin Resource Sharing.
type CorsRule struct {
	AllowedOrigins  []string `json:"allowedOrigins"`
	AllowedMethods  []string `json:"allowedMethods"`
	AllowedHeaders  []string `json:"allowedHeaders,omitempty"`
	ExposedHeaders  []string `json:"exposedHeaders,omitempty"`
	MaxAgeInSeconds int      `json:"maxAgeInSeconds"`
}

// DefaultServiceProperties are those of a new account.
func DefaultServiceProperties() ServiceProperties {
	return ServiceProperties{
		Logging:       Logging{Version: "1.0"},
		HourMetrics:   Metrics{Version: "1.0", Enabled: true, IncludeAPIs: true, Retention: RetentionPolicy{Enabled: true, Days: 7}},
		MinuteMetrics: Metrics{Version: "1.0"},
	}
}
