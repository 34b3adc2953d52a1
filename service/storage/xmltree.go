package storage

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxXMLDepth bounds the nesting of documents that clients send.
const maxXMLDepth = 8

// element is an element of a small XML document that knows where it was.
type element struct {
	name     string
	text     string // its own character data, trimmed
	children []*element
	start    int // offset of the name in the start tag
	end      int // offset of the name in the end tag; of the start tag when empty
}

// parseXML reads a document: elements and text; comments are passed over,
// document types refused. The error has the offset where reading stopped.
func parseXML(doc []byte) (root *element, at int, err error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var open []*element
	for {
		offset := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) && root != nil && len(open) == 0 {
			return root, 0, nil
		}
		if err != nil {
			return nil, offset, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) == maxXMLDepth || len(open) == 0 && root != nil {
				return nil, offset, errXML
			}
			e := &element{name: t.Name.Local, start: offset + 1, end: offset + 1}
			if len(open) == 0 {
				root = e
			} else {
				parent := open[len(open)-1]
				parent.children = append(parent.children, e)
			}
			open = append(open, e)
		case xml.EndElement:
			e := open[len(open)-1]
			open = open[:len(open)-1]
			e.text = strings.TrimSpace(e.text)
			if bytes.HasPrefix(doc[offset:], []byte("</")) {
				e.end = offset + 2
			}
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			} else if len(bytes.Trim(t, " \t\r\n\ufeff")) > 0 {
				return nil, offset, errXML
			}
		case xml.Directive:
			return nil, offset, errXML
		}
	}
}

var errXML = &xml.SyntaxError{Msg: "not a plain document"}

// position returns the line and the column of an offset, both from 1, the
// column in UTF-16 units after a byte order mark, as .NET counts.
func position(doc []byte, offset int) (line, column int) {
	doc = doc[:min(max(offset, 0), len(doc))]
	line = 1 + bytes.Count(doc, []byte("\n"))
	doc = doc[bytes.LastIndexByte(doc, '\n')+1:]
	if line == 1 {
		doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	}
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		doc = doc[n:]
		column++
		if r > 0xffff {
			column++
		}
	}
	return line, column + 1
}
