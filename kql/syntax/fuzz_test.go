package syntax

import (
	"errors"
	"testing"
)

// seed gives a fuzzer the collected queries, or a few of our own.
func seed(f *testing.F) {
	if folder := corpora(f); folder != "" {
		collected(f, folder, func(_, query string, _ bool) { f.Add(query) })
	}
	for _, c := range cases(f) {
		f.Add(c.query)
	}
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, source string) {
		q, err := Parse(source)
		if err != nil {
			e := (*Error)(nil)
			if !errors.As(err, &e) || e.Start < 0 || e.End < e.Start || e.End > len(source) || e.Message == "" {
				t.Errorf("%#v", err)
			}
			return
		}
		spans(t, q)
		if wrong := roundTrip(q); wrong != "" {
			t.Error(wrong)
		}
	})
}

func FuzzLex(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, source string) {
		end := 0
		tokens := Lex(source)
		for i, k := range tokens {
			if k.Start < end || k.End < k.Start || k.End > len(source) || (k.Kind == TokenEOF) != (i == len(tokens)-1) || k.Kind != TokenEOF && k.End == k.Start {
				t.Fatalf("token %d: %v after %d", i, k, end)
			}
			end = k.End
		}
	})
}
