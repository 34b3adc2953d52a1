package storagelog

import (
	"bytes"
	"strings"
)

// needle is bytes to look for, prepared for looking often.
//
// It looks for the byte that is rarest in logs, which the processor does many
// bytes at a time, and compares around it.
type needle struct {
	text  []byte // in lower case when fold is set
	fold  bool   // ASCII letters in either case
	at    int    // where the rarest byte is in text
	lower byte   // that byte
	upper byte   // its other case, or the same
}

func newNeedle(text []byte, fold bool) *needle {
	n := &needle{text: bytes.Clone(text), fold: fold}
	if fold {
		for i, c := range n.text {
			n.text[i] = toLower(c)
		}
	}
	best := 1 << 30
	for i, c := range n.text {
		rank := rankOf(c)
		if fold && c >= 'a' && c <= 'z' {
			rank += rankOf(c-'a'+'A') + 5 // two searches
		}
		if rank < best {
			best, n.at = rank, i
		}
	}
	n.lower = n.text[n.at]
	n.upper = n.lower
	if fold && n.lower >= 'a' && n.lower <= 'z' {
		n.upper = n.lower - 'a' + 'A'
	}
	return n
}

// index returns where the needle is first in b, -1 when it is not.
func (n *needle) index(b []byte) int {
	if !n.fold {
		return n.indexExact(b)
	}
	lower, upper := -2, -2 // next places of the byte; -2 not known, -1 none
	for pos := n.at; pos <= len(b)-len(n.text)+n.at; pos++ {
		if lower != -1 && lower < pos {
			lower = indexFrom(b, pos, n.lower)
		}
		if n.upper == n.lower {
			upper = lower
		} else if upper != -1 && upper < pos {
			upper = indexFrom(b, pos, n.upper)
		}
		switch {
		case lower < 0 && upper < 0:
			return -1
		case lower < 0 || (upper >= 0 && upper < lower):
			pos = upper
		default:
			pos = lower
		}
		start := pos - n.at
		if start+len(n.text) > len(b) {
			return -1
		}
		if equalFold(b[start:start+len(n.text)], n.text) {
			return start
		}
	}
	return -1
}

func (n *needle) indexExact(b []byte) int {
	tail := len(n.text) - n.at
	misses := 0
	for pos := n.at; pos+tail <= len(b); {
		i := bytes.IndexByte(b[pos:len(b)-tail+1], n.lower)
		if i < 0 {
			return -1
		}
		pos += i
		start := pos - n.at
		if string(b[start:start+len(n.text)]) == string(n.text) {
			return start
		}
		pos++
		// Where the byte is not rare after all, the general search is better.
		if misses++; misses > 8 && misses > (pos>>6) {
			start = pos - n.at
			if i := bytes.Index(b[start:], n.text); i >= 0 {
				return start + i
			}
			return -1
		}
	}
	return -1
}

func indexFrom(b []byte, pos int, c byte) int {
	i := bytes.IndexByte(b[pos:], c)
	if i < 0 {
		return -1
	}
	return pos + i
}

// equalFold compares b with text, which is in lower case, of the same length.
func equalFold(b, text []byte) bool {
	for i, c := range text {
		if b[i] != c && toLower(b[i]) != c {
			return false
		}
	}
	return true
}

func toLower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// byFrequency are the bytes of logs, the most frequent first, counted in the
// documented samples.
const byFrequency = `0;e21at-.sol8cb"493/5nr6up7id:m fghxyTw&S=AqCM,ZBEDPGkzJ?W()jIXN+FRY'%LO$HQvK_[{U}]`

// rankOf returns how frequent c is: 0 for the rarest.
func rankOf(c byte) int {
	if i := strings.IndexByte(byFrequency, c); i >= 0 {
		return len(byFrequency) - i
	}
	return 0
}
