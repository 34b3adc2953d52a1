package storagelog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Lister lists the blobs of a `$logs` container, with their metadata. It is
// what List needs of an account; a folder of downloaded logs can be one too.
type Lister interface {
	// ListBlobs calls fn for every blob whose name begins with prefix, in the
	// order of names, until fn returns an error, which it returns.
	ListBlobs(ctx context.Context, prefix string, fn func(Listed) error) error
}

// Listed is a blob in a listing.
type Listed struct {
	Name     string
	Size     int64
	Metadata map[string]string
}

// Log is a log blob.
type Log struct {
	LogName
	// BlobName is the name as it was listed.
	BlobName string
	Size     int64
	Metadata Metadata
}

// ListConfig says which logs to list.
type ListConfig struct {
	Lister  Lister
	Service Service

	// Start and End bound the start times of the requests looked for; both are
	// included. Zero means no bound.
	Start, End time.Time

	// Types are the kinds of requests looked for. Zero means all.
	Types LogTypes

	// Longest is how long a request may last. A record lies in the folder of
	// the hour in which its request ended, so folders up to Longest after End
	// are listed too. Zero means 1 hour.
	Longest time.Duration

	// Observe, unless nil, is told of every log that was listed and whether it
	// was selected.
	Observe func(l Log, selected bool)

	// Prefix, unless nil, is told of every prefix that is listed.
	Prefix func(string)
}

// List calls fn for each log that may hold a record that is looked for, in the
// order of names, which is that of hours. It stops at the first error of fn and
// returns it.
//
// It lists by the prefixes that cover the hours of the range at the least cost:
// single hours while they are few, else days, months, years. Of what a prefix yields,
// logs of earlier hours are passed over, and the first
// of a later one ends the listing; others are left out when their
// metadata says that they hold nothing of interest.
func List(ctx context.Context, c ListConfig, fn func(Log) error) error {
	first, last := c.hours()
	for _, prefix := range prefixes(c.Service, first, last) {
		if c.Prefix != nil {
			c.Prefix(prefix)
		}
		err := c.Lister.ListBlobs(ctx, prefix, func(b Listed) error {
			name, err := ParseLogName(b.Name)
			if err != nil {
				return nil //nolint:nilerr // what else lies there is no log
			}
			switch {
			case name.Service != c.Service || name.Hour.Before(first):
				return nil
			case !last.IsZero() && name.Hour.After(last):
				return errPast
			}
			l := Log{LogName: name, BlobName: b.Name, Size: b.Size, Metadata: ParseMetadata(b.Metadata)}
			selected := l.Metadata.mayHold(c.Start, c.End, c.Types)
			if c.Observe != nil {
				c.Observe(l, selected)
			}
			if !selected {
				return nil
			}
			return fn(l)
		})
		if errors.Is(err, errPast) {
			break
		}
		if err != nil {
			return fmt.Errorf("list logs %s%s: %w", ContainerName+"/", prefix, err)
		}
	}
	return nil
}

// errPast ends a listing at the first log after the range: names are in order.
var errPast = errors.New("past the range")

// hours returns the first and the last hour folder that can matter. The zero
// time is no bound.
func (c *ListConfig) hours() (first, last time.Time) {
	longest := c.Longest
	if longest <= 0 {
		longest = time.Hour
	}
	if !c.Start.IsZero() {
		first = c.Start.UTC().Truncate(time.Hour)
	}
	if !c.End.IsZero() {
		last = c.End.UTC().Add(longest).Truncate(time.Hour)
	}
	return first, last
}

// prefixes returns prefixes that together cover the hour folders from first to
// last, in order, without overlap.
func prefixes(s Service, first, last time.Time) []string {
	root := string(s) + "/"
	if first.IsZero() || last.IsZero() {
		return []string{root} // one side is open: the names decide
	}
	if last.Before(first) {
		return nil
	}
	p, _ := cover(nil, root, 0, first, last)
	return p
}

// A unit is what a level of folders stands for.
type unit struct {
	layout string
	floor  func(time.Time) time.Time
	next   func(time.Time) time.Time
	// cost is what listing the whole of it takes: one for the call, and one for
	// each hundred blobs at a log every five minutes.
	cost float64
}

// units are the levels of folders, the greatest first. The hour's prefix ends
// before its minute, as in other readers of these logs.
var units = [...]unit{
	{
		"2006/", func(t time.Time) time.Time { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }, 1052,
	},
	{
		"2006/01/", func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }, 87.4,
	},
	{
		"2006/01/02/", func(t time.Time) time.Time { return t.Truncate(24 * time.Hour) },
		func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, 3.88,
	},
	{
		"2006/01/02/15", func(t time.Time) time.Time { return t },
		func(t time.Time) time.Time { return t.Add(time.Hour) }, 1.12,
	},
}

// cover appends the cheapest prefixes of level or deeper that hold the hours
// from first to last, and returns what listing them costs.
func cover(dst []string, root string, level int, first, last time.Time) ([]string, float64) {
	u, total := units[level], 0.0
	for at := u.floor(first); !at.After(last); at = u.next(at) {
		from, to := at, u.next(at).Add(-time.Hour)
		if first.After(from) {
			from = first
		}
		if last.Before(to) {
			to = last
		}
		if level+1 < len(units) && to.Sub(from) < u.next(at).Add(-time.Hour).Sub(at) {
			if parts, cost := cover(nil, root, level+1, from, to); cost < u.cost {
				dst, total = append(dst, parts...), total+cost
				continue
			}
		}
		dst, total = append(dst, root+at.Format(u.layout)), total+u.cost
	}
	return dst, total
}
