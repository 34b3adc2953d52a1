//go:build cgo

package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the driver

	"reslog/analytics"
)

// compare runs each query and the SQL that somebody would write by hand over the
// same rows, in turns, and tells how much longer the first takes.
func (b *bench) compare(ctx context.Context) error {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, fmt.Sprintf("SET memory_limit = '%dB'", b.memory)); err != nil {
		return err
	}
	fmt.Printf("compiled queries and SQL by hand, medians in turns\n\n| query | compiled | by hand | ratio |\n|---|---|---|---|\n")
	for _, q := range b.questions() {
		if q.sql == "" {
			continue
		}
		// The rows as the store reads them, with the names of the columns.
		texts, err := b.w.Explain(ctx, analytics.Request{Query: table + " | project " + q.columns})
		if err != nil {
			fmt.Printf("| %s | %v | | |\n", q.name, err)
			continue
		}
		hand := "WITH logs AS NOT MATERIALIZED (SELECT * FROM (" + texts[0] + ") AS t(" + q.columns + ")) " + q.sql
		var compiled, byHand []time.Duration
		for i := range 6 {
			start := time.Now()
			if _, err = b.w.Query(ctx, request(q), &counter{}); err != nil {
				break
			}
			took := time.Since(start)
			start = time.Now()
			if err = drain(ctx, db, hand); err != nil {
				break
			}
			if i > 0 { // the first reads the files
				compiled, byHand = append(compiled, took), append(byHand, time.Since(start))
			}
		}
		if err != nil {
			fmt.Printf("| %s | %s | | |\n", q.name, strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		c, h := middle(compiled), middle(byHand)
		fmt.Printf("| %s | %.1f ms | %.1f ms | %.2f |\n", q.name, ms(c), ms(h), float64(c)/float64(h))
	}
	return nil
}

// drain reads all rows of a query.
func drain(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
	}
	return rows.Err()
}
