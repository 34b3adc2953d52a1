package blobstore

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// contentWriter builds a new content piece by piece. What does not stand in a
// blob's record goes to keys of its own as it comes, so that a blob of any size
// is put together in little memory.
type contentWriter struct {
	t      *Txn
	at     int64 // where the next piece goes
	ref    contentRef
	blocks int // chunks of blocks written
}

// add appends p at w.at, wherever it was in the content it comes from.
func (w *contentWriter) add(p piece) error {
	p.at = w.at
	w.at = p.end()
	w.ref.stored += int64(p.n)
	w.ref.pieces = append(w.ref.pieces, p)
	most := inlinePieces
	if w.ref.id != 0 {
		most = chunkPieces - 1
	}
	if len(w.ref.pieces) <= most {
		return nil
	}
	return w.spill()
}

func (w *contentWriter) spill() (err error) {
	if w.ref.id == 0 {
		if w.ref.id, err = w.t.s.ids.next(); err != nil {
			return err
		}
	}
	err = putPieces(w.t.early(), w.t.cid, w.ref.id, w.ref.pieces)
	w.ref.pieces = w.ref.pieces[:0]
	return err
}

func (w *contentWriter) addBlock(b Block) error {
	w.ref.blocks = append(w.ref.blocks, b)
	most := inlineBlocks
	if w.ref.blockID != 0 {
		most = chunkBlocks - 1
	}
	if len(w.ref.blocks) <= most {
		return nil
	}
	return w.spillBlocks()
}

func (w *contentWriter) spillBlocks() (err error) {
	if w.ref.blockID == 0 {
		if w.ref.blockID, err = w.t.s.ids.next(); err != nil {
			return err
		}
	}
	var e enc
	e.blocks(w.ref.blocks)
	key := contentKey(kindBlocks, w.t.cid, w.ref.blockID, int64(w.blocks))
	w.blocks++
	w.ref.blocks = w.ref.blocks[:0]
	if err := w.t.early().Set(key, e, nil); err != nil {
		return fmt.Errorf("write block list: %w", err)
	}
	return nil
}

func (w *contentWriter) finish() (contentRef, error) {
	if w.ref.id != 0 && len(w.ref.pieces) > 0 {
		if err := w.spill(); err != nil {
			return contentRef{}, err
		}
	}
	if w.ref.blockID != 0 && len(w.ref.blocks) > 0 {
		if err := w.spillBlocks(); err != nil {
			return contentRef{}, err
		}
	}
	if w.ref.id != 0 {
		w.ref.pieces = nil
	}
	if w.ref.blockID != 0 {
		w.ref.blocks = nil
	}
	return w.ref, nil
}

// putPieces writes pieces, in order, under the id of a content.
func putPieces(b *pebble.Batch, cid, content uint64, list []piece) error {
	for len(list) > 0 {
		n := min(len(list), chunkPieces)
		var e enc
		e.pieces(list[:n], list[0].at)
		if err := b.Set(contentKey(kindPieces, cid, content, list[0].at), e, nil); err != nil {
			return fmt.Errorf("write pieces: %w", err)
		}
		list = list[n:]
	}
	return nil
}

// eachPiece calls fn for the pieces of c that have bytes between off and off+n,
// whole, in order.
func eachPiece(r pebble.Reader, cid uint64, c *contentRef, off, n int64, fn func(piece) error) error {
	if c.id == 0 {
		return overlapping(c.pieces, off, n, fn)
	}
	return eachChunk(r, cid, c.id, off, n, func(_ []byte, list []piece) error {
		return overlapping(list, off, n, fn)
	})
}

func overlapping(list []piece, off, n int64, fn func(piece) error) error {
	lo, hi := 0, len(list) // the first that ends after off
	for lo < hi {
		if mid := (lo + hi) / 2; list[mid].end() <= off {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for _, p := range list[lo:] {
		if p.at >= off+n {
			break
		}
		if err := fn(p); err != nil {
			return err
		}
	}
	return nil
}

// eachChunk calls fn for the keys of a content that may have pieces between off
// and off+n. The key is valid until fn returns.
func eachChunk(r pebble.Reader, cid, content uint64, off, n int64, fn func(key []byte, list []piece) error) (err error) {
	lower, upper := contentBounds(kindPieces, cid, content)
	if n <= 0 {
		return nil
	}
	if off+n > 0 {
		upper = contentKey(kindPieces, cid, content, off+n)
	}
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("read pieces: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read pieces: %w", closeErr)
		}
	}()
	ok := it.SeekLT(contentKey(kindPieces, cid, content, off+1))
	if !ok {
		ok = it.First()
	}
	for ; ok; ok = it.Next() {
		key := it.Key()
		if len(key) != prefixLen+16 {
			return fmt.Errorf("%w: key of pieces", ErrCorrupt)
		}
		start := int64(binary.BigEndian.Uint64(key[prefixLen+8:]))
		list, err := decodePieces(it.Value(), start)
		if err != nil {
			return err
		}
		if err := fn(key, list); err != nil {
			return err
		}
	}
	return nil
}

// eachBlock calls fn for the committed blocks of c.
func eachBlock(r pebble.Reader, cid uint64, c *contentRef, fn func(Block) error) (err error) {
	for _, b := range c.blocks {
		if err := fn(b); err != nil {
			return err
		}
	}
	if c.blockID == 0 {
		return nil
	}
	lower, upper := contentBounds(kindBlocks, cid, c.blockID)
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return fmt.Errorf("read block list: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read block list: %w", closeErr)
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		d := decode(string(it.Value()))
		list := d.blocks()
		if err := d.End(); err != nil {
			return err
		}
		for _, b := range list {
			if err := fn(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// splice replaces the bytes from off to off+n of the base blob's content.
func (t *Txn) splice(off, n int64, with []piece) error {
	var added int64
	for _, p := range with {
		added += int64(p.n)
	}
	removed, err := t.splicePieces(off, n, with)
	if err != nil {
		return err
	}
	t.content.stored += added - removed
	t.delta += added - removed
	t.freed += removed
	return nil
}

func (t *Txn) splicePieces(off, n int64, with []piece) (removed int64, err error) {
	c := &t.content
	if c.id == 0 {
		c.pieces, removed = splice(c.pieces, off, n, with)
		if len(c.pieces) <= inlinePieces {
			return removed, nil
		}
		if c.id, err = t.s.ids.next(); err != nil {
			return 0, err
		}
		err = putPieces(t.early(), t.cid, c.id, c.pieces)
		c.pieces = nil
		return removed, err
	}
	b := t.early()
	var list []piece
	var stale [][]byte
	err = eachChunk(b, t.cid, c.id, off, n, func(key []byte, chunk []piece) error {
		if len(chunk) == 0 || chunk[len(chunk)-1].end() <= off {
			return nil // an append leaves what is before it alone
		}
		stale = append(stale, append([]byte(nil), key...))
		list = append(list, chunk...)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range stale {
		if err := b.Delete(key, nil); err != nil {
			return 0, fmt.Errorf("delete pieces: %w", err)
		}
	}
	list, removed = splice(list, off, n, with)
	return removed, putPieces(b, t.cid, c.id, list)
}
