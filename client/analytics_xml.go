package client

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// maxPropertiesSize bounds the XML that Deserialize reads.
const maxPropertiesSize = 64 << 10

const xmlDeclaration = `<?xml version="1.0" encoding="utf-8"?>`

// The body of Set and Get Service Properties, x-ms-version 2009-09-19.
type propertiesXML struct {
	XMLName xml.Name     `xml:"StorageServiceProperties"`
	Logging *loggingXML  `xml:"Logging"`
	Metrics *metricsXML  `xml:"Metrics"`
	Unknown []unknownXML `xml:",any"`
}

type loggingXML struct {
	Version   string        `xml:"Version"`
	Read      boolXML       `xml:"Read"`
	Write     boolXML       `xml:"Write"`
	Delete    boolXML       `xml:"Delete"`
	Retention *retentionXML `xml:"RetentionPolicy"`
	Unknown   []unknownXML  `xml:",any"`
}

type metricsXML struct {
	Version     string        `xml:"Version"`
	Enabled     boolXML       `xml:"Enabled"`
	IncludeAPIs *boolXML      `xml:"IncludeAPIs,omitempty"`
	Retention   *retentionXML `xml:"RetentionPolicy"`
	Unknown     []unknownXML  `xml:",any"`
}

type retentionXML struct {
	Enabled boolXML      `xml:"Enabled"`
	Days    string       `xml:"Days,omitempty"`
	Unknown []unknownXML `xml:",any"`
}

type unknownXML struct{ XMLName xml.Name }

// boolXML is "true" or "false"; white space and case do not matter, as the
// announcement's own sample body has "true ".
type boolXML bool

func (b boolXML) MarshalText() ([]byte, error) { return strconv.AppendBool(nil, bool(b)), nil }

func (b *boolXML) UnmarshalText(text []byte) error {
	switch strings.ToLower(strings.TrimSpace(string(text))) {
	case "true":
		*b = true
	case "false":
		*b = false
	default:
		return fmt.Errorf("%q is neither true nor false", text)
	}
	return nil
}

// Serialize returns the body of Set Service Properties.
func (s *AnalyticsSettings) Serialize() ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	p := propertiesXML{
		Logging: &loggingXML{
			Version:   orDefaultVersion(s.LogVersion),
			Read:      s.LogType&LoggingRead != 0,
			Write:     s.LogType&LoggingWrite != 0,
			Delete:    s.LogType&LoggingDelete != 0,
			Retention: retentionToXML(s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays),
		},
		Metrics: newMetricsXML(s.MetricsVersion, s.metricsType, s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays),
	}
	body, err := xml.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("serialize analytics settings: %w", err)
	}
	return append([]byte(xmlDeclaration), body...), nil
}

// Deserialize reads the body of Get Service Properties. Elements it does not
// know are refused, so that nothing is lost by setting what was got.
func Deserialize(body []byte) (*AnalyticsSettings, error) {
	if len(body) > maxPropertiesSize {
		return nil, fmt.Errorf("deserialize analytics settings: %d bytes, want at most %d", len(body), maxPropertiesSize)
	}
	var p propertiesXML
	if err := xml.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &p); err != nil {
		return nil, fmt.Errorf("deserialize analytics settings: %w", err)
	}
	unknown := p.Unknown
	s := &AnalyticsSettings{LogVersion: AnalyticsVersion, MetricsVersion: AnalyticsVersion}
	var err error
	if l := p.Logging; l != nil {
		unknown = append(unknown, l.Unknown...)
		s.LogVersion = orDefaultVersion(strings.TrimSpace(l.Version))
		for flag, on := range map[LoggingLevel]boolXML{LoggingRead: l.Read, LoggingWrite: l.Write, LoggingDelete: l.Delete} {
			if on {
				s.LogType |= flag
			}
		}
		if s.IsLogRetentionPolicyEnabled, s.LogRetentionInDays, err = retentionFromXML(l.Retention, &unknown); err != nil {
			return nil, fmt.Errorf("deserialize analytics settings: logging %w", err)
		}
	}
	if m := p.Metrics; m != nil {
		unknown = append(unknown, m.Unknown...)
		s.MetricsVersion = orDefaultVersion(strings.TrimSpace(m.Version))
		s.metricsType = m.metricsType()
		if s.IsMetricsRetentionPolicyEnabled, s.MetricsRetentionInDays, err = retentionFromXML(m.Retention, &unknown); err != nil {
			return nil, fmt.Errorf("deserialize analytics settings: metrics %w", err)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("deserialize analytics settings: element %s is not known", unknown[0].XMLName.Local)
	}
	return s, nil
}

func newMetricsXML(version string, m MetricsType, retain bool, days int) *metricsXML {
	x := &metricsXML{
		Version:   orDefaultVersion(version),
		Enabled:   m&MetricsServiceSummary != 0,
		Retention: retentionToXML(retain, days),
	}
	if x.Enabled {
		apis := boolXML(m&MetricsAPISummary != 0)
		x.IncludeAPIs = &apis
	}
	return x
}

// metricsType is what the element says. Only when metrics are on does IncludeAPIs
// mean anything.
func (m *metricsXML) metricsType() MetricsType {
	switch {
	case !bool(m.Enabled):
		return MetricsNone
	case m.IncludeAPIs != nil && bool(*m.IncludeAPIs):
		return MetricsAll
	}
	return MetricsServiceSummary
}

func orDefaultVersion(v string) string {
	if v == "" {
		return AnalyticsVersion
	}
	return v
}

func retentionToXML(enabled bool, days int) *retentionXML {
	r := &retentionXML{Enabled: boolXML(enabled)}
	if enabled {
		r.Days = strconv.Itoa(days)
	}
	return r
}

func retentionFromXML(r *retentionXML, unknown *[]unknownXML) (enabled bool, days int, err error) {
	if r == nil {
		return false, 0, nil
	}
	*unknown = append(*unknown, r.Unknown...)
	if text := strings.TrimSpace(r.Days); text != "" {
		if days, err = strconv.Atoi(text); err != nil {
			return false, 0, fmt.Errorf("retention days %q is not a number", text)
		}
	}
	return bool(r.Enabled), days, nil
}
