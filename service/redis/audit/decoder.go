package audit

import (
	"errors"
	"io"
)

// startBuffer is the buffer of a connection that sends records of usual sizes.
const startBuffer = 16 << 10

// refusal is why something in the stream is no record; the stream goes on.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errNoObject refusal = "what came is not a JSON object"
	errBroken   refusal = "the record is not JSON"
	errDeep     refusal = "the record has too many levels"
	errTooLarge refusal = "the record is too large"
	errCut      refusal = "the connection ended inside a record"
)

// errLost ends a connection on which no object can be found any more.
var errLost = errors.New("no record was found in what came")

// decoder takes a stream of JSON objects apart. How they are separated is not
// documented: any white space is taken, none too, and NUL or the separator of RFC
// 7464.
//
// After something that is no object it goes on at the next opening brace. What
// users choose, their names and those of keys, cannot be taken for a record by
// that: in it every quote has a backslash before it.
type decoder struct {
	r   io.Reader
	max int // of a record, in bytes

	buf             []byte
	start, pos, end int // of the record, of what is not scanned yet, of what was read

	scanner scanner
	inside  bool // of an object
	garbage bool // what came last is refused up to the next brace
	large   bool // the object is not kept
	skipped int  // bytes that were not kept since the last object
	refused int  // refusals since then
}

// maxRefused is how many refusals there may be without an object between them.
const maxRefused = 1000

func newDecoder(r io.Reader, maxRecord int) *decoder {
	return &decoder{r: r, max: maxRecord, buf: make([]byte, min(startBuffer, maxRecord))}
}

// partial reports whether the rest of a record must come.
func (d *decoder) partial() bool { return d.inside }

// next returns the next object, valid until the next call, or a refusal, after
// which there may be more. Any other error is the last: errLost, or what the Reader
// says.
func (d *decoder) next() ([]byte, error) {
	for {
		if !d.inside {
			if err := d.between(); err != nil {
				return nil, err
			}
		}
		if d.inside {
			if b, err := d.object(); b != nil || err != nil {
				return b, err
			}
			if !d.inside {
				continue // behind one that was too large
			}
		}
		if d.skipped > 16*d.max {
			d.inside = false // it was refused before
			return nil, errLost
		}
		if err := d.fill(); err != nil {
			return nil, err
		}
	}
}

// between looks for the beginning of an object in what was read.
func (d *decoder) between() error {
	for ; d.pos < d.end; d.pos++ {
		switch c := d.buf[d.pos]; {
		case c == '{':
			d.start, d.scanner = d.pos, scanner{}
			d.inside, d.garbage = true, false
			return nil
		case d.garbage:
			d.skipped++
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0 || c == 0x1e:
		default:
			d.garbage = true
			return d.refuse(errNoObject)
		}
	}
	d.start = d.pos
	return nil
}

// object scans what was read of one, and returns it when it is complete.
func (d *decoder) object() ([]byte, error) {
	n, v := d.scanner.scan(d.buf[d.pos:d.end])
	d.pos += n
	switch {
	case v == unfinished && d.large:
		d.skipped += n
		d.start = d.pos
		return nil, nil
	case v == unfinished && d.pos-d.start == d.max:
		d.large = true
		d.skipped += d.max
		d.start = d.pos
		return nil, d.refuse(errTooLarge)
	case v == unfinished:
		return nil, nil
	}
	b, large := d.buf[d.start:d.pos], d.large
	d.inside, d.large, d.start = false, false, d.pos
	if v == finished {
		d.skipped, d.refused = 0, 0
		if large {
			return nil, nil
		}
		return b, nil
	}
	d.skipped += len(b)
	d.garbage = true
	if v == tooDeep {
		return nil, d.refuse(errDeep)
	}
	return nil, d.refuse(errBroken)
}

// refuse returns r, unless there were too many.
func (d *decoder) refuse(r refusal) error {
	if d.refused++; d.refused > maxRefused {
		return errLost
	}
	return r
}

// fill reads more, with room for it made before.
func (d *decoder) fill() error {
	if d.start == d.end && len(d.buf) > startBuffer {
		d.buf = make([]byte, startBuffer) // what was large is gone
		d.start, d.pos, d.end = 0, 0, 0
	}
	if d.end == len(d.buf) {
		buf := d.buf
		if d.start == 0 {
			buf = make([]byte, min(2*len(buf), d.max))
		}
		d.end = copy(buf, d.buf[d.start:d.end])
		d.pos -= d.start
		d.start, d.buf = 0, buf
	}
	for range 100 {
		n, err := d.r.Read(d.buf[d.end:])
		d.end += n
		if n > 0 {
			return nil // an error comes again
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
