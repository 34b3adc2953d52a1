package table

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestDoubles(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", 3.1: "3.1", -3: "-3.0", 1e14: "100000000000000.0", 1e15: "1E+15", 1.23456789012346e24: "1.23456789012346E+24",
		0.0001: "0.0001", 0.00001: "1E-05", 5e-324: "5E-324", math.MaxFloat64: "1.7976931348623157E+308", 123456789.125: "123456789.125",
		math.Inf(1): `"Infinity"`, math.Inf(-1): `"-Infinity"`,
	} {
		bits := int64(math.Float64bits(f))
		if got := string(appendDouble(nil, bits)); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
		if back, ok := parseDouble(strings.Trim(want, `"`)); !ok || back != bits {
			t.Errorf("%s: %x, want %x", want, back, bits)
		}
	}
	if got := string(appendDouble(nil, int64(math.Float64bits(math.Copysign(0, -1))))); got != "-0.0" {
		t.Errorf("negative zero: %s", got)
	}
	for _, bad := range []string{"", "nan", "Inf", "0x1p4", "1_0", "1e", "+Infinity", "1e400", "infinity"} {
		if _, ok := parseDouble(bad); ok {
			t.Errorf("%q is taken for a double", bad)
		}
	}
}

func FuzzDouble(f *testing.F) {
	f.Add(3.5)
	f.Add(1e300)
	f.Fuzz(func(t *testing.T, v float64) {
		bits := int64(math.Float64bits(v))
		text := string(appendDouble(nil, bits))
		if !json.Valid([]byte(text)) {
			t.Fatalf("%v becomes %s", v, text)
		}
		back, ok := parseDouble(strings.Trim(text, `"`))
		if !ok || back != bits && !math.IsNaN(v) {
			t.Errorf("%v becomes %s and then %v", v, text, math.Float64frombits(uint64(back)))
		}
	})
}

func TestDateTimes(t *testing.T) {
	for s, want := range map[string]string{
		"1973-10-04T00:00:00Z":              "1973-10-04T00:00:00Z",
		"2020-07-24T14:34:46.343094Z":       "2020-07-24T14:34:46.343094Z",
		"2020-07-24T14:34:46.3430940Z":      "2020-07-24T14:34:46.343094Z",
		"2020-07-24T14:34:46.123456789Z":    "2020-07-24T14:34:46.1234567Z",
		"2020-07-24T14:34:46":               "2020-07-24T14:34:46Z",
		"2020-07-24t14:34:46+02:00":         "2020-07-24T12:34:46Z",
		"2020-07-24T14:34:46.5-00:30":       "2020-07-24T15:04:46.5Z",
		"1601-01-01T00:00:00Z":              "1601-01-01T00:00:00Z",
		"9999-12-31T23:59:59.9999999Z":      "9999-12-31T23:59:59.9999999Z",
		"0001-01-01T00:00:00Z":              "0001-01-01T00:00:00Z",
		"2024-02-29T00:00:00Z":              "2024-02-29T00:00:00Z",
		"2023-02-29T00:00:00Z":              "",
		"2020-13-01T00:00:00Z":              "",
		"2020-01-01":                        "",
		"2020-01-01T00:00Z":                 "",
		"2020-01-01T24:00:00Z":              "",
		"2020-01-01T00:00:60Z":              "",
		"2020-01-01T00:00:00.Z":             "",
		"2020-01-01T00:00:00ZZ":             "",
		"2020-01-01T00:00:00+15:00":         "",
		"9999-12-31T23:59:59.9999999-01:00": "",
		"0001-01-01T00:00:00+01:00":         "",
		"/Date(1)/":                         "",
		"":                                  "",
	} {
		ticks, ok := parseDateTime(s)
		if got := string(appendTime(nil, timeOf(max(ticks, 0)), ":")); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %v, want %q", s, got, ok, want)
		}
	}
	now := time.Date(2026, 11, 26, 10, 9, 8, 70, time.UTC)
	if got := timeOf(ticksOf(now)); !got.Equal(now.Truncate(100)) {
		t.Errorf("%v comes back as %v", now, got)
	}
}

