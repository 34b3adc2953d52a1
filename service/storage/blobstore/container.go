package blobstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// containers finds containers without asking the disk and keeps changes of a
// container apart from changes in it.
type containers struct {
	// locks are read-locked while a blob of a container changes and locked while
	// the container itself does.
	locks [256]sync.RWMutex

	cache  sync.Map // containerName -> *containerState, immutable
	cached atomic.Int64
	fill   sync.Mutex // held to move a container from disk to cache; a leaf
}

type containerName struct{ account, name string }

// maxCached bounds the containers held in memory.
const maxCached = 1 << 16

func (s *store) containerLock(account, name string) *sync.RWMutex {
	h := maphash.String(s.seed, account) ^ maphash.String(s.seed, name)*31
	return &s.containers.locks[h%uint64(len(s.containers.locks))]
}

// container returns a container, which the caller must not change.
func (s *store) container(account, name string) (*containerState, error) {
	cs := &s.containers
	key := containerName{account, name}
	if v, ok := cs.cache.Load(key); ok {
		return v.(*containerState), nil
	}
	cs.fill.Lock()
	defer cs.fill.Unlock()
	c, err := s.readContainer(account, name)
	if err == nil {
		cs.keep(key, c)
	}
	return c, err
}

// keep puts a container into the cache; fill is held.
func (cs *containers) keep(key containerName, c *containerState) {
	if _, had := cs.cache.Swap(key, c); had {
		return
	}
	if cs.cached.Add(1) > maxCached {
		cs.cache.Clear()
		cs.cached.Store(0)
	}
}

func (s *store) readContainer(account, name string) (c *containerState, err error) {
	err = disk.Get(s.db, containerKey(account, name), func(v []byte) error {
		if v == nil {
			return ErrContainerNotFound
		}
		c, err = decodeContainer(v, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", name, err)
	}
	return c, nil
}

// putContainer applies a batch that may hold more than the container, nil to
// forget it. The container's lock is held.
func (s *store) putContainer(account, name string, c *containerState, b *pebble.Batch) (wait func() error, err error) {
	cs := &s.containers
	key := containerName{account, name}
	if c == nil {
		err = b.Delete(containerKey(account, name), nil)
	} else {
		var e enc
		e.container(c)
		err = b.Set(containerKey(account, name), e, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", name, err)
	}
	cs.fill.Lock()
	defer cs.fill.Unlock()
	if wait, err = s.apply(b); err != nil {
		return nil, err
	}
	if c != nil {
		cs.keep(key, c)
	} else if _, had := cs.cache.LoadAndDelete(key); had {
		cs.cached.Add(-1)
	}
	return wait, nil
}

// touchContainer gives a container a new ETag and LastModified.
func (s *store) touchContainer(c *Container) error {
	id, err := s.ids.next()
	if err != nil {
		return err
	}
	c.ETag, c.LastModified = formatETag(id), fromTicks(ticks(s.now()))
	return nil
}

// CreateContainer makes a container.
func (s *store) CreateContainer(ctx context.Context, account string, c Container) (Container, error) {
	if err := ctx.Err(); err != nil {
		return Container{}, err
	}
	if err := s.writable(ctx, 0); err != nil {
		return Container{}, err
	}
	state := &containerState{c: c.clone()}
	wait, err := func() (func() error, error) {
		mu := s.containerLock(account, c.Name)
		mu.Lock()
		defer mu.Unlock()
		if _, err := s.container(account, c.Name); err == nil {
			return nil, fmt.Errorf("container %s: %w", c.Name, ErrContainerExists)
		} else if !errors.Is(err, ErrContainerNotFound) {
			return nil, err
		}
		var err error
		if state.id, err = s.ids.next(); err != nil {
			return nil, err
		}
		if err := s.touchContainer(&state.c); err != nil {
			return nil, err
		}
		return s.putContainer(account, c.Name, state, s.db.NewBatch())
	}()
	if err != nil {
		return Container{}, err
	}
	return state.c.clone(), wait()
}

// Container returns a container's properties.
func (s *store) Container(ctx context.Context, account, name string) (Container, error) {
	if err := ctx.Err(); err != nil {
		return Container{}, err
	}
	c, err := s.container(account, name)
	if err != nil {
		return Container{}, err
	}
	return c.c.clone(), nil
}

// clone copies what fn of an update might write to.
func (c Container) clone() Container {
	c.Metadata = slices.Clone(c.Metadata)
	c.Policies = slices.Clone(c.Policies)
	return c
}

// UpdateContainer changes a container by fn.
func (s *store) UpdateContainer(ctx context.Context, account, name string, touch bool, fn func(*Container) error) (Container, error) {
	if err := ctx.Err(); err != nil {
		return Container{}, err
	}
	if err := s.writable(ctx, 0); err != nil {
		return Container{}, err
	}
	var changed *containerState
	wait, err := func() (func() error, error) {
		mu := s.containerLock(account, name)
		mu.Lock()
		defer mu.Unlock()
		old, err := s.container(account, name)
		if err != nil {
			return nil, err
		}
		c := old.c.clone()
		if err := fn(&c); err != nil {
			return nil, err
		}
		c.Name, c.ETag, c.LastModified = old.c.Name, old.c.ETag, old.c.LastModified
		if touch {
			if err := s.touchContainer(&c); err != nil {
				return nil, err
			}
		}
		changed = &containerState{id: old.id, c: c}
		return s.putContainer(account, name, changed, s.db.NewBatch())
	}()
	if err != nil {
		return Container{}, err
	}
	return changed.c.clone(), wait()
}

// DeleteContainer deletes a container with all in it. All that belongs to it
// goes in the same batch, by ranges of keys; extents follow when collected.
func (s *store) DeleteContainer(ctx context.Context, account, name string, check func(*Container) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.space.Failed(); err != nil { // but a full disk is no reason
		return err
	}
	wait, err := func() (func() error, error) {
		mu := s.containerLock(account, name)
		mu.Lock()
		defer mu.Unlock()
		old, err := s.container(account, name)
		if err != nil {
			return nil, err
		}
		if check != nil {
			c := old.c.clone()
			if err := check(&c); err != nil {
				return nil, err
			}
		}
		stored, err := s.stored(old.id)
		if err != nil {
			return nil, err
		}
		b := s.db.NewBatch()
		for _, kind := range []byte{kindBlob, kindUncommitted, kindBlock, kindPieces, kindBlocks} {
			if err := b.DeleteRange(appendPrefix(nil, kind, old.id), appendPrefix(nil, kind, old.id+1), nil); err != nil {
				return nil, fmt.Errorf("container %s: %w", name, err)
			}
		}
		if err := b.Delete(storedKey(old.id), nil); err != nil {
			return nil, fmt.Errorf("container %s: %w", name, err)
		}
		wait, err := s.putContainer(account, name, nil, b)
		if err == nil {
			s.usage.add(account, name, -stored)
			s.garbage.add(stored)
		}
		return wait, err
	}()
	if err != nil {
		return err
	}
	return wait()
}
