package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// setBody is the body of the announcement's sample request, its spaces kept.
const setBody = `<?xml version="1.0" encoding="utf-8"?>
<StorageServiceProperties>
    <Logging>
        <Version>1.0</Version>
        <Delete>true </Delete>
        <Read> false</Read>
        <Write>true </Write>
        <RetentionPolicy>
        <Enabled>true</Enabled>           
        <Days>7</Days>
    </RetentionPolicy>
    </Logging>

    <Metrics>
        <Version>1.0</Version>
        <Enabled>true</Enabled>           
        <IncludeAPIs>true</IncludeAPIs>
        <RetentionPolicy>
            <Enabled>true</Enabled>           
            <Days>10</Days>
        </RetentionPolicy>
    </Metrics>

</StorageServiceProperties >`

func equalSettings(a, b *AnalyticsSettings) string {
	return cmp.Diff(a, b, cmp.AllowUnexported(AnalyticsSettings{}))
}

func TestDeserializeSample(t *testing.T) {
	got, err := Deserialize([]byte(setBody))
	if err != nil {
		t.Fatal(err)
	}
	want := &AnalyticsSettings{
		LogType: LoggingDelete | LoggingWrite, LogVersion: "1.0", IsLogRetentionPolicyEnabled: true, LogRetentionInDays: 7,
		MetricsVersion: "1.0", IsMetricsRetentionPolicyEnabled: true, MetricsRetentionInDays: 10, metricsType: MetricsAll,
	}
	if diff := equalSettings(want, got); diff != "" {
		t.Error(diff)
	}
}

