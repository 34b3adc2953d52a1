package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

// message is what every message is put with.
const message = `<?xml version="1.0" encoding="utf-8"?><QueueMessage><MessageText>` +
	`eyJpZCI6IjdmM2IyYTEwLTVjNGQtNGUxZi05YThiLTBjMWQyZTNmNGE1YiIsImtpbmQiOiJvcmRlciJ9</MessageText></QueueMessage>`

// queueOperations put messages, and work a queue off that has a backlog: a message is
// put, the first is dequeued and deleted.
func queueOperations() map[string]operation {
	turn := func(backlog int, only ...string) operation {
		op := put(fmt.Sprintf("bench%d", backlog))
		op.title = fmt.Sprintf("put, get and delete a message, %d waiting", backlog)
		op.only = only
		op.then = []follow{
			{want: http.StatusOK, request: func([]byte) (request, error) {
				return request{method: http.MethodGet, path: fmt.Sprintf("/bench%d/messages", backlog)}, nil
			}},
			{want: http.StatusNoContent, request: func(answer []byte) (request, error) { return deletion(backlog, answer) }},
		}
		create := op.prepare
		op.prepare = func(p *preparation) error {
			if err := create(p); err != nil {
				return err
			}
			for i := range backlog {
				if err := p.send(op.request(0, int64(i)), []byte(message)); err != nil {
					return err
				}
			}
			return nil
		}
		return op
	}
	first := put("bench")
	first.title = "Put Message"
	return map[string]operation{
		"put-message": first, "message-0": turn(0), "message-10k": turn(10_000), "message-100k": turn(100_000, "reslog", "reslog-log"),
	}
}

func put(queue string) operation {
	return operation{
		service: queues, want: http.StatusCreated,
		request: func(int, int64) request {
			return request{method: http.MethodPost, path: "/" + queue + "/messages", length: len(message)}
		},
		text: func(b []byte, _ int, _ int64) []byte { return append(b, message...) },
		prepare: func(p *preparation) error {
			return p.send(request{method: http.MethodPut, path: "/" + queue}, nil)
		},
	}
}

// deletion deletes the message of an answer to Get Messages.
func deletion(backlog int, answer []byte) (request, error) {
	id, receipt := element(answer, "MessageId"), element(answer, "PopReceipt")
	if id == nil || receipt == nil {
		return request{}, errors.New("the queue is empty")
	}
	// The signature is over the value, the URL has it escaped.
	receipt = bytes.ReplaceAll(receipt, []byte("&amp;"), []byte("&"))
	return request{
		method: http.MethodDelete, path: fmt.Sprintf("/bench%d/messages/%s", backlog, id),
		query: "popreceipt=" + string(receipt), escape: true,
	}, nil
}

// element is the text of the first element of a name.
func element(b []byte, name string) []byte {
	_, rest, ok := bytes.Cut(b, []byte("<"+name+">"))
	if !ok {
		return nil
	}
	text, _, _ := bytes.Cut(rest, []byte("</"))
	return text
}