func FuzzDateTime(f *testing.F) {
	f.Add("2020-07-24T14:34:46.343094Z")
	f.Add("2020-07-24T14:34:46+02:00")
	f.Fuzz(func(t *testing.T, s string) {
		ticks, ok := parseDateTime(s)
		if !ok {
			return
		}
		text := string(appendTime(nil, timeOf(ticks), ":"))
		if back, ok := parseDateTime(text); !ok || back != ticks {
			t.Errorf("%q is %d, written as %s, read as %d", s, ticks, text, back)
		}
	})
}

func TestGUIDs(t *testing.T) {
	if got, ok := parseGUID("C9DA6455-213d-42c9-9a79-3e9149a57833"); !ok || got != "c9da6455-213d-42c9-9a79-3e9149a57833" {
		t.Errorf("%q %v", got, ok)
	}
	for _, bad := range []string{"", "c9da6455213d42c99a793e9149a57833", "c9da6455-213d-42c9-9a79-3e9149a5783g", "c9da6455-213d-42c9-9a79+3e9149a57833"} {
		if _, ok := parseGUID(bad); ok {
			t.Errorf("%q is taken for a GUID", bad)
		}
	}
}

func TestETags(t *testing.T) {
	at := time.Date(2020, 7, 24, 14, 34, 46, 343_094_000, time.UTC)
	tag := etagOf(at)
	if want := `W/"datetime'2020-07-24T14%3A34%3A46.343094Z'"`; tag != want {
		t.Errorf("%s, want %s", tag, want)
	}
	for s, want := range map[string]time.Time{
		tag: at,
		`W/"datetime'2020-07-24T14:34:46.3430940Z'"`:    at,
		`W/"datetime'2020-07-24T14%3a34%3a46.343094Z'"`: at,
		`W/"wrong"`:           neverMatches,
		`"0x8D4BCC2E4835CD0"`: neverMatches,
		`W/"datetime'x'"`:     neverMatches,
		`W/"datetime'"`:       neverMatches,
		`W/"datetime'%zz'"`:   neverMatches,
	} {
		if got, ok := parseETag(s); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, bad := range []string{"", "W/", `"`, "wrong", `W/"a`, `W/"a","b"`, `W/"a", W/"b"`} {
		if _, ok := parseETag(bad); ok {
			t.Errorf("%s is taken for an ETag", bad)
		}
	}
}

func TestTokens(t *testing.T) {
	// As the service gives them.
	for text, want := range map[string]string{"pk801016e8": "1!16!cGs4MDEwMTZlOA--", "rk801016e812345": "1!20!cms4MDEwMTZlODEyMzQ1", "": "1!0!"} {
		if got := token(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"", "x", "1!", "1!8", "1!8!", "1!4!cGs4M", "2!4!cGs4", "1!4!cG*=", "1!-1!", "1!+4!cGs4", "1!4!cGt-", "1!4!____", "1!3!cGs"} {
		if got, err := parseToken(bad); err == nil {
			t.Errorf("%q is taken for a token of %q", bad, got)
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add("key", "1!4!a2V5")
	f.Fuzz(func(t *testing.T, text, raw string) {
		if got, err := parseToken(token(text)); err != nil && strings.ToValidUTF8(text, "") == text || err == nil && got != text {
			t.Errorf("%q comes back as %q, %v", text, got, err)
		}
		if got, err := parseToken(raw); err == nil {
			if back, err := parseToken(token(got)); err != nil || back != got {
				t.Errorf("%s is %q, and then %q, %v", raw, got, back, err)
			}
		}
	})
}

func TestUnits(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "😀": 2, "\uffff": 1} {
		if got := units(s); got != want {
			t.Errorf("%s: %s", strconv.Quote(s), strconv.Itoa(got))
		}
	}
}
