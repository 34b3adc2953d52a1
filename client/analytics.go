package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// LoggingLevel says which requests are logged: flags, as the announcement of
// Storage Logging numbers them.
type LoggingLevel uint8

// Logging levels.
const (
	LoggingNone   LoggingLevel = 0
	LoggingDelete LoggingLevel = 2
	LoggingWrite  LoggingLevel = 4
	LoggingRead   LoggingLevel = 8
	LoggingAll                 = LoggingRead | LoggingWrite | LoggingDelete
)

// String is "read,write,delete" or what of it is set, as LogType metadata has
// it; "none" for none.
func (l LoggingLevel) String() string {
	var names []string
	for _, n := range []struct {
		flag LoggingLevel
		name string
	}{{LoggingRead, "read"}, {LoggingWrite, "write"}, {LoggingDelete, "delete"}} {
		if l&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ",")
}

// ParseLoggingLevel reads "read,write,delete", the letters "rwd" that the Azure
// CLI uses, or "none", without regard to case or order.
func ParseLoggingLevel(s string) (LoggingLevel, error) {
	var level LoggingLevel
	text := strings.ToLower(strings.TrimSpace(s))
	if text == "none" {
		return LoggingNone, nil
	}
	words := map[string]LoggingLevel{"read": LoggingRead, "write": LoggingWrite, "delete": LoggingDelete}
	if letters := strings.Trim(text, "rwd"); text != "" && letters == "" {
		for _, r := range text {
			level |= map[rune]LoggingLevel{'r': LoggingRead, 'w': LoggingWrite, 'd': LoggingDelete}[r]
		}
		return level, nil
	}
	for word := range strings.SplitSeq(text, ",") {
		flag, ok := words[strings.TrimSpace(word)]
		if !ok {
			return 0, fmt.Errorf("logging level %q: want letters of \"rwd\", or read, write, delete separated by commas, or none", s)
		}
		level |= flag
	}
	return level, nil
}

// MetricsType says which summaries of requests are kept: flags.
type MetricsType uint8

// Metrics types. MetricsAPISummary alone is invalid.
const (
	MetricsNone           MetricsType = 0
	MetricsServiceSummary MetricsType = 1
	MetricsAPISummary     MetricsType = 2
	MetricsAll                        = MetricsServiceSummary | MetricsAPISummary
)

// ErrOnlyAPISummary refuses metrics by API without those of the service.
var ErrOnlyAPISummary = errors.New("Including just ApiSummary is invalid.") //nolint:staticcheck // the announcement's own words

// AnalyticsVersion is the version of logs and metrics unless told otherwise.
const AnalyticsVersion = "1.0"

// AnalyticsSettings are the logging and metrics settings of a service. The zero
// value logs nothing, measures nothing and keeps what there is for ever.
type AnalyticsSettings struct {
	LogType    LoggingLevel
	LogVersion string // "" means AnalyticsVersion
	// IsLogRetentionPolicyEnabled says that logs are deleted after
	// LogRetentionInDays, 1 to 365.
	IsLogRetentionPolicyEnabled bool
	LogRetentionInDays          int

	MetricsVersion string // "" means AnalyticsVersion
	// IsMetricsRetentionPolicyEnabled says that metrics are deleted after
	// MetricsRetentionInDays, 1 to 365.
	IsMetricsRetentionPolicyEnabled bool
	MetricsRetentionInDays          int

	metricsType MetricsType
}

// MetricsType returns the summaries that are kept.
func (s *AnalyticsSettings) MetricsType() MetricsType { return s.metricsType }

// SetMetricsType changes the summaries that are kept. It refuses
// MetricsAPISummary alone with ErrOnlyAPISummary.
func (s *AnalyticsSettings) SetMetricsType(m MetricsType) error { return m.set(&s.metricsType) }

// set stores m in what there is now, unless it is invalid.
func (m MetricsType) set(now *MetricsType) error {
	if m == MetricsAPISummary {
		return ErrOnlyAPISummary
	}
	if m > MetricsAll {
		return fmt.Errorf("metrics type %d is none of none, service summary, and service with api summary", m)
	}
	*now = m
	return nil
}

// Validate reports what a service would refuse.
func (s *AnalyticsSettings) Validate() error {
	if s.LogType&^LoggingAll != 0 {
		return fmt.Errorf("logging level %d has flags that mean nothing", s.LogType)
	}
	return errors.Join(
		validateRetention("log", s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays),
		validateRetention("metrics", s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays))
}

// maxRetentionDays is the most a retention policy may keep, in days.
const maxRetentionDays = 365

func validateRetention(of string, enabled bool, days int) error {
	if enabled && (days < 1 || days > maxRetentionDays) {
		return fmt.Errorf("%s retention of %d days: want 1 to %d", of, days, maxRetentionDays)
	}
	return nil
}

// MarshalJSON writes the settings as scripts want them.
func (s *AnalyticsSettings) MarshalJSON() ([]byte, error) {
	type logging struct {
		Version   string        `json:"version"`
		Read      bool          `json:"read"`
		Write     bool          `json:"write"`
		Delete    bool          `json:"delete"`
		Retention retentionJSON `json:"retentionPolicy"`
	}
	return json.Marshal(struct {
		Logging logging     `json:"logging"`
		Metrics metricsJSON `json:"metrics"`
	}{
		logging{
			orDefaultVersion(s.LogVersion), s.LogType&LoggingRead != 0, s.LogType&LoggingWrite != 0, s.LogType&LoggingDelete != 0,
			retentionJSON{s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays},
		},
		newMetricsJSON(s.MetricsVersion, s.metricsType, s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays),
	})
}

type retentionJSON struct {
	Enabled bool `json:"enabled"`
	Days    int  `json:"days,omitempty"`
}

type metricsJSON struct {
	Version     string        `json:"version"`
	Enabled     bool          `json:"enabled"`
	IncludeAPIs bool          `json:"includeApis"`
	Retention   retentionJSON `json:"retentionPolicy"`
}

func newMetricsJSON(version string, m MetricsType, retain bool, days int) metricsJSON {
	return metricsJSON{
		orDefaultVersion(version), m&MetricsServiceSummary != 0, m&MetricsAPISummary != 0, retentionJSON{retain, days},
	}
}
