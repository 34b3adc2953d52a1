package connections

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"reslog/internal/fields"
	"reslog/service/redis/event"
)

// The kinds of frames.
const (
	kindStart    = 1 // seq: the connections that follow are those after this event
	kindOpen     = 2 // a connection that is open
	kindEvent    = 3 // seq, an event
	kindMark     = 4 // seq, mark: see keeper.go
	kindIDs      = 5 // all IDs below were given away, or may have been
	kindComplete = 6 // what a compaction wrote before is complete
)

// Bounds of what a frame holds of an event, in bytes. Longer texts are cut in the
// journal, but for an event's ID.
const (
	maxID     = 64
	maxSource = 32
	maxText   = 256
	maxMark   = 256
)

var errFrame = errors.New("a frame that cannot be read")

func clip(s string, n int) string { return s[:min(len(s), n)] }

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func appendAddr(b []byte, a netip.AddrPort) []byte {
	if len(a.Addr().Zone()) > maxSource {
		a = netip.AddrPortFrom(a.Addr().WithZone(""), a.Port())
	}
	at := len(b)
	b, _ = a.AppendBinary(append(b, 0)) // never fails
	b[at] = byte(len(b) - at - 1)
	return b
}

func appendConnection(b []byte, c *event.Connection) []byte {
	b = binary.AppendVarint(b, c.ID)
	b = appendText(b, clip(c.Source, maxSource))
	b = appendText(b, clip(c.Database, maxText))
	b = appendAddr(b, c.Client)
	b = appendAddr(b, c.Server)
	return appendTime(b, c.Opened)
}

// appendCommonName ends a frame with the common name of a connection that has one, so
// that the frames of all others are as they were before there was any.
func appendCommonName(b []byte, c *event.Connection) []byte {
	if c.CommonName == "" {
		return b
	}
	return appendText(b, clip(c.CommonName, event.MaxCommonName))
}

// typeNumber is the number of a type in frames, 0 for none of ours.
func typeNumber(t event.Type) byte {
	switch t {
	case event.NewConnection:
		return 1
	case event.Authentication:
		return 2
	case event.CloseConnection:
		return 3
	}
	return 0
}

func typeOf(n byte) (event.Type, bool) {
	switch n {
	case 1:
		return event.NewConnection, true
	case 2:
		return event.Authentication, true
	case 3:
		return event.CloseConnection, true
	}
	return "", false
}

func (f framer) appendEvent(b []byte, seq uint64, e *event.Event) []byte {
	at := len(b)
	b = append(f.open(b), kindEvent)
	b = binary.AppendUvarint(b, seq)
	b = append(b, typeNumber(e.Type))
	b = appendText(b, e.ID)
	b = appendTime(b, e.Time)
	b = appendConnection(b, &e.Connection)
	b = binary.AppendVarint(b, int64(e.Status))
	b = appendText(b, clip(e.User, event.MaxUser))
	b = appendText(b, clip(string(e.Reason), maxSource))
	return f.seal(appendCommonName(b, &e.Connection), at)
}

func (f framer) appendOpen(b []byte, c *entry) []byte {
	at := len(b)
	b = append(f.open(b), kindOpen)
	b = binary.AppendUvarint(b, c.seq)
	b = appendConnection(b, &c.Connection.Connection)
	b = appendText(b, c.User)
	b = appendTime(b, c.Authenticated)
	b = binary.AppendUvarint(b, uint64(c.Failures))
	b = appendTime(b, c.last)
	return f.seal(appendCommonName(b, &c.Connection.Connection), at)
}

func (f framer) appendMark(b []byte, seq uint64, mark []byte) []byte {
	at := len(b)
	b = binary.AppendUvarint(append(f.open(b), kindMark), seq)
	b = appendText(b, string(mark))
	return f.seal(b, at)
}

func (f framer) appendNumber(b []byte, kind byte, n uint64) []byte {
	at := len(b)
	return f.seal(binary.AppendUvarint(append(f.open(b), kind), n), at)
}

// decoder reads the fields of a payload.
type decoder struct{ fields.Reader }

func (d *decoder) addr() (a netip.AddrPort) {
	b := d.Take(uint64(d.Byte()))
	if !d.Bad && a.UnmarshalBinary(b) != nil {
		d.Fail()
	}
	return a
}

func (d *decoder) connection() (c event.Connection) {
	c.ID = d.Int()
	c.Source = d.Text()
	c.Database = d.Text()
	c.Client = d.addr()
	c.Server = d.addr()
	c.Opened = d.Time()
	return c
}

// commonName reads what appendCommonName has written, if anything.
func (d *decoder) commonName() string {
	if d.Bad || len(d.B) == 0 {
		return ""
	}
	return d.Text()
}

// frame is a payload that was read; which fields it has depends on its kind.
type frame struct {
	kind  byte
	seq   uint64 // the number of kindIDs
	event event.Event
	entry *entry
	mark  []byte
}

// parse reads a payload. Frames of an unknown kind have only that.
func parse(payload []byte) (fr frame, err error) {
	d := &decoder{fields.Reader{B: payload}}
	fr.kind = d.Byte()
	switch fr.kind {
	case kindStart, kindIDs:
		fr.seq = d.Uint()
	case kindMark:
		fr.seq = d.Uint()
		if m := d.Text(); m != "" {
			fr.mark = []byte(m)
		}
	case kindEvent:
		fr.seq = d.Uint()
		t, ok := typeOf(d.Byte())
		d.Bad = d.Bad || !ok
		fr.event = event.Event{
			Type: t, ID: d.Text(), Time: d.Time(), Connection: d.connection(),
			Status: event.Status(d.Int()), User: d.Text(), Reason: event.Reason(d.Text()),
		}
		fr.event.Connection.CommonName = d.commonName()
	case kindOpen:
		fr.seq = d.Uint()
		fr.entry = &entry{seq: fr.seq}
		fr.entry.Connection.Connection = d.connection()
		fr.entry.User = d.Text()
		fr.entry.Authenticated = d.Time()
		fr.entry.Failures = int(d.Uint())
		fr.entry.last = d.Time()
		fr.entry.CommonName = d.commonName()
	}
	if d.Bad {
		return fr, fmt.Errorf("%w: of kind %d", errFrame, fr.kind)
	}
	return fr, nil
}
