package scalar

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"reslog/kql"
)

// TestSearch compares the search with HasTerm and the plain searches on random
// texts: where it is sure it is right, and of ASCII it always is.
func TestSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphabet := []rune("aAbBkKsS19/_-. \x00\x7f{[`@éſ\u212aİß²😀")
	random := func(of []rune, n int) string {
		out := make([]rune, n)
		for i := range out {
			out[i] = of[r.IntN(len(of))]
		}
		return string(out)
	}
	sures := 0
	for range 200_000 {
		ascii := r.IntN(2) == 0
		of := alphabet
		if ascii {
			of = alphabet[:r.IntN(14)+3]
		}
		s, needle := random(of, r.IntN(40)), random(alphabet[:14], r.IntN(5)+1)
		how := int64(r.IntN(8))
		searched, ok := newSearch(needle, how)
		if !ok {
			t.Fatalf("%q cannot be searched", needle)
		}
		found, sure := searched.find([]byte(s))
		if !sure {
			if ascii {
				t.Fatalf("%q in %q, %d: not sure", needle, s, how)
			}
			continue
		}
		sures++
		a, b := s, needle
		if how&Fold != 0 {
			a, b = strings.ToLower(s), strings.ToLower(needle)
		}
		if want := HasTerm(a, b, how&Left != 0, how&Right != 0); found != want {
			t.Fatalf("%q in %q, %d: %v, want %v", needle, s, how, found, want)
		}
		// The other form in which the engine's SQL has it.
		if fold := regexp.MustCompile("(?i)" + regexp.QuoteMeta(needle)); how == Fold && found && !fold.MatchString(s) {
			t.Fatalf("%q in %q: a regular expression does not find it", needle, s)
		}
	}
	if sures < 100_000 {
		t.Errorf("it is sure of %d texts", sures)
	}
	for _, needle := range []string{"", "é", "aſ"} {
		if Searchable(needle) {
			t.Errorf("%q can be searched", needle)
		}
	}
	f, _ := Find("search", []kql.Type{kql.String, kql.String, kql.Long})
	for s, want := range map[string]any{"an Apple": true, "apples": false, "apple\u00e9": nil, "ápple": nil, "": false, "ápple, apple": true} {
		if got := f.Call([]any{s, "apple", int64(Fold | Left | Right)}); got != want {
			t.Errorf("apple in %q: %v, want %v", s, got, want)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	s, _ := newSearch("Reports-77", Fold)
	text := []byte("https://contosologs.blob.core.windows.net:443/snapshots/2026/6/snapshots-60c154b5.jpg")
	for b.Loop() {
		s.find(text)
	}
}
