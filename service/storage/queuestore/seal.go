package queuestore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"sync"
)

// An id says which message it is of, and that it is one: it is a GUID of version
// 4 whose 122 bits are a tag of the queue's id and the message's number, and
// that number, masked. The tag and the mask come from a cipher with a key of the
// store, so ids look random and all but one of 2^60 that the store did not give
// out are known as such without looking for a message.
const (
	tagBits = 60
	seqBits = 62
)

// maxSeq bounds numbers: that many bits of one are in an id.
const maxSeq = 1<<seqBits - 1

// seal makes and reads ids.
type seal struct {
	block   cipher.Block
	scratch sync.Pool // of *[16]byte
}

const sealKeyLen = 16

func newSealKey() []byte {
	key := make([]byte, sealKeyLen)
	rand.Read(key) // never fails
	return key
}

func (s *seal) open(key []byte) (err error) {
	s.scratch.New = func() any { return new([aes.BlockSize]byte) }
	s.block, err = aes.NewCipher(key)
	return err
}

// mix returns 64 bits that depend on all bits of both.
func (s *seal) mix(a, b uint64) uint64 {
	p := s.scratch.Get().(*[aes.BlockSize]byte)
	defer s.scratch.Put(p)
	binary.BigEndian.PutUint64(p[:], a)
	binary.BigEndian.PutUint64(p[8:], b)
	s.block.Encrypt(p[:], p[:])
	return binary.BigEndian.Uint64(p[:])
}

func (s *seal) tag(qid, seq uint64) uint64 { return s.mix(qid, seq) >> (64 - tagBits) }

// mask is of a tag; the second argument is no number of a message.
func (s *seal) mask(tag uint64) uint64 { return s.mix(tag, ^uint64(0)) & maxSeq }

// id is the id of a message.
func (s *seal) id(qid, seq uint64) string {
	tag := s.tag(qid, seq)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], tag>>12<<16|4<<12|tag&0xfff)
	binary.BigEndian.PutUint64(b[8:], 2<<62|seq^s.mask(tag))
	var text [36]byte
	hex.Encode(text[:8], b[:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:], b[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// seq is the number of the message that has an id, if it is one of the queue.
func (s *seal) seq(qid uint64, id string) (uint64, bool) {
	b, ok := parseGUID(id)
	if !ok {
		return 0, false
	}
	hi, lo := binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
	if hi>>12&0xf != 4 || lo>>62 != 2 {
		return 0, false
	}
	tag := hi>>16<<12 | hi&0xfff
	seq := lo&maxSeq ^ s.mask(tag)
	return seq, s.tag(qid, seq) == tag
}

// parseGUID reads a GUID in either case.
func parseGUID(s string) (b [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	var digits [32]byte
	n := copy(digits[:], s[:8])
	n += copy(digits[n:], s[9:13])
	n += copy(digits[n:], s[14:18])
	n += copy(digits[n:], s[19:23])
	copy(digits[n:], s[24:])
	_, err := hex.Decode(b[:], digits[:])
	return b, err == nil
}

// A receipt is where the slot of a message lies and the nonce that it has there:
// version, zero, time (8 bytes), nonce (8 bytes), in base64 for URLs.
const (
	receiptLen     = 2 + 8 + 8
	receiptTextLen = receiptLen * 4 / 3
)

func formatReceipt(time uint64, nonce [8]byte) string {
	var b [receiptLen]byte
	b[0] = version
	binary.BigEndian.PutUint64(b[2:], time)
	copy(b[10:], nonce[:])
	var text [receiptTextLen]byte
	base64.RawURLEncoding.Encode(text[:], b[:])
	return string(text[:])
}

func parseReceipt(s string) (time uint64, nonce [8]byte, ok bool) {
	if len(s) != receiptTextLen {
		return 0, nonce, false
	}
	var b [receiptLen]byte
	if n, err := base64.RawURLEncoding.Decode(b[:], []byte(s)); err != nil || n != receiptLen || b[0] != version || b[1] != 0 {
		return 0, nonce, false
	}
	copy(nonce[:], b[10:])
	return binary.BigEndian.Uint64(b[2:]), nonce, true
}
