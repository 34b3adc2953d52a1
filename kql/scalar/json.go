package scalar

import (
	"strings"

	"reslog/internal/ticks"
	"reslog/kql"
)

// Kind is what a dynamic value holds.
type Kind uint8

// The kinds of dynamic values.
const (
	Null Kind = iota
	Bool
	Long
	Real
	String
	Array
	Bag
)

// MaxDepth is how deeply arrays and bags may nest; text that nests deeper is no
// JSON for Parse.
const MaxDepth = 128

// MaxText is the longest text, in bytes, that a function makes which repeats its
// arguments: that of a string value in the documentation, 1 MiB. What would be
// longer is cut there.
const MaxText = 1 << 20

// Value is a dynamic value that has been read. The zero Value is null.
//
// A dynamic is JSON text in an engine, always in one form, that of tostring():
//
//	{"a":[1,2.0,null],"b":"x\"y"}
//
// no space between tokens; whole numbers of 64 bits as longs, other numbers as
// reals, which always have a point or an exponent; the keys of a bag in the order
// in which they came, each once, a later value in the place of the first; nothing
// escaped but quotes, backslashes and control characters. What JSON has no word
// for is a string: a datetime, a timespan, a guid, "NaN", "Infinity". So two equal
// values have equal texts if their keys have one order.
type Value struct {
	Kind Kind
	Long int64 // of Long; 0 and 1 of Bool
	Real float64
	Str  string
	// Items are the elements of an Array, the values of a Bag; Keys are the names
	// of the latter.
	Items []Value
	Keys  []string
}

// OfBool makes a Bool.
func OfBool(b bool) Value {
	if b {
		return Value{Kind: Bool, Long: 1}
	}
	return Value{Kind: Bool}
}

// OfLong makes a Long.
func OfLong(n int64) Value { return Value{Kind: Long, Long: n} }

// OfReal makes a Real.
func OfReal(f float64) Value { return Value{Kind: Real, Real: f} }

// OfString makes a String.
func OfString(s string) Value { return Value{Kind: String, Str: s} }

// OfArray makes an Array of items, which it keeps.
func OfArray(items []Value) Value { return Value{Kind: Array, Items: items} }

// Of makes a value of an engine's: nil is null, the text of a dynamic is parsed,
// datetimes and timespans become strings. Text that is no JSON is a string.
func Of(t kql.Type, x any) Value {
	switch x := x.(type) {
	case bool:
		return OfBool(x)
	case float64:
		return OfReal(x)
	case int64:
		switch t {
		case kql.Datetime:
			return OfString(ticks.FormatDate(x))
		case kql.Timespan:
			return OfString(ticks.FormatSpan(x))
		}
		return OfLong(x)
	case string:
		if t == kql.Dynamic {
			return Dynamic(x)
		}
		return OfString(x)
	}
	return Value{}
}

// Dynamic reads the text of a dynamic: null for nil and for what is no text.
func Dynamic(x any) Value {
	s, ok := x.(string)
	if !ok {
		return Value{}
	}
	if v, ok := Parse(s); ok {
		return v
	}
	return OfString(s)
}

// Any gives the value to an engine: nil for null, else JSON text.
func (v Value) Any() any {
	if v.Kind == Null {
		return nil
	}
	return v.Text()
}

// Text is the value as JSON.
func (v Value) Text() string { return string(v.Append(nil)) }

// String is the value as tostring() gives it: JSON, but a string is itself and
// null is empty.
func (v Value) String() string {
	switch v.Kind {
	case Null:
		return ""
	case String:
		return v.Str
	}
	return v.Text()
}

// Find is the place of a key in a bag, or -1.
func (v Value) Find(key string) int {
	for i, k := range v.Keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Get is the value of a key of a bag; null if there is none or v is no bag.
func (v Value) Get(key string) Value {
	if i := v.Find(key); i >= 0 {
		return v.Items[i]
	}
	return Value{}
}

// At is the element of an array, from the end if i is negative; null if there is
// none or v is no array.
func (v Value) At(i int64) Value {
	n := int64(len(v.Items))
	if i < 0 {
		i += n
	}
	if v.Kind != Array || i < 0 || i >= n {
		return Value{}
	}
	return v.Items[i]
}

// Set gives a bag a key, in the place of the value that it has there. It changes
// v alone and never the items that v shares with others.
func (v Value) Set(key string, x Value) Value {
	items, keys := v.Items, v.Keys
	if i := v.Find(key); i >= 0 {
		items = append([]Value(nil), items...)
		items[i] = x
		return Value{Kind: Bag, Items: items, Keys: keys}
	}
	return Value{Kind: Bag, Items: append(items[:len(items):len(items)], x), Keys: append(keys[:len(keys):len(keys)], key)}
}

// bagBuilder makes a bag without looking through it for every key.
type bagBuilder struct {
	v     Value
	index map[string]int
}

// keysSearched is up to how many keys are looked through one by one.
const keysSearched = 12

// find is the place of a key, or -1.
func (b *bagBuilder) find(key string) int {
	if len(b.v.Keys) <= keysSearched {
		return b.v.Find(key)
	}
	if b.index == nil {
		b.index = make(map[string]int, 2*len(b.v.Keys))
		for i, k := range b.v.Keys {
			b.index[k] = i
		}
	}
	if i, ok := b.index[key]; ok {
		return i
	}
	return -1
}

// set adds a key or, with replace, gives one that is there another value.
func (b *bagBuilder) set(key string, x Value, replace bool) {
	if i := b.find(key); i >= 0 {
		if replace {
			b.v.Items[i] = x
		}
		return
	}
	if b.index != nil {
		b.index[key] = len(b.v.Keys)
	}
	b.v.Keys, b.v.Items = append(b.v.Keys, key), append(b.v.Items, x)
}

// bag is what was made.
func (b *bagBuilder) bag() Value {
	b.v.Kind = Bag
	return b.v
}

// Equal compares as set functions and array_index_of do: kind by kind, a long with
// a real by value, bags in any order of keys.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind {
		return a.Kind == Long && b.Kind == Real && float64(a.Long) == b.Real ||
			a.Kind == Real && b.Kind == Long && a.Real == float64(b.Long)
	}
	switch a.Kind {
	case Bool, Long:
		return a.Long == b.Long
	case Real:
		return a.Real == b.Real
	case String:
		return a.Str == b.Str
	case Array:
		if len(a.Items) != len(b.Items) {
			return false
		}
		for i := range a.Items {
			if !Equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
	case Bag:
		if len(a.Keys) != len(b.Keys) {
			return false
		}
		for i, k := range a.Keys {
			j := b.Find(k)
			if j < 0 || !Equal(a.Items[i], b.Items[j]) {
				return false
			}
		}
	}
	return true
}

// cut shortens text to MaxText, between characters.
func cut(s string) string {
	if len(s) <= MaxText {
		return s
	}
	return strings.ToValidUTF8(s[:MaxText], "")
}
