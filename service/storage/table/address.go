package table

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// resource is what a path below the account names.
type resource uint8

const (
	ofService  resource = iota // /
	allTables                  // /Tables
	oneTable                   // /Tables('t')
	ofEntities                 // /t and /t()
	oneEntity                  // /t(PartitionKey='p',RowKey='r')
	ofBatch                    // /$batch
)

// address is a path below the account, taken apart.
//
// Source: REST API reference, "Addressing Table service resources".
type address struct {
	resource resource
	table    string         // of oneTable, ofEntities and oneEntity, as it was written
	key      tablestore.Key // of oneEntity
}

// parseAddress reads a path as it was received, percent-encoded and without the
// slash before it. Keys may hold anything there; whether an entity can have them
// is another question.
func parseAddress(path string) (address, error) {
	path, err := url.PathUnescape(path)
	if err != nil || !utf8.ValidString(path) {
		return address{}, storage.ErrInvalidUri
	}
	switch path {
	case "":
		return address{resource: ofService}, nil
	case "$batch":
		return address{resource: ofBatch}, nil
	}
	name, keys, isKeyed := strings.Cut(path, "(")
	isTables := strings.EqualFold(name, "Tables")
	if isKeyed {
		var ok bool
		if keys, ok = strings.CutSuffix(keys, ")"); !ok {
			return address{}, storage.ErrInvalidUri
		}
		keys = strings.Trim(keys, " ")
	}
	switch {
	case isTables && keys == "":
		return address{resource: allTables}, nil
	case isTables:
		return parseTable(keys)
	}
	a := address{resource: ofEntities, table: name}
	if err := checkTableName(name); err != nil {
		return address{}, err
	}
	if keys != "" {
		a.resource = oneEntity
		a.key, err = parseKey(keys)
	}
	return a, err
}

// parseTable reads what is in the parentheses of Tables('t'); the documentation
// has double quotes there once.
func parseTable(keys string) (address, error) {
	name, rest, ok := cutQuoted(keys)
	if !ok && keys[0] == '"' && strings.HasSuffix(keys[1:], `"`) {
		name, ok = keys[1:len(keys)-1], true
	}
	if !ok || rest != "" {
		return address{}, storage.ErrInvalidInput
	}
	if err := checkTableName(name); err != nil {
		return address{}, err
	}
	return address{resource: oneTable, table: name}, nil
}

// parseKey reads "PartitionKey='p',RowKey='r'", in any order.
func parseKey(keys string) (tablestore.Key, error) {
	var k tablestore.Key
	var seen [2]bool
	for rest := keys; ; {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		value, after, ok := cutQuoted(strings.TrimLeft(after, " "))
		if !ok {
			break
		}
		i, to := 0, &k.Partition
		switch strings.Trim(name, " ") {
		case partitionKey:
		case rowKey:
			i, to = 1, &k.Row
		default:
			return k, storage.ErrInvalidInput
		}
		if seen[i] {
			return k, storage.ErrInvalidInput
		}
		*to, seen[i] = value, true
		after = strings.TrimLeft(after, " ")
		if after == "" {
			if seen[0] && seen[1] {
				return k, nil
			}
			break
		}
		if after[0] != ',' {
			break
		}
		rest = after[1:]
	}
	return k, storage.ErrInvalidInput
}

// cutQuoted reads a text in quotes, in which two quotes are one, and returns what
// follows it.
func cutQuoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '\'' {
		return "", "", false
	}
	doubled := false
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			doubled = true
			i++
			continue
		}
		text = s[1:i]
		if doubled {
			text = strings.ReplaceAll(text, "''", "'")
		}
		return text, s[i+1:], true
	}
	return "", "", false
}

// appendEntityPath appends the path of an entity as the service writes it in
// links: keys are percent-encoded, quotes in them doubled.
func appendEntityPath(b []byte, table string, k *tablestore.Key) []byte {
	b = append(b, table...)
	b = append(b, "(PartitionKey='"...)
	b = appendEscapedKey(b, k.Partition)
	b = append(b, "',RowKey='"...)
	b = appendEscapedKey(b, k.Row)
	return append(b, "')"...)
}

// appendEscapedKey percent-encodes what is neither a letter, a digit nor one of
// the marks that need it not.
func appendEscapedKey(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c), '0' <= c && c <= '9', strings.IndexByte("-_.~!*()", c) >= 0:
			b = append(b, c)
		case c == '\'':
			b = append(b, "''"...)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
