package storage

import (
	"reslog/record"
	"reslog/storagelog"
)

// Entries returns the entries whose lines AppendEntries appends, before they
// are encoded.
func Entries(r record.Record, v storagelog.Version) ([]storagelog.Entry, error) {
	var e storagelog.Entry
	if err := fillEntry(&e, &r, v, &scanner{s: string(r.Line)}); err != nil {
		return nil, err
	}
	if len(r.Detail) == 0 {
		return []storagelog.Entry{e}, nil
	}
	parts, err := partEntries(&e, &r)
	if err != nil {
		return nil, err
	}
	return append([]storagelog.Entry{e}, parts...), nil
}
