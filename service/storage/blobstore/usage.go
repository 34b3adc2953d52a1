package blobstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// usage counts the bytes stored in each account as they come and go. Each
// container's sum is kept in the metadata, in the same batch as the change.
// Content that a snapshot or a copy shares is counted for each that has it.
type usage struct{ accounts sync.Map } // string -> *accountUsage

type accountUsage struct{ system, user atomic.Int64 }

func isSystem(container string) bool { return strings.HasPrefix(container, "$") }

func (u *usage) add(account, container string, delta int64) {
	if delta == 0 {
		return
	}
	v, ok := u.accounts.Load(account)
	if !ok {
		v, _ = u.accounts.LoadOrStore(account, new(accountUsage))
	}
	if isSystem(container) {
		v.(*accountUsage).system.Add(delta)
	} else {
		v.(*accountUsage).user.Add(delta)
	}
}

// Usage returns the bytes stored in an account.
func (s *store) Usage(ctx context.Context, account string) (system, user int64, err error) {
	if v, ok := s.usage.accounts.Load(account); ok {
		a := v.(*accountUsage)
		return a.system.Load(), a.user.Load(), ctx.Err()
	}
	return 0, 0, ctx.Err()
}

// loadUsage sums up the containers at start.
func (s *store) loadUsage() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindContainer}, UpperBound: []byte{kindContainer + 1}})
	if err != nil {
		return fmt.Errorf("read containers: %w", err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		account, name, ok := splitContainerKey(it.Key())
		if !ok {
			return fmt.Errorf("%w: key of a container", ErrCorrupt)
		}
		c, err := decodeContainer(it.Value(), name)
		if err != nil {
			return fmt.Errorf("container %s/%s: %w", account, name, err)
		}
		n, err := s.stored(c.id)
		if err != nil {
			return err
		}
		s.usage.add(account, name, n)
	}
	return it.Error()
}

// stored returns the bytes stored in a container.
func (s *store) stored(cid uint64) (n int64, err error) {
	err = disk.Get(s.db, storedKey(cid), func(v []byte) error {
		if v != nil && len(v) != 8 {
			return fmt.Errorf("%w: sum of a container", ErrCorrupt)
		}
		if v != nil {
			n = int64(binary.BigEndian.Uint64(v))
		}
		return nil
	})
	return n, err
}

// sum is the merge operator of the metadata: values are numbers of 8 bytes and
// add up.
type sum struct{ n uint64 }

func newSum(_, value []byte) (pebble.ValueMerger, error) {
	s := new(sum)
	return s, s.MergeNewer(value)
}

func (s *sum) MergeNewer(value []byte) error {
	if len(value) != 8 {
		return fmt.Errorf("%w: summand of %d bytes", ErrCorrupt, len(value))
	}
	s.n += binary.BigEndian.Uint64(value)
	return nil
}

func (s *sum) MergeOlder(value []byte) error { return s.MergeNewer(value) }

func (s *sum) Finish(bool) ([]byte, io.Closer, error) {
	return binary.BigEndian.AppendUint64(nil, s.n), nil, nil
}
