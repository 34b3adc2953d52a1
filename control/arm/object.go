package arm

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// object is a JSON object whose members are found without regard to case, as
// providers bind them, and keep the spelling they came in.
type object map[string]any

// parseObject reads an object; null and nothing are an empty one.
func parseObject(raw []byte) (object, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return object{}, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // numbers beyond 53 bits are given back as they came
	var o object
	if err := dec.Decode(&o); err != nil {
		return nil, badContent(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: there is something behind the JSON.")
	}
	if o == nil {
		o = object{}
	}
	return o, nil
}

// asObject is a value that may be an object.
func asObject(v any) (object, bool) {
	switch v := v.(type) {
	case object:
		return v, true
	case map[string]any:
		return v, true
	default:
		return nil, false
	}
}

// keys returns the spellings of a name that are there, sorted.
func (o object) keys(name string) []string {
	var found []string
	for key := range o {
		if fold(key, name) {
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return found
}

// get returns a member, nil when it is not there.
func (o object) get(name string) any {
	if v, ok := o[name]; ok {
		return v
	}
	for _, key := range o.keys(name) {
		return o[key]
	}
	return nil
}

// at follows a path of members, "networkAcls.defaultAction".
func (o object) at(path string) any {
	var v any = o
	for name := range strings.SplitSeq(path, ".") {
		in, ok := asObject(v)
		if !ok {
			return nil
		}
		v = in.get(name)
	}
	return v
}

// take removes a member in all its spellings and returns it.
func (o object) take(name string) any {
	v := o.get(name)
	for _, key := range o.keys(name) {
		delete(o, key)
	}
	return v
}

// takeAt is take for a path of members.
func (o object) takeAt(path string) any {
	parent, name := o, path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		in, ok := asObject(o.at(path[:i]))
		if !ok {
			return nil
		}
		parent, name = in, path[i+1:]
	}
	return parent.take(name)
}

// set puts a member in the place of all its spellings.
func (o object) set(name string, v any) {
	o.take(name)
	o[name] = v
}

// fill sets a member that is not there, or null.
func (o object) fill(name string, v any) {
	if o.get(name) == nil {
		o.set(name, v)
	}
}

// merge applies a merge patch (RFC 7396): null removes a member.
func (o object) merge(patch object) {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		v := patch[name]
		in, isObject := asObject(v)
		was, hadObject := asObject(o.get(name))
		switch {
		case v == nil:
			o.take(name)
		case isObject && hadObject:
			was.merge(in)
		case isObject:
			fresh := object{}
			fresh.merge(in)
			o.set(name, map[string]any(fresh))
		default:
			o.set(name, v)
		}
	}
}

// raw is the object as it is kept; nothing when it has no member.
func (o object) raw() (json.RawMessage, error) {
	if len(o) == 0 {
		return nil, nil
	}
	return json.Marshal(map[string]any(o))
}
