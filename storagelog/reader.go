package storagelog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Mode says how a Reader treats what is not as the format demands.
type Mode uint8

// Modes of a Reader.
const (
	// Strict refuses the first byte that breaks a rule: of a record (see
	// Line.Parse), and of the log as a whole, in which every record has the same
	// version and ends in a line feed, the last one too.
	Strict Mode = iota
	// Lenient takes what it can (see Line.ParseLenient) and skips the rest.
	Lenient
)

// Reader reads a log record by record. It holds one record at a time.
type Reader struct {
	r       *bufio.Reader
	mode    Mode
	line    Line
	long    []byte // a record longer than the buffer of r
	number  int64
	skipped int64
	version Version
	err     error
}

// readerBuffer is how much a Reader reads at a time.
const readerBuffer = 64 << 10

// NewReader returns a Reader of one log.
func NewReader(r io.Reader, m Mode) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, readerBuffer), mode: m}
}

// Next returns the next record, or io.EOF at the end. The Line is good until
// the next call. A strict Reader returns a *SyntaxError where the log is not as
// it should be and stays there; a lenient one returns errors of the underlying
// reader only.
func (r *Reader) Next() (*Line, error) {
	for r.err == nil {
		raw, err := r.readLine()
		if err != nil {
			r.err = err
			break
		}
		r.number++
		if r.mode == Lenient {
			if r.line.ParseLenient(raw) {
				return &r.line, nil
			}
			if len(bytes.TrimSpace(raw)) > 0 {
				r.skipped++
			}
			continue
		}
		if r.err = r.strict(raw); r.err == nil {
			return &r.line, nil
		}
	}
	return nil, r.err
}

// Read decodes the next record into e; see Next.
func (r *Reader) Read(e *Entry) error {
	l, err := r.Next()
	if err != nil {
		return err
	}
	l.Entry(e)
	return nil
}

// Line returns the number of the line read last, from 1.
func (r *Reader) Line() int64 { return r.number }

// Skipped returns how many lines a lenient Reader has passed over that are no
// records and not empty.
func (r *Reader) Skipped() int64 { return r.skipped }

func (r *Reader) strict(raw []byte) error {
	err := r.line.Parse(raw)
	var syntax *SyntaxError
	switch {
	case errors.As(err, &syntax):
		syntax.Line = r.number
		if bytes.HasSuffix(raw, []byte{'\r'}) && syntax.Column >= len(raw)-1 {
			syntax.Reason = "the line ends in a carriage return, want a line feed only"
		}
		return syntax
	case r.version == "":
		r.version = r.line.Version()
	case r.version != r.line.Version():
		return &SyntaxError{
			Line: r.number, Field: FieldVersion, Column: 1,
			Reason: fmt.Sprintf("version %s in a log of version %s", r.line.Version(), r.version),
		}
	}
	return nil
}

// readLine returns the next line without its line feed.
func (r *Reader) readLine() ([]byte, error) {
	r.long = r.long[:0]
	for {
		part, err := r.r.ReadSlice('\n')
		switch {
		case err == nil && len(r.long) == 0:
			return part[:len(part)-1], nil
		case err == nil:
			r.long = append(r.long, part[:len(part)-1]...)
			return r.long, nil
		case errors.Is(err, bufio.ErrBufferFull):
			// Past the bound the line is read to its end but not kept.
			if len(r.long) <= maxLine {
				r.long = append(r.long, part...)
			}
		case errors.Is(err, io.EOF):
			r.long = append(r.long, part...)
			if len(r.long) == 0 {
				return nil, io.EOF
			}
			if r.mode == Strict {
				return nil, &SyntaxError{
					Line: r.number + 1, Column: len(r.long) + 1,
					Reason: "the log ends without a line feed",
				}
			}
			return r.long, nil
		default:
			return nil, fmt.Errorf("read storage log, line %d: %w", r.number+1, err)
		}
	}
}
