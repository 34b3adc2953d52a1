package diagnostic

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrInvalid is wrapped by every error of Validate.
var ErrInvalid = errors.New("invalid diagnostic setting")

// Limits of what Azure Monitor accepts in a setting, and of ours.
const (
	maxName          = 260 // characters
	maxRetentionDays = 365
	maxLogs          = 256
	maxDestinations  = 8
	maxOptions       = 32
	maxOption        = 4096 // bytes of a key or value
	maxDocument      = 64 << 10
)

// Validate reports what is wrong with a setting by itself. Whether the
// resource, its categories and the targets exist is for Rules to say.
func (s *Setting) Validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w %q: %s", ErrInvalid, s.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case s.Resource.IsZero():
		return fail("it names no resource")
	case s.Name == "" || len(s.Name) > maxName:
		return fail("the name has %d bytes, want 1 to %d", len(s.Name), maxName)
	case !utf8.ValidString(s.Name):
		return fail("the name is not valid UTF-8")
	case strings.ContainsFunc(s.Name, forbidden):
		return fail("the name may not contain any of < > * %% & : \\ ? + / or control characters")
	case len(s.Logs) > maxLogs:
		return fail("%d logs, at most %d", len(s.Logs), maxLogs)
	case len(s.Metrics) > maxLogs:
		return fail("%d metrics, at most %d", len(s.Metrics), maxLogs)
	case len(s.Destinations) == 0:
		return fail("it has no destination")
	case len(s.Destinations) > maxDestinations:
		return fail("%d destinations, at most %d", len(s.Destinations), maxDestinations)
	case len(s.Document) > maxDocument:
		return fail("its document has %d bytes, at most %d", len(s.Document), maxDocument)
	}
	if problem := s.checkLogs(); problem != "" {
		return fail("%s", problem)
	}
	if problem := s.checkMetrics(); problem != "" {
		return fail("%s", problem)
	}
	for i := range s.Destinations {
		if problem := s.checkDestination(i); problem != "" {
			return fail("%s", problem)
		}
	}
	return nil
}

func (s *Setting) checkLogs() string {
	for i, l := range s.Logs {
		name := string(l.Category) + l.Group
		switch {
		case name == "":
			return fmt.Sprintf("log %d names no category", i)
		case l.Category != "" && l.Group != "":
			return fmt.Sprintf("log %d names both a category and a group", i)
		case !l.Retention.valid():
			return fmt.Sprintf("retention of %s is %d days, want 0 to %d", name, l.Retention.Days, maxRetentionDays)
		case l.Group != "" && l.Retention.Enabled:
			return fmt.Sprintf("group %s has a retention: only categories can", name)
		}
		for _, other := range s.Logs[:i] {
			if strings.EqualFold(string(other.Category), string(l.Category)) && strings.EqualFold(other.Group, l.Group) {
				return fmt.Sprintf("category %s is listed twice", name)
			}
		}
	}
	return ""
}

func (s *Setting) checkMetrics() string {
	for i, m := range s.Metrics {
		switch {
		case m.Category == "":
			return fmt.Sprintf("metric %d names no category", i)
		case !m.Retention.valid():
			return fmt.Sprintf("retention of %s is %d days, want 0 to %d", m.Category, m.Retention.Days, maxRetentionDays)
		}
		for _, other := range s.Metrics[:i] {
			if strings.EqualFold(string(other.Category), string(m.Category)) {
				return fmt.Sprintf("category %s is listed twice", m.Category)
			}
		}
	}
	return ""
}

func (s *Setting) checkDestination(i int) string {
	d := s.Destinations[i]
	switch d.Kind {
	case Classic, Archive, EventHub, Workspace, Partner:
	default:
		return fmt.Sprintf("destination kind %q is not known", d.Kind)
	}
	switch {
	case d.Target.IsZero():
		return fmt.Sprintf("destination %s has no target", d.Kind)
	case len(d.Options) > maxOptions:
		return fmt.Sprintf("destination %s has %d options, at most %d", d.Kind, len(d.Options), maxOptions)
	}
	for k, v := range d.Options {
		if len(k) > maxOption || len(v) > maxOption {
			return fmt.Sprintf("an option of destination %s is longer than %d bytes", d.Kind, maxOption)
		}
	}
	for _, other := range s.Destinations[:i] {
		if other.Kind == d.Kind {
			return fmt.Sprintf("two destinations of kind %s", d.Kind)
		}
	}
	return ""
}

func (r Retention) valid() bool { return r.Days >= 0 && r.Days <= maxRetentionDays }

func forbidden(r rune) bool {
	return r < ' ' || r == 0x7f || strings.ContainsRune(`<>*%&:\?+/`, r)
}
