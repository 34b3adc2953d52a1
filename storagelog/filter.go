package storagelog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// FilterConfig says which records to look for. A record must meet all that is
// given; the zero FilterConfig is met by every record.
type FilterConfig struct {
	// Start and End bound the start time of the request; both are included, and
	// zero is no bound.
	Start, End time.Time
	// Text must be in the record as it is stored: quotes inside values are
	// &quot; there.
	Text string
	// FoldCase ignores case in Text.
	FoldCase bool
	// Pattern must match the record as it is stored.
	Pattern *regexp.Regexp
	// Where are demands on single fields.
	Where []Condition
}

// Filter selects records. It does not change and may be used by any number of
// goroutines.
type Filter struct {
	cfg        FilterConfig
	start, end []byte // bounds as records have them; nil for none
	needle     *needle
	text       *needle // to be checked besides needle; nil when that is the same
	// front are the conditions on fields before the first in quotes, which are
	// found without splitting the record; back are the others.
	front, back []Condition
}

// NewFilter returns a Filter.
func NewFilter(cfg FilterConfig) (*Filter, error) {
	if strings.ContainsAny(cfg.Text, "\r\n") {
		return nil, errors.New("the text to look for has a line break, and records have none")
	}
	f := &Filter{cfg: cfg}
	if !cfg.Start.IsZero() {
		f.start = appendTime(nil, cfg.Start)
	}
	if !cfg.End.IsZero() {
		f.end = appendTime(nil, cfg.End)
	}
	if cfg.Text != "" {
		f.text = newNeedle([]byte(cfg.Text), cfg.FoldCase)
		f.needle = f.text
	}
	for _, c := range cfg.Where {
		if c.Field < FieldURL {
			f.front = append(f.front, c)
		} else {
			f.back = append(f.back, c)
		}
	}
	// The longest literal is likely to be the rarest.
	for i := range cfg.Where {
		if n := cfg.Where[i].needle(); n != nil && (f.needle == nil || len(n) > len(f.needle.text)) {
			f.needle = newNeedle(n, false)
		}
	}
	if f.needle == nil && cfg.Pattern != nil {
		if prefix, _ := cfg.Pattern.LiteralPrefix(); prefix != "" && !strings.ContainsAny(prefix, "\r\n") {
			f.needle = newNeedle([]byte(prefix), false)
		}
	}
	return f, nil
}

// Match reports whether a line is a record that meets the filter. What is not a
// record never does.
func (f *Filter) Match(line []byte) bool {
	if f.text != nil && f.text.index(line) < 0 {
		return false
	}
	return f.matchRest(line)
}

// matchRest is Match without the text.
func (f *Filter) matchRest(line []byte) bool {
	if len(line) > maxLine {
		return false
	}
	var l Line
	parsed := false
	if at := timeOf(line); at == nil {
		if !l.ParseLenient(line) {
			return false
		}
		parsed = true
		if f.start != nil || f.end != nil {
			t := l.Time()
			if t.IsZero() || (f.start != nil && t.Before(f.cfg.Start)) || (f.end != nil && t.After(f.cfg.End)) {
				return false
			}
		}
	} else if (f.start != nil && bytes.Compare(at, f.start) < 0) || (f.end != nil && bytes.Compare(at, f.end) > 0) {
		return false
	}
	if f.cfg.Pattern != nil && !f.cfg.Pattern.Match(line) {
		return false
	}
	for i := range f.front {
		c := &f.front[i]
		raw := l.Raw(c.Field)
		if !parsed {
			raw = bareField(line, c.Field)
		}
		if !c.matchRaw(raw) {
			return false
		}
	}
	if len(f.back) == 0 {
		return true
	}
	if !parsed && !l.ParseLenient(line) {
		return false
	}
	for i := range f.back {
		if !f.back[i].Match(&l) {
			return false
		}
	}
	return true
}

// bareField returns a field before the first that is in quotes.
func bareField(line []byte, f Field) []byte {
	for range f - 1 {
		i := bytes.IndexByte(line, ';')
		if i < 0 {
			return nil
		}
		line = line[i+1:]
	}
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		line = line[:i]
	}
	return line
}

// timeOf returns the start time of a record as it is stored, nil when the line
// does not begin as records of a known version do.
func timeOf(line []byte) []byte {
	const start, end = 4, 4 + timeLength
	if len(line) <= end || line[1] != '.' || line[3] != ';' || line[end] != ';' ||
		line[end-1] != 'Z' || line[start+10] != 'T' || line[start+19] != '.' || (line[0] != '1' && line[0] != '2') {
		return nil
	}
	return line[start:end]
}

// ScanStats says what Scan went through.
type ScanStats struct {
	Bytes   int64
	Matched int64
}

// scanBuffer is the size of the buffer of Scan. It holds whole lines, so it grows to the longest.
const scanBuffer = 512 << 10

// Scan reads a log and calls fn for each record that meets the filter, in order
// and without its line break, until fn returns an error. The bytes are good
// until fn returns. Lines longer than 1 MiB are no records.
func (f *Filter) Scan(r io.Reader, fn func(line []byte) error) (ScanStats, error) {
	var stats ScanStats
	buf := make([]byte, scanBuffer)
	have := 0 // bytes of a line whose end is not read yet
	skip := false
	for {
		n, err := r.Read(buf[have:])
		stats.Bytes += int64(n)
		filled := have + n
		if errors.Is(err, io.EOF) && filled > 0 && buf[filled-1] != '\n' {
			buf = append(buf[:filled], '\n') // a last line without a line feed
			filled++
		}
		end := have + bytes.LastIndexByte(buf[have:filled], '\n') + 1
		lines := buf[:end]
		if end == have {
			lines, end = nil, 0 // no line feed was read
		}
		if skip && len(lines) > 0 {
			lines = lines[bytes.IndexByte(lines, '\n')+1:]
			skip = false
		}
		if ferr := f.scanLines(lines, fn, &stats); ferr != nil {
			return stats, ferr
		}
		if errors.Is(err, io.EOF) {
			return stats, nil
		}
		if err != nil {
			return stats, err
		}
		have = copy(buf, buf[end:filled])
		if skip || have > maxLine {
			have, skip = 0, true
		} else if have == len(buf) {
			buf = slices.Grow(buf, len(buf))[:2*len(buf)]
		}
	}
}

// scanLines calls fn for the matching lines of b, which ends in a line feed.
func (f *Filter) scanLines(b []byte, fn func([]byte) error, stats *ScanStats) error {
	for len(b) > 0 {
		start := 0
		if f.needle != nil {
			at := f.needle.index(b)
			if at < 0 {
				return nil
			}
			start = bytes.LastIndexByte(b[:at], '\n') + 1
			b = b[start:]
			start = at - start
		}
		end := start + bytes.IndexByte(b[start:], '\n')
		line := b[:end]
		b = b[end+1:]
		if len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		if (f.needle == f.text && f.matchRest(line)) || (f.needle != f.text && f.Match(line)) {
			stats.Matched++
			if err := fn(line); err != nil {
				return err
			}
		}
	}
	return nil
}
