package hubprotocol

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

var errMessagePack = msgpack.ErrValue

// What the result of a completion is.
const (
	resultError = 1
	resultVoid  = 2
	resultValue = 3
)

// readMessagePack reads a message. Items behind those that its type has are ignored.
func readMessagePack(raw []byte, depth int) (Message, error) {
	items, err := split(raw, depth)
	if err != nil {
		return Message{}, err
	}
	kind := items.int("type")
	if items.err != nil || kind < 0 || kind > math.MaxInt32 {
		return Message{}, errors.New("the message has no type")
	}
	m := Message{Type: Type(kind)}
	switch m.Type {
	case Invocation, StreamInvocation:
		items.skip() // headers
		m.InvocationID = items.text("invocation ID")
		if len(items.list) == 0 {
			return Message{}, errors.New("the invocation has no target")
		}
		m.Target = items.text("target")
		m.Arguments = items.arguments()
		m.StreamIDs = items.texts("stream IDs", depth)
	case StreamItem:
		items.skip()
		m.InvocationID = items.text("invocation ID")
		m.Result = items.value()
	case Completion:
		items.skip()
		m.InvocationID = items.text("invocation ID")
		items.completion(&m)
	case CancelInvocation:
		items.skip()
		m.InvocationID = items.text("invocation ID")
	case Close:
		m.Error = items.text("error")
		m.AllowReconnect = items.bool("allowReconnect")
	case Ack, Sequence:
		if len(items.list) == 0 {
			return Message{}, errors.New("the message has no sequence ID")
		}
		m.SequenceID = items.int("sequence ID")
	}
	if items.err != nil {
		return Message{}, items.err
	}
	return m, m.complete()
}

// items are the items of a message that are not read yet. Reading what is not there
// gives zero. The first error stays.
type items struct {
	list [][]byte
	err  error
}

// split checks that b is one array and returns as many of its items as messages have.
func split(b []byte, depth int) (items, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || n == 0 {
		return items{}, errMessagePack
	}
	const most = 6
	list := make([][]byte, 0, min(n, most))
	for range n {
		rest, err := msgpack.Skip(b, depth-1)
		if err != nil {
			return items{}, err
		}
		if len(list) < most {
			end := len(b) - len(rest)
			list = append(list, b[:end:end])
		}
		b = rest
	}
	if len(b) > 0 {
		return items{}, fmt.Errorf("%w: there is something behind its end", errMessagePack)
	}
	return items{list: list}, nil
}

// value takes the next item, nil if there is none.
func (i *items) value() []byte {
	if len(i.list) == 0 {
		return nil
	}
	v := i.list[0]
	i.list = i.list[1:]
	return v
}

func (i *items) skip() { i.value() }

func (i *items) fail(what string) {
	if i.err == nil {
		i.err = fmt.Errorf("%w: %s is of the wrong type", errMessagePack, what)
	}
}

func (i *items) text(what string) string {
	v := i.value()
	if v == nil || msgp.IsNil(v) {
		return ""
	}
	s, _, err := msgp.ReadStringZC(v)
	if err != nil || !utf8.Valid(s) {
		i.fail(what)
	}
	return string(s)
}

func (i *items) int(what string) int64 {
	v := i.value()
	if v == nil {
		return 0
	}
	n, _, err := msgp.ReadInt64Bytes(v)
	if err != nil {
		i.fail(what)
	}
	return n
}

func (i *items) bool(what string) bool {
	v := i.value()
	if v == nil || msgp.IsNil(v) {
		return false
	}
	b, _, err := msgp.ReadBoolBytes(v)
	if err != nil {
		i.fail(what)
	}
	return b
}

func (i *items) arguments() Arguments {
	v := i.value()
	if v == nil || msgp.NextType(v) != msgp.ArrayType {
		i.fail("arguments")
	}
	return Arguments{payload.MessagePack, v}
}

func (i *items) texts(what string, depth int) []string {
	v := i.value()
	if v == nil || msgp.IsNil(v) {
		return nil
	}
	n, b, err := msgp.ReadArrayHeaderBytes(v)
	if err != nil {
		i.fail(what)
		return nil
	}
	var list []string
	for range n {
		rest, err := msgpack.Skip(b, depth)
		if err != nil {
			i.fail(what)
			return nil
		}
		one := items{list: [][]byte{b[:len(b)-len(rest)]}}
		list = append(list, one.text(what))
		if one.err != nil {
			i.err = one.err
			return nil
		}
		b = rest
	}
	return list
}

func (i *items) completion(m *Message) {
	switch i.int("result kind") {
	case resultError:
		m.Error = i.text("error")
	case resultVoid:
	case resultValue:
		if m.Result = i.value(); m.Result == nil {
			i.fail("result")
		}
	default:
		i.fail("result kind")
	}
}
