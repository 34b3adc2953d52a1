package hubprotocol

import (
	"errors"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// maxDepth is how deeply values may be nested that do not come in a message: so that one
// around them is not too deep for Limits.
const maxDepth = 60

// Arguments are those of an invocation: an array in one of the encodings, checked. The
// zero value is the empty array. They hold on to the bytes that they were made of.
type Arguments struct {
	protocol payload.Protocol
	raw      []byte
}

// NewArguments returns the Arguments that are an array of p's encoding.
func NewArguments(p payload.Protocol, raw []byte) (Arguments, error) {
	if p == payload.JSON {
		s := scanner{b: raw, depth: maxDepth}
		if err := s.array(nil); err != nil {
			return Arguments{}, notArray(err)
		}
		if err := validText(raw); err != nil {
			return Arguments{}, err
		}
		return Arguments{p, raw}, nil
	}
	if len(raw) == 0 || msgp.NextType(raw) != msgp.ArrayType {
		return Arguments{}, errors.New("the arguments are not an array")
	}
	rest, err := msgpack.Skip(raw, maxDepth)
	if err != nil || len(rest) > 0 {
		return Arguments{}, notArray(err)
	}
	return Arguments{payload.MessagePack, raw}, nil
}

func notArray(err error) error {
	if errors.Is(err, errDeep) {
		return err
	}
	return errors.New("the arguments are not an array")
}

// Append appends the arguments as an array of p's encoding. An error says that they
// cannot be encoded, as a map whose keys are maps cannot be JSON.
func (a Arguments) Append(b []byte, p payload.Protocol) ([]byte, error) {
	switch {
	case a.raw == nil && p == payload.JSON:
		return append(b, '[', ']'), nil
	case a.raw == nil:
		return msgp.AppendArrayHeader(b, 0), nil
	case (a.protocol == payload.JSON) == (p == payload.JSON):
		return append(b, a.raw...), nil
	}
	return Transcode(b, a.protocol, p, a.raw)
}

// NewInvocation returns an invocation of a method of clients, encoded for each protocol
// when the first client needs it. An invocationID asks for a result, "" does not.
func NewInvocation(target, invocationID string, args Arguments) *payload.Payload {
	return payload.New(func(p payload.Protocol) []byte {
		b, err := AppendInvocation(nil, p, target, invocationID, args)
		if err != nil {
			return nil
		}
		return b
	})
}
