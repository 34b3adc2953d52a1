package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reslog/service/storage/tablestore"
)

// intervalKey names an interval of a table of transactions.
type intervalKey struct {
	service *service
	grain   grain
	start   int64 // seconds since 1970
}

func (k intervalKey) begins() time.Time { return time.Unix(k.start, 0).UTC() }
func (k intervalKey) ends() time.Time   { return k.begins().Add(k.grain.length()) }

// interval is the rows of an interval while they change.
type interval struct {
	intervalKey
	rows map[rowKey]*row
	// read says that what was stored when the interval was opened is in rows: a
	// process that went before has begun it, or it was opened before.
	read bool
}

type row struct {
	counters
	dirty bool // it is not stored as it is
}

// interval returns the one of a service that holds a time, opened if need be.
func (c *Collector) interval(s *service, g grain, at time.Time) *interval {
	key := intervalKey{s, g, g.start(at).Unix()}
	iv := c.open[key]
	if iv == nil {
		iv = &interval{intervalKey: key, rows: make(map[rowKey]*row)}
		// These two are there from the beginning on.
		iv.row(rowKey{false, all})
		iv.row(rowKey{true, all})
		c.open[key] = iv
	}
	return iv
}

func (iv *interval) row(k rowKey) *row {
	r := iv.rows[k]
	if r == nil {
		r = &row{dirty: true}
		iv.rows[k] = r
	}
	return r
}

// add adds what an operation has counted.
func (iv *interval) add(d *delta, apis bool) {
	r := iv.row(rowKey{d.system, all})
	r.merge(&d.counters)
	r.dirty = true
	if apis {
		r := iv.row(rowKey{d.system, d.api})
		r.merge(&d.counters)
		r.dirty = true
	}
}

// dirty reports whether there is anything to write.
func (iv *interval) dirty() bool {
	for _, r := range iv.rows {
		if r.dirty {
			return true
		}
	}
	return false
}

// save writes the rows that have changed. When it fails they are still to be written.
func (iv *interval) save(ctx context.Context, t Tables, now time.Time) error {
	if !iv.dirty() {
		return nil
	}
	account, table := iv.service.account.name, iv.grain.table(iv.service.kind)
	if err := iv.load(ctx, t, account, table); err != nil {
		return fmt.Errorf("read %s of %s at %s: %w", table, account, partition(iv.begins()), err)
	}
	var writes []tablestore.Write
	var written []*row
	for k, r := range iv.rows {
		if r.dirty {
			writes = append(writes, tablestore.Write{Kind: tablestore.InsertOrReplace, Entity: tablestore.Entity{
				Key:        tablestore.Key{Partition: partition(iv.begins()), Row: k.String()},
				Properties: r.properties(),
			}})
			written = append(written, r)
		}
	}
	if err := write(ctx, t, account, table, now, writes); err != nil {
		return fmt.Errorf("write %s of %s at %s: %w", table, account, partition(iv.begins()), err)
	}
	for _, r := range written {
		r.dirty = false
	}
	return nil
}

// load adds what is stored to the rows, once.
func (iv *interval) load(ctx context.Context, t Tables, account, table string) error {
	if iv.read {
		return nil
	}
	stored := make(map[rowKey]*counters)
	q := tablestore.Query{Ranges: []tablestore.Range{intervalRange(iv.begins())}}
	for {
		page, err := t.Query(ctx, account, table, q)
		if errors.Is(err, tablestore.ErrTableNotFound) {
			break
		}
		if err != nil {
			return err
		}
		for i := range page.Entities {
			if k, ok := parseRowKey(page.Entities[i].Row); ok {
				stored[k] = new(counters)
				stored[k].read(page.Entities[i].Properties)
			}
		}
		if q.Next = page.Next; q.Next == nil {
			break
		}
	}
	for k, c := range stored {
		r := iv.rows[k]
		switch {
		case r == nil:
			iv.rows[k] = &row{counters: *c}
		case r.counters == counters{}:
			r.counters, r.dirty = *c, false
		default:
			r.merge(c)
		}
	}
	iv.read = true
	return nil
}

// write writes rows and makes the table when it is not there.
func write(ctx context.Context, t Tables, account, table string, now time.Time, writes []tablestore.Write) error {
	if len(writes) == 0 {
		return nil
	}
	_, err := t.Write(ctx, account, table, now, writes)
	if !errors.Is(err, tablestore.ErrTableNotFound) {
		return err
	}
	err = t.CreateTable(ctx, account, tablestore.Table{Name: table, Created: now})
	if err != nil && !errors.Is(err, tablestore.ErrTableExists) {
		return err
	}
	_, err = t.Write(ctx, account, table, now, writes)
	return err
}
