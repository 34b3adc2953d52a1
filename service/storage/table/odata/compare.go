package odata

import "cmp"

// compareText compares strings by their UTF-16 code units, as the service orders
// keys and strings.
//
// UTF-8 sorts by code points, which is the same but for the characters above
// U+FFFF: in UTF-16 they are surrogates and stand before U+E000. So when the first
// bytes that differ lead characters from there on, those of four bytes come first.
func compareText(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return cmp.Compare(unitOrder(a[i]), unitOrder(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}

// unitOrder moves the bytes F0 to F4 before EE and EF.
func unitOrder(b byte) byte {
	switch {
	case b >= 0xf0 && b <= 0xf4:
		return b - 2
	case b == 0xee || b == 0xef:
		return b + 5
	}
	return b
}
