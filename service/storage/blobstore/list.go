package blobstore

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// defaultMax is the page size when none is asked for, and the largest there is.
const defaultMax = 5000

func (o *ListOptions) max() int {
	if o.Max <= 0 || o.Max > defaultMax {
		return defaultMax
	}
	return o.Max
}

// ListContainers lists by name; system includes names that start with "$". The
// marker is the first name of the next page.
func (s *store) ListContainers(ctx context.Context, account string, o ListOptions, system bool) (items []Container, next string, err error) {
	prefix := containerKey(account, o.Prefix)
	first := containerKey(account, max(o.Prefix, o.Marker, o.StartFrom))
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: first, UpperBound: disk.Successor(prefix)})
	if err != nil {
		return nil, "", fmt.Errorf("list containers: %w", err)
	}
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("list containers: %w", closeErr)
		}
	}()
	for ok := it.First(); ok; ok = it.Next() {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		_, name, ok := splitContainerKey(it.Key())
		if !ok {
			return nil, "", fmt.Errorf("%w: key of a container", ErrCorrupt)
		}
		if isSystem(name) && !system {
			continue
		}
		if len(items) == o.max() {
			return items, name, nil
		}
		c, err := decodeContainer(it.Value(), name)
		if err != nil {
			return nil, "", fmt.Errorf("container %s: %w", name, err)
		}
		items = append(items, c.c)
	}
	return items, "", nil
}

// List lists the blobs of a container.
func (s *store) List(ctx context.Context, account, container string, o ListOptions) (page BlobPage, err error) {
	c, err := s.container(account, container)
	if err != nil {
		return BlobPage{}, err
	}
	l, err := s.newLister(c.id, &o)
	if err != nil {
		return BlobPage{}, fmt.Errorf("list blobs of %s: %w", container, err)
	}
	defer func() {
		if closeErr := l.close(); err == nil && closeErr != nil {
			err = fmt.Errorf("list blobs of %s: %w", container, closeErr)
		}
	}()
	page.Items = make([]BlobItem, 0, min(o.max(), 128))
	for l.next() {
		if len(page.Items) == o.max() {
			page.Next = base64.URLEncoding.EncodeToString(l.position())
			return page, nil
		}
		if len(page.Items)%128 == 127 && ctx.Err() != nil {
			return BlobPage{}, ctx.Err()
		}
		item, err := l.item()
		if err != nil {
			return BlobPage{}, fmt.Errorf("list blobs of %s: %w", container, err)
		}
		page.Items = append(page.Items, item)
	}
	return page, nil
}

// lister walks a container. It stands on a blob, a snapshot or a blob of
// uncommitted blocks; what is to be passed over it jumps over.
type lister struct {
	o     *ListOptions
	blobs *pebble.Iterator
	heads *pebble.Iterator // of uncommitted blocks; nil when not asked for
	snap  *pebble.Snapshot // that both see, with heads
	now   func(blockHeader) bool

	inBlobs, inHeads bool // there is something under the iterator
	started          bool
	head             bool   // what is next is under heads
	escaped          []byte // name of what is next
	at               uint64 // its snapshot
	prefix           string // when what is next is a common prefix
}

