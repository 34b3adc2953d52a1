package storagemetrics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Measure writes what the blob services store into the rows of today, of all accounts
// whose hour metrics of blobs are on. Run does it at once and every CapacityEvery; the
// last rows of a day stay.
//
// Source: "Storage Analytics Metrics Table Schema", two rows a day: `data`, what users
// store, and `analytics`, what Storage Analytics logs.
func (c *Collector) Measure(ctx context.Context) error {
	if c.Usages.Blob == nil {
		return nil
	}
	now := c.Now()
	var errs []error
	for _, a := range c.Accounts() {
		p, err := c.Properties.Get(ctx, a.Name, storage.Blob)
		if err == nil && p.HourMetrics.Enabled {
			err = c.measure(ctx, c.meet(a.Name, a.ID), now)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c *Collector) measure(ctx context.Context, a *account, now time.Time) error {
	u, err := c.blobUsage(ctx, a)
	if err != nil {
		return err
	}
	day := partition(now.UTC().Truncate(24 * time.Hour))
	capacity := func(row string, f BlobFigures) tablestore.Write {
		return tablestore.Write{Kind: tablestore.InsertOrReplace, Entity: tablestore.Entity{
			Key: tablestore.Key{Partition: day, Row: row},
			Properties: []tablestore.Property{
				long("Capacity", f.Bytes), long("ContainerCount", f.Containers), long("ObjectCount", f.Blobs),
			},
		}}
	}
	err = write(ctx, c.Tables, a.name, capacityTable, now, []tablestore.Write{
		capacity(capacityUser, u.User), capacity(capacityAnalytics, u.Analytics),
	})
	if err != nil {
		return fmt.Errorf("write %s of %s: %w", capacityTable, a.name, err)
	}
	return nil
}
