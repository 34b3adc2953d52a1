package scalar

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"reslog/kql"
)

// parseFuncsOfText are functions that take a text apart.
var parseFuncsOfText = []Func{
	{Name: "kql_parse_csv", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any { return parseCSV(text(a[0])).Any() }},
	{Name: "kql_parse_command_line", Params: types(kql.String, kql.String), Returns: kql.Dynamic, Call: func(a []any) any {
		if text(a[1]) != "windows" {
			return nil
		}
		return commandLine(text(a[0])).Any()
	}},
	{Name: "kql_parse_path", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any { return parsePath(text(a[0])).Any() }},
	{Name: "kql_parse_xml", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any { return parseXML(text(a[0])).Any() }},
}

// parseCSV is the fields of the first record (RFC 4180).
func parseCSV(s string) Value {
	out := Value{Kind: Array}
	for {
		var field []byte
		if strings.HasPrefix(s, `"`) {
			field, s = quoted(s[1:])
		}
		n := strings.IndexAny(s, ",\r\n")
		if n < 0 {
			n = len(s)
		}
		out.Items = append(out.Items, OfString(string(append(field, s[:n]...))))
		if s = s[n:]; s == "" || s[0] != ',' {
			return out
		}
		s = s[1:]
	}
}

// quoted reads a field up to its closing quote; "" in it is one quote.
func quoted(s string) (field []byte, rest string) {
	for {
		n := strings.IndexByte(s, '"')
		if n < 0 {
			return append(field, s...), ""
		}
		field = append(field, s[:n]...)
		if s = s[n+1:]; !strings.HasPrefix(s, `"`) {
			return field, s
		}
		field, s = append(field, '"'), s[1:]
	}
}

// commandLine splits as CommandLineToArgvW documents it: spaces and tabs separate,
// quotes hold together, 2n backslashes before a quote are n, one more makes the
// quote literal. The program's name, which comes first, knows no backslashes.
func commandLine(s string) Value {
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return Value{}
	}
	out := Value{Kind: Array}
	var name []byte
	i, inside := 0, false
	for ; i < len(s) && (inside || s[i] != ' ' && s[i] != '\t'); i++ {
		if s[i] == '"' {
			inside = !inside
		} else {
			name = append(name, s[i])
		}
	}
	out.Items = append(out.Items, OfString(string(name)))
	for {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i == len(s) {
			return out
		}
		var arg []byte
		arg, i = argument(s, i)
		out.Items = append(out.Items, OfString(string(arg)))
	}
}

// argument reads the argument that begins at i.
func argument(s string, i int) (arg []byte, end int) {
	inside := false
	for i < len(s) && (inside || s[i] != ' ' && s[i] != '\t') {
		slashes := 0
		for i < len(s) && s[i] == '\\' {
			slashes++
			i++
		}
		switch {
		case i < len(s) && s[i] == '"' && slashes%2 == 1:
			arg = append(append(arg, strings.Repeat(`\`, slashes/2)...), '"')
			i++
		case i < len(s) && s[i] == '"':
			arg = append(arg, strings.Repeat(`\`, slashes/2)...)
			if i++; inside && i < len(s) && s[i] == '"' {
				arg = append(arg, '"')
				i++
				continue
			}
			inside = !inside
		case slashes > 0:
			arg = append(arg, strings.Repeat(`\`, slashes)...)
		default:
			arg = append(arg, s[i])
			i++
		}
	}
	return arg, i
}

// parsePath takes a path of Windows or Unix apart.
func parsePath(s string) Value {
	var scheme, root, stream string
	if i := strings.Index(s, "://"); i > 0 {
		scheme, s = s[:i], s[i+3:]
	}
	at := strings.LastIndexAny(s, `\/`)
	directory, file := "", s[at+1:]
	if at >= 0 {
		directory = s[:at]
	}
	plain := strings.TrimPrefix(directory, `\\?\`)
	if len(plain) >= 2 && plain[1] == ':' && plain[0]|0x20 >= 'a' && plain[0]|0x20 <= 'z' {
		root = plain[:2]
	}
	if i := strings.IndexByte(file, ':'); i >= 0 {
		file, stream = file[:i], file[i+1:]
	}
	extension := ""
	if i := strings.LastIndexByte(file, '.'); i >= 0 {
		extension = file[i+1:]
	}
	var b bagBuilder
	b.set("Scheme", OfString(scheme), true)
	b.set("RootPath", OfString(root), true)
	b.set("DirectoryPath", OfString(directory), true)
	b.set("DirectoryName", OfString(directory[strings.LastIndexAny(directory, `\/`)+1:]), true)
	b.set("Filename", OfString(file), true)
	b.set("Extension", OfString(extension), true)
	b.set("AlternateDataStreamName", OfString(stream), true)
	return b.bag()
}

// maxXML is how much of XML is read, 128 KiB as the documentation says.
const maxXML = 128 << 10

// parseXML makes a bag of a document: an element is a bag of its attributes,
// "@name", its text, "#text", and its elements, those of one name as an array; an
// element with text alone is that text, one with nothing null. What is no XML is
// null.
func parseXML(s string) Value {
	if len(s) > maxXML {
		return Value{}
	}
	d := xml.NewDecoder(strings.NewReader(s))
	root := &element{}
	open := []*element{root}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) && len(open) == 1 && len(root.parts.v.Keys) == 1 {
			return root.parts.bag()
		}
		if err != nil {
			return Value{}
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) > MaxDepth || top == root && len(root.parts.v.Keys) > 0 {
				return Value{}
			}
			open = append(open, newElement(t))
		case xml.EndElement:
			if len(open) == 1 || top.name != qualified(t.Name) {
				return Value{}
			}
			open = open[:len(open)-1]
			open[len(open)-1].add(top.name, top.value())
		case xml.CharData:
			part := strings.TrimSpace(string(t))
			if top == root && part != "" {
				return Value{}
			}
			top.text += part
		}
	}
}

// element is an XML element that is being read.
type element struct {
	name  string
	parts bagBuilder
	text  string
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

func newElement(t xml.StartElement) *element {
	e := &element{name: qualified(t.Name)}
	for _, a := range t.Attr {
		e.parts.set("@"+qualified(a.Name), OfString(a.Value), true)
	}
	return e
}

// add gives the element one within it.
func (e *element) add(name string, v Value) {
	i := e.parts.find(name)
	if i < 0 {
		e.parts.set(name, v, true)
		return
	}
	there := e.parts.v.Items[i]
	if there.Kind != Array {
		there = OfArray([]Value{there})
	}
	there.Items = append(there.Items, v)
	e.parts.v.Items[i] = there
}

func (e *element) value() Value {
	switch {
	case len(e.parts.v.Keys) == 0 && e.text == "":
		return Value{}
	case len(e.parts.v.Keys) == 0:
		return OfString(e.text)
	case e.text != "":
		e.parts.set("#text", OfString(e.text), true)
	}
	return e.parts.bag()
}
