package logs

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"time"

	"reslog/storagelog"
)

// key is what tells a record from others: request id and operation number. The
// zero key is of records without an id, which are not compared.
type key struct {
	high, low uint64
	operation uint32
}

// keyOf returns what identifies a record.
func keyOf(line *storagelog.Line, record []byte) key {
	id, operation, ok := idOf(record)
	if !ok {
		if !line.ParseLenient(record) {
			return key{}
		}
		id, operation = line.Raw(storagelog.FieldRequestID), line.Raw(storagelog.FieldOperationNumber)
	}
	var digits [32]byte
	if len(id) != 36 {
		return key{}
	}
	n := copy(digits[:], id[:8])
	n += copy(digits[n:], id[9:13])
	n += copy(digits[n:], id[14:18])
	n += copy(digits[n:], id[19:23])
	copy(digits[n:], id[24:])
	var raw [16]byte
	if _, err := hex.Decode(raw[:], digits[:]); err != nil {
		return key{}
	}
	k := key{high: binary.BigEndian.Uint64(raw[:]), low: binary.BigEndian.Uint64(raw[8:])}
	for _, c := range operation {
		k.operation = k.operation*10 + uint32(c-'0')
	}
	return k
}

// idOf finds id and operation number in a record as it should be: the first
// quotes are those of URL and object key, and the id follows them.
func idOf(record []byte) (id, operation []byte, ok bool) {
	rest := record
	for range 4 {
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			return nil, nil, false
		}
		rest = rest[i+1:]
	}
	if len(rest) < 39 || rest[0] != ';' || rest[37] != ';' || rest[9] != '-' || rest[24] != '-' {
		return nil, nil, false
	}
	i := bytes.IndexByte(rest[38:], ';')
	if i < 1 || i > 4 {
		return nil, nil, false
	}
	return rest[1:37], rest[38 : 38+i], true
}

// repeats remembers the records of an hour: a record's hour does not change, so
// a repeat lies in the same folder. Logs without an hour are one such folder.
type repeats struct {
	hour time.Time
	keys map[key]struct{}
}

func (r *repeats) enter(hour time.Time) {
	if r.keys == nil || !hour.Equal(r.hour) {
		r.hour, r.keys = hour, make(map[key]struct{})
	}
}

// is reports whether k was asked about before in this hour.
func (r *repeats) is(k key) bool {
	if k == (key{}) {
		return false
	}
	before := len(r.keys)
	r.keys[k] = struct{}{}
	return len(r.keys) == before
}
