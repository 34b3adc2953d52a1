package syntax

import (
	"fmt"
	"unicode/utf8"
)

// Error says where a query cannot be read and what would have been expected.
type Error struct {
	Span
	// Message is a sentence without a place: "expected an operator after |".
	Message string
	// Near is the name that was probably meant, or empty.
	Near string
	// Source is the whole query.
	Source string
}

// Error implements error: "line:column: message".
func (e *Error) Error() string {
	line, column := Place(e.Source, e.Start)
	s := fmt.Sprintf("%d:%d: %s", line, column, e.Message)
	if e.Near != "" {
		s += fmt.Sprintf("; did you mean %s?", e.Near)
	}
	return s
}

// Token is the text that the error is about.
func (e *Error) Token() string {
	if e.Start < 0 || e.Start > e.End || e.End > len(e.Source) {
		return ""
	}
	return e.Source[e.Start:e.End]
}

// Place turns a byte offset of a source into a line and a column, both from 1.
// Columns count characters.
func Place(source string, offset int) (line, column int) {
	offset = max(0, min(offset, len(source)))
	line, column = 1, 1
	for i := 0; i < offset; {
		r, size := utf8.DecodeRuneInString(source[i:])
		if r == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
		i += size
	}
	return line, column
}
