package queue

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"reslog/service/storage"
)

// Bounds of a message.
//
// Source: REST API reference, "Put Message"; which of both sizes is bounded, of the
// text or of what encodes it, as clients of the service were seen to rely on.
const (
	maxText    = 64 << 10
	maxTextOld = 8 << 10 // before 2011-08-18
	// maxMessageBody bounds the XML, in which every character of the text may be
	// a reference.
	maxMessageBody = 8*maxText + 4<<10
	// maxDepth bounds how deep its elements nest.
	maxDepth = 8
)

// readMessage reads the text of the message in the body of a request. ok is false
// when there is no body.
func (s *Service) readMessage(c *storage.Call) (text string, ok bool, err error) {
	b := s.buffer()
	defer s.release(b)
	if b.raw, err = c.ReadBody(b.raw[:0]); err != nil {
		return "", false, err
	}
	if len(b.raw) == 0 {
		return "", false, nil
	}
	if text, err = b.message(); err != nil {
		return "", false, err
	}
	limit := maxText
	if c.Version < storage.V2011_08_18 {
		limit = maxTextOld
	}
	if len(text) > limit {
		return "", false, storage.ErrRequestBodyTooLarge.With("MaxLimit", strconv.Itoa(limit))
	}
	return text, true, nil
}

// message returns the text of the message in b.raw:
//
//	<QueueMessage><MessageText>text</MessageText></QueueMessage>
func (b *buffer) message() (string, error) {
	if text, ok := b.plainMessage(); ok {
		return string(text), nil
	}
	return anyMessage(b.raw)
}

// declarations are those that clients send.
var declarations = [...]string{
	`<?xml version="1.0" encoding="utf-8"?>`,
	`<?xml version="1.0" encoding="UTF-8"?>`,
	`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`,
	`<?xml version='1.0' encoding='utf-8'?>`,
	`<?xml version='1.0' encoding='UTF-8'?>`,
}

// plainMessage reads a message in the plain form that all clients send. What it
// returns lies in b and is what anyMessage would return; it is not ok for
// everything that it does not understand, and for what is wrong.
func (b *buffer) plainMessage() (text []byte, ok bool) {
	raw := bytes.TrimPrefix(b.raw, []byte("\ufeff"))
	if bytes.HasPrefix(raw, []byte("<?")) {
		declared := false
		for _, d := range declarations {
			if len(raw) >= len(d) && string(raw[:len(d)]) == d {
				raw, declared = raw[len(d):], true
				break
			}
		}
		if !declared {
			return nil, false
		}
	}
	if raw, ok = cutTag(raw, "<QueueMessage>"); !ok {
		return nil, false
	}
	if raw, ok = cutTag(raw, "<MessageText>"); ok {
		end := bytes.IndexByte(raw, '<')
		if end < 0 {
			return nil, false
		}
		text, raw = raw[:end], raw[end:]
		if raw, ok = cutTag(raw, "</MessageText>"); !ok {
			return nil, false
		}
	} else if raw, ok = cutTag(raw, "<MessageText />"); !ok {
		return nil, false
	}
	if raw, ok = cutTag(raw, "</QueueMessage>"); !ok || len(skipSpace(raw)) > 0 {
		return nil, false
	}
	return b.decode(text)
}

// cutTag takes a tag off the front of raw, with white space before it.
func cutTag(raw []byte, tag string) ([]byte, bool) {
	if len(raw) == 0 || raw[0] != '<' {
		raw = skipSpace(raw)
	}
	if len(raw) < len(tag) || string(raw[:len(tag)]) != tag {
		return raw, false
	}
	return raw[len(tag):], true
}

func skipSpace(raw []byte) []byte {
	for len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\n' || raw[0] == '\t' || raw[0] == '\r') {
		raw = raw[1:]
	}
	return raw
}

// decode resolves the references in character data and makes line breaks line
// feeds. Without any it returns the text itself, else what it wrote to b.text.
func (b *buffer) decode(text []byte) ([]byte, bool) {
	i := plainPrefix(text)
	if i == len(text) {
		return text, true
	}
	dst := append(b.text[:0], text[:i]...)
	for i < len(text) {
		switch text[i] {
		case '&':
			var n int
			if dst, n = appendReference(dst, text[i:]); n == 0 {
				return nil, false
			}
			i += n
		case '\r':
			dst = append(dst, '\n')
			if i++; i < len(text) && text[i] == '\n' {
				i++
			}
		default:
			return nil, false
		}
		n := plainPrefix(text[i:])
		dst = append(dst, text[i:i+n]...)
		i += n
	}
	b.text = dst
	return dst, true
}

