package logs

import (
	"context"
	"io"
	"time"

	"reslog/storagelog"
)

// Source is where logs are.
type Source interface {
	// Select calls fn for each log that may hold what is looked for, in the
	// order of their hours, until fn returns an error, which it returns.
	Select(ctx context.Context, s Selection, fn func(Log) error) error
	// Open opens a log for reading from its beginning.
	Open(ctx context.Context, l Log) (io.ReadCloser, error)
}

// Log is a log that can be read.
type Log struct {
	// Location is the URL or path of the log, to be shown to people.
	Location string
	// Name is what the Source knows the log by.
	Name string
	// Hour is the hour of its folder; zero when the name does not say.
	Hour time.Time
	Size int64
	// Metadata is zero where there is none, as in a folder.
	Metadata storagelog.Metadata
}

// Selection says which logs are of interest.
type Selection struct {
	// Service is the service whose requests they log. "" is every service, where
	// the Source allows that.
	Service storagelog.Service
	// Start and End bound the start times of requests; zero is no bound.
	Start, End time.Time
	// Types are the kinds of requests, as the log's metadata tells; 0 is all.
	Types storagelog.LogTypes
	// Prefix and Observe, unless nil, are told what is listed, and of each log
	// whether it was selected.
	Prefix  func(string)
	Observe func(l Log, selected bool)
}
