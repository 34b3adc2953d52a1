package blobstore

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

const (
	// maxUncommitted is how many uncommitted blocks a blob may have.
	maxUncommitted = 100_000
	// blockExpiry is how long uncommitted blocks live after the newest of them.
	blockExpiry = 7 * 24 * time.Hour
	// fewBlocks are deleted one by one rather than as a range.
	fewBlocks = 64
)

// header returns the summary of the uncommitted blocks; count is 0 when there
// are none. Expired ones count as gone.
func (t *Txn) header() (h blockHeader, err error) {
	if !t.mayHaveBlocks() {
		return h, nil
	}
	h, err = readHeader(t.reader(), t.cid, t.name)
	if err == nil && h.count > 0 && h.expired(t.Now) {
		err = t.dropUncommitted()
		h = blockHeader{}
	}
	return h, err
}

// mayHaveBlocks reports false when there are no uncommitted blocks for sure.
func (t *Txn) mayHaveBlocks() bool { return t.staged || t.s.names.may(blocksOf(t.hash)) }

func (h blockHeader) expired(now time.Time) bool { return now.Sub(h.staged) > blockExpiry }

func readHeader(r pebble.Reader, cid uint64, name string) (h blockHeader, err error) {
	err = disk.Get(r, nameKey(kindUncommitted, cid, name), func(v []byte) error {
		if v != nil {
			h, err = decodeHeader(v)
		}
		return err
	})
	return h, err
}

// StageBlock keeps c as an uncommitted block, replacing one with the same id.
func (t *Txn) StageBlock(id string, c *Content) error {
	h, err := t.header()
	if err != nil {
		return err
	}
	if h.count > 0 && h.idLength != len(id) {
		return fmt.Errorf("block %q: %w: %d, want %d", id, ErrBlockIDLength, len(id), h.idLength)
	}
	key := append(nameKey(kindBlock, t.cid, t.name), id...)
	old, there, err := readBlock(t.reader(), key)
	if err != nil {
		return err
	}
	if !there {
		if h.count >= maxUncommitted {
			return fmt.Errorf("block %q: %w", id, ErrTooManyBlocks)
		}
		h.count++
	}
	pieces, err := t.use(c)
	if err != nil {
		return err
	}
	h.idLength, h.staged = len(id), t.Now
	t.staged = true
	h.stored += c.Length - old.length
	t.delta += c.Length - old.length
	t.freed += old.length

	var e enc
	e.block(stagedBlock{c.Length, pieces})
	if err := t.early().Set(key, e, nil); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	e = e[:0]
	e.header(h)
	if err := t.early().Set(nameKey(kindUncommitted, t.cid, t.name), e, nil); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	return nil
}

func readBlock(r pebble.Reader, key []byte) (b stagedBlock, there bool, err error) {
	err = disk.Get(r, key, func(v []byte) error {
		if v != nil {
			there = true
			b, err = decodeBlock(v)
		}
		return err
	})
	return b, there, err
}

// CommitBlocks replaces the base blob by b with the blocks listed, in order.
// Uncommitted blocks that are not listed go.
func (t *Txn) CommitBlocks(b *Blob, refs []BlockRef) error {
	h, err := t.header()
	if err != nil {
		return err
	}
	w := contentWriter{t: t}
	var committed map[string]placedBlock // made when first asked for
	key := nameKey(kindBlock, t.cid, t.name)
	for _, ref := range refs {
		if ref.Source != Committed && h.count > 0 {
			block, there, err := readBlock(t.reader(), append(key[:len(key):len(key)], ref.ID...))
			if err != nil {
				return err
			}
			if there {
				for _, p := range block.pieces {
					if err := w.add(p); err != nil {
						return err
					}
				}
				if err := w.addBlock(Block{ref.ID, block.length}); err != nil {
					return err
				}
				continue
			}
		}
		if committed == nil {
			if committed, err = t.committed(); err != nil {
				return err
			}
		}
		block, there := committed[ref.ID]
		if !there || ref.Source == Uncommitted {
			return fmt.Errorf("block %q: %w", ref.ID, ErrInvalidBlockList)
		}
		err := eachPiece(t.reader(), t.cid, &t.content, block.at, block.length, w.add)
		if err != nil {
			return err
		}
		if err := w.addBlock(Block{ref.ID, block.length}); err != nil {
			return err
		}
	}
	b.Type = BlockBlob
	return t.replace(b, &w, w.at)
}

// placedBlock is a committed block and where it begins. Blocks begin with a
// piece of their own, so one is taken over by taking its pieces.
type placedBlock struct{ at, length int64 }

func (t *Txn) committed() (map[string]placedBlock, error) {
	m := map[string]placedBlock{}
	var at int64
	if t.Blob == nil {
		return m, nil
	}
	err := eachBlock(t.reader(), t.cid, &t.content, func(b Block) error {
		if _, dup := m[b.ID]; !dup {
			m[b.ID] = placedBlock{at, b.Length}
		}
		at += b.Length
		return nil
	})
	return m, err
}

// dropUncommitted deletes the uncommitted blocks, if there are any.
func (t *Txn) dropUncommitted() error {
	if !t.mayHaveBlocks() {
		return nil
	}
	hkey := nameKey(kindUncommitted, t.cid, t.name)
	h, err := readHeader(t.reader(), t.cid, t.name)
	if err != nil || h.count == 0 {
		return err
	}
	b := t.early()
	if err := b.Delete(hkey, nil); err != nil {
		return fmt.Errorf("delete blocks: %w", err)
	}
	t.delta -= h.stored
	t.freed += h.stored
	lower := nameKey(kindBlock, t.cid, t.name)
	upper := disk.Successor(lower)
	if h.count > fewBlocks {
		if err := b.DeleteRange(lower, upper, nil); err != nil {
			return fmt.Errorf("delete blocks: %w", err)
		}
		return nil
	}
	keys, err := keysBetween(b, lower, upper)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := b.Delete(key, nil); err != nil {
			return fmt.Errorf("delete blocks: %w", err)
		}
	}
	return nil
}

// keysBetween returns the keys from lower to upper, which are few.
func keysBetween(r pebble.Reader, lower, upper []byte) (keys [][]byte, err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		keys = append(keys, append([]byte(nil), it.Key()...))
	}
	if err := it.Close(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return keys, nil
}
