package blobstore

import (
	"bytes"
	"encoding/binary"
	"sync"
	"time"
)

// Keys of the metadata. Numbers are big-endian, so keys sort by them; cid is
// the id of a container, which no other container ever has.
//
//	c account 00 name        a container
//	b cid name at            a blob: at is the time of a snapshot, or all ones for the base blob
//	h cid name               summary of a blob's uncommitted blocks
//	u cid name block         an uncommitted block
//	m cid content offset     pieces of a content too long to stand in its blob
//	k cid content number     committed blocks, likewise
//	n cid                    bytes stored in a container, a sum
//	s name                   the store's own
//
// A name ends in 00 01 and a zero byte inside it is written 00 FF. So names sort
// as their bytes do, snapshots stand before their base blob, and all that
// belongs to a container is in five ranges that can be dropped as such.
const (
	kindContainer   = 'c'
	kindBlob        = 'b'
	kindUncommitted = 'h'
	kindBlock       = 'u'
	kindPieces      = 'm'
	kindBlocks      = 'k'
	kindStored      = 'n'
)

// Keys of the store's own.
const (
	keyFormat = "sformat" // version of all this
	keyIDs    = "sids"    // ids up to this one may be in use
	keyExtent = "sextent" // likewise, of extents
)

// baseBlob stands for no snapshot in a key.
const baseBlob = ^uint64(0)

const prefixLen = 1 + 8 // kind and cid

func containerKey(account, name string) []byte {
	k := make([]byte, 0, 2+len(account)+len(name))
	k = append(k, kindContainer)
	k = append(k, account...)
	k = append(k, 0)
	return append(k, name...)
}

// splitContainerKey is the inverse of containerKey.
func splitContainerKey(k []byte) (account, name string, ok bool) {
	a, n, ok := bytes.Cut(k[1:], []byte{0})
	return string(a), string(n), ok
}

func appendPrefix(k []byte, kind byte, cid uint64) []byte {
	return binary.BigEndian.AppendUint64(append(k, kind), cid)
}

// appendEscaped appends a name, or the beginning of one, without its end mark.
func appendEscaped(k []byte, name string) []byte {
	for i := range len(name) {
		k = append(k, name[i])
		if name[i] == 0 {
			k = append(k, 0xff)
		}
	}
	return k
}

func appendName(k []byte, name string) []byte {
	return append(appendEscaped(k, name), 0, 1)
}

// cutName splits what follows the cid in a key into the name, still escaped,
// and what comes after its end mark.
func cutName(k []byte) (escaped, rest []byte, ok bool) {
	for i := 0; i+1 < len(k); i++ {
		if k[i] != 0 {
			continue
		}
		if k[i+1] == 1 {
			return k[:i], k[i+2:], true
		}
		i++
	}
	return nil, nil, false
}

func unescape(escaped []byte) string {
	if bytes.IndexByte(escaped, 0) < 0 {
		return string(escaped)
	}
	return string(bytes.ReplaceAll(escaped, []byte{0, 0xff}, []byte{0}))
}

// nameKey is a key of one blob: kind, cid and name.
func nameKey(kind byte, cid uint64, name string) []byte {
	k := make([]byte, 0, prefixLen+len(name)+2+8)
	return appendName(appendPrefix(k, kind, cid), name)
}

// keys are buffers for keys that are needed for one look only.
var keys = sync.Pool{New: func() any { k := make([]byte, 0, 256); return &k }}

// appendBlobKey is blobKey into a buffer.
func appendBlobKey(k []byte, cid uint64, name string, snapshot uint64) []byte {
	return binary.BigEndian.AppendUint64(appendName(appendPrefix(k, kindBlob, cid), name), snapshot)
}

func blobKey(cid uint64, name string, snapshot uint64) []byte {
	return binary.BigEndian.AppendUint64(nameKey(kindBlob, cid, name), snapshot)
}

func contentKey(kind byte, cid, content uint64, at int64) []byte {
	k := make([]byte, 0, prefixLen+16)
	k = binary.BigEndian.AppendUint64(appendPrefix(k, kind, cid), content)
	return binary.BigEndian.AppendUint64(k, uint64(at))
}

// contentBounds are the bounds of all keys of one content.
func contentBounds(kind byte, cid, content uint64) (lower, upper []byte) {
	return contentKey(kind, cid, content, 0), contentKey(kind, cid, content+1, 0)
}

func storedKey(cid uint64) []byte { return appendPrefix(nil, kindStored, cid) }

// snapshotTicks is a snapshot's place in a key.
func snapshotTicks(at time.Time) uint64 {
	if at.IsZero() {
		return baseBlob
	}
	return ticks(at)
}
