package serviceprotocol

import (
	"math"
	"time"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/payload"
)

// Ext are the extra properties that most messages have, zero where there are none.
type Ext struct {
	// TracingID is that of message tracing.
	TracingID uint64
	// TTL is how long a user stays in a group, in whole seconds; nil is not told.
	TTL *time.Duration
	// Protocol is the client's.
	Protocol payload.Protocol
	// Filter chooses clients.
	Filter string
	// DataType is what ConnectionData carries.
	DataType DataType
	// Partial says that ConnectionData goes on in the next.
	Partial bool
}

// DataType is what the bytes of ConnectionData are.
type DataType int

// The types; 0 is not told.
const (
	DataHandshake  DataType = 1
	DataInvocation DataType = 2
	DataOther      DataType = 3
)

// The keys of the map.
const (
	extTracingID = 1
	extTTL       = 2
	extProtocol  = 3
	extFilter    = 4
	extDataType  = 5
	extPartial   = 6
)

func (c *coder) ext(e *Ext) {
	if c.item() {
		c.entries(func() { c.readExt(e) })
	} else if !c.reading {
		c.b = e.append(c.b)
	}
}

func (c *coder) readExt(e *Ext) {
	key := c.readInt()
	if c.err != nil || c.isNil() {
		return
	}
	switch key {
	case extTracingID:
		v, rest, err := msgp.ReadUint64Bytes(c.b)
		if !c.fail(err) {
			e.TracingID, c.b = v, rest
		}
	case extTTL:
		// Not shorter than no time, nor longer than a Duration can be.
		seconds := min(max(c.readInt(), 0), math.MaxInt64/int(time.Second))
		ttl := time.Duration(seconds) * time.Second
		e.TTL = &ttl
	case extProtocol:
		e.Protocol = payload.Protocol(c.readText())
	case extFilter:
		e.Filter = c.readText()
	case extDataType:
		e.DataType = DataType(c.readInt())
	case extPartial:
		e.Partial = c.readBool()
	default:
		c.skip()
	}
}

// append writes only what is there: SDKs do not skip well.
func (e *Ext) append(b []byte) []byte {
	start := len(b)
	b = append(b, 0)
	n := uint32(0)
	key := func(k int) {
		n++
		b = appendInt(b, k)
	}
	if e.TracingID != 0 {
		key(extTracingID)
		b = msgp.AppendUint64(b, e.TracingID)
	}
	if e.TTL != nil {
		key(extTTL)
		b = appendInt(b, int(*e.TTL/time.Second))
	}
	if e.Protocol != "" {
		key(extProtocol)
		b = msgp.AppendString(b, string(e.Protocol))
	}
	if e.Filter != "" {
		key(extFilter)
		b = msgp.AppendString(b, e.Filter)
	}
	if e.DataType != 0 {
		key(extDataType)
		b = appendInt(b, int(e.DataType))
	}
	if e.Partial {
		key(extPartial)
		b = msgp.AppendBool(b, true)
	}
	// At most six entries: the header is one byte.
	msgp.AppendMapHeader(b[:start], n)
	return b
}
