package blobstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Txn is a change of one blob, its snapshots and its uncommitted blocks. It is
// valid, for one goroutine, during the function given to Update. When that
// returns an error nothing of it happened.
type Txn struct {
	// Container is the blob's container; not to be changed.
	Container Container
	// Blob is the committed base blob, a private copy; nil when there is none.
	// The methods that replace or delete the base blob set it.
	Blob *Blob
	// Now is LastModified of what the transaction touches.
	Now time.Time

	s    *store
	cid  uint64
	name string
	hash uint64 // of both, see names
	key  []byte // of the base blob

	// The base blob's content, type and length as they are to be, whatever the
	// caller does to Blob.
	content contentRef
	kind    BlobType
	length  int64
	etag    string
	touched time.Time

	batch   *pebble.Batch // nil until something is written before the end
	changed bool          // the base blob's record is to be written
	staged  bool          // there may be uncommitted blocks in batch
	delta   int64         // of the bytes stored
	freed   int64         // bytes that became garbage
	held    []*era        // of what the transaction uses
	used    []*Content
	extents []uint64 // that the metadata will newly refer to
}

// Update runs fn with the blob locked and makes durable what it did.
//
// fn must not call Update, UpdateContainer or DeleteContainer; reading other
// blobs is fine.
func (s *store) Update(ctx context.Context, ref Ref, fn func(*Txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &Txn{s: s, name: ref.Name}
	wait, err := t.run(ctx, ref, fn)
	s.extents.touch(t.extents)
	runtime.KeepAlive(t.held) // the metadata refers to what they keep
	if err != nil || wait == nil {
		return err
	}
	for _, c := range t.used {
		c.used = true
	}
	s.garbage.add(t.freed)
	return wait()
}

func (t *Txn) run(ctx context.Context, ref Ref, fn func(*Txn) error) (wait func() error, err error) {
	s := t.s
	cmu := s.containerLock(ref.Account, ref.Container)
	cmu.RLock()
	defer cmu.RUnlock()
	c, err := s.container(ref.Account, ref.Container)
	if err != nil {
		return nil, err
	}
	t.hash = s.hashName(c.id, ref.Name)
	defer s.lockHash(t.hash).Unlock()

	t.Container, t.cid = c.c, c.id
	t.Now = fromTicks(ticks(s.now()))
	t.key = blobKey(c.id, ref.Name, baseBlob)
	if s.names.may(t.hash) {
		if t.Blob, err = s.readBlob(s.db, t.key, ref.Name, baseBlob); err != nil && !errors.Is(err, ErrBlobNotFound) {
			return nil, err
		}
	}
	t.loaded()
	defer func() {
		if wait == nil && t.batch != nil {
			err = errors.Join(err, t.batch.Close())
		}
	}()
	if err := fn(t); err != nil {
		return nil, err
	}
	if !t.changed && t.batch == nil {
		return nil, nil
	}
	// Deleting is let through on a full disk: it is the way out.
	if t.delta > 0 || t.freed == 0 {
		err = s.writable(ctx, 0)
	} else {
		err = s.space.Failed()
	}
	if err != nil {
		return nil, err
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	b := t.batch
	t.batch = nil // applied or broken, not to be closed here
	wait, err = s.apply(b)
	t.remember() // an error does not say that nothing became visible
	if err != nil {
		return nil, err
	}
	s.usage.add(ref.Account, ref.Container, t.delta)
	return wait, nil
}

// remember puts into names what there is now.
func (t *Txn) remember() {
	if t.Blob != nil {
		t.s.names.add(t.hash)
	}
	if t.staged {
		t.s.names.add(blocksOf(t.hash))
	}
}

// loaded takes over the base blob's state as it is.
func (t *Txn) loaded() {
	if b := t.Blob; b != nil {
		t.content, t.kind, t.length = b.content, b.Type, b.Length
		t.etag, t.touched = b.ETag, b.LastModified
	} else {
		t.content, t.kind, t.length = contentRef{}, "", 0
	}
}

// finish writes what is left to write into the batch.
func (t *Txn) finish() error {
	if t.batch == nil {
		t.batch = t.s.db.NewBatch()
	}
	if t.changed && t.Blob != nil {
		t.sealBlob()
		e := encoders.Get().(*enc)
		defer encoders.Put(e)
		*e = (*e)[:0]
		e.blob(t.Blob)
		if err := t.batch.Set(t.key, *e, nil); err != nil {
			return fmt.Errorf("write blob: %w", err)
		}
	}
	if t.delta != 0 {
		var v [8]byte
		binary.BigEndian.PutUint64(v[:], uint64(t.delta))
		if err := t.batch.Merge(storedKey(t.cid), v[:], nil); err != nil {
			return fmt.Errorf("write sum: %w", err)
		}
	}
	return nil
}

// encoders are scratch space.
var encoders = sync.Pool{New: func() any { e := make(enc, 0, 512); return &e }}

// sealBlob puts into Blob what is the store's to say.
func (t *Txn) sealBlob() {
	b := t.Blob
	b.Name, b.Snapshot = t.name, time.Time{}
	b.content, b.Type, b.Length = t.content, t.kind, t.length
	b.ETag, b.LastModified = t.etag, t.touched
}

// early returns the batch, for what is written before fn returns. It can be
// read, through to what is on disk.
func (t *Txn) early() *pebble.Batch {
	if t.batch == nil {
		t.batch = t.s.db.NewIndexedBatch()
	}
	return t.batch
}

// reader reads what the transaction sees.
func (t *Txn) reader() pebble.Reader {
	if t.batch == nil {
		return t.s.db
	}
	return t.batch
}

// touch gives the base blob a new ETag and LastModified.
func (t *Txn) touch() error {
	id, err := t.s.ids.next()
	if err != nil {
		return err
	}
	t.changed = true
	t.etag, t.touched = formatETag(id), t.Now
	t.sealBlob()
	return nil
}

// use takes the pieces of c into the blob.
func (t *Txn) use(c *Content) ([]piece, error) {
	if c.used || slices.Contains(t.used, c) {
		return nil, errors.New("content was already used")
	}
	t.used = append(t.used, c)
	t.held = append(t.held, c.era)
	for _, p := range c.pieces {
		t.refer(p)
	}
	return c.pieces, nil
}

// refer notes that the metadata will refer to a piece it did not refer to.
func (t *Txn) refer(p piece) {
	if n := len(t.extents); n == 0 || t.extents[n-1] != p.ext {
		t.extents = append(t.extents, p.ext)
	}
}

// need returns an error unless there is a base blob, of that kind.
func (t *Txn) need(kind BlobType) error {
	if t.Blob == nil {
		return fmt.Errorf("blob %s: %w", t.name, ErrBlobNotFound)
	}
	if kind != "" && t.kind != kind {
		return fmt.Errorf("blob %s is a %s, not a %s", t.name, t.kind, kind)
	}
	return nil
}

// Create replaces the base blob by b with the concatenation of content.
// Uncommitted blocks go, snapshots stay. It sets b's Length (of a page blob
// without content b's own is taken), ETag, LastModified and, unless set,
// Created, and makes b the transaction's Blob.
func (t *Txn) Create(b *Blob, content ...*Content) error {
	w := contentWriter{t: t}
	for _, c := range content {
		pieces, err := t.use(c)
		if err != nil {
			return err
		}
		for _, p := range pieces {
			if err := w.add(p); err != nil {
				return err
			}
		}
	}
	length := w.at
	if b.Type == PageBlob && length == 0 {
		length = b.Length
	}
	return t.replace(b, &w, length)
}

// CreateFrom is Create with the content and block list of h, shared and not
// copied.
func (t *Txn) CreateFrom(b *Blob, h *Handle) error {
	if h.s != t.s {
		return errors.New("content of another store cannot be shared")
	}
	w := contentWriter{t: t}
	t.held = append(t.held, h.era)
	err := h.each(0, h.Blob.Length, func(p piece) error {
		t.refer(p)
		w.at = p.at
		return w.add(p)
	})
	if err != nil {
		return err
	}
	if err := h.eachBlock(w.addBlock); err != nil {
		return err
	}
	return t.replace(b, &w, h.Blob.Length)
}

// replace makes b with what w wrote the base blob.
func (t *Txn) replace(b *Blob, w *contentWriter, length int64) error {
	content, err := w.finish()
	if err != nil {
		return err
	}
	if err := t.dropUncommitted(); err != nil {
		return err
	}
	if err := t.dropContent(t.content); err != nil {
		return err
	}
	if b.Created.IsZero() {
		b.Created = t.Now
	}
	t.Blob, t.content, t.kind, t.length = b, content, b.Type, length
	t.delta += content.stored
	return t.touch()
}

// Save keeps the changed fields of t.Blob. With touch it gets a new ETag and
// LastModified.
func (t *Txn) Save(touch bool) error {
	if err := t.need(""); err != nil {
		return err
	}
	t.changed = true
	if touch {
		return t.touch()
	}
	t.sealBlob()
	return nil
}

// DeleteBase deletes the base blob and its uncommitted blocks, not its snapshots.
func (t *Txn) DeleteBase() error {
	if err := t.need(""); err != nil {
		return err
	}
	if err := t.dropUncommitted(); err != nil {
		return err
	}
	if err := t.dropContent(t.content); err != nil {
		return err
	}
	if err := t.early().Delete(t.key, nil); err != nil {
		return fmt.Errorf("delete blob: %w", err)
	}
	t.Blob, t.changed = nil, false
	t.freed = max(t.freed, 1)
	t.loaded()
	return nil
}

// dropContent gives up a content of the blob or of a snapshot.
func (t *Txn) dropContent(c contentRef) error {
	t.delta -= c.stored
	t.freed += c.stored
	if c.id != 0 {
		lower, upper := contentBounds(kindPieces, t.cid, c.id)
		if err := t.early().DeleteRange(lower, upper, nil); err != nil {
			return fmt.Errorf("delete pieces: %w", err)
		}
	}
	if c.blockID != 0 {
		lower, upper := contentBounds(kindBlocks, t.cid, c.blockID)
		if err := t.early().DeleteRange(lower, upper, nil); err != nil {
			return fmt.Errorf("delete block list: %w", err)
		}
	}
	return nil
}
