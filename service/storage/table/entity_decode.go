package table

import (
	"encoding/base64"
	"strconv"
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
	maxProperties = 252      // beside PartitionKey, RowKey and Timestamp
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
	d.members = d.members[:0]
	defer func() { clear(d.members) }() // they hold on to the body
	if err := d.scan(body); err != nil {
		return decodedEntity{}, err
	}
	return d.entity()
}

var decoders = sync.Pool{New: func() any { return &decoder{members: make([]member, 0, 32)} }}

// decoder takes the object of a body apart.
type decoder struct {
	members []member
}

// member is a property of the object, with its annotation.
type member struct {
	name string
	text string // its JSON; of a string what is between the quotes
	edm  string // its type, "" when nothing says so
	kind byte   // the first byte of its JSON; 0 when only its annotation was seen
	esc  bool   // text is a string with escapes
}

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
			d.members = append(d.members, member{name: m.name, edm: m.text})
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
		d.members = append(d.members, m)
	case d.members[i].kind != 0:
		return storage.ErrDuplicatePropertiesSpecified
	default:
		m.edm = d.members[i].edm
		d.members[i] = m
	}
	return nil
}

// find looks for a member from the last one on, which an annotation mostly is of.
func (d *decoder) find(name string) int {
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

// key is the value of PartitionKey or RowKey; given is false when it is null.
func (m *member) key() (text string, given bool, err error) {
	switch {
	case m.kind == 0, m.kind == 'n':
		return "", false, nil
	case m.kind != '"', m.edm != "" && m.edm != edmNames[tablestore.String]:
		return "", false, storage.ErrInvalidInput
	}
	if text, err = m.string(); err != nil {
		return "", false, err
	}
	return text, true, checkKey(m.name, text)
}

// string is the text of a string.
func (m *member) string() (string, error) {
	if !m.esc {
		return m.text, nil
	}
	text, ok := unescape(m.text)
	if !ok {
		return "", storage.ErrInvalidInput
	}
	return text, nil
}

// addProperty adds a member to the properties of an entity, unless it is null.
func addProperty(e *tablestore.Entity, m *member) error {
	if err := checkPropertyName(m.name); err != nil {
		return err
	}
	if m.kind == 0 || m.kind == 'n' {
		return nil
	}
	p := tablestore.Property{Name: m.name}
	var err error
	if m.edm == "" {
		err = m.infer(&p)
	} else {
		err = m.convert(&p)
	}
	if err != nil {
		return err
	}
	if len(e.Properties) == maxProperties {
		return storage.ErrTooManyProperties
	}
	e.Properties = append(e.Properties, p)
	return nil
}

// infer sets the value by what the JSON looks like: a number is an Int32 when it
// is written as one and fits, else a Double.
func (m *member) infer(p *tablestore.Property) error {
	switch m.kind {
	case '"':
		p.Type = tablestore.String
		return m.setText(p)
	case 't', 'f':
		p.Type = tablestore.Boolean
		return m.setBoolean(p)
	case '{', '[':
		return storage.ErrInvalidInput
	}
	if n, err := strconv.ParseInt(m.text, 10, 32); err == nil && m.text != "-0" {
		p.Type, p.Number = tablestore.Int32, n
		return nil
	}
	p.Type = tablestore.Double
	return m.setNumber(p)
}

// convert sets the value to what the annotation says it is. Numbers and truth
// values may be strings, too.
func (m *member) convert(p *tablestore.Property) error {
	var ok bool
	if p.Type, ok = typeOf(m.edm); !ok || m.kind == '{' || m.kind == '[' {
		return storage.ErrInvalidInput
	}
	switch p.Type {
	case tablestore.Boolean:
		return m.setBoolean(p)
	case tablestore.Int32, tablestore.Int64, tablestore.Double:
		return m.setNumber(p)
	}
	if m.kind != '"' {
		return storage.ErrInvalidInput
	}
	switch p.Type {
	case tablestore.DateTime:
		return m.setDateTime(p)
	case tablestore.GUID:
		p.Text, ok = parseGUID(m.text)
	case tablestore.Binary:
		return m.setBinary(p)
	default:
		return m.setText(p)
	}
	if !ok {
		return storage.ErrInvalidInput
	}
	return nil
}

func (m *member) setText(p *tablestore.Property) (err error) {
	if p.Text, err = m.string(); err != nil {
		return err
	}
	if len(p.Text) > maxText && units(p.Text) > maxText {
		return storage.ErrPropertyValueTooLarge
	}
	return nil
}

func (m *member) setBoolean(p *tablestore.Property) error {
	switch m.text {
	case "true":
		p.Number = 1
	case "false":
	default:
		return storage.ErrInvalidInput
	}
	return nil
}

func (m *member) setNumber(p *tablestore.Property) error {
	bits := 64
	switch p.Type {
	case tablestore.Double:
		n, ok := parseDouble(m.text)
		if !ok {
			return storage.ErrInvalidInput
		}
		p.Number = n
		return nil
	case tablestore.Int32:
		bits = 32
	}
	n, err := strconv.ParseInt(m.text, 10, bits)
	if err != nil {
		return storage.ErrInvalidInput
	}
	p.Number = n
	return nil
}

func (m *member) setDateTime(p *tablestore.Property) error {
	ticks, ok := parseDateTime(m.text)
	if !ok {
		return storage.ErrInvalidInput
	}
	if ticks < minDateTime {
		return outOfRange(m.name, timeOf(ticks).Format("01/02/2006 15:04:05"))
	}
	p.Number = ticks
	return nil
}

func (m *member) setBinary(p *tablestore.Property) error {
	text, err := m.string() // a slash may be escaped
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return storage.ErrInvalidInput
	}
	if len(raw) > maxBinary {
		return storage.ErrPropertyValueTooLarge
	}
	p.Text = string(raw)
	return nil
}

// unescape is what a string with escapes says. It has no half of a surrogate pair,
// which could not be kept as it is: ok is false then.
func unescape(s string) (text string, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			continue
		}
		if i++; s[i] != 'u' {
			continue
		}
		switch unit := codeUnit(s[i+1:]); {
		case unit < 0xd800 || unit > 0xdfff:
			i += 4
		case unit < 0xdc00 && strings.HasPrefix(s[i+5:], `\u`) && codeUnit(s[i+7:])&^0x3ff == 0xdc00:
			i += 10
		default:
			return "", false
		}
	}
	return string(jsonlex.AppendUnescaped(nil, s, func(dst []byte, s string) []byte { return append(dst, s...) })), true
}

// codeUnit reads the four digits of an escape.
func codeUnit(s string) (unit rune) {
	for i := range 4 {
		unit = unit<<4 | jsonlex.HexDigit(s[i])
	}
	return unit
}
