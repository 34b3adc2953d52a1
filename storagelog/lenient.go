package storagelog

import "bytes"

// bom is the byte order mark that editors put in front of UTF-8.
var bom = []byte("\xEF\xBB\xBF")

// ParseLenient splits a record as well as it can and reports whether it is one.
//
// It takes what Parse takes, and besides: records with fewer fields, or of a
// version not known; a byte order mark, a carriage return and white space
// around the record; values that Parse would refuse; and what documentation
// makes of records:
//
//	""0x8CE1B67AD25AA05""                quotes that were decoded
//	"W/"datetime'2011-07-28T18%3A02Z'""  the same in the middle of a value
//	"[{"action":"…"}]"                   the same many times
//	https://a.blob.core.windows.net/?a&amp;b;"/key"   quotes that were lost
//
// A quote ends a value when a semicolon follows it or the record ends. What is
// not a record, such as the header line of a dump, makes it report false.
func (l *Line) ParseLenient(raw []byte) bool {
	raw = bytes.TrimPrefix(raw, bom)
	raw = bytes.TrimRight(raw, " \t\r")
	raw = bytes.TrimLeft(raw, " \t")
	if len(raw) > maxLine || !looksLikeRecord(raw) {
		l.raw, l.n = nil, 0
		return false
	}
	if err := l.split(raw); err != nil {
		l.splitLenient(raw)
	}
	return l.n >= int(FieldStartTime)
}

// looksLikeRecord reports whether raw begins with a version: digits, a point,
// digits, a semicolon.
func looksLikeRecord(raw []byte) bool {
	end := bytes.IndexByte(cutBytes(raw, 8), ';')
	if end < 3 {
		return false
	}
	point := false
	for i, c := range raw[:end] {
		if c == '.' && i > 0 && i < end-1 && !point {
			point = true
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return point
}

// splitLenient splits what split cannot. It never fails.
func (l *Line) splitLenient(raw []byte) {
	l.raw, l.n = raw, 0
	for pos, closes := 0, true; ; {
		var s span
		f := Field(min(l.n+1, 255))
		end := -1
		if closes && pos < len(raw) && raw[pos] == '"' {
			end = endsAt(raw, pos+1)
			closes = end >= 0 // if not here, then nowhere further on
		}
		switch {
		case end >= 0:
			s = span{int32(pos + 1), int32(end)}
			pos = end + 1
		case l.n < maxFields && f.spec().kind == quoted:
			end = endOfBare(raw, pos, f)
			s = span{int32(pos), int32(end)}
			pos = end
		default:
			n := bytes.IndexByte(raw[pos:], ';')
			if n < 0 {
				n = len(raw) - pos
			}
			s = span{int32(pos), int32(pos + n)}
			pos += n
		}
		if l.n < maxFields {
			l.fields[l.n] = s
		}
		l.n++
		if pos >= len(raw) {
			return
		}
		pos++ // the semicolon
	}
}

// endsAt returns where the first quote from pos on lies that a semicolon or the
// end follows, -1 when there is none.
func endsAt(raw []byte, pos int) int {
	for pos < len(raw) {
		n := bytes.IndexByte(raw[pos:], '"')
		if n < 0 {
			return -1
		}
		pos += n
		if pos+1 == len(raw) || raw[pos+1] == ';' {
			return pos
		}
		pos++
	}
	return -1
}

// endOfBare returns where the value of f ends that should be in quotes and is
// not. Semicolons of character references are part of it; a URL goes on until
// the object key that follows it, which is always quoted.
func endOfBare(raw []byte, pos int, f Field) int {
	if f == FieldURL {
		if n := bytes.Index(raw[pos:], []byte(`;"/`)); n >= 0 {
			return pos + n
		}
	}
	start := pos
	for {
		n := bytes.IndexByte(raw[pos:], ';')
		if n < 0 {
			return len(raw)
		}
		pos += n
		amp := bytes.LastIndexByte(raw[start:pos], '&')
		if amp < 0 {
			return pos
		}
		if _, length := reference(raw[start+amp:]); start+amp+length != pos+1 {
			return pos
		}
		pos++
	}
}
