package blobstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// snapshotBounds are the bounds of the keys of a blob's snapshots.
func (t *Txn) snapshotBounds() *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: nameKey(kindBlob, t.cid, t.name), UpperBound: t.key}
}

// lastSnapshot returns the newest snapshot's place, 0 when there is none.
func (t *Txn) lastSnapshot() (at uint64, err error) {
	it, err := t.reader().NewIter(t.snapshotBounds())
	if err != nil {
		return 0, fmt.Errorf("read snapshots: %w", err)
	}
	if it.Last() {
		at = binary.BigEndian.Uint64(it.Key()[len(it.Key())-8:])
	}
	if err := it.Close(); err != nil {
		return 0, fmt.Errorf("read snapshots: %w", err)
	}
	return at, nil
}

// HasSnapshots reports whether there is a snapshot.
func (t *Txn) HasSnapshots() (bool, error) {
	at, err := t.lastSnapshot()
	return at != 0, err
}

// Snapshot makes a snapshot of the base blob and returns it. With metadata it
// gets those, its own ETag and LastModified; nil keeps the base blob's. Leases
// do not go along. Its time is later than that of all other snapshots.
func (t *Txn) Snapshot(md Metadata) (*Blob, error) {
	if err := t.need(""); err != nil {
		return nil, err
	}
	last, err := t.lastSnapshot()
	if err != nil {
		return nil, err
	}
	at := max(ticks(t.Now), last+1)

	w := contentWriter{t: t}
	err = eachPiece(t.reader(), t.cid, &t.content, 0, t.length, func(p piece) error {
		w.at = p.at
		return w.add(p)
	})
	if err != nil {
		return nil, err
	}
	if err := eachBlock(t.reader(), t.cid, &t.content, w.addBlock); err != nil {
		return nil, err
	}
	t.sealBlob()
	snap := *t.Blob
	if snap.content, err = w.finish(); err != nil {
		return nil, err
	}
	snap.Lease = Lease{}
	snap.Snapshot = fromTicks(at)
	if md != nil {
		id, err := t.s.ids.next()
		if err != nil {
			return nil, err
		}
		snap.Metadata, snap.ETag, snap.LastModified = md, formatETag(id), t.Now
	}
	t.delta += snap.content.stored
	return &snap, t.putSnapshot(&snap)
}

func (t *Txn) putSnapshot(b *Blob) error {
	var e enc
	e.blob(b)
	if err := t.early().Set(blobKey(t.cid, t.name, ticks(b.Snapshot)), e, nil); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return nil
}

// LoadSnapshot returns a private copy of a snapshot.
func (t *Txn) LoadSnapshot(at time.Time) (*Blob, error) {
	if at.IsZero() {
		return nil, errors.New("no time of a snapshot given")
	}
	n := ticks(at)
	return t.s.readBlob(t.reader(), blobKey(t.cid, t.name, n), t.name, n)
}

// SaveSnapshot keeps the changed fields of a snapshot that LoadSnapshot
// returned, its tier or tags. Content, ETag and LastModified stay.
func (t *Txn) SaveSnapshot(b *Blob) error {
	old, err := t.LoadSnapshot(b.Snapshot)
	if err != nil {
		return err
	}
	b.Name, b.Type, b.Length, b.content = old.Name, old.Type, old.Length, old.content
	b.ETag, b.LastModified = old.ETag, old.LastModified
	return t.putSnapshot(b)
}

// DeleteSnapshot deletes one snapshot; ErrBlobNotFound when it is not there.
func (t *Txn) DeleteSnapshot(at time.Time) error {
	b, err := t.LoadSnapshot(at)
	if err != nil {
		return err
	}
	return t.deleteSnapshot(b)
}

func (t *Txn) deleteSnapshot(b *Blob) error {
	if err := t.dropContent(b.content); err != nil {
		return err
	}
	t.freed = max(t.freed, 1)
	if err := t.early().Delete(blobKey(t.cid, t.name, ticks(b.Snapshot)), nil); err != nil {
		return fmt.Errorf("delete snapshot: %w", err)
	}
	return nil
}

// DeleteSnapshots deletes all snapshots.
func (t *Txn) DeleteSnapshots() error {
	opts := t.snapshotBounds()
	keys, err := keysBetween(t.reader(), opts.LowerBound, opts.UpperBound)
	if err != nil {
		return err
	}
	for _, key := range keys {
		b, err := t.s.readBlob(t.reader(), key, t.name, binary.BigEndian.Uint64(key[len(key)-8:]))
		if err != nil {
			return err
		}
		if err := t.deleteSnapshot(b); err != nil {
			return err
		}
	}
	return nil
}
