package archives

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Records calls fn with every record of the archives in a source that s selects, as it
// is, until fn returns an error, which it returns; fn keeps nothing of it. Classic logs
// are left out. warn, which may be nil, is told of parts that are no records and of blobs
// that could not be read to their end.
func Records(ctx context.Context, source Source, s Selection, fn func(record []byte) error, warn func(b Blob, err error)) error {
	if warn == nil {
		warn = func(Blob, error) {}
	}
	return source.List(ctx, s, func(b Blob) error {
		if b.Origin.Service != "" {
			return nil
		}
		r, err := source.Open(ctx, b, 0)
		if err != nil {
			warn(b, err)
			return ctx.Err()
		}
		defer r.Close()
		return eachRecord(ctx, r, fn, func(err error) { warn(b, err) })
	})
}

func eachRecord(ctx context.Context, r io.Reader, fn func([]byte) error, warn func(error)) error {
	split := &splitter{r: r}
	for {
		object, err := split.object()
		var part *partError
		switch {
		case errors.As(err, &part):
			warn(fmt.Errorf("byte %d: %w", split.at, err))
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			warn(err) // torn, or the source failed
			return ctx.Err()
		}
		if err := fn(object); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
