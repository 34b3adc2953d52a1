package storage

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ReadBody appends the body of the request, which its operation bounds, to dst
// and compares it with Content-MD5 if there is one.
func (c *Call) ReadBody(dst []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, int(max(c.Request.ContentLength, 0))+1) // one more, to read the end
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, 512)
		}
		m, err := c.Request.Body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+m]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if c.RequestMD5 = first(c.Request.Header, "Content-Md5"); c.RequestMD5 != "" {
		if err := checkMD5(dst[start:], c.RequestMD5); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// DecodeXML decodes a request body into v, a pointer to a struct whose XMLName is
// the root element. Deep nesting and document types are refused.
func DecodeXML(raw []byte, v any) error {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if err := checkDepth(raw); err != nil {
		return err
	}
	if err := xml.Unmarshal(raw, v); err != nil {
		return InvalidXML(err)
	}
	return nil
}

// checkDepth reads through a document and refuses one that nests too deeply.
func checkDepth(raw []byte) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	depth := 0
	for {
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return InvalidXML(err)
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return InvalidXML(errors.New("elements nest too deeply"))
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return InvalidXML(errors.New("a document type declaration is not allowed"))
		}
	}
}

// InvalidXML refuses a body that is not the XML it should be.
func InvalidXML(err error) error {
	e := ErrInvalidXmlDocument
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		e = e.With("LineNumber", strconv.Itoa(syntax.Line))
	}
	return e.With("Reason", Clip(strings.TrimPrefix(err.Error(), "xml: ")))
}

// AppendXML appends s as character data or attribute value; what XML cannot hold
// becomes U+FFFD.
func AppendXML(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		var esc string
		n := 1
		switch {
		case c == '&':
			esc = "&amp;"
		case c == '<':
			esc = "&lt;"
		case c == '>':
			esc = "&gt;"
		case c == '"':
			esc = "&quot;"
		case c == '\r':
			esc = "&#xD;"
		case c < ' ' && c != '\t' && c != '\n':
			esc = "\ufffd"
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 || r == 0xfffe || r == 0xffff {
				esc = "\ufffd"
			}
		}
		if esc != "" {
			dst = append(append(dst, s[start:i]...), esc...)
			start = i + n
		}
		i += n
	}
	return append(dst, s[start:]...)
}

// AppendElement appends <name>text</name>, and <name /> when the text is empty, as
// the service does.
func AppendElement(dst []byte, name, text string) []byte {
	dst = append(append(dst, '<'), name...)
	if text == "" {
		return append(dst, " />"...)
	}
	dst = AppendXML(append(dst, '>'), text)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>')
}
