package hubprotocol

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// ParseCall reads what the REST API calls methods of clients with: an object, or a map of
// MessagePack, with target and arguments, whose names may be in any case.
func ParseCall(p payload.Protocol, b []byte) (target string, args Arguments, err error) {
	if p == payload.JSON {
		return parseJSONCall(b)
	}
	pairs, err := splitMap(b)
	if err != nil {
		return "", Arguments{}, err
	}
	found := false
	for _, pair := range pairs {
		i := items{list: [][]byte{pair.value}}
		switch {
		case strings.EqualFold(pair.name, "target"):
			target, found = i.text("target"), true
		case strings.EqualFold(pair.name, "arguments") && !msgp.IsNil(pair.value):
			args = i.arguments()
		}
		if i.err != nil {
			return "", Arguments{}, i.err
		}
	}
	return target, args, needTarget(found && target != "")
}

func parseJSONCall(b []byte) (target string, args Arguments, err error) {
	if err := validText(b); err != nil {
		return "", Arguments{}, err
	}
	found := false
	s := scanner{b: b, depth: maxDepth}
	err = s.object(func(name, value []byte) (err error) {
		switch {
		case strings.EqualFold(string(name), "target"):
			target, err = jsonText("target", value)
			found = true
		case strings.EqualFold(string(name), "arguments") && string(value) != "null":
			if value[0] != '[' {
				return errors.New("the arguments are not an array")
			}
			args = Arguments{payload.JSON, value}
		}
		return err
	})
	if err != nil {
		return "", Arguments{}, err
	}
	return target, args, needTarget(found && target != "")
}

func needTarget(found bool) error {
	if !found {
		return errors.New("the message has no target")
	}
	return nil
}

// ParsePayloads reads a MessagePack map of messages by protocol, each framed and checked,
// as the REST API takes them: {"json": bin, "messagepack": bin}. The messages are parts
// of b. A protocol that is not known is kept unread.
func (l Limits) ParsePayloads(b []byte) (map[payload.Protocol][]byte, error) {
	pairs, err := splitMap(b)
	if err != nil {
		return nil, err
	}
	frames := make(map[payload.Protocol][]byte, len(pairs))
	for _, pair := range pairs {
		p := payload.Protocol(pair.name)
		frame, _, err := msgp.ReadBytesZC(pair.value)
		if err != nil {
			return nil, fmt.Errorf("%w: the message for %q is not binary", errMessagePack, p)
		}
		if p == payload.JSON || p == payload.MessagePack || p == Blazorpack {
			if err := l.Check(p, frame); err != nil {
				return nil, fmt.Errorf("the message for %q: %w", p, err)
			}
		}
		frames[p] = frame
	}
	return frames, nil
}

type pair struct {
	name  string
	value []byte
}

// splitMap checks that b is one map with strings for keys, and returns its entries.
func splitMap(b []byte) ([]pair, error) {
	if rest, err := msgpack.Skip(b, maxDepth); err != nil || len(rest) > 0 {
		return nil, errMessagePack
	}
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a map", errMessagePack)
	}
	const most = 100
	if n > most {
		return nil, fmt.Errorf("%w: the map has too many entries", errMessagePack)
	}
	pairs := make([]pair, 0, n)
	for range n {
		name, rest, err := msgp.ReadStringBytes(b)
		if err != nil {
			return nil, fmt.Errorf("%w: a key of the map is not a string", errMessagePack)
		}
		after, err := msgpack.Skip(rest, maxDepth)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{name, rest[: len(rest)-len(after) : len(rest)-len(after)]})
		b = after
	}
	return pairs, nil
}
