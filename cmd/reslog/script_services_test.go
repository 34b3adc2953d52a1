package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
	"github.com/rogpeppe/go-internal/testscript"
)

// sdkCommand makes a request with an Azure SDK; "! command" wants a refusal.
func sdkCommand(ts *testscript.TestScript, neg bool, name string, args []string, run func(ctx context.Context, verb, of string, args []string) error) {
	if len(args) < 2 {
		ts.Fatalf("usage: %s verb name …", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	err := run(ctx, args[0], args[1], args[2:])
	if !neg {
		ts.Check(err)
		return
	}
	var refused *azcore.ResponseError
	if !errors.As(err, &refused) {
		ts.Fatalf("%s %s was not refused: %v", name, strings.Join(args, " "), err)
	}
	ts.Logf("refused: %s", refused.ErrorCode)
}

// queueCommand is
//
//	queue create QUEUE
//	queue put QUEUE TEXT…
//	queue get QUEUE WANTED…      up to 32 messages
func queueCommand(ts *testscript.TestScript, neg bool, args []string) {
	opts := &azqueue.ClientOptions{}
	opts.Retry.MaxRetries = -1
	c, err := azqueue.NewServiceClientFromConnectionString(ts.Getenv(connectionVariable), opts)
	ts.Check(err)
	sdkCommand(ts, neg, "queue", args, func(ctx context.Context, verb, of string, args []string) error {
		q := c.NewQueueClient(of)
		switch verb {
		case "create":
			_, err := q.Create(ctx, nil)
			return err
		case "put":
			for _, text := range args {
				if _, err := q.EnqueueMessage(ctx, text, nil); err != nil {
					return err
				}
			}
			return nil
		case "get":
			resp, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32))})
			if err != nil {
				return err
			}
			var texts []string
			for _, m := range resp.Messages {
				texts = append(texts, *m.MessageText)
			}
			if !slices.Equal(texts, args) {
				return fmt.Errorf("%s holds %q", of, texts)
			}
			return nil
		}
		return fmt.Errorf("verb %q is not known", verb)
	})
}

// tableCommand is
//
//	table create TABLE
//	table insert TABLE ROW…      one by one
//	table batch TABLE ROW…       in one transaction
//	table get TABLE ROW
//	table delete TABLE ROW
//
// Rows are in one partition, p.
func tableCommand(ts *testscript.TestScript, neg bool, args []string) {
	opts := &aztables.ClientOptions{}
	opts.Retry.MaxRetries = -1
	c, err := aztables.NewServiceClientFromConnectionString(ts.Getenv(connectionVariable), opts)
	ts.Check(err)
	sdkCommand(ts, neg, "table", args, func(ctx context.Context, verb, of string, args []string) error {
		return tableVerb(ctx, c.NewClient(of), verb, args)
	})
}

func tableVerb(ctx context.Context, table *aztables.Client, verb string, rows []string) error {
	entity := func(row string) []byte { return fmt.Appendf(nil, `{"PartitionKey":"p","RowKey":%q}`, row) }
	var actions []aztables.TransactionAction
	switch verb {
	case "create":
		_, err := table.CreateTable(ctx, nil)
		return err
	case "batch":
		for _, row := range rows {
			actions = append(actions, aztables.TransactionAction{ActionType: aztables.TransactionTypeAdd, Entity: entity(row)})
		}
		_, err := table.SubmitTransaction(ctx, actions, nil)
		return err
	}
	for _, row := range rows {
		var err error
		switch verb {
		case "insert":
			_, err = table.AddEntity(ctx, entity(row), nil)
		case "get":
			_, err = table.GetEntity(ctx, "p", row, nil)
		case "delete":
			_, err = table.DeleteEntity(ctx, "p", row, nil)
		default:
			err = fmt.Errorf("verb %q is not known", verb)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
