package storage

import (
	"errors"

	"reslog/record"
	"reslog/storagelog"
)

// Entries renders the record of a storage request as classic Storage Analytics
// log entries of version v: one, or one more for each Part of the Call.
func Entries(r record.Record, v storagelog.Version) ([]storagelog.Entry, error) {
	return nil, errors.New("storage: not yet")
}
