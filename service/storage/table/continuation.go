package table

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/service/storage"
)

// A continuation token is 1!<length>!<text>: the text is what to go on with in
// base64, with other characters where a URL would need escapes, and <length> its
// length. Clients take it for opaque; the form is that of the service.

var tokenEncoding = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*_").WithPadding('-')

// token makes a token.
func token(s string) string {
	b := make([]byte, 0, 8+tokenEncoding.EncodedLen(len(s)))
	b = append(b, "1!"...)
	b = strconv.AppendInt(b, int64(tokenEncoding.EncodedLen(len(s))), 10)
	b = append(b, '!')
	return string(tokenEncoding.AppendEncode(b, []byte(s)))
}

// parseToken is the inverse of token. It refuses what no answer gave.
func parseToken(s string) (string, error) {
	rest, ok := strings.CutPrefix(s, "1!")
	if !ok {
		return "", storage.ErrInvalidInput
	}
	length, text, ok := strings.Cut(rest, "!")
	if !ok || length != strconv.Itoa(len(text)) {
		return "", storage.ErrInvalidInput
	}
	raw, err := tokenEncoding.Strict().DecodeString(text)
	if err != nil || !utf8.Valid(raw) {
		return "", storage.ErrInvalidInput
	}
	return string(raw), nil
}
