package table

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"reslog/service/storage"
)

// What names and keys may be.
//
// Source: REST API reference, "Understanding the Table service data model"; "Scale
// targets for Table storage" for the length of keys.
const (
	minTableName    = 3
	maxTableName    = 63
	maxPropertyName = 255  // UTF-16 code units
	maxKey          = 1024 // UTF-16 code units
)

// checkTableName refuses what no table can be called. Those of the metrics are
// names like others here; see isMetrics.
func checkTableName(name string) error {
	if isMetrics(name) {
		return nil
	}
	for i := range len(name) {
		c := name[i]
		if !isLetter(c) && (i == 0 || c < '0' || c > '9') {
			return storage.ErrInvalidResourceName
		}
	}
	if len(name) < minTableName || len(name) > maxTableName {
		return errNameLength
	}
	return nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isReserved reports whether a table may not be called so, though it is a name.
func isReserved(name string) bool { return strings.EqualFold(name, "tables") }

// isMetrics reports whether a name is that of one of the tables that the service
// itself writes its metrics to: readable, their rows deletable, nothing else.
//
// Source: REST API reference, "Storage Analytics metrics table schema" and "About
// Storage Analytics metrics".
func isMetrics(name string) bool {
	const prefix = "$metrics"
	if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false
	}
	switch rest := strings.ToLower(name[len(prefix):]); rest {
	case "capacityblob", "transactionsblob", "transactionstable", "transactionsqueue":
		return true
	default:
		interval, ok := cutAnyPrefix(rest, "hour", "minute")
		if !ok {
			return false
		}
		service, ok := cutAnyPrefix(interval, "primarytransactions", "secondarytransactions")
		return ok && (service == "blob" || service == "table" || service == "queue" || service == "file")
	}
}

func cutAnyPrefix(s string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// checkKey refuses a partition or row key that an entity cannot have. property is
// which of them it is.
func checkKey(property, key string) error {
	if len(key) > maxKey && units(key) > maxKey {
		return storage.ErrPropertyValueTooLarge
	}
	for i := 0; i < len(key); {
		c := key[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '/' || c == '\\' || c == '#' || c == '?' || c == 0x7f {
				return outOfRange(property, key)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(key[i:])
		if r < 0xa0 { // C1 controls
			return outOfRange(property, key)
		}
		i += n
	}
	return nil
}

// checkPropertyName refuses what is no identifier of C#, whose rules those of
// properties are.
func checkPropertyName(name string) error {
	if len(name) > maxPropertyName && units(name) > maxPropertyName {
		return storage.ErrPropertyNameTooLong
	}
	for i := 0; i < len(name); {
		c := name[i]
		if c < utf8.RuneSelf {
			if !isLetter(c) && c != '_' && (i == 0 || c < '0' || c > '9') {
				return storage.ErrPropertyNameInvalid
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(name[i:])
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Nl, r) &&
			(i == 0 || !unicode.In(r, unicode.Nd, unicode.Pc, unicode.Mn, unicode.Mc, unicode.Cf)) {
			return storage.ErrPropertyNameInvalid
		}
		i += n
	}
	if name == "" {
		return storage.ErrPropertyNameInvalid
	}
	return nil
}

// units counts the UTF-16 code units of s.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}
