package blobstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// names knows for sure of most names that do not exist that they do not, so that
// making a new blob need not search the metadata for an old one. It knows the
// same of uncommitted blocks. What it says of others is "perhaps".
//
// It is right for who holds the blob's lock: a name is put in under the lock,
// after the change that made it is visible. A set is built anew at each mark,
// for names are never taken out of one. While that goes on names are put into
// both: what was visible before the new set was, the mark sees, and the rest is
// put in.
type names struct{ sets atomic.Pointer[nameSets] }

// nameSets are the set to ask, nil while there is none that is complete, and the
// one being built, if any.
type nameSets struct{ now, next *nameSet }

// nameSet is a Bloom filter of which every element stays within a cache line.
type nameSet struct {
	lines []nameLine
	count atomic.Int64 // of elements, about
}

type nameLine [8]atomic.Uint64

const (
	minLines     = 1 << 15 // 2 MiB
	maxLines     = 1 << 19 // 32 MiB
	namesPerLine = 40      // one in a hundred is taken for another then
	// openNames is how many names are read at start; of more, the first mark
	// builds the set.
	openNames = 1 << 16
)

// hashName identifies a blob in its lock and in names.
func (s *store) hashName(cid uint64, name string) uint64 {
	return maphash.String(s.seed, name) ^ cid*0x9e3779b97f4a7c15
}

// hashKey is hashName of the blob that a key of the metadata is about.
func (s *store) hashKey(key []byte) (hash uint64, rest []byte, ok bool) {
	if len(key) < prefixLen {
		return 0, nil, false
	}
	escaped, rest, ok := cutName(key[prefixLen:])
	if bytes.IndexByte(escaped, 0) >= 0 {
		escaped = []byte(unescape(escaped))
	}
	return maphash.Bytes(s.seed, escaped) ^ binary.BigEndian.Uint64(key[1:])*0x9e3779b97f4a7c15, rest, ok
}

// blocksOf is the hash under which a blob stands that has uncommitted blocks.
func blocksOf(hash uint64) uint64 { return hash ^ 0xc2b2ae3d27d4eb4f }

// may reports whether there may be an element.
func (n *names) may(hash uint64) bool {
	s := n.sets.Load()
	return s == nil || s.now == nil || s.now.has(hash)
}

// add puts an element in.
func (n *names) add(hash uint64) {
	s := n.sets.Load()
	if s == nil {
		return
	}
	if s.now != nil {
		s.now.add(hash)
	}
	if s.next != nil {
		s.next.add(hash)
	}
}

// begin starts a new set, before the metadata is read for it. One at a time.
func (n *names) begin() *nameSet {
	lines, was := maxLines, n.sets.Load()
	var now *nameSet
	if was != nil && was.now != nil {
		now = was.now
		lines = int(min(max(2*now.count.Load()/namesPerLine, minLines), maxLines))
	}
	if was == nil { // at start, when it is not known yet whether there is anything
		lines = minLines
	}
	next := &nameSet{lines: make([]nameLine, lines)}
	n.sets.Store(&nameSets{now, next})
	return next
}

// end puts the new set in force, or drops it when it is not complete.
func (n *names) end(complete bool) {
	s := n.sets.Load()
	if complete {
		n.sets.Store(&nameSets{now: s.next})
	} else {
		n.sets.Store(&nameSets{now: s.now})
	}
}

// crowded reports whether a larger set would do better.
func (n *names) crowded() bool {
	s := n.sets.Load()
	return s != nil && s.now != nil && len(s.now.lines) < maxLines && s.now.count.Load() > int64(len(s.now.lines))*namesPerLine
}

func (s *nameSet) line(hash uint64) *nameLine {
	return &s.lines[(hash>>32)*uint64(len(s.lines))>>32]
}

// nameBits is how many bits an element sets.
const nameBits = 6

func (s *nameSet) has(hash uint64) bool {
	l, x := s.line(hash), hash*0xff51afd7ed558ccd
	for range nameBits {
		if l[x>>61].Load()&(1<<(x>>55&63)) == 0 {
			return false
		}
		x <<= 9
	}
	return true
}

func (s *nameSet) add(hash uint64) {
	if s.has(hash) {
		return
	}
	s.count.Add(1)
	l, x := s.line(hash), hash*0xff51afd7ed558ccd
	for range nameBits {
		l[x>>61].Or(1 << (x >> 55 & 63))
		x <<= 9
	}
}

// addRecord puts in what a record of the metadata says that there is.
func (s *store) addRecord(set *nameSet, key []byte) {
	hash, rest, ok := s.hashKey(key)
	switch {
	case !ok:
	case key[0] == kindUncommitted || key[0] == kindBlock:
		set.add(blocksOf(hash))
	case key[0] == kindBlob && len(rest) == 8 && binary.BigEndian.Uint64(rest) == baseBlob:
		set.add(hash)
	}
}

// loadNames builds the first set, when there are not too many names for that.
func (s *store) loadNames() error {
	set := s.names.begin()
	read := 0
	for _, kind := range []byte{kindBlob, kindUncommitted} {
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
		if err != nil {
			return fmt.Errorf("read names: %w", err)
		}
		for ok := it.First(); ok && read < openNames; ok = it.Next() {
			read++
			s.addRecord(set, it.Key())
		}
		if err := it.Close(); err != nil {
			return fmt.Errorf("read names: %w", err)
		}
	}
	s.names.end(read < openNames)
	return nil
}
