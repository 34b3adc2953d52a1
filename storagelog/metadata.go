package storagelog

import (
	"fmt"
	"strings"
	"time"
)

// LogTypes is a set of kinds of requests: those that a log holds, or is
// searched for.
type LogTypes uint8

// Kinds of requests.
const (
	LogRead LogTypes = 1 << iota
	LogWrite
	LogDelete

	LogAll = LogRead | LogWrite | LogDelete
)

var logTypeNames = []struct {
	t    LogTypes
	name string
}{{LogRead, "read"}, {LogWrite, "write"}, {LogDelete, "delete"}}

// String returns the set as the LogType metadata has it: "read,write,delete".
func (t LogTypes) String() string {
	var names []string
	for _, n := range logTypeNames {
		if t&n.t != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// ParseLogTypes reads a list of kinds, in any case and order. "all" is all of
// them, the empty list none.
func ParseLogTypes(s string) (LogTypes, error) {
	var t LogTypes
words:
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		switch {
		case word == "":
			continue
		case strings.EqualFold(word, "all"):
			t |= LogAll
			continue
		}
		for _, n := range logTypeNames {
			if strings.EqualFold(word, n.name) {
				t |= n.t
				continue words
			}
		}
		return 0, fmt.Errorf("log type %q is not known, want read, write, delete or all", word)
	}
	return t, nil
}

// Metadata is what the metadata of a log blob says about its records.
type Metadata struct {
	// Types are the kinds of requests in the log; zero when it does not say.
	Types LogTypes
	// Start and End are the earliest and the latest start time of a request in
	// the log; zero when it does not say.
	Start, End time.Time
	// Version is the version of every record.
	Version Version
}

// Names of the metadata of a log blob.
const (
	metaTypes   = "LogType"
	metaStart   = "StartTime"
	metaEnd     = "EndTime"
	metaVersion = "LogVersion"
)

// Map returns m as blob metadata. Times have seven fractional digits, as in the
// records: to the second, EndTime would lie before the record it is about.
func (m Metadata) Map() map[string]string {
	return map[string]string{
		metaTypes:   m.Types.String(),
		metaStart:   string(appendTime(nil, m.Start)),
		metaEnd:     string(appendTime(nil, m.End)),
		metaVersion: string(m.Version),
	}
}

// ParseMetadata reads blob metadata. Names may be in any case, since HTTP
// headers lose it; what is missing or cannot be read is left zero.
func ParseMetadata(md map[string]string) Metadata {
	var m Metadata
	for name, value := range md {
		switch {
		case strings.EqualFold(name, metaTypes):
			if t, err := ParseLogTypes(value); err == nil {
				m.Types = t
			}
		case strings.EqualFold(name, metaStart):
			m.Start = parseTime([]byte(value))
		case strings.EqualFold(name, metaEnd):
			m.End = parseTime([]byte(value))
			// A time to the second stands for any time in that second.
			if !m.End.IsZero() && !strings.Contains(value, ".") {
				m.End = m.End.Add(time.Second - 100*time.Nanosecond)
			}
		case strings.EqualFold(name, metaVersion):
			m.Version = Version(value)
		}
	}
	return m
}

// mayHold reports whether a log with this metadata can hold a record of one of
// the types that started in the range. What the metadata does not say, it may.
func (m Metadata) mayHold(start, end time.Time, types LogTypes) bool {
	switch {
	case m.Types != 0 && types != 0 && m.Types&types == 0:
		return false
	case !m.Start.IsZero() && !end.IsZero() && m.Start.After(end):
		return false
	case !m.End.IsZero() && !start.IsZero() && m.End.Before(start):
		return false
	}
	return true
}
