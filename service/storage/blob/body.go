package blob

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"reslog/service/storage"
)

// maxXMLDepth bounds how deep elements of a request body nest.
const maxXMLDepth = 8

// readBody reads a small request body and checks its MD5, if the request has one.
func readBody(c *storage.Call, most int64) ([]byte, error) {
	switch n := c.Request.ContentLength; {
	case n > most:
		return nil, bodyTooLarge(most)
	case n < 0:
		return nil, storage.ErrMissingContentLengthHeader
	case n == 0:
		return nil, nil
	}
	raw, err := io.ReadAll(io.LimitReader(c.Request.Body, most+1))
	if err != nil {
		return nil, err
	}
	want, err := expected(c, "Content-Md5", "X-Ms-Content-Crc64")
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(raw)
	if want.md5 != nil {
		c.RequestMD5 = c.Request.Header["Content-Md5"][0]
	}
	c.ServerMD5 = base64.StdEncoding.EncodeToString(sum[:])
	return raw, want.check(&staged{md5: sum[:], crc: crc64Update(0, raw)})
}

// decodeXML decodes a request body into v. The root element must be v's.
func decodeXML(raw []byte, v any) error {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if err := checkDepth(raw); err != nil {
		return err
	}
	if err := xml.Unmarshal(raw, v); err != nil {
		return invalidXML(err)
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
			return invalidXML(err)
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return invalidXML(errors.New("elements nest too deeply"))
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return invalidXML(errors.New("a document type declaration is not allowed"))
		}
	}
}

// invalidXML refuses a body that is not the XML it should be.
func invalidXML(err error) error {
	e := storage.ErrInvalidXmlDocument
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		e = e.With("LineNumber", strconv.Itoa(syntax.Line))
	}
	return e.With("Reason", clip(strings.TrimPrefix(err.Error(), "xml: ")))
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
