package bus

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"

	"reslog/record"
)

// A frame is the payload of one message: many entries, encoded and compressed
// together. All integers are uvarints unless a width is given.
//
//	'r' 0x01                 magic and version of the format
//	crc        4 bytes       CRC-32C, little endian, of all that follows
//	flags      1 byte        frameS2, frameControl
//	before                   records in the stream before this frame
//	floor                    no intent is open in messages with a lower sequence
//	entries, records         how many entries there are; how many are records
//	n, n × dictionary        resource, category, addressee: length and bytes each
//	entries × (ref, size)    ref = dictionary index << 2 | kind; size in the body
//	length, body             length before compression; the body is the rest
//
// In the body an entry is its ID, Line and Detail, each a length and bytes,
// after its two times; a settle entry is the ID alone. The index in front of the
// body lets a reader skip what it does not want, a whole frame without
// decompressing it.
const (
	frameMagic   = 'r'
	frameVersion = 1
	frameHeader  = 6 // bytes before what the CRC covers

	frameS2      = 1 << 0 // the body is one s2 block
	frameControl = 1 << 1 // there are intents or settles among the entries

	// frameTarget is the size of a body that makes a frame complete.
	frameTarget = 512 << 10
	// maxFrameBody bounds what a decoder allocates.
	maxFrameBody = 16 << 20
	// maxFrameEntries bounds the entries of one frame.
	maxFrameEntries = 1 << 16
	// compressFrom is the size below which a body is left as it is.
	compressFrom = 256
)

// kind is what an entry of a frame is.
type kind uint8

const (
	kindRecord kind = iota // a record; settles the intent with its ID
	kindIntent             // an operation that has begun, as the record to keep if it never ends
	kindSettle             // the intent with this ID is over and leaves no record
)

var errFrame = errors.New("damaged frame")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// dictKey is what an entry shares with others of its frame.
type dictKey struct {
	resource string
	category record.Category
	to       string
}

// encoder makes frames. It keeps its buffers; a frame is valid until released
// by the next encode into the same destination.
type encoder struct {
	dict  map[dictKey]uint64
	keys  []dictKey
	index []byte
	body  []byte
}

// encode appends the frame of entries to dst.
func (e *encoder) encode(dst []byte, entries []entry, before, floor uint64) []byte {
	if e.dict == nil {
		e.dict = make(map[dictKey]uint64)
	}
	clear(e.dict)
	e.keys, e.index, e.body = e.keys[:0], e.index[:0], e.body[:0]

	var flags byte
	var records uint64
	var last dictKey
	var lastRef uint64
	for i := range entries {
		en := &entries[i]
		k := dictKey{en.rec.Resource.String(), en.rec.Category, en.to}
		if i == 0 || k != last {
			ref, ok := e.dict[k]
			if !ok {
				ref = uint64(len(e.keys))
				e.keys = append(e.keys, k)
				e.dict[k] = ref
			}
			last, lastRef = k, ref
		}
		start := len(e.body)
		if en.kind == kindRecord {
			records++
		} else {
			flags |= frameControl
		}
		e.body = appendEntry(e.body, en)
		e.index = binary.AppendUvarint(e.index, lastRef<<2|uint64(en.kind))
		e.index = binary.AppendUvarint(e.index, uint64(len(e.body)-start))
	}

	if len(e.body) >= compressFrom {
		flags |= frameS2
	}
	start := len(dst)
	dst = append(dst, frameMagic, frameVersion, 0, 0, 0, 0, flags)
	dst = binary.AppendUvarint(dst, before)
	dst = binary.AppendUvarint(dst, floor)
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	dst = binary.AppendUvarint(dst, records)
	dst = binary.AppendUvarint(dst, uint64(len(e.keys)))
	for _, k := range e.keys {
		dst = appendString(dst, k.resource)
		dst = appendString(dst, string(k.category))
		dst = appendString(dst, k.to)
	}
	dst = append(dst, e.index...)
	dst = binary.AppendUvarint(dst, uint64(len(e.body)))
	if flags&frameS2 != 0 {
		dst = appendS2(dst, e.body)
	} else {
		dst = append(dst, e.body...)
	}
	frame := dst[start:]
	binary.LittleEndian.PutUint32(frame[2:], crc32.Checksum(frame[frameHeader:], castagnoli))
	return dst
}

func appendEntry(dst []byte, en *entry) []byte {
	if en.kind != kindSettle {
		dst = appendTime(dst, en.rec.Time)
		dst = appendTime(dst, en.rec.Ended)
	}
	dst = appendString(dst, en.rec.ID)
	if en.kind != kindSettle {
		dst = appendString(dst, en.rec.Line)
		dst = appendString(dst, en.rec.Detail)
	}
	return dst
}

func appendS2(dst, src []byte) []byte {
	need := s2.MaxEncodedLen(len(src))
	dst = slices.Grow(dst, need)
	out := s2.Encode(dst[len(dst):len(dst)+need], src)
	return dst[:len(dst)+len(out)]
}

func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// appendTime writes seconds and nanoseconds; the zero time is seconds of year 1.
func appendTime(dst []byte, t time.Time) []byte {
	dst = binary.AppendVarint(dst, t.Unix())
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}
