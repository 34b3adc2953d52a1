package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// maxRetentionDays is the longest retention policy (Set Blob Service Properties).
const maxRetentionDays = 365

// Sweep deletes the rows that are older than the retention policies say: whole
// intervals, also while metrics are off. Run does it at once and every hour.
//
// Source: "Setting a Storage Analytics Data Retention Policy". The policy of capacity
// is that of the hours of blobs, which switch it on.
func (c *Collector) Sweep(ctx context.Context) error {
	now := c.Now()
	var errs []error
	for _, a := range c.Accounts() {
		for _, k := range kinds {
			p, err := c.Properties.Get(ctx, a.Name, k)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			for g := range grains {
				errs = append(errs, c.expire(ctx, a.Name, g.table(k), g.settings(&p).Retention, g.length(), now))
			}
			if k == storage.Blob {
				errs = append(errs, c.expire(ctx, a.Name, capacityTable, p.HourMetrics.Retention, 24*time.Hour, now))
			}
		}
	}
	return errors.Join(errs...)
}

// expire deletes the intervals of a table that were over when the policy says.
func (c *Collector) expire(ctx context.Context, account, table string, p storage.RetentionPolicy, length time.Duration, now time.Time) error {
	if !p.Enabled || p.Days < 1 || p.Days > maxRetentionDays {
		return nil
	}
	last := now.UTC().AddDate(0, 0, -p.Days).Truncate(length).Add(-length)
	err := c.Tables.DeleteRange(ctx, account, table, tablestore.Range{To: &tablestore.Key{Partition: partition(last), Row: lastRow}})
	if err != nil && !errors.Is(err, tablestore.ErrTableNotFound) {
		return fmt.Errorf("delete old rows of %s of %s: %w", table, account, err)
	}
	return nil
}
