package table

import (
	"context"
	"strings"
	"time"

	"reslog/service/storage/tablestore"
)

// aliases is a store in which tables of metrics have their names from before version
// 2013-08-15 too.
type aliases struct{ tablestore.API }

func (a aliases) Table(ctx context.Context, account, name string) (tablestore.Table, error) {
	return a.API.Table(ctx, account, meant(name))
}

func (a aliases) Get(ctx context.Context, account, table string, k tablestore.Key) (tablestore.Entity, error) {
	return a.API.Get(ctx, account, meant(table), k)
}

func (a aliases) Query(ctx context.Context, account, table string, q tablestore.Query) (tablestore.Page, error) {
	return a.API.Query(ctx, account, meant(table), q)
}

func (a aliases) Write(ctx context.Context, account, table string, now time.Time, writes []tablestore.Write) ([]time.Time, error) {
	return a.API.Write(ctx, account, meant(table), now, writes)
}

// meant is the table that a name is of: the one of hours for
// `$MetricsTransactionsBlob` and its like.
func meant(name string) string {
	const old = "$MetricsTransactions"
	if isMetrics(name) && strings.EqualFold(name[:min(len(old), len(name))], old) {
		return "$MetricsHourPrimaryTransactions" + name[len(old):]
	}
	return name
}
