package syntax

import (
	"fmt"
	"reflect"
)

// difference says where two trees differ but for their spans and sources; empty if
// nowhere.
func difference(a, b any) string { return differ("", reflect.ValueOf(a), reflect.ValueOf(b)) }

func differ(path string, a, b reflect.Value) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return fmt.Sprintf("%s: %v and %v", path, a, b)
	}
	if !a.IsValid() || a.Type() == reflect.TypeFor[Span]() {
		return ""
	}
	switch a.Kind() {
	case reflect.Interface, reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() == b.IsNil() {
				return ""
			}
			return fmt.Sprintf("%s: %v and %v", path, a, b)
		}
		return differ(path, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: length %d and %d", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := differ(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if name == "Source" && a.Field(i).Kind() == reflect.String {
				continue
			}
			if d := differ(path+"."+name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
		return ""
	}
	if !a.Equal(b) {
		return fmt.Sprintf("%s: %q and %q", path, fmt.Sprint(a), fmt.Sprint(b))
	}
	return ""
}

// roundTrip says what is wrong with the text that Format makes of a query; empty
// if nothing.
func roundTrip(q *Query) string {
	text := Format(q)
	again, err := Parse(text)
	if err != nil {
		return fmt.Sprintf("formatted, it is no query: %v\n%s", err, text)
	}
	if d := difference(q, again); d != "" {
		return fmt.Sprintf("formatted, it is another query: %s\n%s", d, text)
	}
	if twice := Format(again); twice != text {
		return fmt.Sprintf("formatted twice, it is another text:\n%s\n%s", text, twice)
	}
	return ""
}
