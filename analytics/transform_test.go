//go:build cgo

package analytics

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reslog/analytics/rows"
	"reslog/kql"
)

func TestTransform(t *testing.T) {
	s, err := Open(t.Context(), Config{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	in := []rows.Rows{{
		Table:   "Own_CL",
		Columns: []kql.Column{{Name: "n", Type: kql.Long}, {Name: "s", Type: kql.String}, {Name: "d", Type: kql.Dynamic}},
		Values:  [][]any{{int64(1), "it's", `{"a":5}`}, {nil, nil, nil}, {int64(3), "b", `[1]`}},
	}}
	for query, want := range map[string][]rows.Rows{
		"source | where n > 0 | project-away d | extend up = toupper(s)": {{
			Table:   "T_CL",
			Columns: []kql.Column{{Name: "n", Type: kql.Long}, {Name: "s", Type: kql.String}, {Name: "up", Type: kql.String}},
			Values:  [][]any{{int64(1), "it's", "IT'S"}, {int64(3), "b", "B"}},
		}},
		"source | project a = tolong(d.a) | where isnotnull(a)": {{
			Table: "T_CL", Columns: []kql.Column{{Name: "a", Type: kql.Long}}, Values: [][]any{{int64(5)}},
		}},
		"source | summarize c = count()": {{Table: "T_CL", Columns: []kql.Column{{Name: "c", Type: kql.Long}}, Values: [][]any{{int64(3)}}}},
		"source | where n > 5":           nil,
	} {
		got, err := s.Transform(t.Context(), query, "T_CL", in)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	for _, query := range []string{"source | wrong", "Other | take 1", "source; source", ""} {
		if err := CheckTransform(t.Context(), query, in[0].Columns); err == nil {
			t.Errorf("%q is taken", query)
		}
	}
	var wrong *kql.Error
	if _, err := s.Transform(t.Context(), "source | where nothing", "T_CL", in); !errors.As(err, &wrong) {
		t.Errorf("an unknown name: %v", err)
	}
}
