package blob

import (
	"encoding/base64"
	"encoding/binary"
)

// The CRC64 of Azure Storage ("CRC-64/NVME" in the catalogues of checksums):
// polynomial 0xAD93D23594C93659, here reflected, initial value and final xor
// all ones. hash/crc64 has the same algorithm but builds its fast tables anew
// in each call for polynomials that are not its own.

const crc64Polynomial = 0x9A6C9329AC4BC9B5

// crc64Tables are the tables of slicing by eight; never written after this.
var crc64Tables = makeCRC64Tables()

func makeCRC64Tables() *[8][256]uint64 {
	t := new([8][256]uint64)
	for i := range t[0] {
		crc := uint64(i)
		for range 8 {
			if crc&1 == 1 {
				crc = crc>>1 ^ crc64Polynomial
			} else {
				crc >>= 1
			}
		}
		t[0][i] = crc
	}
	for i := range t[0] {
		crc := t[0][i]
		for j := 1; j < 8; j++ {
			crc = t[0][crc&0xff] ^ crc>>8
			t[j][i] = crc
		}
	}
	return t
}

// crc64Update adds p to a checksum, which starts at 0.
func crc64Update(crc uint64, p []byte) uint64 {
	t := crc64Tables
	crc = ^crc
	for len(p) >= 8 {
		crc ^= binary.LittleEndian.Uint64(p)
		crc = t[7][crc&0xff] ^ t[6][crc>>8&0xff] ^ t[5][crc>>16&0xff] ^ t[4][crc>>24&0xff] ^
			t[3][crc>>32&0xff] ^ t[2][crc>>40&0xff] ^ t[1][crc>>48&0xff] ^ t[0][crc>>56]
		p = p[8:]
	}
	for _, b := range p {
		crc = t[0][byte(crc)^b] ^ crc>>8
	}
	return ^crc
}

// crc64Text is the form in headers: base64 of the bytes, least significant first.
func crc64Text(crc uint64) string {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], crc)
	return base64.StdEncoding.EncodeToString(raw[:])
}
