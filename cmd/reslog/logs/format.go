package logs

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"reslog/storagelog"
)

// counter counts what is read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Format is a way to write records.
type Format string

// Formats.
const (
	Raw  Format = "raw"   // lines as they are stored
	CSV  Format = "csv"   // RFC 4180, decoded
	JSON Format = "jsonl" // an object a line, decoded, empty fields left out
)

// ParseFormat reads the name of a format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case Raw, CSV, JSON:
		return f, nil
	case "json":
		return JSON, nil
	}
	return "", fmt.Errorf("format %q is not known, want %s, %s or %s", s, CSV, JSON, Raw)
}

// Writer writes records in a Format. Call Flush at the end.
type Writer struct {
	// Terminal keeps raw lines from steering the terminal they are shown on.
	Terminal bool

	format  Format
	out     *bufio.Writer
	csv     *csv.Writer
	columns int
	line    storagelog.Line
	row     []string
	scratch []byte
}

// NewWriter returns a Writer. Version decides how many columns CSV and the
// header have: fields beyond it are left out of CSV.
func NewWriter(w io.Writer, f Format, v storagelog.Version) *Writer {
	out := bufio.NewWriterSize(w, 64<<10)
	return &Writer{format: f, out: out, csv: csv.NewWriter(out), columns: max(v.Fields(), storagelog.V1.Fields())}
}

// Header writes the line that names the fields, for formats that have one.
func (w *Writer) Header(v storagelog.Version) error {
	switch w.format {
	case Raw:
		_, err := fmt.Fprintln(w.out, storagelog.Header(v))
		return err
	case CSV:
		w.row = w.row[:0]
		for f := range storagelog.Field(w.columns) {
			w.row = append(w.row, (f + 1).String())
		}
		return w.csv.Write(w.row)
	}
	return nil
}

// Write writes one record.
func (w *Writer) Write(record []byte) error {
	switch w.format {
	case CSV:
		w.line.ParseLenient(record)
		w.row = w.row[:0]
		for f := range storagelog.Field(w.columns) {
			w.row = append(w.row, w.line.Text(f+1))
		}
		return w.csv.Write(w.row)
	case JSON:
		w.line.ParseLenient(record)
		return w.writeJSON()
	}
	if w.Terminal {
		record = []byte(plain(string(record)))
	}
	if _, err := w.out.Write(record); err != nil {
		return err
	}
	return w.out.WriteByte('\n')
}

func (w *Writer) writeJSON() error {
	b := append(w.scratch[:0], '{')
	known := min(w.line.Len(), max(w.line.Version().Fields(), storagelog.V1.Fields()))
	for f := storagelog.FieldVersion; int(f) <= known; f++ {
		if len(w.line.Raw(f)) == 0 {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), f.Key()...), '"', ':')
		if f.Numeric() && w.line.Int(f) != storagelog.NoSize {
			b = fmt.Append(b, w.line.Int(f))
			continue
		}
		text, err := json.Marshal(w.line.Text(f))
		if err != nil {
			return err
		}
		b = append(b, text...)
	}
	w.scratch = append(b, '}', '\n')
	_, err := w.out.Write(w.scratch)
	return err
}

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return err
	}
	return w.out.Flush()
}

// plain replaces control characters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\t') || (r >= 0x7f && r <= 0x9f) {
			return '\uFFFD'
		}
		return r
	}, s)
}
