package classic

import (
	"encoding/base64"
	"encoding/binary"

	"reslog/bus"
)

// blockMagic begins every block id and names its format: then come, big-endian,
// the epoch (8 bytes), and sequence (8) and index (4) of the first and of the
// last position in the block. The service demands that all ids of a blob have
// the same length, and at most 64 bytes.
const blockMagic = "rsl1"

const blockIDLength = len(blockMagic) + 8 + 2*(8+4)

// blockID returns the id of the block that holds the records from first to
// last, which are of one epoch, in base64.
func blockID(first, last bus.Position) string {
	b := make([]byte, 0, blockIDLength)
	b = append(b, blockMagic...)
	b = binary.BigEndian.AppendUint64(b, last.Epoch)
	for _, p := range []bus.Position{first, last} {
		b = binary.BigEndian.AppendUint64(b, p.Seq)
		b = binary.BigEndian.AppendUint32(b, p.Index)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// parseBlockID reads what blockID made. Other ids are of logs that somebody
// else wrote.
func parseBlockID(id string) (first, last bus.Position, ok bool) {
	b, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(b) != blockIDLength || string(b[:len(blockMagic)]) != blockMagic {
		return first, last, false
	}
	b = b[len(blockMagic):]
	first.Epoch = binary.BigEndian.Uint64(b)
	last.Epoch = first.Epoch
	b = b[8:]
	first.Seq, first.Index = binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	b = b[12:]
	last.Seq, last.Index = binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	return first, last, true
}
