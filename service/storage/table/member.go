package table

import (
	"encoding/base64"
	"strconv"
	"strings"

	"reslog/internal/jsonlex"
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// member is a property of the object, with its annotation.
type member struct {
	name string
	text string // its JSON; of a string what is between the quotes
	edm  string // its type, "" when nothing says so
	kind byte   // the first byte of its JSON; 0 when only its annotation was seen
	esc  bool   // text is a string with escapes
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

// string is the text of a string, and of anything else its JSON.
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
	text, err := m.string()
	if err != nil {
		return err
	}
	m.text, m.esc = text, false
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

func (m *member) setText(p *tablestore.Property) error {
	if len(m.text) > maxText && units(m.text) > maxText {
		return storage.ErrPropertyValueTooLarge
	}
	p.Text = m.text
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
	raw, err := base64.StdEncoding.DecodeString(m.text)
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
