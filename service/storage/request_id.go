package storage

import (
	"encoding/hex"
	"math/rand/v2"
)

// newRequestID returns a request id in the form the service's have:
// "170464ae-101e-004b-6365-90ca9c000000", with 84 random bits.
func newRequestID() string {
	a, b := rand.Uint64(), rand.Uint64()
	raw := [16]byte{
		byte(a), byte(a >> 8), byte(a >> 16), byte(a >> 24),
		byte(a>>32) & 0xf0, 0x1e,
		0x00, byte(a >> 40),
		byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24), byte(b >> 32),
	}
	var out [36]byte
	n := 0
	for i := range raw {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[n] = '-'
			n++
		}
		hex.Encode(out[n:], raw[i:i+1])
		n += 2
	}
	return string(out[:])
}
