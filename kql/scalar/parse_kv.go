package scalar

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"reslog/kql"
)

// compileKv gives the function that finds the values of the keys of a
// kql.ParseKv, nil for those that are not there. What is no kql.ParseKv has none.
func compileKv(spec string) func(string) []*string {
	var p kql.ParseKv
	if err := json.Unmarshal([]byte(spec), &p); err != nil {
		return nil
	}
	pairs := (*kvReader)(&p).pairs
	if p.Regex != "" {
		re, err := regexp.Compile(p.Regex)
		if err != nil || re.NumSubexp() < 2 {
			return nil
		}
		pairs = func(text string, yield func(key, value string)) {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				yield(m[1], m[2])
			}
		}
	}
	return func(text string) []*string {
		values := make([]*string, len(p.Keys))
		pairs(text, func(key, value string) {
			if i := slices.Index(p.Keys, key); i >= 0 && values[i] == nil {
				values[i] = &value
			}
		})
		return values
	}
}

// kvReader walks through pairs that delimiters separate.
type kvReader kql.ParseKv

// pairs gives every key with its value. What has no key delimiter is no pair.
func (r *kvReader) pairs(text string, yield func(key, value string)) {
	for {
		before, rest, ok := strings.Cut(text, r.KeyDelimiter)
		if !ok {
			return
		}
		value, after := r.value(strings.TrimSpace(rest))
		yield(r.key(before), value)
		text = after
	}
}

// key is the name at the end of what stands before a key delimiter.
func (r *kvReader) key(text string) string {
	text = strings.TrimSpace(text)
	if r.Open != "" && strings.HasSuffix(text, r.Close) {
		inner := strings.TrimSuffix(text, r.Close)
		if at := strings.LastIndex(inner, r.Open); at >= 0 {
			return inner[at+len(r.Open):]
		}
	}
	if at := strings.LastIndex(text, r.PairDelimiter); at >= 0 {
		text = text[at+len(r.PairDelimiter):]
	}
	return strings.TrimSpace(text)
}

// value reads a value at the start of a text and gives what follows it.
func (r *kvReader) value(text string) (value, rest string) {
	if r.Open != "" && strings.HasPrefix(text, r.Open) {
		if value, rest, ok := r.quoted(text[len(r.Open):]); ok {
			return value, rest
		}
	}
	if r.Greedy {
		return r.greedy(text)
	}
	value, rest, _ = strings.Cut(text, r.PairDelimiter)
	return strings.TrimSpace(value), rest
}

// greedy takes all up to the pair delimiter before the next key.
func (r *kvReader) greedy(text string) (value, rest string) {
	next := strings.Index(text, r.KeyDelimiter)
	if next < 0 {
		return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), r.PairDelimiter)), ""
	}
	end := strings.LastIndex(text[:next], r.PairDelimiter)
	if end < 0 {
		return strings.TrimSpace(text[:next]), text[next:]
	}
	return strings.TrimSpace(text[:end]), text[end+len(r.PairDelimiter):]
}

// quoted reads up to the closing quote.
func (r *kvReader) quoted(text string) (value, rest string, ok bool) {
	var b strings.Builder
	for text != "" {
		if strings.HasPrefix(text, r.Close) {
			return b.String(), text[len(r.Close):], true
		}
		c, size := utf8.DecodeRuneInString(text)
		if strings.ContainsRune(r.Escape, c) && len(text) > size {
			text = text[size:]
			_, size = utf8.DecodeRuneInString(text)
		}
		b.WriteString(text[:size])
		text = text[size:]
	}
	return "", "", false
}
