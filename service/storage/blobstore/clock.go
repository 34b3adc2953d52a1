package blobstore

import (
	"time"

	"reslog/service/storage/disk"
)

// ticks returns t in ticks of 100 ns, as the service itself counts: an ETag is such
// a number in hex.
func ticks(t time.Time) uint64 { return disk.Ticks(t) }

// fromTicks is the inverse of ticks, in UTC.
func fromTicks(n uint64) time.Time { return disk.Time(n) }

// idReserve is how many ids are marked as used ahead of their use: 100 s.
const idReserve = 100 * disk.TicksPerSecond

// ids gives out numbers that strictly grow, even over a restart with the clock
// set back: the time in ticks, or one more than the last. ETags, containers and
// contents are numbered by it.
type ids struct {
	disk.IDs
	now func() time.Time
}

func (s *ids) next() (uint64, error) { return s.Next(ticks(s.now())) }

const hexDigits = "0123456789ABCDEF"

// maxETag is the longest ETag.
const maxETag = 18

// formatETag writes an ETag, "0x8D…".
func formatETag(n uint64) string {
	var b [maxETag]byte
	return string(appendETag(b[:0], n))
}

func appendETag(to []byte, n uint64) []byte {
	var b [maxETag]byte
	i := len(b)
	for ; n > 0 || i == len(b); n >>= 4 {
		i--
		b[i] = hexDigits[n&15]
	}
	i -= 2
	b[i], b[i+1] = '0', 'x'
	return append(to, b[i:]...)
}

// parseETag is the inverse of formatETag; 0 for what it did not write.
func parseETag(s string) uint64 {
	if len(s) < 3 || len(s) > 18 || s[:2] != "0x" {
		return 0
	}
	var n uint64
	for _, c := range []byte(s[2:]) {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'A' && c <= 'F':
			n = n<<4 | uint64(c-'A'+10)
		default:
			return 0
		}
	}
	return n
}
