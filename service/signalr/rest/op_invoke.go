package rest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// invoke calls a method of a client and answers with its result: as MessagePack if the
// caller accepts that, or has written MessagePack and does not say; else as JSON. What the
// client fails with, or that it does not answer in time, is a 400: SDKs repeat a 408
// and a 5xx, and the method may have run.
func invoke(c *call) error {
	if err := c.quota(); err != nil {
		return err
	}
	m, err := c.method()
	if err != nil {
		return err
	}
	id := "s" + rand.Text()
	p, err := m.payload(id)
	if err != nil {
		return err
	}
	result, err := c.Hubs.Invoke(c.ctx, c.hub, c.connection, id, p)
	switch {
	case errors.Is(err, hub.ErrNotFound):
		return c.missing()
	case errors.Is(err, hub.ErrPeers):
		return c.sent(err) // it may have been called
	case errors.Is(err, context.DeadlineExceeded):
		return bad("InvocationTimeout", "connection", "The client did not answer in time.")
	case err != nil:
		return err
	case result.Lost:
		return bad("ConnectionLost", "connection", "The connection ended before the client answered.")
	case result.Error != "":
		return bad("InvocationFailed", "connection", result.Error)
	}
	return c.result(result)
}

// result answers with what a client returned. The member is left out if the method
// returned nothing.
func (c *call) result(r hub.Result) error {
	to, contentType := payload.JSON, "application/json; charset=utf-8"
	if c.wantsMessagePack() {
		to, contentType = payload.MessagePack, "application/x-msgpack"
	}
	var value []byte
	if len(r.Value) > 0 {
		var err error
		if value, err = hubprotocol.Transcode(nil, r.Protocol, to, r.Value); err != nil {
			return bad("InvalidResult", "connection", "The client's result cannot be written: "+err.Error()+".")
		}
	}
	c.answered = true
	write(c.w, c.route.Status, contentType, resultBody(to, value))
	return nil
}

func resultBody(p payload.Protocol, value []byte) []byte {
	switch {
	case p == payload.JSON && value == nil:
		return []byte("{}")
	case p == payload.JSON:
		return append(append([]byte(`{"result":`), value...), '}')
	case value == nil:
		return msgp.AppendMapHeader(nil, 0)
	}
	return append(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "result"), value...)
}

func (c *call) wantsMessagePack() bool {
	accept := strings.ToLower(strings.Join(c.r.Header[http.CanonicalHeaderKey("Accept")], ","))
	switch {
	case strings.Contains(accept, "json"):
		return false
	case strings.Contains(accept, "application/x-msgpack"):
		return true
	}
	f, err := formOf(c.r.Header.Get("Content-Type"))
	return err == nil && f == asMessagePack
}
