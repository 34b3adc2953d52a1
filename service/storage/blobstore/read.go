package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// Handle is a blob with its content at the time of Open. Its methods may be
// called from several goroutines, Close last.
type Handle struct {
	Blob *Blob

	s    *store
	cid  uint64
	snap *pebble.Snapshot // of the metadata, when the content has keys of its own
	era  *era             // keeps the extents
}

// WriteError says that the writer given to WriteTo failed, not the store.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return "write content: " + e.Err.Error() }

// Unwrap returns what the writer said.
func (e *WriteError) Unwrap() error { return e.Err }

// readBlob reads the record under key.
func (s *store) readBlob(r pebble.Reader, key []byte, name string, snapshot uint64) (b *Blob, err error) {
	err = disk.Get(r, key, func(v []byte) error {
		if v == nil {
			return ErrBlobNotFound
		}
		b, err = decodeBlob(v, name, snapshot)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", name, err)
	}
	return b, nil
}

// Blob returns the properties of a blob or of a snapshot.
func (s *store) Blob(ctx context.Context, ref Ref, snapshot time.Time) (*Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.container(ref.Account, ref.Container)
	if err != nil {
		return nil, err
	}
	at := snapshotTicks(snapshot)
	key := keys.Get().(*[]byte)
	defer keys.Put(key)
	*key = appendBlobKey((*key)[:0], c.id, ref.Name, at)
	return s.readBlob(s.db, *key, ref.Name, at)
}

// Open returns a blob with its content as of now.
func (s *store) Open(ctx context.Context, ref Ref, snapshot time.Time) (*Handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.container(ref.Account, ref.Container)
	if err != nil {
		return nil, err
	}
	h := &Handle{s: s, cid: c.id, era: s.eras.current()} // before the record is read
	at := snapshotTicks(snapshot)
	key := keys.Get().(*[]byte)
	defer keys.Put(key)
	*key = appendBlobKey((*key)[:0], c.id, ref.Name, at)
	if h.Blob, err = s.readBlob(s.db, *key, ref.Name, at); err != nil {
		return nil, err
	}
	if h.Blob.content.id == 0 && h.Blob.content.blockID == 0 {
		return h, nil
	}
	h.snap = s.db.NewSnapshot()
	if h.Blob, err = s.readBlob(h.snap, *key, ref.Name, at); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Close lets the content go.
func (h *Handle) Close() error {
	h.era = nil
	if h.snap == nil {
		return nil
	}
	snap := h.snap
	h.snap = nil
	if err := snap.Close(); err != nil {
		return fmt.Errorf("close blob: %w", err)
	}
	return nil
}

func (h *Handle) reader() pebble.Reader {
	if h.snap == nil {
		return h.s.db
	}
	return h.snap
}

func (h *Handle) each(off, n int64, fn func(piece) error) error {
	return eachPiece(h.reader(), h.cid, &h.Blob.content, off, n, fn)
}

func (h *Handle) eachBlock(fn func(Block) error) error {
	return eachBlock(h.reader(), h.cid, &h.Blob.content, fn)
}

// inside checks a range against the blob.
func (h *Handle) inside(offset, length int64) error {
	if offset < 0 || length < 0 || offset > h.Blob.Length || length > h.Blob.Length-offset {
		return fmt.Errorf("range of %d bytes at %d is outside the %d bytes of blob %s", length, offset, h.Blob.Length, h.Blob.Name)
	}
	return nil
}

// WriteTo writes length bytes from offset on to w. What it writes was verified
// against its checksum before. An error of w is wrapped in a *WriteError.
func (h *Handle) WriteTo(w io.Writer, offset, length int64) error {
	if err := h.inside(offset, length); err != nil {
		return err
	}
	defer runtime.KeepAlive(h)
	buf := h.s.buffers.get()
	defer h.s.buffers.put(buf)
	at, end := offset, offset+length
	err := h.each(offset, length, func(p piece) error {
		if err := writeZeros(w, p.at-at); err != nil {
			return err
		}
		data, err := h.s.extents.read(p, *buf)
		if err != nil {
			return fmt.Errorf("blob %s at %d: %w", h.Blob.Name, p.at, err)
		}
		from, to := max(offset, p.at), min(end, p.end())
		if _, err := w.Write(data[from-p.at : to-p.at]); err != nil {
			return &WriteError{err}
		}
		at = to
		return nil
	})
	if err != nil {
		return err
	}
	return writeZeros(w, end-at)
}

var zeros [64 << 10]byte

func writeZeros(w io.Writer, n int64) error {
	for n > 0 {
		m := min(n, int64(len(zeros)))
		if _, err := w.Write(zeros[:m]); err != nil {
			return &WriteError{err}
		}
		n -= m
	}
	return nil
}

// ReadAt reads as io.ReaderAt wants it, verified too. It checks whole pieces, so
// reads of less than 256 KiB cost more than WriteTo.
func (h *Handle) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, fmt.Errorf("read at %d", offset)
	}
	n := min(int64(len(p)), h.Blob.Length-offset)
	if n <= 0 {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	w := fixedWriter{p[:0:n]}
	err := h.WriteTo(&w, offset, n)
	if err == nil && n < int64(len(p)) {
		err = io.EOF
	}
	return len(w.p), err
}

// fixedWriter fills a slice up to its capacity.
type fixedWriter struct{ p []byte }

func (w *fixedWriter) Write(p []byte) (int, error) {
	w.p = append(w.p, p...)
	return len(p), nil
}

// Blocks returns the block lists of a block blob. blob is nil when there are
// only uncommitted blocks.
func (s *store) Blocks(ctx context.Context, ref Ref, snapshot time.Time) (committed, uncommitted []Block, blob *Blob, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, nil, err
	}
	c, err := s.container(ref.Account, ref.Container)
	if err != nil {
		return nil, nil, nil, err
	}
	snap := s.db.NewSnapshot()
	defer snap.Close()
	at := snapshotTicks(snapshot)
	blob, err = s.readBlob(snap, blobKey(c.id, ref.Name, at), ref.Name, at)
	switch {
	case err == nil:
		err = eachBlock(snap, c.id, &blob.content, func(b Block) error {
			committed = append(committed, b)
			return nil
		})
		if err != nil {
			return nil, nil, nil, err
		}
	case !errors.Is(err, ErrBlobNotFound) || at != baseBlob:
		return nil, nil, nil, err
	}
	if at != baseBlob {
		return committed, nil, blob, nil
	}
	notFound := err
	if uncommitted, err = s.uncommitted(snap, c.id, ref.Name); err != nil {
		return nil, nil, nil, err
	}
	if blob == nil && len(uncommitted) == 0 {
		return nil, nil, nil, notFound
	}
	return committed, uncommitted, blob, nil
}

// uncommitted returns a blob's uncommitted blocks in the order of their ids.
func (s *store) uncommitted(r pebble.Reader, cid uint64, name string) (list []Block, err error) {
	h, err := readHeader(r, cid, name)
	if err != nil || h.count == 0 || h.expired(s.now()) {
		return nil, err
	}
	prefix := nameKey(kindBlock, cid, name)
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: disk.Successor(prefix)})
	if err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("read blocks: %w", closeErr)
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		b, err := decodeBlock(it.Value())
		if err != nil {
			return nil, err
		}
		list = append(list, Block{string(it.Key()[len(prefix):]), b.length})
	}
	return list, nil
}
