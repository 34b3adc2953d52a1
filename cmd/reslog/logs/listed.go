package logs

import (
	"context"
	"errors"
	"io"

	"reslog/storagelog"
)

// Listed is a Source of logs that were selected before.
type Listed struct {
	Source
	logs []Log
}

// List selects logs of a Source and remembers which.
func List(ctx context.Context, from Source, s Selection) (*Listed, error) {
	l := &Listed{Source: from}
	err := from.Select(ctx, s, func(log Log) error {
		l.logs = append(l.logs, log)
		return nil
	})
	return l, err
}

// Select implements Source. It returns what was selected, whatever s.
func (l *Listed) Select(_ context.Context, _ Selection, fn func(Log) error) error {
	for _, log := range l.logs {
		if err := fn(log); err != nil {
			return err
		}
	}
	return nil
}

// Version returns the newest version of the records in the logs: from metadata,
// or where there is none from the first bytes of the log.
func (l *Listed) Version(ctx context.Context) (storagelog.Version, error) {
	for _, log := range l.logs {
		v := log.Metadata.Version
		if v == "" {
			var err error
			if v, err = l.peek(ctx, log); err != nil {
				return "", err
			}
		}
		if v == storagelog.V2 {
			return v, nil
		}
	}
	return storagelog.V1, nil
}

// peek reads the version of a log's first record. A log that cannot be read is
// left to the search, which tells of it.
func (l *Listed) peek(ctx context.Context, log Log) (storagelog.Version, error) {
	r, err := l.Open(ctx, log)
	if err != nil {
		return "", ctx.Err()
	}
	defer r.Close()
	line, err := storagelog.NewReader(io.LimitReader(r, 64<<10), storagelog.Lenient).Next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			return "", ctx.Err()
		}
		return "", nil
	}
	return line.Version(), nil
}
