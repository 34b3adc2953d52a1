package main

import (
	"fmt"
	"net/http"
)

// Entities that are read: partitions of a hundred each.
const (
	partitions   = 50
	inAPartition = 100
)

// tableOperations insert entities, and read one or a partition of them.
func tableOperations() map[string]operation {
	fill := func(p *preparation) error {
		if err := createTable(p, "reads"); err != nil {
			return err
		}
		for i := range partitions {
			for k := range inAPartition {
				b := appendEntity(nil, i, int64(k))
				if err := p.send(request{method: http.MethodPost, path: "/reads", table: true, length: len(b)}, b); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return map[string]operation{
		"insert-entity": {
			title: "Insert Entity", service: tables, want: http.StatusNoContent,
			request: func(int, int64) request { return request{method: http.MethodPost, path: "/inserts", table: true} },
			text:    appendEntity,
			prepare: func(p *preparation) error { return createTable(p, "inserts") },
		},
		"get-entity": {
			title: "Query Entity, by its keys", service: tables, want: http.StatusOK, prepare: fill,
			request: func(worker int, n int64) request {
				return request{method: http.MethodGet, table: true, path: fmt.Sprintf("/reads(PartitionKey='%08d',RowKey='%012d')", (int64(worker)*7+n)%partitions, n%inAPartition)}
			},
		},
		"query-entities": {
			title: "Query Entities, a partition of 100 of 5,000", service: tables, want: http.StatusOK, prepare: func(*preparation) error { return nil },
			request: func(worker int, n int64) request {
				return request{method: http.MethodGet, table: true, path: "/reads()", query: fmt.Sprintf("$filter=PartitionKey%%20eq%%20'%08d'", (int64(worker)*7+n)%partitions)}
			},
		},
	}
}

func createTable(p *preparation, name string) error {
	b := []byte(`{"TableName":"` + name + `"}`)
	return p.send(request{method: http.MethodPost, path: "/Tables", table: true, length: len(b)}, b)
}

// appendEntity appends an entity of some two hundred bytes.
func appendEntity(b []byte, worker int, n int64) []byte {
	return fmt.Appendf(b, `{"PartitionKey":"%08d","RowKey":"%012d","Name":"a name of some length","Active":true,"Count":%d,"Ratio":0.75,`+
		`"Total":"123456789012","Total@odata.type":"Edm.Int64","When":"2026-03-04T05:06:07.0000000Z","When@odata.type":"Edm.DateTime"}`, worker, n, n%1000)
}
