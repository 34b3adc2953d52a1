package storage

import (
	"net/url"
	"strings"
)

// redacted stands for a signature in every URL that is logged.
const redacted = "XXXXX"

// mayHoldSignature reports whether text could hold a sig parameter. It is cheap
// and errs on the safe side: a percent sign may hide any letter.
func mayHoldSignature(text string) bool {
	for i := 0; i+3 < len(text); i++ {
		if text[i] == '%' {
			return true
		}
		if text[i]|0x20 == 's' && text[i+1]|0x20 == 'i' && text[i+2]|0x20 == 'g' && text[i+3] == '=' {
			return true
		}
	}
	return false
}

// redactQuery replaces the value of every parameter that is called sig once its
// name is decoded, and the signatures of URLs inside other values.
func redactQuery(q string) string {
	var b strings.Builder
	for i, part := range strings.Split(q, "&") {
		if i > 0 {
			b.WriteByte('&')
		}
		if name, _, ok := strings.Cut(part, "="); ok && isSignature(name) {
			b.WriteString(name + "=" + redacted)
			continue
		}
		b.WriteString(redactNested(part))
	}
	return b.String()
}

// appendRedacted appends redactQuery(q) as the inside of a JSON string.
func appendRedacted(b []byte, q string) []byte {
	first := true
	for part := range strings.SplitSeq(q, "&") {
		if !first {
			b = append(b, '&')
		}
		first = false
		if name, _, ok := strings.Cut(part, "="); ok && isSignature(name) {
			b = append(AppendJSONText(b, name), "="+redacted...)
			continue
		}
		b = AppendJSONText(b, redactNested(part))
	}
	return b
}

func isSignature(name string) bool {
	if strings.ContainsRune(name, '%') {
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
	}
	return strings.EqualFold(name, "sig")
}

// redactNested redacts the signature of a URL that is the value of a parameter,
// as it is or encoded once or twice.
func redactNested(s string) string {
	if !mayHoldSignature(s) {
		return s
	}
	text := strings.ToLower(s)
	for at := 0; ; {
		i := strings.Index(text[at:], "sig")
		if i < 0 {
			return s
		}
		i += at
		at = i + 3
		var equals string
		for _, e := range [...]string{"=", "%3d", "%253d"} {
			if strings.HasPrefix(text[at:], e) {
				equals = e
			}
		}
		before := text[:i]
		if equals == "" || !strings.HasSuffix(before, "?") && !strings.HasSuffix(before, "3f") && !strings.HasSuffix(before, "26") {
			continue
		}
		at += len(equals)
		end := len(text)
		for _, stop := range [...]string{"%26", "%2526", "#"} {
			if n := strings.Index(text[at:], stop); n >= 0 {
				end = min(end, at+n)
			}
		}
		s = s[:at] + redacted + s[end:]
		text = strings.ToLower(s)
		at += len(redacted)
	}
}

// redactText redacts the query of a URL; text without one is returned as it is.
func redactText(text string) string {
	path, query, ok := strings.Cut(text, "?")
	if !ok || !mayHoldSignature(query) {
		return text
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	text = path + "?" + redactQuery(query)
	if hasFragment {
		text += "#" + fragment
	}
	return text
}
