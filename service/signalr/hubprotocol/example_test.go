package hubprotocol_test

import (
	"fmt"

	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
)

// A client's first bytes, and the answers to them.
func Example() {
	in := []byte("{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":1,\"invocationId\":\"7\",\"target\":\"Add\",\"arguments\":[2, 3]}\x1e")
	h, rest, err := hubprotocol.ParseHandshake(in)
	if err != nil {
		fmt.Println(err)
		return
	}
	out := hubprotocol.AppendHandshakeResponse(nil, h.Refusal())
	m, _, err := hubprotocol.Next(h.Protocol, rest)
	if err != nil {
		fmt.Println(err)
		return
	}
	packed, err := m.Arguments.Append(nil, payload.MessagePack)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %x\n", m.Target, packed)
	out = hubprotocol.AppendCompletion(out, h.Protocol, m.InvocationID, []byte("5"))
	fmt.Printf("%q\n", out)
	// Output:
	// Add 920203
	// "{}\x1e{\"type\":3,\"invocationId\":\"7\",\"result\":5}\x1e"
}
