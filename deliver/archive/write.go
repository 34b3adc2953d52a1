package archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"reslog/deliver"
)

// maxRounds is how often a step is tried at once, when what went wrong says how
// to go on. Whoever delivers tries again later than that.
const maxRounds = 4

// write brings a step to the archive.
func (a *Archive) write(ctx context.Context, batch []deliver.Item) error {
	if len(a.step.parts) == 0 {
		return nil
	}
	for round := 1; ; round++ {
		err := a.round(ctx, batch)
		if err == nil {
			return nil
		}
		// What was given to a transport that gave up may still be read.
		a.spare = nil
		if round == maxRounds || ctx.Err() != nil || !mayGoOn(err) {
			return err
		}
	}
}

// round does what is left of a step: finds out what became of earlier tries,
// saves the plan of the rest, appends.
func (a *Archive) round(ctx context.Context, batch []deliver.Item) error {
	parts := a.step.parts
	for i := range parts {
		if err := a.resolve(ctx, parts[i].entry); err != nil {
			return err
		}
	}
	a.fill(batch)
	left := 0
	for i := range parts {
		p := &parts[i]
		if p.size == 0 {
			continue
		}
		left++
		if err := a.prepare(ctx, p); err != nil {
			return err
		}
	}
	if left == 0 {
		return nil
	}
	if err := a.save(ctx); err != nil {
		return err
	}
	a.appendAll(ctx)
	return a.outcome()
}

// prepare opens the blob of a part and plans its append.
func (a *Archive) prepare(ctx context.Context, p *part) (err error) {
	if p.blob, err = a.blobs.open(ctx, p.entry); err != nil {
		return err
	}
	e := p.entry
	if len(e.tries) > 0 && (e.n != p.blob.n || e.offset != p.blob.length) {
		// The end they were for has moved: one of them took effect since they
		// were looked for, or none will.
		if err := a.resolve(ctx, e); err != nil {
			return err
		}
		if len(e.tries) == 0 {
			return &goOnError{errors.New("an append took effect later than its answer was given up")}
		}
	}
	e.plan(p.blob.n, p.blob.length, p.try)
	return nil
}

// resolve finds out which of the tries of a folder took effect, if any.
func (a *Archive) resolve(ctx context.Context, e *entry) error {
	for len(e.tries) > 0 {
		i, err := a.blobs.find(ctx, e)
		if err != nil {
			return err
		}
		if i < 0 {
			return nil // they remain: one may be under way
		}
		a.stats.recovered.Add(1)
		e.done(e.tries[i])
	}
	return nil
}

// appendAll appends the parts, several at once, each to its own blob.
func (a *Archive) appendAll(ctx context.Context) {
	parts := a.step.parts
	if len(parts) == 1 {
		parts[0].err = parts[0].blob.append(ctx, parts[0].buf)
		return
	}
	var wg sync.WaitGroup
	places := make(chan struct{}, a.cfg.Parallel)
	for i := range parts {
		p := &parts[i]
		if p.size == 0 {
			continue
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			p.err = p.blob.append(ctx, p.buf)
		})
	}
	wg.Wait()
}

// outcome notes what became of the appends. The error is that of the one that is
// hardest to go on after.
func (a *Archive) outcome() error {
	var again, hard error
	for i := range a.step.parts {
		p := &a.step.parts[i]
		switch {
		case p.size == 0:
		case p.err == nil:
			p.entry.done(p.try)
			a.stats.appends.Add(1)
			a.stats.records.Add(uint64(p.records))
			a.stats.bytes.Add(uint64(p.size))
		case hasStatus(p.err, http.StatusRequestEntityTooLarge):
			hard = a.tooLarge(p)
		default:
			if err := a.blobs.refused(p.blob, p.err); mayGoOn(err) {
				again = err
			} else {
				hard = err
			}
		}
	}
	if hard != nil {
		return hard
	}
	return again
}

// tooLarge is the error for a part that the account finds too large: if it is one
// line, that can never be archived.
func (a *Archive) tooLarge(p *part) error {
	err := failed("append to "+p.blob.title(), p.err)
	p.blob.known = false
	if p.records > 1 {
		return fmt.Errorf("%w: set a smaller block size than %d bytes", err, a.cfg.BlockSize)
	}
	a.stats.refused.Add(1)
	return deliver.Reject(fmt.Errorf("a line of %d bytes is more than the account takes at once: %w", p.size-1, err), p.try.last)
}
