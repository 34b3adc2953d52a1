package rows

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/kql"
	"reslog/resource"
)

var received = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func receiving() Config { return Config{Now: func() time.Time { return received }} }

// Declared columns get what they can hold.
func TestStream(t *testing.T) {
	columns := []kql.Column{
		{Name: "TimeGenerated", Type: kql.Datetime},
		{Name: "S", Type: kql.String},
		{Name: "I", Type: kql.Int},
		{Name: "L", Type: kql.Long},
		{Name: "R", Type: kql.Real},
		{Name: "B", Type: kql.Bool},
		{Name: "D", Type: kql.Dynamic},
		{Name: "G", Type: kql.Guid},
		{Name: "T", Type: kql.Datetime},
		{Name: "TenantId", Type: kql.String},
		{Name: "_ResourceId", Type: kql.String},
	}
	const now = "2026-03-04T12:00:00.0000000Z"
	for object, wanted := range map[string]map[string]any{
		`{"TimeGenerated":"2026-03-04T11:00:00.1234567Z","S":"x","I":1,"L":9223372036854775807,"R":1.5,"B":true,"D":{"a":[1]},"G":"AAAAAAAA-0000-0000-0000-000000000000","T":"2026-01-01T00:00:00Z","Other":1,"TenantId":"me","_ResourceId":"/x"}`: {
			"TimeGenerated": "2026-03-04T11:00:00.1234567Z", "S": "x", "I": int64(1), "L": int64(9223372036854775807), "R": 1.5, "B": true, "D": `{"a":[1]}`,
			"G": "aaaaaaaa-0000-0000-0000-000000000000", "T": "2026-01-01T00:00:00.0000000Z", "_ResourceId": "/x",
		},
		`{"S":1,"I":"7","L":"7.9","R":"1e2","B":"TRUE","D":"text","G":"x","T":5}`: {
			"TimeGenerated": now, "S": "1", "I": int64(7), "L": int64(7), "R": 100.0, "B": true, "D": `"text"`,
		},
		`{"S":{"a":1},"I":2147483648,"L":1e19,"R":"x","B":0,"D":"{\"a\":1}","s":"case"}`: {"TimeGenerated": now, "S": `{"a":1}`, "B": false, "D": `{"a":1}`},
		`{"S":null,"B":null,"D":null,"TimeGenerated":null}`:                              {"TimeGenerated": now},
		`{"TimeGenerated":"2020-01-01T00:00:00Z","I":true,"B":[],"L":[]}`:                {"TimeGenerated": now},
		`{"D":` + `"` + strings.Repeat("é", 40_000) + `"}`:                               {"TimeGenerated": now, "D": `"` + strings.Repeat("é", 32<<10) + `"`},
		`{"D":["` + strings.Repeat("x", 70_000) + `"]}`:                                  {"TimeGenerated": now, "D": quote(`["` + strings.Repeat("x", maxText-2))},
		`{}`: {"TimeGenerated": now},
	} {
		b := NewBuilder(receiving())
		s := b.Stream("Mine_CL", columns)
		if err := s.Add([]byte(object)); err != nil {
			t.Fatal(err)
		}
		r := b.Take()[0]
		if r.Table != "Mine_CL" {
			t.Errorf("table %s", r.Table)
		}
		want(t, row(t, r, 0), wanted)
	}
}

