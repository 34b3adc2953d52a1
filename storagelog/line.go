package storagelog

import (
	"bytes"
	"fmt"
	"time"
)

// Line is a record split into its fields, with nothing copied and nothing
// decoded. It refers to the bytes it was parsed from and is good as long as
// they are not changed. Parse it again to use it for the next record.
type Line struct {
	raw    []byte
	n      int // fields in the record, those past the known ones included
	fields [maxFields]span
}

// A span is where a field's value lies in a record, without its quotes.
type span struct{ start, end int32 }

// maxLine bounds the length of a record, in bytes: far more than a request line
// and its headers can make.
const maxLine = 1 << 20

// A SyntaxError says where a log is not as the format demands.
type SyntaxError struct {
	Line   int64 // from 1; 0 when a record was read on its own
	Column int   // byte in the line, from 1
	Field  Field // 0 when it is not about one field
	Reason string
}

func (e *SyntaxError) Error() string {
	msg := "storage log"
	if e.Line > 0 {
		msg += fmt.Sprintf(": line %d", e.Line)
	}
	if e.Field > 0 {
		msg += fmt.Sprintf(": field %d (%s)", e.Field, e.Field)
	}
	if e.Column > 0 {
		msg += fmt.Sprintf(", column %d", e.Column)
	}
	return msg + ": " + e.Reason
}

// Parse splits a record, given without its line break, and checks it against
// every rule of the format. Fields past those of its version are allowed and
// ignored, as the format demands of readers. Errors are a *SyntaxError.
func (l *Line) Parse(raw []byte) error {
	if err := l.split(raw); err != nil {
		return err
	}
	want := Version(l.Raw(FieldVersion)).Fields()
	if want == 0 {
		return l.errorf(FieldVersion, "version %q is not known, want %s or %s", cut(string(l.Raw(FieldVersion)), 32), V1, V2)
	}
	if l.n < want {
		return &SyntaxError{Column: len(raw) + 1, Field: Field(l.n), Reason: fmt.Sprintf("the record ends after %d fields, want %d", l.n, want)}
	}
	for f := FieldVersion; int(f) <= want; f++ {
		if reason := checkValue(f, l.Raw(f)); reason != "" {
			return l.errorf(f, "%s", reason)
		}
	}
	return nil
}

// errorf makes an error about field f.
func (l *Line) errorf(f Field, format string, args ...any) error {
	return &SyntaxError{Column: int(l.fields[f-1].start) + 1, Field: f, Reason: fmt.Sprintf(format, args...)}
}

// split finds the fields by the strict rules of quotes and semicolons and
// leaves the values unchecked.
func (l *Line) split(raw []byte) error {
	l.raw, l.n = raw, 0
	if len(raw) > maxLine {
		return &SyntaxError{Reason: fmt.Sprintf("the record is longer than %d bytes", maxLine)}
	}
	known := maxFields // of the others nothing is known but quotes and semicolons
	for pos := 0; ; pos++ {
		f := Field(min(l.n+1, 255))
		start := pos
		var end int
		if pos < len(raw) && raw[pos] == '"' {
			if l.n < known && f.spec().kind != quoted {
				return &SyntaxError{Column: pos + 1, Field: f, Reason: "a quote in a field that has none"}
			}
			start++
			n := bytes.IndexByte(raw[start:], '"')
			switch {
			case n < 0:
				return &SyntaxError{Column: pos + 1, Field: f, Reason: "the quote is never closed"}
			case n == 0:
				return &SyntaxError{Column: pos + 1, Field: f, Reason: "empty quotes: an empty field has none, and a quote inside is written &quot;"}
			}
			end = start + n
			pos = end + 1
			if pos < len(raw) && raw[pos] != ';' {
				return &SyntaxError{Column: pos + 1, Field: f, Reason: fmt.Sprintf("%q after the closing quote, want a semicolon or the end", raw[pos])}
			}
		} else {
			n := bytes.IndexByte(raw[pos:], ';')
			if n < 0 {
				n = len(raw) - pos
			}
			pos += n
			end = pos
			if n > 0 && l.n < known && f.spec().kind == quoted {
				return &SyntaxError{Column: start + 1, Field: f, Reason: "the value is not in quotes"}
			}
			if i := bytes.IndexByte(raw[start:end], '"'); i >= 0 {
				return &SyntaxError{Column: start + i + 1, Field: f, Reason: "a quote in a field that has none"}
			}
		}
		if l.n < maxFields {
			l.fields[l.n] = span{int32(start), int32(end)}
		}
		l.n++
		if pos >= len(raw) {
			return nil
		}
		if l.n == 1 && l.Version() == V1 {
			known = V1.Fields()
		}
	}
}

