package diagnostic

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid is wrapped by every error of Validate.
var ErrInvalid = errors.New("invalid diagnostic setting")

// Limits of what Azure Monitor accepts in a setting.
const (
	maxName          = 260 // characters
	maxRetentionDays = 365
	maxLogs          = 256
	maxDestinations  = 8
	maxOptions       = 32
	maxOption        = 4096 // bytes of a key or value
)

// Validate reports what is wrong with a setting by itself. Whether the
// resource, its categories and the targets exist is for those to say who know.
func (s *Setting) Validate() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w %q: %s", ErrInvalid, s.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case s.Resource.IsZero():
		return fail("it names no resource")
	case s.Name == "" || len(s.Name) > maxName:
		return fail("the name has %d bytes, want 1 to %d", len(s.Name), maxName)
	case strings.ContainsFunc(s.Name, forbidden):
		return fail("the name may not contain any of < > * %% & : \\ ? + / or control characters")
	case len(s.Logs) > maxLogs:
		return fail("%d logs, at most %d", len(s.Logs), maxLogs)
	case len(s.Destinations) == 0:
		return fail("it has no destination")
	case len(s.Destinations) > maxDestinations:
		return fail("%d destinations, at most %d", len(s.Destinations), maxDestinations)
	}
	for i, l := range s.Logs {
		switch {
		case l.Category == "":
			return fail("log %d names no category", i)
		case l.RetentionDays < 0 || l.RetentionDays > maxRetentionDays:
			return fail("retention of %s is %d days, want 0 to %d", l.Category, l.RetentionDays, maxRetentionDays)
		}
		for _, other := range s.Logs[:i] {
			if other.Category == l.Category {
				return fail("category %s is listed twice", l.Category)
			}
		}
	}
	for i, d := range s.Destinations {
		switch {
		case d.Kind != Classic:
			return fail("destination kind %q is not known", d.Kind)
		case d.Target.IsZero():
			return fail("destination %s has no target", d.Kind)
		case len(d.Options) > maxOptions:
			return fail("destination %s has %d options, at most %d", d.Kind, len(d.Options), maxOptions)
		}
		for k, v := range d.Options {
			if len(k) > maxOption || len(v) > maxOption {
				return fail("an option of destination %s is longer than %d bytes", d.Kind, maxOption)
			}
		}
		for _, other := range s.Destinations[:i] {
			if other.Kind == d.Kind {
				return fail("two destinations of kind %s", d.Kind)
			}
		}
	}
	return nil
}

func forbidden(r rune) bool {
	return r < ' ' || r == 0x7f || strings.ContainsRune(`<>*%&:\?+/`, r)
}
