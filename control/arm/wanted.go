package arm

import (
	"encoding/json"
	"net/http"
	"strings"
)

// wanted is what a client sends of a resource. Nil is what it does not send.
type wanted struct {
	location, kind *string
	sku            json.RawMessage
	tags           map[string]string
	props          object
	trusted        bool // it is the node's own configuration
}

// readOnly are members of answers that clients send back.
func readOnly() []string { return []string{"id", "name", "type", "etag", "systemData"} }

// readWanted reads the body of a PUT or PATCH. What cannot be kept is refused by name.
func readWanted(body []byte) (*wanted, error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	for _, name := range readOnly() {
		o.take(name)
	}
	var w wanted
	if w.location, err = takeText(o, "location", 100); err != nil {
		return nil, err
	}
	if w.kind, err = takeText(o, "kind", 64); err != nil {
		return nil, err
	}
	if w.tags, err = takeTags(o); err != nil {
		return nil, err
	}
	if v := o.take("sku"); v != nil {
		sku, isObject := asObject(v)
		name, _ := sku.get("name").(string)
		if !isObject || name == "" || len(name) > 64 {
			return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The property 'sku' must be an object with a 'name'.")
		}
		if w.sku, err = sku.raw(); err != nil {
			return nil, err
		}
	}
	if v := o.take("properties"); v != nil {
		props, isObject := asObject(v)
		if !isObject {
			return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The property 'properties' must be an object.")
		}
		w.props = props
	}
	for name, v := range o {
		in, _ := asObject(v)
		if kind, _ := in.get("type").(string); v == nil || fold(name, "identity") && fold(kind, "None") {
			continue
		}
		return nil, refuse(http.StatusBadRequest, "UnsupportedProperty", "The property '%.64s' is not supported by this node: leave it out.", name)
	}
	return &w, nil
}

// takeText removes a member that is a string of at most limit bytes; nil when it
// is not there, or null.
func takeText(o object, path string, limit int) (*string, error) {
	v := o.takeAt(path)
	if v == nil {
		return nil, nil
	}
	text, isText := v.(string)
	if !isText || len(text) > limit {
		return nil, refuse(http.StatusBadRequest, "InvalidRequestContent", "The property '%s' must be a string of at most %d bytes.", path, limit)
	}
	return &text, nil
}

func takeTags(o object) (map[string]string, error) {
	v := o.take("tags")
	if v == nil {
		return nil, nil
	}
	in, isObject := asObject(v)
	if !isObject || len(in) > maxTags {
		return nil, refuse(http.StatusBadRequest, "InvalidTagCount", "The property 'tags' must be an object with at most %d members.", maxTags)
	}
	tags := make(map[string]string, len(in))
	for name, v := range in {
		value, isText := v.(string)
		if v != nil && !isText || name == "" || len(name) > maxTagName || len(value) > maxTagValue || strings.ContainsAny(name, `<>%&\?/`) {
			return nil, refuse(http.StatusBadRequest, "InvalidTag", "The tag '%.64s' is invalid: names have 1 to %d bytes and none of <>%%&\\?/, values are strings of at most %d bytes.", name, maxTagName, maxTagValue)
		}
		tags[name] = value
	}
	return tags, nil
}