// plainPrefix returns how much at the front of text is characters that stand for
// themselves.
func plainPrefix(text []byte) int {
	for i := storage.PlainRun(text, '&', '>'); i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' || c == '&' || c == '>' && endsSection(text[:i]) {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
			return i
		}
		i += n
	}
	return len(text)
}

// endsSection reports whether text ends in "]]", after which there must be no ">".
func endsSection(text []byte) bool { return bytes.HasSuffix(text, []byte("]]")) }

// appendReference appends what the reference at the front of text stands for. n is
// its length, 0 for what is none of the usual ones.
func appendReference(dst, text []byte) (_ []byte, n int) {
	n = bytes.IndexByte(text[:min(len(text), 12)], ';') + 1
	if n < 4 {
		return dst, 0
	}
	switch name := text[1 : n-1]; string(name) {
	case "amp":
		return append(dst, '&'), n
	case "lt":
		return append(dst, '<'), n
	case "gt":
		return append(dst, '>'), n
	case "quot":
		return append(dst, '"'), n
	case "apos":
		return append(dst, '\''), n
	default:
		r, ok := character(name)
		if !ok {
			return dst, 0
		}
		return utf8.AppendRune(dst, r), n
	}
}

// character returns the character of a numeric reference, "#10" or "#xA".
func character(name []byte) (rune, bool) {
	if name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], rune(10)
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	var r rune
	for _, c := range digits {
		var d rune
		switch {
		case c >= '0' && c <= '9':
			d = rune(c - '0')
		case base == 16 && c >= 'a' && c <= 'f':
			d = rune(c-'a') + 10
		case base == 16 && c >= 'A' && c <= 'F':
			d = rune(c-'A') + 10
		default:
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	valid := r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xd800 || r >= 0xe000 && r < 0xfffe || r > 0xffff
	return r, valid && len(digits) > 0
}

// Mistakes in a message.
var (
	errNoMessage   = errors.New("the root element is not QueueMessage")
	errNoText      = errors.New("QueueMessage has no MessageText")
	errTwoTexts    = errors.New("QueueMessage has more than one MessageText")
	errUnexpected  = errors.New("QueueMessage has something beside MessageText")
	errDepth       = errors.New("elements nest too deeply")
	errDirective   = errors.New("a document type declaration is not allowed")
	errAfterTheEnd = errors.New("there is something after the root element")
)

// anyMessage reads every message that is XML. Of markup inside the text only the
// characters in it are kept, as "Put Message" says.
func anyMessage(raw []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	var m messageReader
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = m.take(token)
		}
		if err != nil {
			return "", storage.InvalidXML(err)
		}
	}
	switch {
	case !m.root:
		return "", storage.InvalidXML(errNoMessage)
	case !m.found:
		return "", storage.InvalidXML(errNoText)
	}
	return string(m.text), nil
}

// messageReader collects the text of a message from the tokens of a document.
type messageReader struct {
	depth       int
	root, found bool
	text        []byte
}

func (m *messageReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		m.depth++
		return m.open(t.Name.Local)
	case xml.EndElement:
		m.depth--
	case xml.CharData:
		if m.depth >= 2 {
			m.text = append(m.text, t...)
		} else if len(bytes.Trim(t, " \t\r\n")) > 0 {
			return errUnexpected
		}
	case xml.Directive:
		return errDirective
	}
	return nil
}

func (m *messageReader) open(name string) error {
	switch {
	case m.depth > maxDepth:
		return errDepth
	case m.depth > 2: // markup inside the text
	case m.depth == 1 && m.root:
		return errAfterTheEnd
	case m.depth == 1 && name != "QueueMessage":
		return errNoMessage
	case m.depth == 1:
		m.root = true
	case name != "MessageText":
		return errUnexpected
	case m.found:
		return errTwoTexts
	default:
		m.found = true
	}
	return nil
}
