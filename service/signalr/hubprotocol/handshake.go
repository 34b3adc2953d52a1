package hubprotocol

import (
	"encoding/json"
	"errors"
	"fmt"

	"reslog/service/signalr/payload"
)

// MaxHandshake is how long a handshake may be, with its frame.
const MaxHandshake = 4 << 10

// Texts of answers to handshakes, as clients know them. HandshakeNoServer is for a hub of
// the Default mode to which no application server is connected.
const (
	HandshakeTimedOut   = "Handshake was canceled."
	HandshakeUnreadable = "An unexpected error occurred during connection handshake."
	HandshakeNoServer   = "SignalR Service is now in 'Default' service mode. Current mode works as a proxy that routes client traffic to the connected app servers. However app servers are not connected."
)

// HandshakeTextOnly is the text for a binary protocol on a transport that carries text.
func HandshakeTextOnly(p payload.Protocol) string {
	return fmt.Sprintf("Cannot use the '%s' protocol on the current transport. The transport does not support 'Binary' transfer format.", p)
}

// Handshake is what a client says first, always as JSON.
type Handshake struct {
	Protocol payload.Protocol `json:"protocol"`
	Version  int              `json:"version"`
}

// Refusal is the error of the answer to a handshake that a service which reads messages
// itself cannot take, "" if it can. An application server may take others.
func (h Handshake) Refusal() string {
	switch {
	case h.Protocol != payload.JSON && h.Protocol != payload.MessagePack:
		return fmt.Sprintf("Requested protocol '%s' is not available.", h.Protocol)
	case h.Version < 1 || h.Version > 2:
		// 2 is 1 with stateful reconnect.
		return fmt.Sprintf("The server does not support version %d of the '%s' protocol.", h.Version, h.Protocol)
	}
	return ""
}

// ParseHandshake reads the handshake that b begins with. Messages may be behind it.
func ParseHandshake(b []byte) (h Handshake, rest []byte, err error) {
	raw, rest, err := jsonFrame(b, MaxHandshake)
	if err != nil {
		return Handshake{}, b, err
	}
	// A pointer tells no version from 0.
	var f struct {
		Protocol *payload.Protocol `json:"protocol"`
		Version  *int              `json:"version"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return Handshake{}, b, errors.New("the handshake is not a JSON object with protocol and version")
	}
	if f.Protocol == nil || f.Version == nil {
		return Handshake{}, b, errors.New("the handshake has no protocol or no version")
	}
	return Handshake{Protocol: *f.Protocol, Version: *f.Version}, rest, nil
}

// AppendHandshake appends what a client says first.
func AppendHandshake(b []byte, h Handshake) []byte {
	b = append(b, `{"protocol":`...)
	b = quote(b, []byte(h.Protocol))
	return append(fmt.Appendf(b, `,"version":%d}`, h.Version), separator)
}

// AppendHandshakeResponse appends the answer to a handshake, which succeeded if errText is "".
func AppendHandshakeResponse(b []byte, errText string) []byte {
	b = append(b, '{')
	if errText != "" {
		b = quote(append(b, `"error":`...), []byte(errText))
	}
	return append(b, '}', separator)
}

// ParseHandshakeResponse reads the answer to a handshake: the error it tells, "" for success.
func ParseHandshakeResponse(b []byte) (errText string, rest []byte, err error) {
	raw, rest, err := jsonFrame(b, MaxHandshake)
	if err != nil {
		return "", b, err
	}
	var f struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return "", b, errors.New("the answer to the handshake is not a JSON object")
	}
	return f.Error, rest, nil
}
