package storagemetrics

import (
	"strings"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// grain is the length of the intervals of a table of transactions.
type grain uint8

const (
	hour grain = iota
	minute
	grains
)

func (g grain) length() time.Duration {
	if g == minute {
		return time.Minute
	}
	return time.Hour
}

// start returns when the interval that holds a time began.
func (g grain) start(t time.Time) time.Time { return t.UTC().Truncate(g.length()) }

// settings are those of the service properties that switch the table on.
func (g grain) settings(p *storage.ServiceProperties) storage.Metrics {
	if g == minute {
		return p.MinuteMetrics
	}
	return p.HourMetrics
}

// table is the name of a table of transactions.
//
// Source: "Storage Analytics Metrics Table Schema".
func (g grain) table(k storage.Kind) string {
	name := "$MetricsHourPrimaryTransactions"
	if g == minute {
		name = "$MetricsMinutePrimaryTransactions"
	}
	return name + title(k)
}

// capacityTable is the table of capacity, which only the blob service has.
const capacityTable = "$MetricsCapacityBlob"

// Rows of the table of capacity.
const (
	capacityUser      = "data"
	capacityAnalytics = "analytics"
)

// AliasOf returns the table that is meant by one of the names from before version
// 2013-08-15: `$MetricsTransactionsBlob` is the one of hours. Any other name is what
// it is. Names are compared without regard to case, as those of all tables.
func AliasOf(name string) string {
	for _, k := range kinds {
		if strings.EqualFold(name, "$MetricsTransactions"+title(k)) {
			return hour.table(k)
		}
	}
	return name
}

// partition is the PartitionKey of an interval: "20110809T0500".
func partition(start time.Time) string { return start.UTC().Format("20060102T1504") }

// lastRow is behind every RowKey of the tables.
const lastRow = "\uffff"

// intervalRange are the rows of an interval.
func intervalRange(start time.Time) tablestore.Range {
	p := partition(start)
	return tablestore.Range{
		From: &tablestore.Key{Partition: p},
		To:   &tablestore.Key{Partition: p, Row: lastRow},
	}
}

// rowKey names a row of transactions: "user;GetBlob".
type rowKey struct {
	system bool
	api    string
}

// all is the api of the row of the whole service.
const all = "All"

func (k rowKey) String() string {
	if k.system {
		return "system;" + k.api
	}
	return "user;" + k.api
}

func parseRowKey(s string) (k rowKey, ok bool) {
	who, api, ok := strings.Cut(s, ";")
	return rowKey{who == "system", api}, ok && (who == "system" || who == "user")
}

// title is a service as the names of tables have it: "Blob".
func title(k storage.Kind) string { return strings.ToUpper(string(k[:1])) + string(k[1:]) }
