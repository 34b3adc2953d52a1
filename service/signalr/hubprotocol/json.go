package hubprotocol

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"reslog/service/signalr/payload"
)

// members are those of a JSON message, as they are in it; nil is not there.
type members struct {
	kind, id, target, arguments, streams, failure, result, item, reconnect, sequence []byte
}

// readJSON reads a message. Its members may be in any order, and others are ignored. Of
// one that is there twice the last counts, as for JSON.parse.
func readJSON(raw []byte, depth int) (Message, error) {
	if !utf8.Valid(raw) {
		return Message{}, errors.New("the message is not UTF-8")
	}
	var f members
	s := scanner{b: raw, depth: depth}
	err := s.object(func(name, value []byte) error {
		switch string(name) {
		case "type":
			f.kind = value
		case "invocationId":
			f.id = value
		case "target":
			f.target = value
		case "arguments":
			f.arguments = value
		case "streamIds":
			f.streams = value
		case "error":
			f.failure = value
		case "result":
			f.result = value
		case "item":
			f.item = value
		case "allowReconnect":
			f.reconnect = value
		case "sequenceId":
			f.sequence = value
		}
		return nil
	})
	if err != nil {
		return Message{}, err
	}
	return f.message()
}

func (f *members) message() (m Message, err error) {
	kind, err := strconv.ParseInt(string(f.kind), 10, 32)
	if err != nil {
		return Message{}, errors.New("the message has no type")
	}
	m.Type = Type(kind)
	if m.Type >= Invocation && m.Type <= CancelInvocation {
		if m.InvocationID, err = jsonText("invocationId", f.id); err != nil {
			return Message{}, err
		}
	}
	switch m.Type {
	case Invocation, StreamInvocation:
		err = f.invocation(&m)
	case StreamItem:
		m.Result = f.item
	case Completion:
		if f.failure != nil && f.result != nil && string(f.failure) != "null" {
			return Message{}, errors.New("the completion has both an error and a result")
		}
		m.Result = f.result
		m.Error, err = jsonText("error", f.failure)
	case Close:
		m.AllowReconnect = string(f.reconnect) == "true"
		m.Error, err = jsonText("error", f.failure)
	case Ack, Sequence:
		if m.SequenceID, err = strconv.ParseInt(string(f.sequence), 10, 64); err != nil {
			err = errors.New("the message has no sequenceId")
		}
	}
	if err != nil {
		return Message{}, err
	}
	return m, m.complete()
}

func (f *members) invocation(m *Message) (err error) {
	if f.target == nil {
		return errors.New("the invocation has no target")
	}
	if m.Target, err = jsonText("target", f.target); err != nil {
		return err
	}
	if len(f.arguments) == 0 || f.arguments[0] != '[' {
		return errors.New("the invocation has no arguments")
	}
	m.Arguments = Arguments{payload.JSON, f.arguments}
	if f.streams != nil && string(f.streams) != "null" {
		s := scanner{b: f.streams, depth: 1}
		return s.array(func(value []byte) error {
			id, err := jsonText("streamIds", value)
			m.StreamIDs = append(m.StreamIDs, id)
			return err
		})
	}
	return nil
}

// complete checks what a message of any encoding must have.
func (m *Message) complete() error {
	switch m.Type {
	case StreamItem, Completion, StreamInvocation, CancelInvocation:
		if m.InvocationID == "" {
			return errors.New("the message has no invocation ID")
		}
	}
	return nil
}

// jsonText returns a member that is a string; "" if it is not there or null.
func jsonText(name string, value []byte) (string, error) {
	switch {
	case value == nil || string(value) == "null":
		return "", nil
	case value[0] != '"':
		return "", fmt.Errorf("%s is not a string", name)
	}
	return string(unquote(nil, value)), nil
}
