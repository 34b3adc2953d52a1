package classic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/internal/periodic"
	"reslog/storagelog"
)

// MaxRetentionDays is the longest retention policy (Set Blob Service Properties).
const MaxRetentionDays = 365

// Policy is the retention policy of the logs of one service of one account.
type Policy struct {
	// Account names the account in messages.
	Account string
	Service storagelog.Service
	// Container is the client of the account's `$logs`.
	Container *container.Client
	// Days is how long logs are kept, 1 to 365. Anything else keeps them for ever.
	Days int
}

// Retention deletes logs that are older than their policy says. It goes by what
// is there, so it works on while logging is off.
type Retention struct {
	// Policies returns the policies of now. Required.
	Policies func(context.Context) ([]Policy, error)
	// Interval is the time between sweeps. Zero means 1 hour.
	Interval time.Duration
	// Logger is told of deletions and failures. Nil discards.
	Logger *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Run sweeps at once and then every Interval, until ctx is done. A sweep that
// fails is logged; the next one does what it left.
func (r *Retention) Run(ctx context.Context) error {
	return periodic.Run(ctx, r.Interval, r.logger(), "retention of logs", func(ctx context.Context) error {
		_, err := r.Sweep(ctx)
		return err
	})
}

// Sweep deletes once what is too old and returns how many logs that were. A
// policy that fails does not keep the others from being applied.
func (r *Retention) Sweep(ctx context.Context) (deleted int, err error) {
	policies, err := r.Policies(ctx)
	if err != nil {
		return 0, fmt.Errorf("read retention policies: %w", err)
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	var errs []error
	for _, p := range policies {
		if p.Days < 1 || p.Days > MaxRetentionDays {
			continue
		}
		s := sweep{ctx: ctx, policy: p, cutoff: now().UTC().AddDate(0, 0, -p.Days)}
		err := s.level(string(p.Service)+"/", 0)
		if err != nil && !bloberror.HasCode(err, bloberror.ContainerNotFound) {
			errs = append(errs, fmt.Errorf("retention of %s logs of account %s: %w", p.Service, p.Account, err))
		}
		if s.deleted > 0 {
			r.logger().Info("deleted old logs", slog.String("account", p.Account), slog.String("service", string(p.Service)),
				slog.Int("logs", s.deleted), slog.Int("days", p.Days))
		}
		deleted += s.deleted
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
	ctx     context.Context
	policy  Policy
	cutoff  time.Time
	deleted int
}

// levels are the folders of years, months, days and hours.
var levels = [...]struct {
	layout string
	end    func(time.Time) time.Time // when what is in the folder is over
}{
	{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
	{"2006/01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
	{"2006/01/02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	{"2006/01/02/1500", func(t time.Time) time.Time { return t.Add(time.Hour) }},
}

// level deletes what is too old below a folder. It goes down only into folders
// that the cutoff lies in, so that a sweep with nothing to do lists a few names.
func (s *sweep) level(prefix string, depth int) error {
	pages := s.policy.Container.NewListBlobsHierarchyPager("/", &container.ListBlobsHierarchyOptions{Prefix: to.Ptr(prefix)})
	root := string(s.policy.Service) + "/"
	for pages.More() {
		page, err := pages.NextPage(s.ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, p := range page.Segment.BlobPrefixes {
			if p == nil || p.Name == nil {
				continue
			}
			start, err := time.Parse(levels[depth].layout, strings.TrimSuffix(strings.TrimPrefix(*p.Name, root), "/"))
			if err != nil {
				continue // no folder of logs
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

// deleteAll deletes the logs whose names begin with prefix, and nothing else.
func (s *sweep) deleteAll(prefix string) error {
	pages := s.policy.Container.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(prefix)})
	for pages.More() {
		page, err := pages.NextPage(s.ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		for _, b := range page.Segment.BlobItems {
			if b == nil || b.Name == nil {
				continue
			}
			if _, err := storagelog.ParseLogName(*b.Name); err != nil {
				continue
			}
			_, err := s.policy.Container.NewBlobClient(*b.Name).Delete(s.ctx, &blob.DeleteOptions{
				DeleteSnapshots: to.Ptr(blob.DeleteSnapshotsOptionTypeInclude),
			})
			if err != nil && !bloberror.HasCode(err, bloberror.BlobNotFound) {
				return fmt.Errorf("delete log %s: %w", *b.Name, err)
			}
			s.deleted++
		}
	}
	return nil
}
