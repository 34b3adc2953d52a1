package blobstore

import "fmt"

const (
	// pieceBytes is the most bytes under one checksum, and so the least that is
	// read to return one of them.
	pieceBytes = 256 << 10
	// inlinePieces is how many pieces stand in a blob's record; more get keys of
	// their own.
	inlinePieces = 16
	// chunkPieces is how many pieces share a key.
	chunkPieces = 64
	// inlineBlocks and chunkBlocks are the same for committed blocks.
	inlineBlocks = 16
	chunkBlocks  = 512
	// minPiece is the least number of bytes an encoded piece takes.
	minPiece = 1 + 1 + 1 + 1 + 4
)

// piece says where a run of a content's bytes is: n of the size bytes at off in
// extent ext, from skip on. crc is CRC-32C over all size bytes.
type piece struct {
	at   int64 // offset in the content
	ext  uint64
	off  int64
	size uint32
	skip uint32
	n    uint32
	crc  uint32
}

func (p piece) end() int64 { return p.at + int64(p.n) }

// cut returns the part of p between two offsets of the content, at least one
// byte of which p must have.
func (p piece) cut(from, to int64) piece {
	if from > p.at {
		d := uint32(from - p.at)
		p.at, p.skip, p.n = from, p.skip+d, p.n-d
	}
	if p.end() > to {
		p.n = uint32(to - p.at)
	}
	return p
}

// same reports whether both show the same stored bytes at their common offsets.
func (p piece) same(q piece) bool {
	return p.ext == q.ext && p.off == q.off && int64(p.skip)-p.at == int64(q.skip)-q.at
}

// pieces writes pieces in order; the offset of the first is relative to start.
func (e *enc) pieces(list []piece, start int64) {
	e.uint(uint64(len(list)))
	for _, p := range list {
		e.uint(uint64(p.at - start))
		e.uint(p.ext)
		e.uint(uint64(p.off))
		whole := p.skip == 0 && p.n == p.size
		if whole {
			e.uint(uint64(p.size) << 1)
		} else {
			e.uint(uint64(p.size)<<1 | 1)
			e.uint(uint64(p.skip))
			e.uint(uint64(p.n))
		}
		e.fixed32(p.crc)
		start = p.end()
	}
}

func (d *dec) pieces(start int64) []piece {
	n := d.Count(minPiece)
	if n == 0 {
		return nil
	}
	list := make([]piece, n)
	for i := range list {
		p := &list[i]
		p.at = start + d.length()
		p.ext = d.Uint()
		p.off = d.length()
		size := d.Uint()
		if size>>1 > pieceBytes {
			d.Fail("piece too large")
			return nil
		}
		p.size = uint32(size >> 1)
		p.n = p.size
		if size&1 != 0 {
			skip, n := d.Uint(), d.Uint()
			if skip > uint64(p.size) || n > uint64(p.size)-skip {
				d.Fail("piece outside its bytes")
				return nil
			}
			p.skip, p.n = uint32(skip), uint32(n)
		}
		p.crc = d.fixed32()
		if p.n == 0 || p.at < start || p.end() < p.at {
			d.Fail("bad piece")
			return nil
		}
		start = p.end()
	}
	return list
}

// splice returns list with the bytes from off to off+n replaced by with, and how
// many stored bytes that removed. list and with are in order and not changed.
func splice(list []piece, off, n int64, with []piece) (out []piece, removed int64) {
	end := off + n
	out = make([]piece, 0, len(list)+len(with)+1)
	i := 0
	for ; i < len(list) && list[i].at < off; i++ {
		p := list[i]
		if p.end() > off {
			out = append(out, p.cut(p.at, off))
			removed += min(p.end(), end) - off
		} else {
			out = append(out, p)
		}
		if p.end() > end {
			// One piece on both sides.
			out = append(out, with...)
			out = append(out, p.cut(end, p.end()))
			return append(out, list[i+1:]...), removed
		}
	}
	out = append(out, with...)
	for ; i < len(list); i++ {
		p := list[i]
		switch {
		case p.end() <= end:
			removed += int64(p.n)
		case p.at < end:
			removed += end - p.at
			out = append(out, p.cut(end, p.end()))
		default:
			out = append(out, p)
		}
	}
	return out, removed
}

func (p piece) String() string {
	return fmt.Sprintf("bytes %d-%d of extent %d", p.off, p.off+int64(p.size)-1, p.ext)
}
