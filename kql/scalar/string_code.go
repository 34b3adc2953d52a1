package scalar

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	encodinghex "encoding/hex"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"reslog/kql"
)

// codeFuncs are functions on codes of text. What cannot be decoded is empty where
// the result is a string, else null.
//
// The compressing functions are not here: which bytes they give is not documented
// and is another's than compress/flate gives.
var codeFuncs = []Func{
	{Name: "kql_base64_encode_tostring", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any {
		return base64.StdEncoding.EncodeToString([]byte(text(a[0])))
	}},
	{Name: "kql_base64_decode_tostring", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any {
		return utf8Text(fromBase64(a[0]))
	}},
	{Name: "kql_base64_decode_toarray", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any {
		b, ok := fromBase64(a[0])
		if !ok {
			return nil
		}
		out := Value{Kind: Array}
		for _, c := range b {
			out.Items = append(out.Items, OfLong(int64(c)))
		}
		return out.Any()
	}},
	{Name: "kql_base64_encode_fromarray", Params: types(kql.Dynamic), Returns: kql.String, Call: func(a []any) any {
		v := Dynamic(a[0])
		b := make([]byte, len(v.Items))
		for i, item := range v.Items {
			if v.Kind != Array || item.Kind != Long || item.Long < 0 || item.Long > 255 {
				return ""
			}
			b[i] = byte(item.Long)
		}
		return base64.StdEncoding.EncodeToString(b)
	}},
	{Name: "kql_base64_decode_toguid", Params: types(kql.String), Returns: kql.Guid, Call: func(a []any) any {
		b, ok := fromBase64(a[0])
		if !ok || len(b) != 16 {
			return nil
		}
		return guidOf(encodinghex.EncodeToString(guidOrder(b)))
	}},
	{Name: "kql_base64_encode_fromguid", Params: types(kql.Guid), Returns: kql.String, Call: func(a []any) any {
		b, err := encodinghex.DecodeString(strings.ReplaceAll(text(a[0]), "-", ""))
		if err != nil || len(b) != 16 {
			return ""
		}
		return base64.StdEncoding.EncodeToString(guidOrder(b))
	}},
	{Name: "kql_gzip_decompress_from_base64_string", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any {
		return inflate(a[0], func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })
	}},
	{Name: "kql_zlib_decompress_from_base64_string", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any {
		return inflate(a[0], func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })
	}},
	{Name: "kql_punycode_from_string", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return punycodeEncode(text(a[0])) }},
	{Name: "kql_punycode_to_string", Params: types(kql.String), Returns: kql.String, Call: func(a []any) any { return punycodeDecode(text(a[0])) }},
}

func fromBase64(a any) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(text(a))
	return b, err == nil
}

// utf8Text is bytes as a string if they are one.
func utf8Text(b []byte, ok bool) any {
	if !ok || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

// guidOrder turns the first three groups of a guid around, which are numbers of
// the little end first in its bytes.
func guidOrder(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// maxInflated is how long a decompressed text may be.
const maxInflated = 16 << 20

func inflate(a any, open func(io.Reader) (io.Reader, error)) any {
	b, ok := fromBase64(a)
	if !ok {
		return ""
	}
	r, err := open(bytes.NewReader(b))
	if err != nil {
		return ""
	}
	out, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil || len(out) > maxInflated {
		return ""
	}
	return utf8Text(out, true)
}

// The parameters of Punycode, RFC 3492 section 5.
const (
	punyBase    = 36
	punyMin     = 1
	punyMax     = 26
	punySkew    = 38
	punyDamp    = 700
	punyBias    = 72
	punyFirst   = 128
	punyDigits  = "abcdefghijklmnopqrstuvwxyz0123456789"
	punyLongest = 4096
)

// punyAdapt is section 6.1.
func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}

// threshold is t of sections 6.2 and 6.3.
func threshold(k, bias int) int { return max(punyMin, min(k-bias, punyMax)) }

// punycodeEncode is section 6.3.
func punycodeEncode(s string) string {
	if len(s) > punyLongest {
		return ""
	}
	points := []rune(s)
	var out []byte
	for _, r := range points {
		if r < punyFirst {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	done := basic
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := punyFirst, 0, punyBias
	for done < len(points) {
		next := math.MaxInt32
		for _, r := range points {
			if int(r) >= n && int(r) < next {
				next = int(r)
			}
		}
		delta += (next - n) * (done + 1)
		n = next
		for _, r := range points {
			if int(r) < n {
				delta++
			}
			if int(r) != n {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := threshold(k, bias)
				if q < t {
					break
				}
				out = append(out, punyDigits[t+(q-t)%(punyBase-t)])
				q = (q - t) / (punyBase - t)
			}
			out = append(out, punyDigits[q])
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(out)
}

// punycodeDecode is section 6.2; empty for what is no Punycode.
func punycodeDecode(s string) string {
	if len(s) > punyLongest {
		return ""
	}
	var out []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		out, s = []rune(s[:i]), s[i+1:]
	}
	n, at, bias := punyFirst, 0, punyBias
	for first := true; s != ""; first = false {
		from, w := at, 1
		for k := punyBase; ; k += punyBase {
			if s == "" {
				return ""
			}
			digit := strings.IndexByte(punyDigits, s[0]|0x20)
			if c := s[0]; c >= '0' && c <= '9' {
				digit = strings.IndexByte(punyDigits, c)
			}
			s = s[1:]
			if digit < 0 || digit > (math.MaxInt32-at)/w {
				return ""
			}
			at += digit * w
			t := threshold(k, bias)
			if digit < t {
				break
			}
			if w *= punyBase - t; w > math.MaxInt32 {
				return ""
			}
		}
		bias = punyAdapt(at-from, len(out)+1, first)
		n += at / (len(out) + 1)
		at %= len(out) + 1
		if n > utf8.MaxRune {
			return ""
		}
		out = append(out[:at], append([]rune{rune(n)}, out[at:]...)...)
		at++
	}
	return string(out)
}
