package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"reslog/service/storage/blobstore"
)

// BlobUsage is what an account has in its blob service: in containers of users, and
// in those whose names begin with "$", which is where Storage Analytics logs.
type BlobUsage struct{ User, Analytics BlobFigures }

// BlobFigures are bytes, containers and blobs. Blobs of which there are only
// uncommitted blocks count, snapshots do not.
type BlobFigures struct{ Bytes, Containers, Blobs int64 }

func (u BlobUsage) total() BlobFigures {
	return BlobFigures{
		Bytes:      u.User.Bytes + u.Analytics.Bytes,
		Containers: u.User.Containers + u.Analytics.Containers,
		Blobs:      u.User.Blobs + u.Analytics.Blobs,
	}
}

// BlobUsageOf returns a Usages.Blob that counts in a store: it lists all blobs of the
// account, a page at a time.
func BlobUsageOf(store blobstore.Store) func(context.Context, string) (BlobUsage, error) {
	return func(ctx context.Context, account string) (u BlobUsage, err error) {
		if u.Analytics.Bytes, u.User.Bytes, err = store.Usage(ctx, account); err != nil {
			return BlobUsage{}, fmt.Errorf("read what %s stores: %w", account, err)
		}
		for marker := ""; ; {
			containers, next, err := store.ListContainers(ctx, account, blobstore.ListOptions{Marker: marker}, true)
			if err != nil {
				return BlobUsage{}, fmt.Errorf("list the containers of %s: %w", account, err)
			}
			for _, c := range containers {
				f := &u.User
				if strings.HasPrefix(c.Name, "$") {
					f = &u.Analytics
				}
				f.Containers++
				n, err := countBlobs(ctx, store, account, c.Name)
				if err != nil {
					return BlobUsage{}, err
				}
				f.Blobs += n
			}
			if marker = next; marker == "" {
				return u, nil
			}
		}
	}
}

// countBlobs returns how many blobs a container has; one that was just deleted has
// none.
func countBlobs(ctx context.Context, store blobstore.Store, account, container string) (n int64, err error) {
	o := blobstore.ListOptions{Uncommitted: true}
	for {
		page, err := store.List(ctx, account, container, o)
		switch {
		case errors.Is(err, blobstore.ErrContainerNotFound):
			return n, nil
		case err != nil:
			return 0, fmt.Errorf("count the blobs of %s: %w", account, err)
		}
		n += int64(len(page.Items))
		if o.Marker = page.Next; o.Marker == "" {
			return n, nil
		}
	}
}

// measured remembers what an account stores for a moment: it is asked for the
// account, for the service and for the table at the same time.
type measured struct {
	mu   sync.Mutex
	at   time.Time // by the real clock
	blob BlobUsage
}

// measuredTime is how long that is.
const measuredTime = 20 * time.Second

func (c *Collector) blobUsage(ctx context.Context, a *account) (BlobUsage, error) {
	m := &a.usage
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.at.IsZero() && time.Since(m.at) < measuredTime {
		return m.blob, nil
	}
	u, err := c.Usages.Blob(ctx, a.name)
	if err != nil {
		return BlobUsage{}, err
	}
	m.at, m.blob = time.Now(), u
	return u, nil
}

// usedCapacity is what the services store together, as far as it is known.
func (c *Collector) usedCapacity(ctx context.Context, a *account) (n int64, err error) {
	if c.Usages.Blob != nil {
		u, err := c.blobUsage(ctx, a)
		if err != nil {
			return 0, err
		}
		n += u.total().Bytes
	}
	if c.Usages.Queue != nil {
		u, err := c.Usages.Queue(ctx, a.name)
		if err != nil {
			return 0, err
		}
		n += u.Bytes
	}
	if c.Usages.Table != nil {
		u, err := c.Usages.Table(ctx, a.name)
		if err != nil {
			return 0, err
		}
		n += u.Bytes
	}
	return n, nil
}
