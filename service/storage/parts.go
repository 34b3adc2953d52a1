package storage

import (
	"encoding/binary"
	"time"
)

// appendParts encodes the parts of a request: for each its strings with their
// lengths, then its last modification in 100 ns since 1970.
func appendParts(b []byte, parts []Part) []byte {
	for i := range parts {
		p := &parts[i]
		for _, s := range [...]string{p.Operation, redactText(p.ObjectKey), p.ETag, p.Conditions} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		var ticks uint64
		if !p.LastModified.IsZero() {
			ticks = uint64(p.LastModified.UnixNano() / 100)
		}
		b = binary.AppendUvarint(b, ticks)
	}
	return b
}

// parseParts is the inverse of appendParts.
func parseParts(b []byte) (parts []Part, ok bool) {
	for len(b) > 0 {
		var p Part
		for _, s := range [...]*string{&p.Operation, &p.ObjectKey, &p.ETag, &p.Conditions} {
			n, w := binary.Uvarint(b)
			if w <= 0 || n > uint64(len(b)-w) {
				return nil, false
			}
			*s = string(b[w : w+int(n)])
			b = b[w+int(n):]
		}
		ticks, w := binary.Uvarint(b)
		if w <= 0 || ticks > 1<<62/100 {
			return nil, false
		}
		if b = b[w:]; ticks != 0 {
			p.LastModified = time.Unix(0, int64(ticks)*100).UTC()
		}
		parts = append(parts, p)
	}
	return parts, true
}
