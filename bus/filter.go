package bus

import (
	"reslog/record"
	"reslog/resource"
)

// filter says which records of a message are asked for, by its dictionary.
type filter struct {
	want func(resource.Key, record.Category) bool // nil wants all
	name string                                   // for whom redelivered records are wanted, too
	in   *interner

	ok []bool // by dictionary entry of the latest message
}

// match notes which dictionary entries are asked for, and reports whether any is.
func (f *filter) match(dict []dictKey) bool {
	f.ok = f.ok[:0]
	found := false
	for _, k := range dict {
		ok := k.to == "" || k.to == f.name
		if ok && f.want != nil {
			id, err := f.in.id(k.resource)
			ok = err == nil && (f.want(id.Key(), k.category) || k.to != "")
		}
		f.ok = append(f.ok, ok)
		found = found || ok
	}
	return found
}
