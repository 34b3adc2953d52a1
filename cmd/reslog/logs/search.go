package logs

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"reslog/storagelog"
)

// maxParallel bounds how many logs are read at once.
const maxParallel = 64

// Search reads logs and hands on the records that match.
type Search struct {
	Source    Source
	Selection Selection
	Filter    *storagelog.Filter

	// Parallel is how many logs are read at once. Zero means 4.
	Parallel int
	// KeepDuplicates hands on records that were seen before: with the same
	// request id and operation number in the logs of the same hour.
	KeepDuplicates bool
	// Limit is how many records are handed on. Zero means all.
	Limit int64
	// Warn is told of logs that could not be read; the others still are. Nil
	// ignores that; Summary counts them in any case.
	Warn func(l Log, err error)
	// Progress, unless nil, is called now and then with what was done so far.
	Progress func(Summary)
}

// Summary is what a Search did.
type Summary struct {
	Logs       int64 // read
	Bytes      int64
	Found      int64 // records handed on
	Duplicates int64 // left out
	Failed     int64 // logs that could not be read, or not to their end
}

// progressInterval is the time between two calls of Progress.
const progressInterval = 200 * time.Millisecond

// errLimit ends a search that has found enough.
var errLimit = errors.New("found enough")

// job is a log that is being read.
type job struct {
	log   Log
	found chan *batch // closed when the log is read
	err   error       // why it could not be, once found is closed
}

// batch is some matching records of a log.
type batch struct {
	text []byte
	recs []found
}

// found is a record in a batch.
type found struct {
	end int // of its line in text, which begins where the one before ends
	key key
}

// Limits of a batch, and how many of them a log may be ahead.
const (
	batchBytes  = 64 << 10
	batchRecs   = 1024
	batchesKept = 8
)

// Run hands on the matching records, in the order of logs and of lines, until
// fn returns an error, which it returns. The line is good until fn returns. With
// a nil fn, records are only counted.
func (s *Search) Run(ctx context.Context, fn func(line []byte) error) (Summary, error) {
	parallel := min(s.Parallel, maxParallel)
	if parallel <= 0 {
		parallel = 4
	}
	var bytes atomic.Int64
	jobs := make(chan *job, parallel)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(jobs)
		readers := make(chan struct{}, parallel)
		return s.Source.Select(ctx, s.Selection, func(l Log) error {
			select {
			case readers <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			j := &job{log: l, found: make(chan *batch, batchesKept)}
			g.Go(func() error {
				defer func() { <-readers }()
				defer close(j.found)
				j.err = s.read(ctx, j, &bytes, fn != nil)
				return nil
			})
			select {
			case jobs <- j:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	var sum Summary
	g.Go(func() error { return s.collect(ctx, jobs, &sum, &bytes, fn) })
	err := g.Wait()
	sum.Bytes = bytes.Load()
	if errors.Is(err, errLimit) {
		err = nil
	}
	return sum, err
}

// read scans one log. Unless text is set, it hands on no lines but only how many.
func (s *Search) read(ctx context.Context, j *job, bytes *atomic.Int64, text bool) error {
	r, err := s.Source.Open(ctx, j.log)
	if err != nil {
		return err
	}
	defer r.Close()
	send := func(b *batch) error {
		select {
		case j.found <- b:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b := &batch{}
	var line storagelog.Line
	_, err = s.Filter.Scan(counter{r, bytes}, func(record []byte) error {
		if text {
			b.text = append(b.text, record...)
		}
		f := found{end: len(b.text)}
		if !s.KeepDuplicates {
			f.key = keyOf(&line, record)
		}
		if b.recs == nil {
			b.recs = make([]found, 0, batchRecs)
		}
		b.recs = append(b.recs, f)
		if len(b.text) < batchBytes && len(b.recs) < batchRecs {
			return nil
		}
		full := b
		b = &batch{}
		return send(full)
	})
	if len(b.recs) > 0 {
		err = errors.Join(err, send(b))
	}
	return err
}

// collect hands on what the readers find, log after log.
func (s *Search) collect(ctx context.Context, jobs <-chan *job, sum *Summary, bytes *atomic.Int64, fn func([]byte) error) error {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	progress := func() {
		if s.Progress != nil {
			sum.Bytes = bytes.Load()
			s.Progress(*sum)
		}
	}
	var seen repeats
	for {
		var j *job
		for j == nil {
			var open bool
			select {
			case j, open = <-jobs:
				if !open {
					return nil
				}
			case <-tick.C:
				progress()
			}
		}
		seen.enter(j.log.Hour)
		for open := true; open; {
			var b *batch
			select {
			case b, open = <-j.found:
				if open {
					if err := s.hand(b, sum, &seen, fn); err != nil {
						return err
					}
				}
			case <-tick.C:
				progress()
			}
		}
		sum.Logs++
		if j.err != nil && ctx.Err() == nil {
			if !errors.Is(j.err, ErrGone) {
				sum.Failed++
			}
			if s.Warn != nil {
				s.Warn(j.log, j.err)
			}
		}
	}
}

// hand hands on the records of a batch that were not seen before.
func (s *Search) hand(b *batch, sum *Summary, seen *repeats, fn func([]byte) error) error {
	start := 0
	for _, r := range b.recs {
		line := b.text[start:r.end]
		start = r.end
		if seen.is(r.key) {
			sum.Duplicates++
			continue
		}
		if fn != nil {
			if err := fn(line); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		if sum.Found++; sum.Found == s.Limit {
			return errLimit
		}
	}
	return nil
}