func (s *store) newLister(cid uint64, o *ListOptions) (*lister, error) {
	l := &lister{o: o, now: func(h blockHeader) bool { return h.expired(s.now()) }}
	var from []byte
	if o.Marker != "" {
		m, err := base64.URLEncoding.DecodeString(o.Marker)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidMarker, err)
		}
		if _, rest, ok := cutName(m); !ok || len(rest) != 8 {
			return nil, ErrInvalidMarker
		}
		from = m
	}
	var r pebble.Reader = s.db
	if o.Uncommitted {
		l.snap = s.db.NewSnapshot()
		r = l.snap
	}
	bounds := func(kind byte) *pebble.IterOptions {
		lower := appendEscaped(appendPrefix(nil, kind, cid), o.Prefix)
		upper := disk.Successor(lower)
		if start := appendEscaped(appendPrefix(nil, kind, cid), o.StartFrom); bytes.Compare(start, lower) > 0 {
			lower = start
		}
		if start := append(appendPrefix(nil, kind, cid), from...); bytes.Compare(start, lower) > 0 {
			if kind == kindUncommitted {
				start = start[:len(start)-8]
			}
			lower = start
		}
		if bytes.Compare(lower, upper) > 0 {
			lower = upper
		}
		return &pebble.IterOptions{LowerBound: lower, UpperBound: upper}
	}
	var err error
	if l.blobs, err = r.NewIter(bounds(kindBlob)); err == nil && o.Uncommitted {
		l.heads, err = r.NewIter(bounds(kindUncommitted))
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lister) close() (err error) {
	for _, it := range []*pebble.Iterator{l.blobs, l.heads} {
		if it == nil {
			continue
		}
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
	}
	if l.snap != nil {
		if closeErr := l.snap.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

// next goes to the next thing to list.
func (l *lister) next() bool {
	if !l.started {
		l.started = true
		l.inBlobs = l.blobs.First()
		l.inHeads = l.heads != nil && l.heads.First()
	} else {
		l.leave()
	}
	for l.settle() {
		if l.head {
			if h, err := decodeHeader(l.heads.Value()); err == nil && l.now(h) {
				l.inHeads = l.heads.Next()
				continue
			}
		} else if l.at != baseBlob && !l.o.Snapshots {
			key := append(l.blobs.Key()[:len(l.blobs.Key())-8:len(l.blobs.Key())-8], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
			l.inBlobs = l.blobs.SeekGE(key)
			continue
		}
		l.prefix = l.commonPrefix()
		return true
	}
	return false
}

// leave passes what was listed last: one key, or all that begin with a prefix.
func (l *lister) leave() {
	switch {
	case l.prefix != "":
		after := func(it *pebble.Iterator) bool {
			k := it.Key()
			past := disk.Successor(appendEscaped(append([]byte(nil), k[:prefixLen]...), l.prefix))
			return it.SeekGE(past)
		}
		if l.inBlobs {
			l.inBlobs = after(l.blobs)
		}
		if l.inHeads {
			l.inHeads = after(l.heads)
		}
	case l.head:
		l.inHeads = l.heads.Next()
	default:
		l.inBlobs = l.blobs.Next()
	}
}

// settle finds which of the two iterators is first by name. Uncommitted blocks
// of a blob that exists are not listed.
func (l *lister) settle() bool {
	var blob, head []byte
	var rest []byte
	if l.inBlobs {
		blob, rest, _ = cutName(l.blobs.Key()[prefixLen:])
	}
	for l.inHeads {
		head, _, _ = cutName(l.heads.Key()[prefixLen:])
		if !l.inBlobs || !bytes.Equal(head, blob) {
			break
		}
		l.inHeads = l.heads.Next()
	}
	l.head = l.inHeads && (!l.inBlobs || bytes.Compare(head, blob) < 0)
	switch {
	case l.head:
		l.escaped, l.at = head, baseBlob
	case l.inBlobs && len(rest) == 8:
		l.escaped, l.at = blob, binary.BigEndian.Uint64(rest)
	}
	return l.head || l.inBlobs
}

// commonPrefix returns the prefix that what is next is listed as, or "".
func (l *lister) commonPrefix() string {
	if l.o.Delimiter == "" {
		return ""
	}
	name := unescape(l.escaped)
	if len(name) < len(l.o.Prefix) {
		return ""
	}
	i := strings.Index(name[len(l.o.Prefix):], l.o.Delimiter)
	if i < 0 {
		return ""
	}
	return name[:len(l.o.Prefix)+i+len(l.o.Delimiter)]
}

// position is where a listing that ends before what is next goes on.
func (l *lister) position() []byte {
	at := l.at
	if l.head || l.prefix != "" {
		at = 0
	}
	p := append(append([]byte(nil), l.escaped...), 0, 1)
	return binary.BigEndian.AppendUint64(p, at)
}

func (l *lister) item() (BlobItem, error) {
	if l.prefix != "" {
		return BlobItem{Prefix: l.prefix}, nil
	}
	name := unescape(l.escaped)
	if l.head {
		return BlobItem{Blob: &Blob{Name: name, Type: BlockBlob}, Uncommitted: true}, nil
	}
	b, err := decodeBlob(l.blobs.Value(), name, l.at)
	if err != nil {
		return BlobItem{}, fmt.Errorf("blob %s: %w", name, err)
	}
	return BlobItem{Blob: b}, nil
}

// Scan calls fn for each base blob of a container or of an account.
func (s *store) Scan(ctx context.Context, account, container string, fn func(container string, b *Blob) bool) error {
	if container != "" {
		_, err := s.scan(ctx, account, container, fn)
		return err
	}
	var o ListOptions
	for {
		list, next, err := s.ListContainers(ctx, account, o, true)
		if err != nil {
			return err
		}
		for _, c := range list {
			if more, err := s.scan(ctx, account, c.Name, fn); err != nil || !more {
				return err
			}
		}
		if next == "" {
			return nil
		}
		o.Marker = next
	}
}

func (s *store) scan(ctx context.Context, account, container string, fn func(string, *Blob) bool) (more bool, err error) {
	var o ListOptions
	for {
		page, err := s.List(ctx, account, container, o)
		if err != nil {
			return false, err
		}
		for _, item := range page.Items {
			if !fn(container, item.Blob) {
				return false, nil
			}
		}
		if page.Next == "" {
			return true, nil
		}
		o.Marker = page.Next
	}
}
