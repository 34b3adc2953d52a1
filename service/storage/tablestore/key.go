package tablestore

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Keys. Numbers are big-endian, so keys sort by them; tid is the id of a table,
// which no other table ever has.
//
//	a account name           a table, its name in lower case
//	e tid partition row      an entity
//	n tid                    what is in a table, see counters; that of tid 0 is what
//	                         tables have left that are gone
//	s name                   the store's own
//
// Account and partition end in 00 01, and a zero byte inside them is written
// 00 FF, so that they sort as if they stood alone. What comes last in a key needs
// neither.
const (
	kindTable    = 'a'
	kindEntity   = 'e'
	kindCounters = 'n'
)

// Keys of the store's own.
const (
	keyFormat = "sformat" // version of all this
	keyID     = "sid"     // the last id given to a table
)

const prefixLen = 1 + 8 // kind and tid

func appendPrefix(k []byte, kind byte, tid uint64) []byte {
	return binary.BigEndian.AppendUint64(append(k, kind), tid)
}

// The service compares keys by their UTF-16 code units. UTF-8 sorts by code
// points, which is the same but for the characters above U+FFFF: in UTF-16 these
// are surrogates and stand before U+E000 to U+FFFF. So in our keys the first bytes
// of those characters, F0 to F4, change places with the first bytes of these, EE
// and EF. It is a permutation of all bytes: any string, UTF-8 or not, can be a
// key, and no two are the same one.
const (
	swapFirst = 0xee // to EF, two bytes that begin characters of U+E000 to U+FFFF
	swapLast  = 0xf4 // from F0, five bytes that begin those above
	swapLow   = 2    // how many the former are
	swapHigh  = 5    // and the latter
)

// toOrder is the byte that stands for b in a key.
func toOrder(b byte) byte {
	switch {
	case b < swapFirst || b > swapLast:
		return b
	case b < swapFirst+swapLow:
		return b + swapHigh
	}
	return b - swapLow
}

// fromOrder is the inverse of toOrder.
func fromOrder(b byte) byte {
	switch {
	case b < swapFirst || b > swapLast:
		return b
	case b > swapLast-swapLow:
		return b - swapHigh
	}
	return b + swapLow
}

// plainPrefix is how many bytes of s stand in a key as they are.
func plainPrefix[T string | []byte](s T) int {
	for i := range len(s) {
		if b := s[i]; b == 0 || b-swapFirst <= swapLast-swapFirst {
			return i
		}
	}
	return len(s)
}

// appendFirst appends a string that others follow in the key.
func appendFirst(k []byte, s string) []byte {
	n := plainPrefix(s)
	k = append(k, s[:n]...)
	for ; n < len(s); n++ {
		k = append(k, toOrder(s[n]))
		if s[n] == 0 {
			k = append(k, 0xff)
		}
	}
	return append(k, 0, 1)
}

// appendLast appends the last string of a key.
func appendLast(k []byte, s string) []byte {
	n := plainPrefix(s)
	k = append(k, s[:n]...)
	for ; n < len(s); n++ {
		k = append(k, toOrder(s[n]))
	}
	return k
}

// cutFirst splits what appendFirst wrote, still encoded, from what follows it.
func cutFirst(k []byte) (encoded, rest []byte, ok bool) {
	for i := 0; i+1 < len(k); i++ {
		n := bytes.IndexByte(k[i:], 0)
		if n < 0 || i+n+1 == len(k) {
			break
		}
		i += n
		if k[i+1] == 1 {
			return k[:i], k[i+2:], true
		}
		i++
		if k[i] != 0xff {
			break
		}
	}
	return nil, nil, false
}

// appendDecoded appends the string that was encoded; escaped says by appendFirst.
func appendDecoded(to, encoded []byte, escaped bool) []byte {
	n := plainPrefix(encoded)
	to = append(to, encoded[:n]...)
	for ; n < len(encoded); n++ {
		to = append(to, fromOrder(encoded[n]))
		if escaped && encoded[n] == 0 {
			n++ // of the escape
		}
	}
	return to
}

func appendEntityKey(k []byte, tid uint64, key *Key) []byte {
	return appendLast(appendFirst(appendPrefix(k, kindEntity, tid), key.Partition), key.Row)
}

// cutEntityKey splits a key of an entity, the parts still encoded.
func cutEntityKey(k []byte) (partition, row []byte, ok bool) {
	if len(k) < prefixLen {
		return nil, nil, false
	}
	return cutFirst(k[prefixLen:])
}

// decodeKey returns the Key of an entity's key.
func decodeKey(k []byte) (key Key, ok bool) {
	partition, row, ok := cutEntityKey(k)
	if !ok {
		return Key{}, false
	}
	key.Partition = string(appendDecoded(nil, partition, true))
	key.Row = string(appendDecoded(nil, row, false))
	return key, true
}

// bounds are the first key of a range, and the first one after it.
func (r Range) bounds(tid uint64) (lower, upper []byte) {
	from := r.From
	if from == nil {
		from = &Key{} // the least there is
	}
	lower = appendEntityKey(nil, tid, from)
	if r.To != nil {
		upper = append(appendEntityKey(nil, tid, r.To), 0) // nothing is between them
	} else {
		upper = appendPrefix(nil, kindEntity, tid+1)
	}
	return lower, upper
}

func countersKey(tid uint64) []byte { return appendPrefix(nil, kindCounters, tid) }

// fold is the name under which a table is found.
func fold(name string) string { return strings.ToLower(name) }

// tableKey is the key of a table, or of the tables of an account for "".
func tableKey(account, folded string) []byte {
	k := make([]byte, 0, 3+len(account)+len(folded))
	return append(appendFirst(append(k, kindTable), account), folded...)
}

// cutTableKey is the inverse of tableKey.
func cutTableKey(k []byte) (account, folded string, ok bool) {
	encoded, rest, ok := cutFirst(k[1:])
	return string(appendDecoded(nil, encoded, true)), string(rest), ok
}
