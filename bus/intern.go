package bus

import "reslog/resource"

// maxInterned bounds what an interner remembers; past it, it starts anew.
const maxInterned = 8192

// interner gives equal strings and resource IDs one copy. It belongs to one
// goroutine.
type interner struct {
	strings map[string]string
	ids     map[string]resource.ID
}

func newInterner() *interner {
	return &interner{strings: make(map[string]string), ids: make(map[string]resource.ID)}
}

func (in *interner) string(b []byte) string {
	if s, ok := in.strings[string(b)]; ok {
		return s
	}
	if len(in.strings) >= maxInterned {
		clear(in.strings)
	}
	s := string(b)
	in.strings[s] = s
	return s
}

// id parses a resource ID that some emitter wrote.
func (in *interner) id(path string) (resource.ID, error) {
	if id, ok := in.ids[path]; ok || path == "" {
		return id, nil
	}
	id, err := resource.Parse(path)
	if err != nil {
		return resource.ID{}, err
	}
	if len(in.ids) >= maxInterned {
		clear(in.ids)
	}
	in.ids[path] = id
	return id, nil
}
