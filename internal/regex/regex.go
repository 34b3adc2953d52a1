// Package regex reads the regular expressions of Kusto.
//
// Their syntax and meaning are those of the Rust regex crate with Unicode on, as
// the page "Regular expressions" of the Kusto reference describes: \d is any
// decimal digit, \w any letter, mark, digit or connector of Unicode, \s any white
// space. RE2 and Go's regexp mean ASCII by these. Translate writes an expression
// so that they mean the same; Compile makes a Regexp, which does.
//
// What Rust has and the others have not is refused: set operations in classes
// ([a&&b], nested classes), the flags x, R and u, \< and \>.
package regex

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The insides of classes. space is White_Space, word is Alphabetic, Mark,
// Decimal_Number, Connector_Punctuation and Join_Control.
const (
	digit    = `\p{Nd}`
	notDigit = `\P{Nd}`
	space    = `\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	word     = `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24b6}-\x{24e9}\x{200c}\x{200d}`
)

// MaxLength is how long an expression may be, in bytes.
const MaxLength = 16 << 10

// Translate writes an expression in the syntax of RE2, which Go's regexp has too.
// Boundary is set when it has \b or \B, which are the only thing whose meaning is
// still another: they know ASCII alone.
func Translate(expr string) (re2 string, boundary bool, err error) {
	if len(expr) > MaxLength {
		return "", false, fmt.Errorf("regular expression has %d bytes, %d are taken", len(expr), MaxLength)
	}
	t := translator{in: expr}
	for t.at < len(t.in) {
		if err := t.next(); err != nil {
			return "", false, err
		}
	}
	if t.class {
		return "", false, fmt.Errorf("regular expression has a [ without a ]")
	}
	return t.out.String(), t.boundary, nil
}

type translator struct {
	in       string
	at       int
	out      strings.Builder
	class    bool // inside of […]
	boundary bool
}

// next translates one thing.
func (t *translator) next() error {
	rest := t.in[t.at:]
	switch {
	case rest[0] == '\\':
		return t.escape(rest)
	case t.class:
		return t.inClass(rest)
	case rest[0] == '[':
		t.class = true
		n := 1
		if strings.HasPrefix(rest, "[^") {
			n = 2
		}
		t.copy(n)
		if strings.HasPrefix(rest[n:], "]") { // a ] that comes first is itself
			t.put(`\]`, 1)
		}
	case strings.HasPrefix(rest, "(?<") && len(rest) > 3 && rest[3] != '=' && rest[3] != '!':
		t.put("(?P<", 3)
	default:
		t.copy(1)
	}
	return nil
}

// inClass translates a character of a class.
func (t *translator) inClass(rest string) error {
	switch {
	case rest[0] == ']':
		t.class = false
	case strings.HasPrefix(rest, "[:"):
		if end := strings.Index(rest, ":]"); end > 0 {
			t.copy(end + 2)
			return nil
		}
		fallthrough
	case rest[0] == '[', strings.HasPrefix(rest, "&&"), strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "~~"):
		return fmt.Errorf("regular expression has a set operation at %q, which is not supported; escape the characters of a class", rest)
	}
	t.copy(1)
	return nil
}

// escape translates what begins with a backslash.
func (t *translator) escape(rest string) error {
	if len(rest) < 2 {
		return fmt.Errorf("regular expression ends with a backslash")
	}
	switch c := rest[1]; c {
	case 'd':
		t.put(digit, 2)
	case 'D':
		t.put(notDigit, 2)
	case 's':
		t.set(space, false)
	case 'S':
		t.set(space, true)
	case 'w':
		t.set(word, false)
	case 'W':
		t.set(word, true)
	case 'b', 'B':
		if t.class || strings.HasPrefix(rest[2:], "{") {
			return fmt.Errorf(`regular expression has \%c where it has no meaning`, c)
		}
		t.boundary = true
		t.copy(2)
	case 'u', 'U':
		return t.codepoint(rest)
	case 'Q', 'E', 'C', '<', '>':
		return fmt.Errorf(`regular expression has \%c, which is not supported`, c)
	default:
		t.copy(2)
	}
	return nil
}

// codepoint translates \u1234, \U00012345 and \u{12}.
func (t *translator) codepoint(rest string) error {
	from, n := 2, 4
	if rest[1] == 'U' {
		n = 8
	}
	end := from + n
	if strings.HasPrefix(rest[2:], "{") {
		from = 3
		end = strings.IndexByte(rest, '}')
		n = end - from + 1
	}
	if end < from || end > len(rest) {
		return fmt.Errorf("regular expression has an unfinished escape at %q", rest)
	}
	r, err := strconv.ParseUint(rest[from:end], 16, 32)
	if err != nil || r > unicode.MaxRune {
		return fmt.Errorf("regular expression has a wrong escape at %q", rest)
	}
	t.put(`\x{`+strconv.FormatUint(r, 16)+`}`, from+n)
	return nil
}

// set puts a class of two bytes in the source, or what is in it when already
// inside of one.
func (t *translator) set(ranges string, not bool) {
	switch {
	case t.class && not:
		t.put(complement(ranges == word), 2)
	case t.class:
		t.put(ranges, 2)
	case not:
		t.put("[^"+ranges+"]", 2)
	default:
		t.put("["+ranges+"]", 2)
	}
}

// complement is what is no word character, or no space, as the inside of a class.
func complement(ofWord bool) string {
	tables := []*unicode.RangeTable{unicode.White_Space}
	if ofWord {
		tables = append(wordTables(), &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x200c, Hi: 0x200d, Stride: 1}, {Lo: 0x24b6, Hi: 0x24e9, Stride: 1}}})
	}
	var ranges [][2]rune
	for _, t := range tables {
		for _, r := range t.R16 {
			ranges = appendRange(ranges, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			ranges = appendRange(ranges, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	slices.SortFunc(ranges, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	var b strings.Builder
	from := rune(0)
	for _, r := range append(ranges, [2]rune{unicode.MaxRune + 1, unicode.MaxRune + 1}) {
		if r[0] > from {
			fmt.Fprintf(&b, `\x{%x}-\x{%x}`, from, r[0]-1)
		}
		from = max(from, r[1]+1)
	}
	return b.String()
}

// appendRange adds the runes of a range of a table.
func appendRange(ranges [][2]rune, low, high, stride rune) [][2]rune {
	if stride == 1 {
		return append(ranges, [2]rune{low, high})
	}
	for r := low; r <= high; r += stride {
		ranges = append(ranges, [2]rune{r, r})
	}
	return ranges
}

// wordTables are the categories of word characters.
func wordTables() []*unicode.RangeTable {
	return []*unicode.RangeTable{unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc}
}

// IsWord reports whether \w takes r.
func IsWord(r rune) bool {
	if r < 0x80 {
		return r == '_' || r-'0' <= 9 && r >= '0' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return unicode.In(r, wordTables()...) || r >= 0x24b6 && r <= 0x24e9 || r == 0x200c || r == 0x200d
}

func (t *translator) put(s string, n int) {
	t.out.WriteString(s)
	t.at += n
}

func (t *translator) copy(n int) { t.put(t.in[t.at:t.at+n], n) }
