package kql

import (
	"strings"
	"testing"
)

// testTables are the tables of the goldens.
func testTables() tables {
	return tables{
		{Name: "Logs", Time: "TimeGenerated", Columns: []Column{
			{Name: "TimeGenerated", Type: Datetime},
			{Name: "Name", Type: String},
			{Name: "Code", Type: Int},
			{Name: "Size", Type: Long},
			{Name: "Took", Type: Real},
			{Name: "Props", Type: Dynamic},
			{Name: "_ItemId", Type: String, Hidden: true},
		}},
		{Name: "Other", Time: "TimeGenerated", Columns: []Column{
			{Name: "TimeGenerated", Type: Datetime}, {Name: "Name", Type: String}, {Name: "Owner", Type: Guid}, {Name: "Wait", Type: Timespan}, {Name: "On", Type: Bool},
		}},
		{Name: "Plain", Columns: []Column{{Name: "x", Type: Long}, {Name: "y", Type: String}}},
	}
}

// TestGoldens binds the queries of testdata/bind. One that begins with "// span"
// has the hour before now as Options.Span.
func TestGoldens(t *testing.T) {
	runGoldens(t, "testdata/bind/*.kqltest", func(g golden, t *testing.T) map[string]string {
		o := Options{Now: testNow, Parameters: map[string]string{"given": "7", "text": "free text"}, Workspace: []string{"own"}}
		if strings.HasPrefix(g.query, "// span") {
			o.Span = TimeRange{From: Ticks(testNow) - TicksPerDay/24, To: Ticks(testNow), HasFrom: true, HasTo: true}
		}
		return g.bind(t, testTables(), o)
	})
}
