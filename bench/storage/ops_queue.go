package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// messageText is about 1 KiB.
const messageText = 1000

func queueOperations() map[string]operation {
	message := []byte("<QueueMessage><MessageText>" + strings.Repeat("m", messageText) + "</MessageText></QueueMessage>")
	put := func(queue string) func(w *worker, n int64) error {
		q := request{method: http.MethodPost, path: "/" + queue + "/messages", length: len(message)}
		return func(w *worker, _ int64) error { return w.send(q, message, http.StatusCreated, nil) }
	}
	all := map[string]operation{
		"put-message": {title: "Put Message 1 KiB", service: "queue", run: put("puts"), before: []setup{
			{request: request{method: http.MethodDelete, path: "/puts/messages"}, want: http.StatusNoContent},
		}},
	}
	for name, b := range backlogs() {
		put, path := put(b.queue), "/"+b.queue+"/messages"
		all[name] = operation{title: "Put, get and delete a message, " + b.title + " others there", service: "queue", not: b.not, run: func(w *worker, n int64) error {
			if err := put(w, n); err != nil {
				return err
			}
			if err := w.send(request{method: http.MethodGet, path: path}, nil, http.StatusOK, &w.answer); err != nil {
				return err
			}
			id, receipt := element(w.answer.Bytes(), "MessageId"), element(w.answer.Bytes(), "PopReceipt")
			if id == "" || receipt == "" {
				return fmt.Errorf("no message in %s", w.answer.String())
			}
			return w.send(request{method: http.MethodDelete, path: path + "/" + id, receipt: receipt}, nil, http.StatusNoContent, nil)
		}}
	}
	return all
}

// backlog is a queue that always has so many messages.
type backlog struct {
	queue, title string
	messages     int
	not          string // see operation
}

func backlogs() map[string]backlog {
	return map[string]backlog{
		"turn-10k": {queue: "turn10k", title: "10,000", messages: 10_000},
		// Azurite looks at every message to get one: it would take minutes to fill the
		// queue, and some more for each get.
		"turn-100k": {queue: "turn100k", title: "100,000", messages: 100_000, not: "azurite"},
	}
}

// element returns the text of the first element of a name.
func element(xml []byte, name string) string {
	_, rest, _ := bytes.Cut(xml, []byte("<"+name+">"))
	text, _, ok := bytes.Cut(rest, []byte("<"))
	if !ok {
		return ""
	}
	return string(text)
}

// fillers is how many workers fill a queue.
const fillers = 16

// prepareQueues makes the queues, and fills those that have a backlog.
func prepareQueues(ctx context.Context, s *server, ops []string) error {
	all := queueOperations()
	for _, name := range ops {
		op, ok := all[name]
		if !ok || op.not == s.name {
			continue
		}
		b := backlogs()[name]
		if b.queue == "" {
			b.queue = "puts"
		}
		w, err := newWorker(s, "queue", 0)
		if err != nil {
			return err
		}
		err = w.send(request{method: http.MethodPut, path: "/" + b.queue}, nil, http.StatusCreated, nil)
		w.close()
		if err != nil {
			return err
		}
		if err := fill(ctx, s, b); err != nil {
			return fmt.Errorf("%s: %w", op.title, err)
		}
	}
	return nil
}

// fill puts the messages of a backlog.
func fill(ctx context.Context, s *server, b backlog) error {
	body := []byte("<QueueMessage><MessageText>" + strings.Repeat("m", messageText) + "</MessageText></QueueMessage>")
	q := request{method: http.MethodPost, path: "/" + b.queue + "/messages", length: len(body)}
	errs := make([]error, fillers)
	var wg sync.WaitGroup
	for i := range fillers {
		wg.Go(func() {
			w, err := newWorker(s, "queue", i)
			if err != nil {
				errs[i] = err
				return
			}
			defer w.close()
			for n := i; n < b.messages && errs[i] == nil; n += fillers {
				errs[i] = errors.Join(ctx.Err(), w.send(q, body, http.StatusCreated, nil))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
