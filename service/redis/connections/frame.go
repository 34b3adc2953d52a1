package connections

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A journal file is a header and frames:
//
//	header  "reslogcb" version(4) salt(8) crc(4)     of the 20 bytes before
//	frame   length(4)  crc(4)     payload            payload: a kind and its fields
//
// Numbers are little-endian; crc is CRC-32C. That of a frame is of the salt, the
// length and the payload: a client that sends the bytes of a frame as its name does
// not know the salt, so that they are never taken for one, even where a reader
// looks for the next whole frame behind damaged ones.
const (
	magic      = "reslogcb"
	version    = 1
	headerSize = 24
	frameHead  = 8
	// maxPayload is more than the largest event takes, see clip.
	maxPayload = 2048
)

var (
	errHeader  = errors.New("not a journal of connections")
	errVersion = errors.New("written by a newer version")
)

// framer makes and checks the frames of one salt.
type framer struct {
	salt  uint64
	table *crc32.Table
}

func newFramer(salt uint64) framer {
	return framer{salt: salt, table: crc32.MakeTable(crc32.Castagnoli)}
}

func (f framer) checksum(b []byte) uint32 { return crc32.Checksum(b, f.table) }

func (f framer) header() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint64(b, f.salt)
	return binary.LittleEndian.AppendUint32(b, f.checksum(b))
}

// readHeader returns the framer of a file.
func readHeader(r io.ReaderAt) (framer, error) {
	f := newFramer(0)
	b := make([]byte, headerSize)
	if _, err := r.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return f, errHeader
	} else if err != nil {
		return f, err
	}
	if string(b[:8]) != magic || f.checksum(b[:20]) != binary.LittleEndian.Uint32(b[20:]) {
		return f, errHeader
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return f, fmt.Errorf("%w: its format is %d, this one reads %d", errVersion, v, version)
	}
	f.salt = binary.LittleEndian.Uint64(b[12:])
	return f, nil
}

// open begins a frame behind b, the payload follows it; seal ends the one that began at
// at, a length of b.
func (framer) open(b []byte) []byte { return append(b, make([]byte, frameHead)...) }

func (f framer) seal(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-frameHead))
	binary.LittleEndian.PutUint32(b[at+4:], f.sum(b[at:at+4], b[at+frameHead:]))
	return b
}

func (f framer) sum(length, payload []byte) uint32 {
	var salt [8]byte
	binary.LittleEndian.PutUint64(salt[:], f.salt)
	return crc32.Update(crc32.Update(crc32.Checksum(salt[:], f.table), f.table, length), f.table, payload)
}

// payload returns that of the frame at the beginning of b, nil when there is none
// that is whole.
func (f framer) payload(b []byte) []byte {
	if len(b) < frameHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > maxPayload || int(n) > len(b)-frameHead {
		return nil
	}
	p := b[frameHead : frameHead+n]
	if f.sum(b[:4], p) != binary.LittleEndian.Uint32(b[4:]) {
		return nil
	}
	return p
}

// gap is a range of a file that holds no whole frame.
type gap struct{ from, to int64 }

// scan calls fn for the payloads of the frames between two offsets, which it must not
// keep. It returns the gaps between frames, and where the last frame ends: what is
// behind that is torn, or was never written.
func (f framer) scan(r io.ReaderAt, from, to int64, fn func(payload []byte) error) (gaps []gap, end int64, err error) {
	w := window{r: r, to: to, buf: make([]byte, 0, 64<<10)}
	end = from
	for at := from; at < to; {
		b, err := w.at(at)
		if err != nil {
			return gaps, end, err
		}
		p := f.payload(b)
		if p == nil {
			at++
			continue
		}
		if at > end {
			gaps = append(gaps, gap{end, at})
		}
		if err := fn(p); err != nil {
			return gaps, end, err
		}
		at += frameHead + int64(len(p))
		end = at
	}
	return gaps, end, nil
}

// window reads a file a piece at a time.
type window struct {
	r    io.ReaderAt
	to   int64
	buf  []byte
	base int64
}

// at returns what follows an offset, a whole frame at least unless the file ends.
func (w *window) at(off int64) ([]byte, error) {
	have := w.base + int64(len(w.buf))
	if off < w.base || have < min(off+frameHead+maxPayload, w.to) {
		n := min(int64(cap(w.buf)), w.to-off)
		got, err := w.r.ReadAt(w.buf[:n], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		w.buf, w.base = w.buf[:got], off
		if int64(got) < n {
			w.to = off + int64(got) // shorter than it was said to be
		}
	}
	return w.buf[min(off-w.base, int64(len(w.buf))):], nil
}
