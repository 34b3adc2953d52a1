package storagelog

import (
	"fmt"
	"io"
	"time"
)

// AppendEntry appends the record of e to dst, with the line break that ends it.
//
// Version decides the number of fields; anything but V2 is written as V1. Text
// that is too long, not UTF-8, or out of place in its field is made to fit as
// appendQuoted and appendBare say, so that the result is always one record.
// AppendEntry allocates only when dst is too small.
func AppendEntry(dst []byte, e *Entry) []byte {
	if e.Version == V2 {
		dst = append(dst, V2...)
	} else {
		dst = append(dst, V1...)
	}
	dst = appendTime(append(dst, ';'), e.StartTime)
	dst = appendBare(append(dst, ';'), e.Operation)
	dst = appendBare(append(dst, ';'), e.Status)
	dst = appendBare(append(dst, ';'), e.HTTPStatus)
	dst = appendSize(append(dst, ';'), e.EndToEndLatency)
	dst = appendSize(append(dst, ';'), e.ServerLatency)
	dst = appendBare(append(dst, ';'), e.AuthType)
	dst = appendBare(append(dst, ';'), e.RequesterAccount)
	dst = appendBare(append(dst, ';'), e.OwnerAccount)
	dst = appendBare(append(dst, ';'), e.Service)
	dst = appendQuoted(append(dst, ';'), e.URL)
	dst = appendQuoted(append(dst, ';'), e.ObjectKey)
	dst = appendGUID(append(dst, ';'), e.RequestID)
	dst = appendSize(append(dst, ';'), int64(max(e.OperationNumber, 0)))
	dst = appendBare(append(dst, ';'), e.ClientIP)
	dst = appendBare(append(dst, ';'), e.RequestVersion)
	dst = appendSize(append(dst, ';'), e.RequestHeaderSize)
	dst = appendSize(append(dst, ';'), e.RequestPacketSize)
	dst = appendSize(append(dst, ';'), e.ResponseHeaderSize)
	dst = appendSize(append(dst, ';'), e.ResponsePacketSize)
	dst = appendSize(append(dst, ';'), e.ContentLength)
	dst = appendQuoted(append(dst, ';'), e.RequestMD5)
	dst = appendQuoted(append(dst, ';'), e.ServerMD5)
	dst = appendQuoted(append(dst, ';'), e.ETag)
	dst = appendDate(append(dst, ';'), e.LastModified)
	dst = appendQuoted(append(dst, ';'), e.Conditions)
	dst = appendQuoted(append(dst, ';'), e.UserAgent)
	dst = appendQuoted(append(dst, ';'), cut(e.Referrer, maxClientText))
	dst = appendQuoted(append(dst, ';'), cut(e.ClientRequestID, maxClientText))
	if e.Version == V2 {
		dst = appendQuoted(append(dst, ';'), e.UserObjectID)
		dst = appendQuoted(append(dst, ';'), e.TenantID)
		dst = appendQuoted(append(dst, ';'), e.ApplicationID)
		dst = appendQuoted(append(dst, ';'), e.Audience)
		dst = appendQuoted(append(dst, ';'), e.Issuer)
		dst = appendQuoted(append(dst, ';'), e.UserPrincipalName)
		dst = appendBare(append(dst, ';'), e.Reserved)
		dst = appendQuoted(append(dst, ';'), e.AuthorizationDetail)
	}
	return append(dst, '\n')
}

// appendTime appends t in UTC with seven fractional digits, .NET's "o" form.
// The form has four digits for the year; another year is written as the zero time.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 1 || year > 9999 {
		return append(dst, "0001-01-01T00:00:00.0000000Z"...)
	}
	hour, minute, second := t.Clock()
	ticks := t.Nanosecond() / 100
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	dst = appendTwo(append(dst, '.'), ticks/100000)
	dst = appendTwo(appendTwo(dst, ticks/1000%100), ticks/10%100)
	return append(dst, byte('0'+ticks%10), 'Z')
}

// appendDate appends t as RFC 850 has it, "Tuesday, 09-Aug-11 21:13:26 GMT", or
// nothing for the zero time.
func appendDate(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, t.Weekday().String()...)
	dst = appendTwo(append(dst, ',', ' '), day)
	dst = append(append(dst, '-'), month.String()[:3]...)
	dst = appendTwo(append(dst, '-'), (year%100+100)%100)
	dst = appendTwo(append(dst, ' '), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	return append(dst, " GMT"...)
}

// appendGUID appends s when it is a guid in form "D"; any other value is left
// out, because the field cannot hold it.
func appendGUID(dst []byte, s string) []byte {
	if !isGUID(s) {
		return dst
	}
	return append(dst, s...)
}

// appendSize appends n, or nothing when n is NoSize or any other negative number.
func appendSize(dst []byte, n int64) []byte {
	if n < 0 {
		return dst
	}
	return appendUint(dst, uint64(n))
}

func appendUint(dst []byte, n uint64) []byte {
	var buf [20]byte
	i := len(buf) - 1
	for ; n >= 10; i-- {
		buf[i] = byte('0' + n%10)
		n /= 10
	}
	buf[i] = byte('0' + n)
	return append(dst, buf[i:]...)
}

// appendTwo appends the two digits of n, which is from 0 to 99.
func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}

// Writer writes records to an io.Writer, buffered: call Flush at the end.
//
// All records of a log have one version, so a Writer refuses an Entry whose
// version is not that of the first.
type Writer struct {
	w       io.Writer
	buf     []byte
	version Version
	err     error
}

// writerBuffer is how much a Writer gathers before it writes.
const writerBuffer = 64 << 10

// NewWriter returns a Writer of a new log.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one record. After an error of the underlying writer, every call
// returns that error.
func (w *Writer) Write(e *Entry) error {
	if w.err != nil {
		return w.err
	}
	switch {
	case e.Version.Fields() == 0:
		return fmt.Errorf("write log record: version %q is not known, want %s or %s", e.Version, V1, V2)
	case w.version == "":
		w.version = e.Version
	case w.version != e.Version:
		return fmt.Errorf("write log record: version %s in a log of version %s", e.Version, w.version)
	}
	w.buf = AppendEntry(w.buf, e)
	if len(w.buf) >= writerBuffer {
		return w.Flush()
	}
	return nil
}

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	if _, err := w.w.Write(w.buf); err != nil {
		w.err = fmt.Errorf("write log records: %w", err)
	}
	w.buf = w.buf[:0]
	return w.err
}
