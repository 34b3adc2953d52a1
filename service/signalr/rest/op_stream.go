package rest

import (
	"bytes"
	"strconv"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// Streams of a client: their items and their end. The body of an item is its value, as
// JSON or as MessagePack, or a map of framed stream items.

func sendStream(c *call) error {
	if err := c.quota(); err != nil {
		return err
	}
	last, err := c.boolean("completed")
	if err != nil {
		return err
	}
	b, f, err := c.body()
	if err != nil {
		return err
	}
	switch {
	case len(b) == 0 && !last:
		return required()
	case len(b) > 0:
		p, err := c.item(b, f)
		if err != nil {
			return err
		}
		if err := c.sent(c.Hubs.Send(c.ctx, c.hub, one(c.connection), p)); err != nil {
			return err
		}
	}
	if last {
		return c.complete("")
	}
	return nil
}

func completeStream(c *call) error {
	if err := c.quota(); err != nil {
		return err
	}
	return c.complete(c.query.get("reason"))
}

// complete ends a stream, with an error or without.
func (c *call) complete(reason string) error {
	p := payload.New(func(p payload.Protocol) []byte {
		if reason != "" {
			return hubprotocol.AppendCompletionError(nil, p, c.stream, reason)
		}
		return hubprotocol.AppendCompletion(nil, p, c.stream, nil)
	})
	return c.sent(c.Hubs.Send(c.ctx, c.hub, one(c.connection), p))
}

func (c *call) item(b []byte, f form) (*payload.Payload, error) {
	if f == asFrames {
		frames, err := hubprotocol.Limits{}.ParsePayloads(b)
		if err != nil {
			return nil, bad("InvalidMessage", "", "Message in request body cannot be read: "+err.Error()+".")
		}
		err = eachFrame(frames, hubprotocol.StreamItem, func(_ payload.Protocol, m hubprotocol.Message) error {
			if m.InvocationID != c.stream {
				return bad("InvalidMessage", "stream", "Message in request body is of another stream.")
			}
			return nil
		})
		return payload.Of(frames), err
	}
	if f == asJSON {
		b = bytes.TrimSpace(b)
	}
	stream := c.stream
	p := payload.New(func(to payload.Protocol) []byte {
		value, err := hubprotocol.Transcode(nil, f.protocol(), to, b)
		if err != nil {
			return nil
		}
		return hubprotocol.AppendStreamItem(nil, to, stream, value)
	})
	if p.Frame(payload.JSON) == nil {
		return nil, bad("InvalidMessage", "", "Message in request body cannot be read.")
	}
	return p, nil
}

// boolean reads a query parameter, false if it is not there.
func (c *call) boolean(name string) (bool, error) {
	text := c.query.get(name)
	if text == "" {
		return false, nil
	}
	yes, err := strconv.ParseBool(text)
	if err != nil {
		return false, bad("InvalidParameter", name, "The query parameter "+name+" is not true or false.")
	}
	return yes, nil
}
