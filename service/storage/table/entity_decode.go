package table

import (
	"strings"
	"sync"
	"unicode/utf8"

	"reslog/internal/jsonlex"
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Properties that every entity has.
const (
	partitionKey = "PartitionKey"
	rowKey       = "RowKey"
	timestamp    = "Timestamp"
)

// Bounds of what a body may hold.
const (
	maxProperties = tablestore.MaxProperties
	maxText       = 32 << 10 // UTF-16 code units of a string
	maxBinary     = 64 << 10 // bytes
	// maxMembers bounds the members of the object: properties, their annotations
	// and those of the entity, and some that are null.
	maxMembers = 4 * (maxProperties + 3)
)

// odataPrefix begins the names of annotations of the entity itself, typeSuffix
// ends those of the type of a property.
const (
	odataPrefix = "odata."
	typeSuffix  = "odata.type"
)

// decodedEntity is what a body says.
type decodedEntity struct {
	entity                  tablestore.Entity
	hasPartition, hasRowKey bool
}

// decodeEntity reads an entity from a body in JSON. Properties that are null are
// not there; the types of the others are what their annotations say, or else what
// their JSON looks like; annotations may come before or behind. Timestamp and
// what is said of the entity as a whole are passed over, as the service does.
func decodeEntity(body string) (decodedEntity, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	defer d.reset()
	if err := d.scan(body); err != nil {
		return decodedEntity{}, err
	}
	return d.entity()
}

// reset forgets the members, which hold on to the body.
func (d *decoder) reset() {
	clear(d.members)
	d.members = d.members[:0]
	clear(d.at)
}

var decoders = sync.Pool{New: func() any { return &decoder{members: make([]member, 0, 32)} }}

// decoder takes the object of a body apart.
type decoder struct {
	members []member
	// at are the places of members by name, once there are more than maxLinear.
	at map[string]int
}

// maxLinear is how many members are faster looked through than looked up.
const maxLinear = 32

// scan finds the members of an object.
func (d *decoder) scan(s string) error {
	if !utf8.ValidString(s) {
		return storage.ErrInvalidInput
	}
	i := jsonlex.SkipSpace(s, len(s)-len(strings.TrimPrefix(s, "\ufeff")))
	if i == len(s) || s[i] != '{' {
		return storage.ErrInvalidInput
	}
	if i = jsonlex.SkipSpace(s, i+1); i < len(s) && s[i] == '}' {
		return end(s, i+1)
	}
	for count := 0; ; count++ {
		if count == maxMembers {
			return storage.ErrTooManyProperties
		}
		nameEnd, value, escaped, _ := jsonlex.Name(s, i)
		if nameEnd < 0 || value == len(s) {
			return storage.ErrInvalidInput
		}
		m := member{name: s[i+1 : nameEnd-1], kind: s[value]}
		if escaped {
			var ok bool
			if m.name, ok = unescape(m.name); !ok {
				return storage.ErrInvalidInput
			}
		}
		if m.kind == '"' {
			var stop int
			if stop, m.esc, _ = jsonlex.String(s, value+1); stop < 0 {
				return storage.ErrInvalidInput
			}
			m.text, i = s[value+1:stop-1], stop
		} else {
			if i = jsonlex.Value(s, value, 1); i < 0 {
				return storage.ErrInvalidInput
			}
			m.text = s[value:i]
		}
		if err := d.add(m); err != nil {
			return err
		}
		if i = jsonlex.SkipSpace(s, i); i == len(s) {
			return storage.ErrInvalidInput
		}
		if s[i] == '}' {
			return end(s, i+1)
		}
		if s[i] != ',' {
			return storage.ErrInvalidInput
		}
		i = jsonlex.SkipSpace(s, i+1)
	}
}

// end refuses a body with something behind the object.
func end(s string, i int) error {
	if jsonlex.SkipSpace(s, i) != len(s) {
		return storage.ErrInvalidInput
	}
	return nil
}

// add notes a member: a property, or the type of one.
func (d *decoder) add(m member) error {
	if strings.HasPrefix(m.name, odataPrefix) {
		return nil
	}
	if at := strings.IndexByte(m.name, '@'); at >= 0 {
		if m.name[at+1:] != typeSuffix {
			return nil
		}
		if m.kind != '"' || m.esc {
			return storage.ErrInvalidInput
		}
		m.name = m.name[:at]
		if i := d.find(m.name); i < 0 {
			d.append(member{name: m.name, edm: m.text})
		} else if d.members[i].edm != "" {
			return storage.ErrDuplicatePropertiesSpecified
		} else {
			d.members[i].edm = m.text
		}
		return nil
	}
	i := d.find(m.name)
	switch {
	case i < 0:
		d.append(m)
	case d.members[i].kind != 0:
		return storage.ErrDuplicatePropertiesSpecified
	default:
		m.edm = d.members[i].edm
		d.members[i] = m
	}
	return nil
}

// append adds a member of a new name.
func (d *decoder) append(m member) {
	d.members = append(d.members, m)
	switch n := len(d.members); {
	case n <= maxLinear:
	case len(d.at) > 0:
		d.at[m.name] = n - 1
	default:
		if d.at == nil {
			d.at = make(map[string]int, 4*maxLinear)
		}
		for i := range d.members {
			d.at[d.members[i].name] = i
		}
	}
}

// find looks for a member from the last one on, which an annotation mostly is of.
func (d *decoder) find(name string) int {
	if len(d.at) > 0 {
		if i, ok := d.at[name]; ok {
			return i
		}
		return -1
	}
	for i := len(d.members) - 1; i >= 0; i-- {
		if d.members[i].name == name {
			return i
		}
	}
	return -1
}

// entity makes an entity of the members.
func (d *decoder) entity() (decodedEntity, error) {
	var r decodedEntity
	e := &r.entity
	if len(d.members) > 2 {
		e.Properties = make([]tablestore.Property, 0, min(len(d.members), maxProperties))
	}
	for i := range d.members {
		m := &d.members[i]
		var err error
		switch m.name {
		case timestamp:
			continue
		case partitionKey:
			e.Partition, r.hasPartition, err = m.key()
		case rowKey:
			e.Row, r.hasRowKey, err = m.key()
		default:
			err = addProperty(e, m)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}
