package tablestore

import (
	"fmt"
	"unicode/utf8"

	"reslog/service/storage/disk"
)

// Size is how large the service takes an entity to be: 4 bytes, two for each
// UTF-16 code unit of its keys, and for each property 8, two for each code unit of
// its name, and its value: of a string two for each code unit and 4, of a binary
// its bytes and 4, else 1 (Boolean), 4 (Int32), 16 (GUID) or 8.
//
// Source: Windows Azure Storage team blog, "Understanding Windows Azure Storage
// Billing - Bandwidth, Transactions, and Capacity".
func (e *Entity) Size() int {
	n := 4 + 2*(units(e.Partition)+units(e.Row))
	for i := range e.Properties {
		p := &e.Properties[i]
		n += 8 + 2*units(p.Name) + p.size()
	}
	return n
}

func (p *Property) size() int {
	switch p.Type {
	case String:
		return 2*units(p.Text) + 4
	case Binary:
		return len(p.Text) + 4
	case Boolean:
		return 1
	case GUID:
		return 16
	case Int32:
		return 4
	default:
		return 8
	}
}

// units counts the UTF-16 code units of s.
func units(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			n := i
			for _, r := range s[i:] {
				n++
				if r > 0xffff {
					n++
				}
			}
			return n
		}
	}
	return len(s)
}

// An entity's record: its head, and of each property type, name and value.
const entityVersion = 1

// head is what a change needs to know of the entity it replaces.
type head struct {
	timestamp uint64 // ticks, fixed
	size      int    // Entity.Size
	count     int    // of properties
}

// minProperty is the length of the shortest property.
const minProperty = 3

func appendEntity(e *disk.Enc, h head, list []Property) {
	e.Byte(entityVersion)
	e.Fixed64(h.timestamp)
	e.Uint(uint64(h.size))
	e.Uint(uint64(len(list)))
	for i := range list {
		p := &list[i]
		e.Byte(byte(p.Type))
		e.Strings(p.Name)
		switch p.Type {
		case String, Binary, GUID:
			e.Strings(p.Text)
		case Boolean:
			e.Byte(byte(p.Number))
		case Int32, Int64:
			e.Int(p.Number)
		default:
			e.Fixed64(uint64(p.Number))
		}
	}
}

func readHead(d *disk.Dec) head {
	d.Version(entityVersion)
	h := head{timestamp: d.Ticks()}
	size := d.Uint()
	if size > MaxSize {
		d.Fail("size out of range")
	}
	h.size = int(size)
	h.count = d.Count(minProperty)
	return h
}

// readProperties appends n properties to list.
func readProperties(d *disk.Dec, list []Property, n int) []Property {
	for range n {
		p := Property{Type: Type(d.Byte()), Name: d.String()}
		switch p.Type {
		case String, Binary, GUID:
			p.Text = d.String()
		case Boolean:
			p.Number = int64(d.Byte())
			if p.Number > 1 {
				d.Fail("truth value")
			}
		case Int32, Int64:
			p.Number = d.Int()
		case DateTime, Double:
			p.Number = int64(d.Fixed64())
		default:
			d.Fail(fmt.Sprintf("property of type %d", p.Type))
		}
		if d.Err() != nil {
			return list
		}
		list = append(list, p)
	}
	return list
}

// decodeEntity reads an entity whose strings are parts of record.
func decodeEntity(record string, k Key) (Entity, error) {
	d := disk.Decode(record)
	h := readHead(&d)
	e := Entity{Key: k, Timestamp: disk.Time(h.timestamp)}
	if h.count > 0 {
		e.Properties = readProperties(&d, make([]Property, 0, h.count), h.count)
	}
	if err := d.End(); err != nil {
		return Entity{}, err
	}
	return e, nil
}

// check returns the size of an entity, or why it cannot be kept.
func (e *Entity) check() (int, error) {
	if len(e.Properties) > MaxProperties {
		return 0, ErrTooMany
	}
	for i := range e.Properties {
		p := &e.Properties[i]
		if p.Type > Int64 || p.Type == Boolean && p.Number&^1 != 0 {
			return 0, fmt.Errorf("property %s has no value of a type there is", p.Name)
		}
	}
	size := e.Size()
	if size > MaxSize {
		return 0, ErrTooLarge
	}
	return size, nil
}

// merge returns the properties of old with those of more put in: in place of the
// one of the same name, or behind. It changes old.
func merge(old, more []Property) []Property {
	n := len(old)
	next := 0 // they often come in the order in which they are kept
	for _, p := range more {
		i := find(old[next:], p.Name)
		if i < 0 {
			i = find(old[:next], p.Name)
		} else {
			i += next
		}
		if i < 0 {
			old = append(old, p)
			continue
		}
		old[i] = p
		if i < n {
			next = i + 1
		}
	}
	return old
}

func find(list []Property, name string) int {
	for i := range list {
		if list[i].Name == name {
			return i
		}
	}
	return -1
}
