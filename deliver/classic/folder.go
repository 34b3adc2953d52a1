package classic

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/bus"
	"reslog/storagelog"
)

// A folder is what is known of the folder of an hour.
type folder struct {
	next    int          // counter of the log to be written next
	covered bus.Position // last position in its committed logs; zero for none
	used    uint64
}

// covers reports whether a committed log of the folder holds the record at p.
func (f *folder) covers(p bus.Position) bool {
	return !f.covered.IsZero() && f.covered.Epoch == p.Epoch && !p.After(f.covered)
}

// folders remembers the folders that were written to last.
type folders struct {
	cfg   *Config
	known map[time.Time]*folder
	clock uint64
}

// maxFolders is how many folders are remembered. A forgotten one is read again.
const maxFolders = 16

// get returns the folder of an hour, reading it from the account when it is not
// known.
func (fs *folders) get(ctx context.Context, hour time.Time) (*folder, error) {
	fs.clock++
	if f := fs.known[hour]; f != nil {
		f.used = fs.clock
		return f, nil
	}
	f, err := fs.read(ctx, hour)
	if err != nil {
		return nil, err
	}
	f.used = fs.clock
	if fs.known == nil {
		fs.known = make(map[time.Time]*folder)
	}
	for len(fs.known) >= maxFolders {
		var oldest time.Time
		least := fs.clock
		for h, other := range fs.known {
			if other.used < least {
				oldest, least = h, other.used
			}
		}
		delete(fs.known, oldest)
	}
	fs.known[hour] = f
	return f, nil
}

// committed notes that a log was committed whose last position is end.
func (fs *folders) committed(name storagelog.LogName, end bus.Position) {
	if f := fs.known[name.Hour]; f != nil {
		f.next = name.Counter + 1
		f.covered = end
	}
}

// read finds the last log of the folder and what it covers.
func (fs *folders) read(ctx context.Context, hour time.Time) (*folder, error) {
	prefix := storagelog.HourFolder(fs.cfg.Service, hour)
	last := storagelog.LogName{Counter: -1}
	pages := fs.cfg.Container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(prefix)})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list logs of %s: %w", prefix, err)
		}
		for _, b := range page.Segment.BlobItems {
			if b == nil || b.Name == nil {
				continue
			}
			if name, err := storagelog.ParseLogName(*b.Name); err == nil && name.Counter > last.Counter {
				last = name
			}
		}
	}
	f := &folder{next: last.Counter + 1}
	if last.Counter < 0 {
		return f, nil
	}
	ids, err := committedBlocks(ctx, fs.cfg.Container.NewBlockBlobClient(last.String()))
	if err != nil {
		return nil, fmt.Errorf("read what log %s covers: %w", last, err)
	}
	if len(ids) > 0 {
		if _, end, ok := parseBlockID(ids[len(ids)-1]); ok {
			f.covered = end
		}
	}
	return f, nil
}
