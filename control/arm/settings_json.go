package arm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of the body of a diagnostic setting.
const (
	maxSettingBody = 128 << 10
	maxJSONDepth   = 32
	maxText        = 2048 // bytes of a string that we read
)

// jsonNode is a JSON value and the place it stands at. Unlike what encoding/json
// makes of a body it keeps the order of members and every byte of a value that
// nobody here reads.
type jsonNode struct {
	path    string          // "properties.logs[0].enabled", "" for the whole
	raw     json.RawMessage // nil for a member that is not there
	members []jsonMember    // of an object
	items   []jsonNode      // of an array
}

type jsonMember struct {
	name  string
	value jsonNode
}

// parseJSON reads a body. It refuses what readers understand in different ways:
// text that is not UTF-8, a member that is given twice, in whatever case, and
// more than maxJSONDepth values in one another.
func parseJSON(body []byte) (jsonNode, error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) > maxSettingBody:
		return jsonNode{}, refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The content of the request has %d bytes, a diagnostic setting has at most %d.", len(body), maxSettingBody)
	case len(body) == 0:
		return jsonNode{}, unreadable("The body is empty.")
	case !utf8.Valid(body):
		return jsonNode{}, unreadable("The body is not valid UTF-8.")
	}
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return jsonNode{}, unreadable("The body is not JSON: %v.", err)
	}
	return parseNode("", whole, 1)
}

// parseNode reads raw, which is valid JSON, and what is in it.
func parseNode(path string, raw json.RawMessage, depth int) (jsonNode, error) {
	n := jsonNode{path: path, raw: raw}
	if depth > maxJSONDepth {
		return n, unreadable("It is nested deeper than %d levels.", maxJSONDepth)
	}
	var err error
	switch raw[0] {
	case '{':
		n.members, err = parseMembers(path, raw, depth)
	case '[':
		var items []json.RawMessage
		if err = json.Unmarshal(raw, &items); err != nil {
			return n, err
		}
		n.items = make([]jsonNode, len(items))
		for i := 0; i < len(items) && err == nil; i++ {
			n.items[i], err = parseNode(fmt.Sprintf("%s[%d]", path, i), items[i], depth+1)
		}
	}
	return n, err
}

func parseMembers(path string, raw json.RawMessage, depth int) ([]jsonMember, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var members []jsonMember
	seen := make(map[string]string)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		if strings.ContainsRune(name, utf8.RuneError) {
			return nil, unreadable("The name of a member of '%s' is not valid Unicode.", path)
		}
		if other, ok := seen[lowerASCII(name)]; ok {
			return nil, unreadable("The member '%s' is given twice, as '%s' and as '%s'.", at(path, shorten(name)), shorten(other), shorten(name))
		}
		seen[lowerASCII(name)] = name
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		node, err := parseNode(at(path, shorten(name)), value, depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, jsonMember{name, node})
	}
	return members, nil
}

// take returns the members of an object that are known, by the names they are
// asked for by, whatever case they were sent in, and all others in their order.
// A known member that is missing has a path only.
func (n jsonNode) take(known ...string) (map[string]jsonNode, []jsonMember, error) {
	if n.kind() != "an object" {
		return nil, nil, n.wrong("an object")
	}
	byName := make(map[string]string, len(known))
	found := make(map[string]jsonNode, len(known))
	for _, name := range known {
		byName[lowerASCII(name)] = name
		found[name] = jsonNode{path: at(n.path, name)}
	}
	var rest []jsonMember
	for _, m := range n.members {
		if name, ok := byName[lowerASCII(m.name)]; ok {
			found[name] = m.value
		} else {
			rest = append(rest, m)
		}
	}
	return found, rest, nil
}

// absent reports whether a member is missing or null: the same to Azure.
func (n jsonNode) absent() bool { return n.raw == nil || string(n.raw) == "null" }

// text returns a string, "" for one that is absent.
func (n jsonNode) text() (string, error) {
	if n.absent() {
		return "", nil
	}
	if n.raw[0] != '"' {
		return "", n.wrong("a string")
	}
	var s string
	if err := json.Unmarshal(n.raw, &s); err != nil {
		return "", n.wrong("a string")
	}
	if len(s) > maxText {
		return "", badRequest("The value of '%s' has %d bytes, at most %d are supported.", n.path, len(s), maxText)
	}
	return s, nil
}

// truth returns a boolean that must be there.
func (n jsonNode) truth() (bool, error) {
	switch {
	case n.absent():
		return false, n.missing()
	case string(n.raw) == "true":
		return true, nil
	case string(n.raw) == "false":
		return false, nil
	}
	return false, n.wrong("true or false")
}

// whole returns a whole number of 32 bits that must be there.
func (n jsonNode) whole() (int, error) {
	if n.absent() {
		return 0, n.missing()
	}
	i, err := strconv.ParseInt(string(n.raw), 10, 32)
	if err != nil {
		return 0, n.wrong("a whole number of 32 bits")
	}
	return int(i), nil
}

// list returns the items of an array, none for one that is absent.
func (n jsonNode) list() ([]jsonNode, error) {
	if !n.absent() && n.kind() != "an array" {
		return nil, n.wrong("an array")
	}
	return n.items, nil
}

func (n jsonNode) missing() *apiError {
	return badRequest("The value of '%s' is required.", n.path)
}

func (n jsonNode) wrong(want string) *apiError {
	return badRequest("The value of '%s' is %s, it must be %s.", n.path, n.kind(), want)
}

// kind says what a value is, for messages.
func (n jsonNode) kind() string {
	if n.absent() {
		return "null"
	}
	switch n.raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return string(n.raw)
	default:
		return "the number " + shorten(string(n.raw))
	}
}

// encodeObject writes members in their order.
func encodeObject(members []jsonMember) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encodeText(m.name))
		b.WriteByte(':')
		// What was parsed, or was made by one of these functions, is valid.
		_ = json.Compact(&b, m.value.raw)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// encodeText writes a string.
func encodeText(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // no string fails
	return raw
}

// at is the path of a member.
func at(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shorten cuts what a client wrote for a message.
func shorten(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// lowerASCII is the form in which names are compared. Letters that only Unicode
// folds to ASCII are others.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// badRequest is a refusal of a value, in the form of the provider.
func badRequest(format string, args ...any) *apiError {
	e := refuse(http.StatusBadRequest, "BadRequest", format, args...)
	e.flat = true
	return e
}

// unreadable is a refusal of a body that cannot be understood, in the form of
// Resource Manager, which looks at it before the provider.
func unreadable(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'", fmt.Sprintf(format, args...))
}
