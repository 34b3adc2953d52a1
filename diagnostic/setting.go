package diagnostic

import (
	"reslog/record"
	"reslog/resource"
)

// Setting is a diagnostic setting: which categories of one resource go where.
// Names are unique for each resource, without regard to case.
//
// Classic Storage Analytics logging is a Setting too, the one the storage
// services make from the Logging element of their service properties: named
// ClassicName, with the Classic destination.
type Setting struct {
	Name     string      `json:"name"`
	Resource resource.ID `json:"resource"`
	Logs     []Log       `json:"logs"`
	// Destinations are all that the records go to, each independently.
	Destinations []Destination `json:"destinations"`
}

// ClassicName is the name of the settings that the Logging element of service
// properties makes.
const ClassicName = "storage-analytics"

// Log switches a category on.
type Log struct {
	Category record.Category `json:"category"`
	Enabled  bool            `json:"enabled"`
	// RetentionDays is how long records are kept where the destination enforces
	// it; 0 means for ever.
	RetentionDays int `json:"retentionDays,omitempty"`
}

// DestinationKind says what a destination is, and so which package writes it.
type DestinationKind string

// Kinds of destinations.
const (
	// Classic is the `$logs` container of the account that is logged.
	Classic DestinationKind = "classic"
)

// Destination is one place that the records of a setting go to.
type Destination struct {
	Kind DestinationKind `json:"kind"`
	// Target is the resource that receives: an account, a workspace, a rule of
	// an event hub namespace, a partner's monitor.
	Target resource.ID `json:"target"`
	// Options are the destination's own, such as the log format version of Classic.
	Options map[string]string `json:"options,omitempty"`
}

// Wants reports whether the setting is enabled for category c.
func (s *Setting) Wants(c record.Category) bool {
	for _, l := range s.Logs {
		if l.Enabled && l.Category == c {
			return true
		}
	}
	return false
}
