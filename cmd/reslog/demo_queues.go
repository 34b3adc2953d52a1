package main

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/server"
)

// What the demo makes beside blobs.
const (
	demoQueue = "jobs"
	demoTable = "Orders"
)

// queues makes requests of the queue service.
func (d *demo) queues(ctx context.Context) error {
	q, err := azqueue.NewQueueClientFromConnectionString(d.node.ConnectionString(server.DevAccount), demoQueue, nil)
	if err != nil {
		return fmt.Errorf("make the SDK's client: %w", err)
	}
	return d.steps(ctx, []demoStep{
		{"create a queue", 1, func() error {
			_, err := q.Create(ctx, nil)
			return err
		}},
		{"put a message into it", 1, func() error {
			_, err := q.EnqueueMessage(ctx, "resize the cat", nil)
			return err
		}},
		{"get it: a write, as it hides the message from others", 1, func() error {
			_, err := q.DequeueMessage(ctx, nil)
			return err
		}},
		{"get another: there is none, so it was a read", 1, func() error {
			_, err := q.DequeueMessage(ctx, nil)
			return err
		}},
	})
}

// tables makes requests of the table service.
func (d *demo) tables(ctx context.Context) error {
	account, err := aztables.NewServiceClientFromConnectionString(d.node.ConnectionString(server.DevAccount), nil)
	if err != nil {
		return fmt.Errorf("make the SDK's client: %w", err)
	}
	orders := account.NewClient(demoTable)
	return d.steps(ctx, []demoStep{
		{"create a table", 1, func() error {
			_, err := orders.CreateTable(ctx, nil)
			return err
		}},
		{"insert an entity", 1, func() error {
			_, err := orders.AddEntity(ctx, demoEntity(1), nil)
			return err
		}},
		{"insert two in one transaction: one request, three lines in $logs", 1, func() error {
			_, err := orders.SubmitTransaction(ctx, []aztables.TransactionAction{
				{ActionType: aztables.TransactionTypeAdd, Entity: demoEntity(2)},
				{ActionType: aztables.TransactionTypeAdd, Entity: demoEntity(3)},
			}, nil)
			return err
		}},
		{"query the entities", 1, func() error {
			_, err := orders.NewListEntitiesPager(nil).NextPage(ctx)
			return err
		}},
	})
}

func demoEntity(number int) []byte {
	return fmt.Appendf(nil, `{"PartitionKey":"cats","RowKey":"%d","Photo":%q}`, number, demoBlob)
}
