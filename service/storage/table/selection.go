package table

import (
	"strings"

	"reslog/service/storage"
)

const selectPrefix = "&$select="

// selection is the properties that a query wants of every entity; nil is all.
type selection struct {
	names []string       // in the order in which they were asked for
	at    map[string]int // their places in names
	seen  []int          // by place, the last entity that had it
	row   int            // the entity that is written now, from 1
}

// parseSelect reads $select: names of properties, with nil for all, and what of it
// the metadata of the answer repeat. A name that is there twice counts once.
func parseSelect(v string) (s *selection, fragment string, err error) {
	v = strings.TrimSpace(v)
	if v == "" || v == "*" {
		return nil, "", nil
	}
	s = &selection{at: map[string]int{}}
	for name := range strings.SplitSeq(v, ",") {
		name = strings.TrimSpace(name)
		if err := checkPropertyName(name); err != nil {
			return nil, "", invalidQuery("$select is a list of properties")
		}
		if _, twice := s.at[name]; twice {
			continue
		}
		if len(s.names) == maxProperties+3 {
			return nil, "", storage.ErrTooManyProperties
		}
		s.at[name] = len(s.names)
		s.names = append(s.names, name)
	}
	s.seen = make([]int, len(s.names))
	return s, selectPrefix + string(appendSelection(nil, v)), nil
}

// appendSelection appends a selection as URLs have it.
func appendSelection(b []byte, v string) []byte {
	for i := range len(v) {
		if c := v[i]; c == ',' || c == '_' {
			b = append(b, c)
		} else {
			b = appendEscapedKey(b, v[i:i+1])
		}
	}
	return b
}

// begin begins an entity.
func (s *selection) begin() {
	if s != nil {
		s.row++
	}
}

// wants reports whether a property of the entity is selected.
func (s *selection) wants(name string) bool {
	if s == nil {
		return true
	}
	i, ok := s.at[name]
	if ok {
		s.seen[i] = s.row
	}
	return ok
}

// appendMissing appends what the entity does not have, as null.
func (s *selection) appendMissing(b []byte) []byte {
	if s == nil {
		return b
	}
	for i, name := range s.names {
		if s.seen[i] != s.row {
			b = append(storage.AppendJSONString(b, name), ":null,"...)
		}
	}
	return b
}
