package blobstore

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
)

// ReadError says that the reader given to Stage failed, not the store.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "read content: " + e.Err.Error() }

// Unwrap returns what the reader said.
func (e *ReadError) Unwrap() error { return e.Err }

// syncEvery is how many bytes a stream writes between two syncs, so that the
// last one has little left to do.
const syncEvery = 32 << 20

// Stage writes what r has to the extents and returns when it is on disk.
func (s *store) Stage(ctx context.Context, r io.Reader) (*Content, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &Content{era: s.eras.current()} // before anything is written
	buf := s.buffers.get()
	defer s.buffers.put(buf)
	n, err := fill(r, *buf)
	switch {
	case err != nil:
		return nil, err
	case n == len(*buf):
		err = s.stageStream(ctx, r, c, *buf)
	case n > 0:
		err = s.stageShort(ctx, c, (*buf)[:n])
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// fill reads until buf is full or r ends. io.ReadFull would not do: it cannot
// tell the end of r from a body that broke off.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if err != nil && err != io.EOF {
		return n, &ReadError{err}
	}
	return n, nil
}

// stageShort writes a content of one piece to the shared extent.
func (s *store) stageShort(ctx context.Context, c *Content, p []byte) error {
	e, err := s.stagePiece(ctx, c, p, s.extents.append)
	if err != nil {
		return err
	}
	return s.diskError(e.sync())
}

// stagePiece puts p where place says and adds it to c.
func (s *store) stagePiece(ctx context.Context, c *Content, p []byte, place func([]byte) (*extent, int64, error)) (*extent, error) {
	if err := s.writable(ctx, len(p)); err != nil {
		return nil, err
	}
	e, off, err := place(p)
	if err != nil {
		return nil, s.diskError(err)
	}
	c.pieces = append(c.pieces, piece{
		at: c.Length, ext: e.id, off: off,
		size: uint32(len(p)), n: uint32(len(p)), crc: crc32.Checksum(p, castagnoli),
	})
	c.Length += int64(len(p))
	return e, nil
}

// stageStream writes a content of more than one piece, the first of which is in
// buf, to an extent of its own.
func (s *store) stageStream(ctx context.Context, r io.Reader, c *Content, buf []byte) (err error) {
	w := streamWriter{x: s.extents}
	defer func() {
		if closeErr := w.close(); err == nil {
			err = s.diskError(closeErr)
		}
	}()
	for n := len(buf); n > 0; {
		if _, err := s.stagePiece(ctx, c, buf[:n], w.append); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if n < len(buf) {
			return nil
		}
		if n, err = fill(r, buf); err != nil {
			return err
		}
	}
	return nil
}

// streamWriter appends to leased extents, one after the other.
type streamWriter struct {
	x        *extents
	e        *extent
	unsynced int
}

func (w *streamWriter) append(p []byte) (*extent, int64, error) {
	if w.e != nil && (w.e.size+int64(len(p)) > w.x.limit || w.unsynced >= syncEvery) {
		if err := w.close(); err != nil {
			return nil, 0, err
		}
	}
	if w.e == nil {
		e, err := w.x.lease()
		if err != nil {
			return nil, 0, err
		}
		w.e = e
	}
	off := w.e.size
	w.e.size += int64(len(p))
	w.unsynced += len(p)
	return w.e, off, w.e.write(p, off)
}

// close syncs what was written and gives the extent back.
func (w *streamWriter) close() error {
	if w.e == nil {
		return nil
	}
	err := w.e.sync()
	w.x.release(w.e)
	w.e, w.unsynced = nil, 0
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	return nil
}
