package serviceprotocol

import (
	"errors"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"reslog/service/signalr/msgpack"
	"reslog/service/signalr/payload"
)

// maxDepth is how deeply what is not known may be nested.
const maxDepth = 16

var errType = errors.New("an item is of the wrong type, or ends too early")

// coder reads or writes the items of an array, one a call.
type coder struct {
	reading bool
	// b is what is not read yet, or what is written.
	b []byte
	// left are the items that are not read yet, or the number of those written.
	left uint32
	// err is the first error of reading; from then on nothing is read.
	err error
}

// item begins an item. It reports whether there is one to read; of those that are
// missing the fields stay zero.
func (c *coder) item() bool {
	if !c.reading {
		c.left++
		return false
	}
	if c.left == 0 || c.err != nil {
		return false
	}
	c.left--
	return true
}

// isNil takes nil, where it may be in place of a value.
func (c *coder) isNil() bool {
	if msgp.IsNil(c.b) {
		c.b = c.b[1:]
		return true
	}
	return false
}

// fail keeps an error of reading.
func (c *coder) fail(err error) bool {
	if err != nil && c.err == nil {
		c.err = errType
	}
	return c.err != nil
}

// text is a string; read, nil is "".
func (c *coder) text(s *string) {
	if c.item() {
		*s = c.readText()
	} else if !c.reading {
		c.b = msgp.AppendString(c.b, *s)
	}
}

// textOrNil is a string that is written as nil if it is "".
func (c *coder) textOrNil(s *string) {
	if c.reading || *s != "" {
		c.text(s)
		return
	}
	c.item()
	c.b = msgp.AppendNil(c.b)
}

func (c *coder) readText() string {
	if c.isNil() {
		return ""
	}
	v, rest, err := msgp.ReadStringZC(c.b)
	if c.fail(err) {
		return ""
	}
	if !utf8.Valid(v) {
		c.err = errors.New("a string is not UTF-8")
		return ""
	}
	c.b = rest
	return string(v)
}

func (c *coder) int(n *int) {
	if c.item() {
		*n = c.readInt()
	} else if !c.reading {
		c.b = appendInt(c.b, *n)
	}
}

func (c *coder) readInt() int {
	if c.isNil() {
		return 0
	}
	v, rest, err := msgp.ReadInt64Bytes(c.b)
	if c.fail(err) {
		return 0
	}
	c.b = rest
	return int(v)
}

func appendInt(b []byte, n int) []byte {
	if n >= 0 {
		return msgp.AppendUint64(b, uint64(n)) // the shortest form
	}
	return msgp.AppendInt(b, n)
}

func (c *coder) bool(v *bool) {
	if c.item() {
		*v = c.readBool()
	} else if !c.reading {
		c.b = msgp.AppendBool(c.b, *v)
	}
}

func (c *coder) readBool() bool {
	if c.isNil() {
		return false
	}
	v, rest, err := msgp.ReadBoolBytes(c.b)
	if c.fail(err) {
		return false
	}
	c.b = rest
	return v
}

// bytes are a part of what is read.
func (c *coder) bytes(v *[]byte) {
	if c.item() {
		*v = c.readBytes()
	} else if !c.reading {
		c.b = msgp.AppendBytes(c.b, *v)
	}
}

func (c *coder) readBytes() []byte {
	if c.isNil() {
		return nil
	}
	v, rest, err := msgp.ReadBytesZC(c.b)
	if c.fail(err) {
		return nil
	}
	c.b = rest
	return v[:len(v):len(v)]
}

// texts are an array of strings.
func (c *coder) texts(list *[]string) {
	if c.item() {
		*list = c.readTexts()
	} else if !c.reading {
		c.b = appendTexts(c.b, *list)
	}
}

func (c *coder) readTexts() []string {
	if c.isNil() {
		return nil
	}
	n, rest, err := msgp.ReadArrayHeaderBytes(c.b)
	if c.fail(err) {
		return nil
	}
	c.b = rest
	if n == 0 {
		return nil
	}
	// Each has a byte at least: a size that lies takes no more memory than that.
	list := make([]string, 0, min(int(n), len(rest)))
	for i := uint32(0); i < n && c.err == nil; i++ {
		list = append(list, c.readText())
	}
	return list
}

func appendTexts(b []byte, list []string) []byte {
	b = msgp.AppendArrayHeader(b, uint32(len(list)))
	for _, s := range list {
		b = msgp.AppendString(b, s)
	}
	return b
}

// entries reads the header of a map and calls fn for each entry, while nothing fails.
func (c *coder) entries(fn func()) {
	if c.isNil() {
		return
	}
	n, rest, err := msgp.ReadMapHeaderBytes(c.b)
	if c.fail(err) {
		return
	}
	c.b = rest
	for i := uint32(0); i < n && c.err == nil; i++ {
		fn()
	}
}

// claims are a map in which a key may be there more than once.
func (c *coder) claims(list *[]Claim) {
	if c.item() {
		c.entries(func() {
			kind := c.readText()
			*list = append(*list, Claim{Type: kind, Value: c.readText()})
		})
	} else if !c.reading {
		c.b = msgp.AppendMapHeader(c.b, uint32(len(*list)))
		for _, claim := range *list {
			c.b = msgp.AppendString(msgp.AppendString(c.b, claim.Type), claim.Value)
		}
	}
}

// headers are a map of arrays, written in the order of the names.
func (c *coder) headers(m *map[string][]string) {
	if c.item() {
		c.entries(func() {
			if *m == nil {
				*m = map[string][]string{}
			}
			name := c.readText()
			(*m)[name] = append((*m)[name], c.readTexts()...)
		})
	} else if !c.reading {
		c.b = msgp.AppendMapHeader(c.b, uint32(len(*m)))
		for _, name := range slices.Sorted(maps.Keys(*m)) {
			c.b = appendTexts(msgp.AppendString(c.b, name), (*m)[name])
		}
	}
}

// payloads are messages by protocol.
func (c *coder) payloads(m *Payloads) {
	if c.item() {
		c.entries(func() {
			if *m == nil {
				*m = Payloads{}
			}
			name := c.readText()
			(*m)[payload.Protocol(name)] = c.readBytes()
		})
	} else if !c.reading {
		c.b = msgp.AppendMapHeader(c.b, uint32(len(*m)))
		for _, p := range slices.Sorted(maps.Keys(*m)) {
			c.b = msgp.AppendBytes(msgp.AppendString(c.b, string(p)), (*m)[p])
		}
	}
}

// end skips the items that are not known.
func (c *coder) end() {
	for ; c.left > 0 && c.err == nil; c.left-- {
		c.skip()
	}
	if c.err == nil && len(c.b) > 0 {
		c.err = errors.New("there is something behind its end")
	}
}

// skip skips a value.
func (c *coder) skip() {
	rest, err := msgpack.Skip(c.b, maxDepth)
	if err != nil && c.err == nil {
		c.err = err
	}
	c.b = rest
}
