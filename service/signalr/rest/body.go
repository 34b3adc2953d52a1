package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// form is how a body is written.
type form int

const (
	asJSON form = iota
	asMessagePack
	asFrames // a map of framed messages by protocol
)

// protocol is the encoding of a value.
func (f form) protocol() payload.Protocol {
	if f == asMessagePack {
		return payload.MessagePack
	}
	return payload.JSON
}

// body reads what was sent, and how it is written. It may be empty.
func (c *call) body() ([]byte, form, error) {
	f, err := formOf(c.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, 0, err
	}
	if c.r.ContentLength > maxBody {
		return nil, 0, tooLarge()
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, 0, tooLarge()
		}
		return nil, 0, bad("InvalidBody", "", "The request's body ends too early.")
	}
	return b, f, nil
}

// formOf reads a content type. A body without one is taken for JSON.
func formOf(contentType string) (form, error) {
	if contentType == "" {
		return asJSON, nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if charset := params["charset"]; err == nil && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		switch media {
		case "application/json", "text/json":
			return asJSON, nil
		case "application/x-msgpack":
			return asMessagePack, nil
		case "application/octet-stream":
			return asFrames, nil
		}
	}
	return 0, &failure{
		status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType",
		message: "A message is application/json, application/x-msgpack or application/octet-stream.",
	}
}

// required is the error of a body that is not there.
func required() *failure { return bad("InvalidMessage", "", "Message in request body is required.") }

// method is what is called on clients.
type method struct {
	target string
	// args are those for clients of each protocol. They differ only if the caller wrote
	// the messages of both itself.
	args map[payload.Protocol]hubprotocol.Arguments
	// frames are the caller's own messages, nil if they are to be made.
	frames map[payload.Protocol][]byte
}

// method reads the call of a method from the body.
func (c *call) method() (method, error) {
	b, f, err := c.body()
	if err != nil {
		return method{}, err
	}
	if len(b) == 0 {
		return method{}, required()
	}
	if f == asFrames {
		return readFrames(b)
	}
	target, args, err := hubprotocol.ParseCall(f.protocol(), b)
	if err != nil {
		return method{}, bad("InvalidMessage", "", "Message in request body cannot be read: "+err.Error()+".")
	}
	return newMethod(target, args), nil
}

func newMethod(target string, args hubprotocol.Arguments) method {
	return method{target: target, args: map[payload.Protocol]hubprotocol.Arguments{payload.JSON: args, payload.MessagePack: args}}
}

// readFrames reads messages that the caller has framed for clients of each protocol.
func readFrames(b []byte) (method, error) {
	m := method{args: map[payload.Protocol]hubprotocol.Arguments{}}
	frames, err := hubprotocol.Limits{}.ParsePayloads(b)
	if err != nil {
		return m, bad("InvalidMessage", "", "Message in request body cannot be read: "+err.Error()+".")
	}
	m.frames = frames
	err = eachFrame(frames, hubprotocol.Invocation, func(p payload.Protocol, one hubprotocol.Message) error {
		m.target, m.args[p] = one.Target, one.Arguments
		return nil
	})
	return m, err
}

// eachFrame goes through frames of the known protocols, of which each must be one message
// of a type.
func eachFrame(frames map[payload.Protocol][]byte, want hubprotocol.Type, fn func(payload.Protocol, hubprotocol.Message) error) error {
	n := 0
	for _, p := range []payload.Protocol{payload.MessagePack, payload.JSON} {
		frame, ok := frames[p]
		if !ok {
			continue
		}
		n++
		m, rest, err := hubprotocol.Next(p, frame)
		if err != nil || len(rest) > 0 || m.Type != want {
			return bad("InvalidMessage", "", "Message in request body is not what is sent here.")
		}
		if err := fn(p, m); err != nil {
			return err
		}
	}
	if n == 0 {
		return required()
	}
	return nil
}

// payload makes the message for clients, which asks for a result with an invocation ID.
func (m method) payload(invocation string) (*payload.Payload, error) {
	if m.frames != nil && invocation == "" {
		return payload.Of(m.frames), nil
	}
	p := payload.New(func(p payload.Protocol) []byte {
		args, ok := m.args[p]
		if !ok {
			for _, other := range m.args {
				args = other
			}
		}
		b, err := hubprotocol.AppendInvocation(nil, p, m.target, invocation, args)
		if err != nil {
			return nil
		}
		return b
	})
	// MessagePack has values that JSON has not: rather an error than clients that get nothing.
	if p.Frame(payload.JSON) == nil {
		return nil, bad("InvalidMessage", "", "The arguments cannot be written as JSON.")
	}
	return p, nil
}
