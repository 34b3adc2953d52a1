package storage

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestAppendJSONText puts what must be escaped at every place of strings of all
// lengths about a word's.
func TestAppendJSONText(t *testing.T) {
	for _, special := range []string{"", "\"", "\\", "\n", "\r", "\t", "\x00", "\x1f", " ", "!", "~", "\x7f", "\x80", "\xa0", "\xff", "é", "€", "\U0001f600", "\xe2\x82"} {
		for length := range 20 {
			for at := range length + 1 {
				s := strings.Repeat("a", at) + special + strings.Repeat("z", length-at) + special
				line := AppendJSONString([]byte("before"), s)
				var got string
				if err := json.Unmarshal(line[len("before"):], &got); err != nil {
					t.Fatalf("%q: %s: %v", s, line, err)
				}
				if want := string([]rune(s)); got != want { // with replacement characters
					t.Fatalf("%q: %s, which is %q", s, line, got)
				}
			}
		}
	}
}