// Len returns the number of fields, those that are not known included.
func (l *Line) Len() int { return l.n }

// Bytes returns the record as it was parsed.
func (l *Line) Bytes() []byte { return l.raw }

// Raw returns a field as it is stored, without quotes, or nil when the record
// does not have it. The bytes are the record's own.
func (l *Line) Raw(f Field) []byte {
	if f < 1 || int(f) > min(l.n, maxFields) {
		return nil
	}
	s := l.fields[f-1]
	return l.raw[s.start:s.end:s.end]
}

// AppendText appends a field's text: decoded if it is one that is encoded.
func (l *Line) AppendText(dst []byte, f Field) []byte {
	raw := l.Raw(f)
	if len(raw) == 0 {
		return dst
	}
	if f.spec().kind != quoted {
		return append(dst, raw...)
	}
	return appendDecoded(dst, raw)
}

// Text returns a field's text, "" when the record does not have it.
func (l *Line) Text(f Field) string {
	raw := l.Raw(f)
	if len(raw) == 0 {
		return ""
	}
	if f.spec().kind != quoted || bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	return string(appendDecoded(nil, raw))
}

// Version returns the version of the record.
func (l *Line) Version() Version {
	switch raw := l.Raw(FieldVersion); string(raw) {
	case string(V1):
		return V1
	case string(V2):
		return V2
	default:
		return Version(raw)
	}
}

// Time returns the request's start time, the zero time when there is none that
// can be read.
func (l *Line) Time() time.Time { return parseTime(l.Raw(FieldStartTime)) }

// Int returns a number, NoSize when the field is empty or holds none.
func (l *Line) Int(f Field) int64 {
	n, ok := parseUint(l.Raw(f))
	if !ok {
		return NoSize
	}
	return n
}

// Entry decodes the record into e. What cannot be read is left at its zero
// value, or NoSize for sizes and latencies: after Parse there is no such thing.
func (l *Line) Entry(e *Entry) {
	*e = Entry{
		Version:            l.Version(),
		StartTime:          l.Time(),
		Operation:          l.Text(FieldOperation),
		Status:             l.Text(FieldStatus),
		HTTPStatus:         l.Text(FieldHTTPStatus),
		EndToEndLatency:    l.Int(FieldEndToEndLatency),
		ServerLatency:      l.Int(FieldServerLatency),
		AuthType:           l.Text(FieldAuthType),
		RequesterAccount:   l.Text(FieldRequesterAccount),
		OwnerAccount:       l.Text(FieldOwnerAccount),
		Service:            l.Text(FieldService),
		URL:                l.Text(FieldURL),
		ObjectKey:          l.Text(FieldObjectKey),
		RequestID:          l.Text(FieldRequestID),
		OperationNumber:    int(max(l.Int(FieldOperationNumber), 0)),
		ClientIP:           l.Text(FieldClientIP),
		RequestVersion:     l.Text(FieldRequestVersion),
		RequestHeaderSize:  l.Int(FieldRequestHeaderSize),
		RequestPacketSize:  l.Int(FieldRequestPacketSize),
		ResponseHeaderSize: l.Int(FieldResponseHeaderSize),
		ResponsePacketSize: l.Int(FieldResponsePacketSize),
		ContentLength:      l.Int(FieldContentLength),
		RequestMD5:         l.Text(FieldRequestMD5),
		ServerMD5:          l.Text(FieldServerMD5),
		ETag:               l.Text(FieldETag),
		LastModified:       parseDate(l.Raw(FieldLastModified)),
		Conditions:         l.Text(FieldConditions),
		UserAgent:          l.Text(FieldUserAgent),
		Referrer:           l.Text(FieldReferrer),
		ClientRequestID:    l.Text(FieldClientRequestID),
	}
	if e.Version == V1 || l.n <= V1.Fields() {
		return // what follows in version 1.0 is not what 2.0 has there
	}
	e.UserObjectID = l.Text(FieldUserObjectID)
	e.TenantID = l.Text(FieldTenantID)
	e.ApplicationID = l.Text(FieldApplicationID)
	e.Audience = l.Text(FieldAudience)
	e.Issuer = l.Text(FieldIssuer)
	e.UserPrincipalName = l.Text(FieldUserPrincipalName)
	e.Reserved = l.Text(FieldReserved)
	e.AuthorizationDetail = l.Text(FieldAuthorizationDetail)
}

// ParseEntry reads one record strictly, without its line break.
func ParseEntry(record []byte) (Entry, error) {
	var l Line
	var e Entry
	if err := l.Parse(record); err != nil {
		return e, err
	}
	l.Entry(&e)
	return e, nil
}
