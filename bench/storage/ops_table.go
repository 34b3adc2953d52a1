package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// How many partitions the table that is read has, and how many entities each.
const (
	partitions = 10
	rows       = 100
)

// entity appends an entity of about 1 KiB.
func entity(b []byte, partition string, row int64) []byte {
	return fmt.Appendf(b, `{"PartitionKey":"%s","RowKey":"%08d","Number":%d,"Half":%d.5,"When@odata.type":"Edm.DateTime","When":"2026-01-02T03:04:05.1234567Z",`+
		`"Text":"%s","Even":%t}`, partition, row, row%rows, row%rows, strings.Repeat("t", 800), row%2 == 0)
}

func tableOperations() map[string]operation {
	insert := func(w *worker, n int64) error {
		w.content = entity(w.content[:0], fmt.Sprintf("w%d", w.number), n)
		return w.send(request{method: http.MethodPost, path: "/inserts", length: len(w.content)}, w.content, http.StatusNoContent, nil)
	}
	get := func(w int, n int64) request {
		n += int64(w) * 31
		return request{method: http.MethodGet, path: fmt.Sprintf("/reads(PartitionKey='p%d',RowKey='%08d')", n%partitions, n/partitions%rows)}
	}
	query := func(w int, n int64) request {
		return request{
			method: http.MethodGet, path: "/reads()",
			query: fmt.Sprintf("$filter=PartitionKey%%20eq%%20'p%d'%%20and%%20Number%%20ge%%2090", (int64(w)+n)%partitions),
		}
	}
	name := `{"TableName":"inserts"}`
	return map[string]operation{
		"insert-entity": {title: "Insert Entity 1 KiB", service: "table", run: insert, before: []setup{
			{request: request{method: http.MethodDelete, path: "/Tables('inserts')"}, want: http.StatusNoContent},
			{request: request{method: http.MethodPost, path: "/Tables", length: len(name)}, body: name, want: http.StatusNoContent},
		}},
		"get-entity":     {title: "Get Entity 1 KiB", service: "table", request: get, want: http.StatusOK},
		"query-entities": {title: "Query Entities, 10 of a partition of 100", service: "table", request: query, want: http.StatusOK},
	}
}

// prepareTables makes the tables, and fills the one that is read.
func prepareTables(ctx context.Context, s *server) error {
	w, err := newWorker(s, "table", 0)
	if err != nil {
		return err
	}
	defer w.close()
	for _, name := range []string{"inserts", "reads"} {
		body := []byte(`{"TableName":"` + name + `"}`)
		if err := w.send(request{method: http.MethodPost, path: "/Tables", length: len(body)}, body, http.StatusNoContent, nil); err != nil {
			return err
		}
	}
	for p := range partitions {
		for r := range int64(rows) {
			if err := ctx.Err(); err != nil {
				return err
			}
			body := entity(nil, fmt.Sprintf("p%d", p), r)
			if err := w.send(request{method: http.MethodPost, path: "/reads", length: len(body)}, body, http.StatusNoContent, nil); err != nil {
				return err
			}
		}
	}
	return nil
}
