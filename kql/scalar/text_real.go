package scalar

import (
	"math"
	"strconv"
	"strings"
)

// FormatReal is tostring() of a real: the fewest digits that read back as f, with
// a point always; "inf", "-inf" and "NaN".
func FormatReal(f float64) string { return string(AppendReal(nil, f)) }

// pointDigits is the greatest number of digits before the point and pointZeros the
// greatest number of zeros behind it that are written out; beyond them there is an
// exponent.
const (
	pointDigits = 21
	pointZeros  = 6
)

// AppendReal appends what FormatReal gives.
//
// Where several texts of the fewest digits read back as f, the engine writes the
// greatest, not the nearest: 0.1 + 0.2 is 0.30000000000000007. With up to 15
// digits there is only one.
func AppendReal(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	if math.Signbit(f) {
		dst, f = append(dst, '-'), -f
	}
	if f == math.Trunc(f) && f < 1e15 {
		return append(strconv.AppendInt(dst, int64(f), 10), '.', '0')
	}
	digits, exponent := decimalOf(f)
	n := len(digits)
	point := exponent + 1 // where the point is, counted from the first digit
	switch {
	case n <= point && point <= pointDigits:
		dst = append(dst, digits...)
		for range point - n {
			dst = append(dst, '0')
		}
		return append(dst, '.', '0')
	case 0 < point && point <= pointDigits:
		dst = append(append(dst, digits[:point]...), '.')
		return append(dst, digits[point:]...)
	case -pointZeros < point && point <= 0:
		dst = append(dst, '0', '.')
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if n > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	return strconv.AppendInt(append(dst, 'e'), int64(exponent), 10)
}

// decimalOf gives the digits of a positive real and the exponent of ten of the
// first.
func decimalOf(f float64) (digits []byte, exponent int) {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	at := strings.IndexByte(string(text), 'e')
	exponent, _ = strconv.Atoi(string(text[at+1:]))
	digits = append(digits, text[0])
	if at > 2 {
		digits = append(digits, text[2:at]...)
	}
	for len(digits) > 15 && digits[len(digits)-1] < '9' {
		next := append([]byte(nil), digits...)
		next[len(next)-1]++
		g, err := strconv.ParseFloat(string(next)+"e"+strconv.Itoa(exponent-len(next)+1), 64)
		if err != nil || g != f {
			break
		}
		digits = next
	}
	return digits, exponent
}
