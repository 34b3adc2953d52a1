package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/internal/periodic"
	"reslog/record"
	"reslog/resource"
)

// Policy is how long the archive of one category of one resource is kept.
type Policy struct {
	// Account names the account in messages.
	Account string
	// Container returns the client of a container of the account.
	Container func(name string) *container.Client
	Resource  resource.ID
	Category  record.Category
	// Days is how long an hour is kept after it ended. Less than 1 keeps it for
	// ever.
	Days int
}

// Retention deletes the hours that are older than their policy says. It goes by
// what is there, so it works on when nothing is archived any more.
type Retention struct {
	// Policies returns the policies of now. Required.
	Policies func(context.Context) ([]Policy, error)
	// Interval is the time between sweeps. Zero means 1 hour.
	Interval time.Duration
	// MaxDeletes bounds how many blobs one sweep deletes, or fails to; the next
	// one goes on. Zero means 10,000.
	MaxDeletes int
	// Logger is told of deletions and failures. Nil discards.
	Logger *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Run sweeps at once and then every Interval, until ctx is done. A sweep that
// fails is logged; the next one does what it left.
func (r *Retention) Run(ctx context.Context) error {
	return periodic.Run(ctx, r.Interval, r.logger(), "retention of archives", func(ctx context.Context) error {
		_, err := r.Sweep(ctx)
		return err
	})
}

// Sweep deletes once what is too old and returns how many blobs that were.
// Neither a policy nor a blob that fails keeps others from their turn.
func (r *Retention) Sweep(ctx context.Context) (deleted int, err error) {
	policies, err := r.Policies(ctx)
	if err != nil {
		return 0, fmt.Errorf("read retention policies: %w", err)
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	left := cmp.Or(r.MaxDeletes, 10_000)
	var errs []error
	for _, p := range policies {
		if p.Days < 1 {
			continue
		}
		name, err := containerName(p.Category)
		if err != nil {
			continue // there is no such archive
		}
		s := sweep{
			ctx: ctx, container: p.Container(name), root: resourceRoot(p.Resource),
			cutoff: now().UTC().AddDate(0, 0, -p.Days), left: left,
		}
		if err := s.run(); err != nil {
			errs = append(errs, fmt.Errorf("retention of %s of %s in account %s: %w", p.Category, p.Resource, p.Account, err))
		}
		if s.deleted > 0 {
			r.logger().Info("deleted old archives", slog.String("account", p.Account), slog.String("resource", p.Resource.String()),
				slog.String("category", string(p.Category)), slog.Int("blobs", s.deleted), slog.Int("days", p.Days))
		}
		deleted += s.deleted
		if left = s.left; left <= 0 || ctx.Err() != nil {
			break
		}
	}
	return deleted, errors.Join(errs...)
}

func (r *Retention) logger() *slog.Logger {
	if r.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Logger
}

// sweep applies one policy.
type sweep struct {
	ctx       context.Context
	container *container.Client
	root      string // "resourceId=/…/", what is not below is not touched
	cutoff    time.Time

	left    int // blobs that may still be tried
	deleted int
	failed  int
	err     error // of the first that failed
}

// levels are the folders of years, months, days and hours.
var levels = [...]struct {
	layout string
	end    func(time.Time) time.Time // when what is in the folder is over
}{
	{"y=2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"y=2006/m=01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"y=2006/m=01/d=02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{hourLayout, func(t time.Time) time.Time { return t.Add(time.Hour) }},
}

func (s *sweep) run() error {
	// Below the root there may be the folders of child resources, too.
	err := s.level(s.root+"y=", 0)
	if bloberror.HasCode(err, bloberror.ContainerNotFound) {
		return nil
	}
	switch {
	case err != nil:
		return failed("list "+s.root, err)
	case s.failed > 0:
		return fmt.Errorf("%d blobs could not be deleted: %w", s.failed, s.err)
	}
	return nil
}

// level deletes what is too old below a prefix. It goes down only into folders
// that the cutoff lies in, so that a sweep with nothing to do lists a few names.
func (s *sweep) level(prefix string, depth int) error {
	pages := s.container.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: to.Ptr(prefix)})
	for pages.More() && s.left > 0 {
		page, err := pages.NextPage(s.ctx)
		if err != nil {
			return err
		}
		if page.Segment == nil {
			return errForeign
		}
		for _, p := range page.Segment.BlobPrefixes {
			if p == nil || p.Name == nil {
				continue
			}
			start, err := time.Parse(levels[depth].layout, strings.TrimSuffix(strings.TrimPrefix(*p.Name, s.root), "/"))
			if err != nil {
				continue // no folder of an archive
			}
			switch {
			case !levels[depth].end(start).After(s.cutoff):
				err = s.deleteAll(*p.Name)
			case start.Before(s.cutoff) && depth+1 < len(levels):
				err = s.level(*p.Name, depth+1)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteAll deletes the archives whose names begin with prefix, and nothing else.
func (s *sweep) deleteAll(prefix string) error {
	pages := s.container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(prefix)})
	for pages.More() {
		page, err := pages.NextPage(s.ctx)
		if err != nil {
			return err
		}
		if page.Segment == nil {
			return errForeign
		}
		for _, b := range page.Segment.BlobItems {
			if b == nil || b.Name == nil || !s.isArchive(*b.Name) {
				continue
			}
			if s.left <= 0 {
				return nil
			}
			s.left--
			s.delete(*b.Name)
			if s.ctx.Err() != nil {
				return s.ctx.Err()
			}
		}
	}
	return nil
}

// isArchive reports whether a name is that of an hour's blob of the resource.
func (s *sweep) isArchive(name string) bool {
	hour, file, ok := strings.Cut(strings.TrimPrefix(name, s.root), minuteFolder)
	if _, isBlob := parseBlobName(file); !ok || !isBlob {
		return false
	}
	_, err := time.Parse(hourLayout, hour)
	return err == nil
}

func (s *sweep) delete(name string) {
	_, err := s.container.NewBlobClient(name).Delete(s.ctx, &azblob.DeleteOptions{
		DeleteSnapshots: to.Ptr(azblob.DeleteSnapshotsOptionTypeInclude),
	})
	switch {
	case err == nil:
		s.deleted++
	case !notFound(err):
		if s.failed++; s.err == nil {
			s.err = failed("delete "+name, err)
		}
	}
}
