package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Position is the place of a line. The zero Position is behind all of them.
type Position struct {
	month  string
	offset int64
}

// String is the form that ParsePosition reads, "2026-11.4711".
func (p Position) String() string {
	if p.month == "" {
		return ""
	}
	return p.month + "." + strconv.FormatInt(p.offset, 10)
}

// ParsePosition reads what String wrote. It may come from outside: a position
// that no line has is as good as the next line's.
func ParsePosition(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	month, offset, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(offset, 10, 64)
	if _, timeErr := time.Parse(monthly, month); timeErr != nil || err != nil || n < 0 {
		return Position{}, fmt.Errorf("position %q in the journal: want a month and an offset, as in 2026-11.4711", s)
	}
	return Position{month, n}, nil
}

// Newest calls fn for the lines before a position, the newest first, until fn
// returns false. fn must not keep the line. Lines that are appended meanwhile
// may be missed.
func (j *Journal) Newest(before Position, fn func(at Position, line []byte) bool) error {
	j.mu.Lock()
	var parts []Position // months with how much of them to read, oldest first
	for _, m := range j.months {
		switch {
		case before.month == "" || m < before.month:
			parts = append(parts, Position{m, j.sizes[m]})
		case m == before.month:
			parts = append(parts, Position{m, min(before.offset, j.sizes[m])})
		}
	}
	j.mu.Unlock()
	for i := len(parts) - 1; i >= 0; i-- {
		more, err := j.backwards(parts[i], fn)
		if err != nil {
			return fmt.Errorf("read journal file %s%s: %w", parts[i].month, suffix, err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// backwards reads one file from end to start; more is false when fn stopped it.
func (j *Journal) backwards(end Position, fn func(Position, []byte) bool) (more bool, err error) {
	f, err := os.Open(filepath.Join(j.cfg.Dir, end.month+suffix))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil // pruned meanwhile, and all older ones with it
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	hi := end.offset
	var rest []byte // a line whose beginning is not read yet
	for hi > 0 {
		n := min(hi, MaxLine)
		block := make([]byte, n, n+int64(len(rest)))
		if _, err := f.ReadAt(block, hi-n); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		block = append(block, rest...)
		hi -= n
		for {
			line := bytes.TrimSuffix(block, []byte("\n"))
			i := bytes.LastIndexByte(line, '\n')
			if i < 0 {
				break
			}
			if !fn(Position{end.month, hi + int64(i) + 1}, line[i+1:]) {
				return false, nil
			}
			block = block[:i+1]
		}
		rest = block
		if len(rest) > 2*MaxLine {
			return false, fmt.Errorf("a line at %d is longer than %d bytes", hi, MaxLine)
		}
	}
	if line := bytes.TrimSuffix(rest, []byte("\n")); len(line) > 0 {
		return fn(Position{end.month, 0}, line), nil
	}
	return true, nil
}
