package partner

import (
	"reslog/bus"
	"reslog/deliver"
)

// uid is what a record that was sent twice can be recognised by: its ID, which
// it keeps when a dead letter is replayed, or else its position.
func uid(it *deliver.Item) string {
	if it.Record.ID == "" {
		return string(appendPosition(nil, it.Position))
	}
	return it.Record.ID
}

// appendPosition appends p as its String has it, without what fmt costs.
func appendPosition(b []byte, p bus.Position) []byte {
	b = append(appendHex(b, p.Epoch, 16), '-')
	b = append(appendHex(b, p.Seq, 16), '-')
	return appendHex(b, uint64(p.Index), 8)
}

func appendHex(b []byte, v uint64, width int) []byte {
	for shift := 4 * (width - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[v>>shift&15])
	}
	return b
}
