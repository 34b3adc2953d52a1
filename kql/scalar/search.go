package scalar

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"reslog/kql"
)

// How a search looks, in the bits of a number: without regard to case, and with
// nothing of the same term at the left and at the right, see HasTerm.
const (
	Fold = 1 << iota
	Left
	Right
)

// searchFunc looks for a text of ASCII, kql_search(text, needle, how). It says
// nothing, null, where characters beyond ASCII decide: who asks has a slower way
// for these few.
var searchFunc = Func{
	Name: "kql_search", Params: types(kql.String, kql.String, kql.Long), Returns: kql.Bool,
	Call: func(a []any) any {
		found, sure := searchOf(a[1:])([]byte(text(a[0])))
		if !sure {
			return nil
		}
		return found
	},
	Texts: searchOf,
}

func searchOf(a []any) func([]byte) (bool, bool) {
	how, _ := a[1].(int64)
	s, ok := newSearch(text(a[0]), how)
	if !ok {
		return func([]byte) (bool, bool) { return false, false }
	}
	return s.find
}

// Searchable reports whether kql_search can look for a text.
func Searchable(needle string) bool { return needle != "" && isASCII([]byte(needle)) }

// search looks for one text in many.
type search struct {
	needle      string // in lower case when fold
	fold        bool
	left, right bool // a term has to begin, and to end, there
	// pair is the place of two characters of the needle that are rare, or of its only
	// one twice: these are looked for first. Each of the two has itself in every byte,
	// and the bit by which its two forms differ.
	pair          int
	next          int // 1, or 0
	first, second pattern
}

// pattern is a character in each byte of a word: word|bits is it where a word has it.
type pattern struct{ is, bits uint64 }

const everyByte = 0x0101010101010101

func newSearch(needle string, how int64) (search, bool) {
	if !Searchable(needle) {
		return search{}, false
	}
	s := search{fold: how&Fold != 0}
	if s.fold {
		needle = strings.ToLower(needle)
	}
	s.needle = needle
	s.left = how&Left != 0 && inTerm(needle[0])
	s.right = how&Right != 0 && inTerm(needle[len(needle)-1])
	most := -1
	for i := range max(len(needle)-1, 1) {
		if rank := rarity(needle[i]) + rarity(needle[min(i+1, len(needle)-1)]); rank > most {
			most, s.pair = rank, i
		}
	}
	s.next = min(1, len(needle)-1)
	s.first, s.second = s.pattern(needle[s.pair]), s.pattern(needle[s.pair+s.next])
	return s, true
}

// rarity ranks the characters of addresses and of English, the rarer the higher.
func rarity(c byte) int {
	const common = "/.-_0123456789etaoinsrhldcumfpgwybvkxjqz"
	if i := strings.IndexByte(common, c); i >= 0 {
		return i
	}
	return len(common)
}

func (s *search) pattern(c byte) pattern {
	if s.fold && c >= 'a' && c <= 'z' {
		return pattern{everyByte * uint64(c), everyByte * 0x20}
	}
	return pattern{everyByte * uint64(c), 0}
}

// find reports whether the needle is in a text; unless it is sure, characters
// beyond ASCII decide. It looks at eight places at a time.
func (s *search) find(t []byte) (found, sure bool) {
	places := len(t) - len(s.needle) + 1
	if places <= 0 {
		return false, true
	}
	window := t[s.pair : s.pair+places+s.next]
	at := 0
	for ; at+8+s.next <= len(window); at += 8 {
		// A byte of x is zero where the pair is.
		x := binary.LittleEndian.Uint64(window[at:]) | s.first.bits ^ s.first.is
		x |= binary.LittleEndian.Uint64(window[at+s.next:]) | s.second.bits ^ s.second.is
		// The lowest zero byte has the lowest bit that is set here, and those above it may
		// be wrong.
		for zero := (x - everyByte) &^ x & (everyByte << 7); zero != 0; zero &= zero - 1 {
			if s.is(t, at+bits.TrailingZeros64(zero)/8) {
				return true, true
			}
		}
	}
	for ; at < places; at++ {
		if s.is(t, at) {
			return true, true
		}
	}
	return false, isASCII(t)
}

// is reports whether the needle is at a place, and a term of its own where that is
// asked. A character beyond ASCII beside it may be a letter.
func (s *search) is(t []byte, at int) bool {
	here := t[at : at+len(s.needle)]
	if !s.fold {
		if string(here) != s.needle {
			return false
		}
	} else {
		for i, c := range here {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c != s.needle[i] {
				return false
			}
		}
	}
	if end := at + len(here); s.right && end < len(t) && (t[end] >= utf8.RuneSelf || inTerm(t[end])) {
		return false
	}
	return !s.left || at == 0 || t[at-1] < utf8.RuneSelf && !inTerm(t[at-1])
}

// inTerm is InTerm of ASCII.
func inTerm(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isASCII reports whether a text has no other characters.
func isASCII(t []byte) bool {
	for ; len(t) >= 8; t = t[8:] {
		if binary.LittleEndian.Uint64(t)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range t {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