// Columns by the type of the value.
func TestCollector(t *testing.T) {
	b := NewBuilder(receiving())
	c := b.Collector("Mine", CollectorOptions{Resource: resource.MustParse(storageID), TimeField: "at"})
	if err := c.Add([]byte(`{"s":"x","d":1,"b":false,"t":"2016-05-12T20:00:00.625Z","g":"909ED01C-A74D-4874-8ABF-D2678E3AE23D","o":{"a":1},"l":[1],"n":null,"odd name!":"y","1st":"z","at":"2026-03-04T11:00:00Z"}`)); err != nil {
		t.Fatal(err)
	}
	if err := c.Add([]byte(`{"s":2,"at":"2020-01-01T00:00:00Z","more":"z"}`)); err != nil {
		t.Fatal(err)
	}
	r := b.Take()[0]
	if r.Table != "Mine_CL" {
		t.Errorf("table %s", r.Table)
	}
	want(t, row(t, r, 0), map[string]any{
		"TimeGenerated": "2026-03-04T11:00:00.0000000Z", "SourceSystem": "RestAPI", "_ResourceId": strings.ToLower(storageID),
		"s_s": "x", "d_d": 1.0, "b_b": false, "t_t": "2016-05-12T20:00:00.6250000Z", "g_g": "909ed01c-a74d-4874-8abf-d2678e3ae23d",
		"o_s": `{"a":1}`, "l_s": "[1]", "odd_name__s": "y", "_1st_s": "z", "at_t": "2026-03-04T11:00:00.0000000Z",
	})
	want(t, row(t, r, 1), map[string]any{
		"TimeGenerated": "2026-03-04T12:00:00.0000000Z", "SourceSystem": "RestAPI", "_ResourceId": strings.ToLower(storageID),
		"s_d": 2.0, "more_s": "z", "at_t": "2020-01-01T00:00:00.0000000Z",
	})
}

func TestCollectorRefuses(t *testing.T) {
	b := NewBuilder(Config{})
	c := b.Collector("Mine", CollectorOptions{})
	var many strings.Builder
	for i := range 600 {
		fmt.Fprintf(&many, `,"c%d":1`, i)
	}
	for object, reason := range map[string]string{
		`{"` + strings.Repeat("n", 46) + `":1}`: "46 characters",
		`{"":1}`:                                "0 characters",
		`{"a":1` + many.String() + `}`:          "more than 500 columns",
		`[]`:                                    "not a JSON object",
		strings.Repeat(" ", MaxLine+1):          "at most",
	} {
		if err := c.Add([]byte(object)); !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.50s: %v", object, err)
		}
	}
	if err := c.Add([]byte(`{"a":1}`)); err != nil || b.Len() != 1 {
		t.Errorf("after refusals: %v, %d rows", err, b.Len())
	}
}

// What is too old or too far ahead has the time of receipt, where times are those of
// ingestion.
func TestTimesOfReceipt(t *testing.T) {
	columns := []kql.Column{{Name: "TimeGenerated", Type: kql.Datetime}}
	for hours, want := range map[int]int{-49: 0, -47: -47, 23: 23, 25: 0} {
		at := received.Add(time.Duration(hours) * time.Hour)
		for _, c := range []struct {
			config Config
			want   time.Time
		}{{receiving(), received.Add(time.Duration(want) * time.Hour)}, {Config{}, at}} {
			b := NewBuilder(c.config)
			if err := b.Stream("Mine_CL", columns).Add([]byte(`{"TimeGenerated":"` + at.Format(time.RFC3339) + `"}`)); err != nil {
				t.Fatal(err)
			}
			r := b.Take()[0]
			i := slices.IndexFunc(r.Columns, func(c kql.Column) bool { return c.Name == "TimeGenerated" })
			if got := kql.Time(r.Values[0][i].(int64)); !got.Equal(c.want) {
				t.Errorf("%+d hours: the time is %v, want %v", hours, got, c.want)
			}
		}
	}
}

func TestElements(t *testing.T) {
	for body, wanted := range map[string][]string{
		`{"a":1}`:                 {`{"a":1}`},
		` [ {"a":1} , {"b":"]"}]`: {`{"a":1}`, `{"b":"]"}`},
		"[]":                      nil,
		" [ ] \n":                 nil,
		`[1,"x",null]`:            {"1", `"x"`, "null"},
	} {
		var got []string
		if err := Elements([]byte(body), func(o []byte) error { got = append(got, string(o)); return nil }); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if strings.Join(got, "|") != strings.Join(wanted, "|") {
			t.Errorf("%s: %q", body, got)
		}
	}
	for _, body := range []string{"[", `[{"a":1}`, `[{"a":1},]`, `[{"a":1}] x`, `[{"a":1} {"a":1}]`, "[,]"} {
		if err := Elements([]byte(body), func([]byte) error { return nil }); !errors.Is(err, ErrUnusable) {
			t.Errorf("%s: %v", body, err)
		}
	}
	stop := errors.New("stop")
	if err := Elements([]byte("[1,2]"), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
