// Package resource names the things that have logs.
//
// Every log record, diagnostic setting and destination belongs to a resource,
// and a resource is known by its Azure Resource Manager ID:
//
//	/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}/blobServices/default
//
// ID keeps the spelling it was given and compares without regard to case, as
// Resource Manager does. Store holds the resources that exist on a node and
// tells watchers when they change.
//
// The package imports nothing of ours; everything else may import it.
package resource

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalidID is wrapped by every error of Parse.
var ErrInvalidID = errors.New("invalid resource id")

// maxIDLength bounds what Parse accepts, in bytes.
const maxIDLength = 2048

// ID is an Azure Resource Manager resource ID. The zero ID names nothing.
//
// Use Equal or Key to compare: two IDs that differ only in case are the same
// resource but are not == to each other.
type ID struct {
	path string // as given, with a leading slash and none at the end
	key  Key
}

// Key is an ID in lower case, for map lookups.
type Key string

// Parse reads a resource ID. The leading slash may be missing, as it is in many
// documented requests; segments must come in pairs after "providers".
func Parse(s string) (ID, error) {
	path := strings.TrimRight(s, "/")
	if len(path) > 0 && path[0] != '/' {
		path = "/" + path
	}
	if len(path) < 2 || len(path) > maxIDLength {
		return ID{}, fmt.Errorf("%w: %d bytes, want 2 to %d", ErrInvalidID, len(path), maxIDLength)
	}
	for _, seg := range strings.Split(path[1:], "/") {
		if seg == "" {
			return ID{}, fmt.Errorf("%w: %q has an empty segment", ErrInvalidID, s)
		}
		// Azure Monitor does not support other names: their settings vanish.
		if strings.ContainsFunc(seg, func(r rune) bool { return r < ' ' || r > '~' }) {
			return ID{}, fmt.Errorf("%w: %q has a character that is not printable ASCII", ErrInvalidID, s)
		}
	}
	id := ID{path: path, key: Key(strings.ToLower(path))}
	if id.Type() == "" {
		return ID{}, fmt.Errorf("%w: %q names no resource type, want …/providers/{namespace}/{type}/{name}", ErrInvalidID, s)
	}
	return id, nil
}

// MustParse is Parse for IDs written in code; it panics on an invalid one.
func MustParse(s string) ID {
	id, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return id
}

// String returns the ID as it was given, with a leading slash.
func (id ID) String() string { return id.path }

// Key returns the form to compare and to look up by.
func (id ID) Key() Key { return id.key }

// Upper returns the ID in upper case, the form archived records carry.
func (id ID) Upper() string { return strings.ToUpper(id.path) }

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id.path == "" }

// Equal reports whether both name the same resource, whatever their case.
func (id ID) Equal(other ID) bool { return id.key == other.key }

// Type returns the full resource type, "Microsoft.Storage/storageAccounts/blobServices",
// or "" when id has none.
func (id ID) Type() string {
	i := strings.LastIndex(string(id.key), "/providers/")
	if i < 0 {
		return ""
	}
	segs := strings.Split(id.path[i+len("/providers/"):], "/")
	if len(segs) < 3 || len(segs)%2 == 0 {
		return ""
	}
	t := segs[0]
	for j := 1; j < len(segs); j += 2 {
		t += "/" + segs[j]
	}
	return t
}

// Name returns the last segment.
func (id ID) Name() string { return id.path[strings.LastIndexByte(id.path, '/')+1:] }

// Parent returns the resource that id is a child of, or the zero ID when id is
// a top-level resource.
func (id ID) Parent() ID {
	if strings.Count(id.Type(), "/") < 2 {
		return ID{}
	}
	cut := id.path
	for range 2 {
		cut = cut[:strings.LastIndexByte(cut, '/')]
	}
	return ID{path: cut, key: id.key[:len(cut)]}
}

// Child returns the resource of the given type and name below id.
func (id ID) Child(typ, name string) ID {
	path := id.path + "/" + typ + "/" + name
	return ID{path: path, key: Key(strings.ToLower(path))}
}

// SubscriptionID returns the segment after "subscriptions", or "".
func (id ID) SubscriptionID() string { return id.after("/subscriptions/") }

// ResourceGroup returns the segment after "resourceGroups", or "".
func (id ID) ResourceGroup() string { return id.after("/resourcegroups/") }

func (id ID) after(marker string) string {
	_, rest, ok := strings.Cut(string(id.key), marker)
	if !ok {
		return ""
	}
	start := len(id.path) - len(rest)
	name, _, _ := strings.Cut(id.path[start:], "/")
	return name
}

// MarshalText and UnmarshalText make an ID a JSON string.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.path), nil }

// UnmarshalText parses text; the empty text is the zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}