// The example of the announcement: everything logged, a day kept, all metrics.
func TestSerializeExample(t *testing.T) {
	s := &AnalyticsSettings{
		LogType:                         LoggingDelete | LoggingRead | LoggingWrite,
		IsLogRetentionPolicyEnabled:     true,
		LogRetentionInDays:              1,
		IsMetricsRetentionPolicyEnabled: true,
		MetricsRetentionInDays:          7,
	}
	if err := s.SetMetricsType(MetricsAll); err != nil {
		t.Fatal(err)
	}
	got, err := s.Serialize()
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties>` +
		`<Logging><Version>1.0</Version><Read>true</Read><Write>true</Write><Delete>true</Delete>` +
		`<RetentionPolicy><Enabled>true</Enabled><Days>1</Days></RetentionPolicy></Logging>` +
		`<Metrics><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>true</IncludeAPIs>` +
		`<RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></Metrics></StorageServiceProperties>`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// Without metrics there is no IncludeAPIs, without retention there are no Days:
// the service refuses them.
func TestSerializeZero(t *testing.T) {
	got, err := (&AnalyticsSettings{LogRetentionInDays: 5, MetricsRetentionInDays: 5}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties>` +
		`<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>` +
		`<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>` +
		`<Metrics><Version>1.0</Version><Enabled>false</Enabled>` +
		`<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Metrics></StorageServiceProperties>`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTrip(t *testing.T) {
	for level := LoggingNone; level <= LoggingAll; level += 2 {
		for _, m := range []MetricsType{MetricsNone, MetricsServiceSummary, MetricsAll} {
			for _, days := range []int{0, 1, 365} {
				want := &AnalyticsSettings{
					LogType: level, LogVersion: "2.0", IsLogRetentionPolicyEnabled: days > 0, LogRetentionInDays: days,
					MetricsVersion: "1.0", IsMetricsRetentionPolicyEnabled: days > 0, MetricsRetentionInDays: days, metricsType: m,
				}
				body, err := want.Serialize()
				if err != nil {
					t.Fatal(err)
				}
				got, err := Deserialize(append([]byte("\xef\xbb\xbf"), body...))
				if err != nil {
					t.Fatal(err)
				}
				if diff := equalSettings(want, got); diff != "" {
					t.Errorf("level %v, metrics %v, %d days: %s", level, m, days, diff)
				}
			}
		}
	}
}

func TestMetricsTypeRefusesOnlyAPISummary(t *testing.T) {
	var s AnalyticsSettings
	err := s.SetMetricsType(MetricsAPISummary)
	if !errors.Is(err, ErrOnlyAPISummary) || err.Error() != "Including just ApiSummary is invalid." {
		t.Errorf("error is %v", err)
	}
	if err := s.SetMetricsType(4); err == nil {
		t.Error("a flag that means nothing was taken")
	}
	if s.MetricsType() != MetricsNone {
		t.Errorf("a refusal changed the type to %d", s.MetricsType())
	}
}

// IncludeAPIs means something only when metrics are on.
func TestDeserializeIncludeAPIsWithoutMetrics(t *testing.T) {
	body := `<StorageServiceProperties><Metrics><Version>1.0</Version><Enabled>false</Enabled><IncludeAPIs>true</IncludeAPIs></Metrics></StorageServiceProperties>`
	s, err := Deserialize([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if s.MetricsType() != MetricsNone {
		t.Errorf("metrics type is %d", s.MetricsType())
	}
}

func TestDeserializeRefuses(t *testing.T) {
	in := func(s string) string { return "<StorageServiceProperties>" + s + "</StorageServiceProperties>" }
	for name, body := range map[string]string{
		"nothing":           "",
		"no XML":            "Server Error",
		"another root":      "<Error><Code>AuthenticationFailed</Code></Error>",
		"unknown root":      in("<HourMetrics/>"),
		"unknown child":     in("<Logging><Update>true</Update></Logging>"),
		"unknown in policy": in("<Logging><RetentionPolicy><Enabled>false</Enabled><Hours>1</Hours></RetentionPolicy></Logging>"),
		"bad boolean":       in("<Logging><Read>yes</Read></Logging>"),
		"numeric boolean":   in("<Logging><Read>1</Read></Logging>"),
		"bad days":          in("<Logging><RetentionPolicy><Enabled>true</Enabled><Days>week</Days></RetentionPolicy></Logging>"),
		"too long":          in(strings.Repeat(" ", maxPropertiesSize)),
	} {
		if s, err := Deserialize([]byte(body)); err == nil {
			t.Errorf("%s: read as %+v", name, s)
		}
	}
}

func TestValidateRetention(t *testing.T) {
	for _, days := range []int{-1, 0, 366} {
		if err := (&AnalyticsSettings{IsLogRetentionPolicyEnabled: true, LogRetentionInDays: days}).Validate(); err == nil {
			t.Errorf("logs kept for %d days", days)
		}
		if err := (&AnalyticsSettings{IsMetricsRetentionPolicyEnabled: true, MetricsRetentionInDays: days}).Validate(); err == nil {
			t.Errorf("metrics kept for %d days", days)
		}
	}
	if err := (&AnalyticsSettings{LogType: 1}).Validate(); err == nil {
		t.Error("a logging flag that means nothing was taken")
	}
}

func TestParseLoggingLevel(t *testing.T) {
	for text, want := range map[string]LoggingLevel{
		"rwd": LoggingAll, "r": LoggingRead, "dw": LoggingWrite | LoggingDelete, "RWD": LoggingAll,
		"read": LoggingRead, "WRITE,delete": LoggingWrite | LoggingDelete, "read, write ,delete": LoggingAll, "none": LoggingNone,
	} {
		got, err := ParseLoggingLevel(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "rwx", "read,", "read;write", "none,read"} {
		if got, err := ParseLoggingLevel(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	if got := (LoggingRead | LoggingDelete).String(); got != "read,delete" {
		t.Errorf("String is %q", got)
	}
}

func TestSettingsAsJSON(t *testing.T) {
	s, err := Deserialize([]byte(setBody))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	text := `{"logging":{"version":"1.0","read":false,"write":true,"delete":true,"retentionPolicy":{"enabled":true,"days":7}},
		"metrics":{"version":"1.0","enabled":true,"includeApis":true,"retentionPolicy":{"enabled":true,"days":10}}}`
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
