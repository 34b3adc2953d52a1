package arm

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"reslog/resource"
)

// Bounds of a path.
const (
	maxPath     = 4096
	maxSegments = 48
)

// target is what a path names:
//
//	/subscriptions/{subscription}/resourceGroups/{group}{rest}
//	{scope}/providers/{namespace}/{type}/{name}/{type}/{name}…
//
// Everything is as it was sent. There are as many names as types for a resource,
// and one less for a collection or an action.
type target struct {
	path                string // all of it, with single slashes
	subscription, group string
	// rest are the segments behind the subscription or group, or all segments
	// when there is neither, of a path that names no provider.
	rest []string

	scope        string // what stands before the last "/providers/"
	namespace    string
	types, names []string
	provided     bool // there is a "/providers/"
}

// parsePath reads a path that was percent-decoded once. Empty segments are
// skipped: clients join base URLs and resource IDs carelessly.
func parsePath(path string) (target, error) {
	if len(path) > maxPath {
		return target{}, refuse(http.StatusRequestURITooLong, "RequestUriTooLong", "The path of the request has %d bytes, at most %d are allowed.", len(path), maxPath)
	}
	segs := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if len(segs) > maxSegments {
		return target{}, refuse(http.StatusBadRequest, "InvalidRequestUri", "The path of the request has %d segments, at most %d are allowed.", len(segs), maxSegments)
	}
	for _, seg := range segs {
		if seg == "." || seg == ".." || strings.ContainsFunc(seg, func(r rune) bool { return r < ' ' || r > '~' }) {
			return target{}, refuse(http.StatusBadRequest, "InvalidRequestUri", "The segment %q of the path is not allowed: names are printable ASCII.", seg)
		}
	}
	t := target{path: "/" + strings.Join(segs, "/")}
	rest := segs
	if len(rest) > 1 && fold(rest[0], "subscriptions") {
		t.subscription, rest = rest[1], rest[2:]
		if len(rest) > 1 && fold(rest[0], "resourceGroups") {
			t.group, rest = rest[1], rest[2:]
		}
	}
	if len(rest) == 0 || !fold(rest[0], "providers") {
		t.rest = rest
		return t, nil
	}
	t.provide(segs, len(segs)-len(rest))
	return t, nil
}

// provide reads segs from the "providers" at i on. One in the place of a type
// begins what extends the resource before it.
func (t *target) provide(segs []string, i int) {
	t.provided = true
	t.scope = join(segs[:i])
	t.namespace, t.types, t.names = "", nil, nil
	for i++; i < len(segs); i++ {
		switch {
		case t.namespace == "":
			t.namespace = segs[i]
		case len(t.types) > len(t.names):
			t.names = append(t.names, segs[i])
		case fold(segs[i], "providers") && len(t.types) > 0:
			t.provide(segs, i)
			return
		default:
			t.types = append(t.types, segs[i])
		}
	}
}

func join(segs []string) string {
	if len(segs) == 0 {
		return ""
	}
	return "/" + strings.Join(segs, "/")
}

// fullType is "Microsoft.Storage/storageAccounts/blobServices", as sent.
func (t *target) fullType() string {
	return strings.Join(append([]string{t.namespace}, t.types...), "/")
}

// isItem reports whether the path names a thing rather than a collection of
// them or an action.
func (t *target) isItem() bool { return len(t.types) > 0 && len(t.names) == len(t.types) }

// is reports whether the path names a type of a namespace, or something in it.
func (t *target) is(namespace, typ string) bool {
	return fold(t.namespace, namespace) && len(t.types) > 0 && fold(t.types[0], typ)
}

// extension is the target as a call on a resource that extends its scope.
func (t *target) extension() (extension, error) {
	x := extension{scope: t.scope}
	for i, typ := range t.types {
		x.rest = append(x.rest, typ)
		if i < len(t.names) {
			x.rest = append(x.rest, t.names[i])
		}
	}
	if !strings.Contains(strings.ToLower(t.scope), "/providers/") {
		return x, nil
	}
	id, err := resource.Parse(t.scope)
	if err != nil {
		return x, refuse(http.StatusBadRequest, "InvalidResourceId", "The scope '%s' is not the id of a resource.", t.scope)
	}
	x.id = id
	return x, nil
}

// isGUID reports whether s is a GUID as Azure writes them, without braces.
func isGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// fold compares as Resource Manager does, without regard to case.
func fold(a, b string) bool { return strings.EqualFold(a, b) }
