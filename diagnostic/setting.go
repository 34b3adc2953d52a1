package diagnostic

import (
	"encoding/json"
	"slices"

	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
)

// Setting is a diagnostic setting: which categories of one resource go where.
// Names are unique for each resource, without regard to case.
//
// Classic Storage Analytics logging is a Setting too, the one the storage
// services make from the Logging element of their service properties: named
// ClassicName, with the Classic destination. It counts neither for the limit of
// five nor for the rule that a destination gets a category once.
type Setting struct {
	Name     string      `json:"name"`
	Resource resource.ID `json:"resource"`
	Logs     []Log       `json:"logs"`
	Metrics  []Metric    `json:"metrics,omitempty"`
	// Destinations are all that the records go to, each independently.
	Destinations []Destination `json:"destinations"`
	// Document is the setting as its author wrote it, for those who read it
	// back; nobody here looks into it. Empty for classic logging.
	Document json.RawMessage `json:"document,omitempty"`
}

// ClassicName is the name of the settings that the Logging element of service
// properties makes.
const ClassicName = "storage-analytics"

// Log switches a category of logs, or all categories of a group, on.
type Log struct {
	// Category or Group is set, not both.
	Category  record.Category `json:"category,omitempty"`
	Group     string          `json:"group,omitempty"`
	Enabled   bool            `json:"enabled"`
	Retention Retention       `json:"retention,omitzero"`
}

// Metric switches a category of metrics on; AllMetrics is all that the type has.
type Metric struct {
	Category  record.Category `json:"category"`
	Enabled   bool            `json:"enabled"`
	Retention Retention       `json:"retention,omitzero"`
}

// Retention is how long records are kept where the destination enforces it:
// Days when Enabled; for ever when not, or when Days is 0.
type Retention struct {
	Enabled bool `json:"enabled,omitempty"`
	Days    int  `json:"days,omitempty"`
}

// KeepDays returns how many days records are kept, 0 for ever.
func (r Retention) KeepDays() int {
	if !r.Enabled {
		return 0
	}
	return r.Days
}

// DestinationKind says what a destination is, and so which package writes it.
type DestinationKind string

// Kinds of destinations.
const (
	// Classic is the `$logs` container of the account that is logged.
	Classic DestinationKind = "classic"
	// Archive is append blobs in a storage account.
	Archive DestinationKind = "archive"
	// EventHub is an event hub, reached through an authorization rule of its
	// namespace.
	EventHub DestinationKind = "eventhub"
	// Workspace is a Log Analytics workspace.
	Workspace DestinationKind = "workspace"
	// Partner is a partner's monitor resource.
	Partner DestinationKind = "partner"
)

// Options of destinations.
const (
	// OptionHub names the event hub; without it there is one for each category.
	OptionHub = "hub"
	// OptionTables is "AzureDiagnostics" for a workspace's common table; without it
	// records go to the tables of their categories.
	OptionTables = "tables"
)

// Destination is one place that the records of a setting go to.
type Destination struct {
	Kind DestinationKind `json:"kind"`
	// Target is the resource that receives: an account, a workspace, a rule of
	// an event hub namespace, a partner's monitor. It is the sink that the rule
	// about a category going to one destination once is about.
	Target resource.ID `json:"target"`
	// Options are the destination's own, such as the log format version of Classic.
	Options map[string]string `json:"options,omitempty"`
}

// Wanted returns the categories of logs and metrics that the setting is enabled
// for. Groups stand for what they hold today: a category that the catalogue
// gains is in them.
func (s *Setting) Wanted() []record.Category {
	var wanted []record.Category
	add := func(categories ...record.Category) {
		for _, c := range categories {
			if !slices.Contains(wanted, c) {
				wanted = append(wanted, c)
			}
		}
	}
	typ, known := catalog.Find(s.Resource.Type())
	for _, l := range s.Logs {
		switch {
		case !l.Enabled:
		case l.Group != "":
			add(typ.Group(l.Group)...)
		default:
			add(l.Category)
		}
	}
	for _, m := range s.Metrics {
		switch {
		case !m.Enabled:
		case known:
			add(typ.Expand(string(m.Category))...)
		default:
			add(m.Category)
		}
	}
	return wanted
}

// Wants reports whether the setting is enabled for category c.
func (s *Setting) Wants(c record.Category) bool { return slices.Contains(s.Wanted(), c) }

// KeepDays returns for how many days the records of a category are kept, 0 for
// ever. Only categories can have a retention, groups have none.
func (s *Setting) KeepDays(c record.Category) int {
	for _, l := range s.Logs {
		if l.Enabled && l.Category == c {
			return l.Retention.KeepDays()
		}
	}
	typ, _ := catalog.Find(s.Resource.Type())
	for _, m := range s.Metrics {
		if m.Enabled && slices.Contains(typ.Expand(string(m.Category)), c) {
			return m.Retention.KeepDays()
		}
	}
	return 0
}

// IsClassic reports whether the setting is one of classic logging.
func (s *Setting) IsClassic() bool {
	return slices.ContainsFunc(s.Destinations, func(d Destination) bool { return d.Kind == Classic })
}
