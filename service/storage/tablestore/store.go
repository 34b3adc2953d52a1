package tablestore

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"reslog/service/storage/disk"
)

// format is the version of what is on disk.
const format = 1

// stripes is how many locks entities share.
const stripes = 1024

// Store is the API on Pebble.
type Store struct {
	db    *disk.DB
	space disk.Space

	tables   tables
	seed     maphash.Seed
	entities [stripes]sync.Mutex // held to change an entity
	usage    usage
	deleted  highest // Timestamp of what was deleted, in ticks
}

var _ API = (*Store)(nil)

// Open opens the store in c.Dir, which is created when missing.
func Open(c Config) (*Store, error) {
	s, err := open(c.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open table store in %s: %w", c.Dir, err)
	}
	return s, nil
}

func open(c Config) (_ *Store, err error) {
	s := &Store{seed: maphash.MakeSeed(), space: disk.Space{FS: c.FS, Dir: c.Dir, Min: c.MinFree, Now: c.Now}}
	s.tables.cache = map[tableName]*tableState{}
	s.db, err = disk.Open(disk.Config{
		Settings: disk.Settings{
			Name:       "tables",
			Logger:     c.Logger,
			Space:      &s.space,
			CacheBytes: c.CacheBytes,
			Merger:     &pebble.Merger{Name: "reslog.counters", Merge: newAdder},
		},
		Dir:       c.Dir,
		Format:    format,
		FormatKey: keyFormat,
	})
	if err != nil {
		return nil, err
	}
	if s.tables.lastID, err = disk.Number(s.db, keyID); err == nil {
		err = s.load()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the store. Nothing may be in use.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close table store: %w", err)
	}
	return nil
}
