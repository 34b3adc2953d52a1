package syntax

import (
	"fmt"
	"reflect"
)

// difference says where two trees differ but for their spans and sources; empty if
// nowhere.
func difference(a, b any) string { return differ(reflect.ValueOf(a), reflect.ValueOf(b)) }

func differ(a, b reflect.Value) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return fmt.Sprintf(": %v and %v", a, b)
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
			return fmt.Sprintf(": %v and %v", a, b)
		}
		return differ(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf(": length %d and %d", a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := differ(a.Index(i), b.Index(i)); d != "" {
				return fmt.Sprintf("[%d]%s", i, d)
			}
		}
		return ""
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if name == "Source" && a.Field(i).Kind() == reflect.String {
				continue
			}
			if d := differ(a.Field(i), b.Field(i)); d != "" {
				return "." + name + d
			}
		}
		return ""
	}
	if !a.Equal(b) {
		return fmt.Sprintf(": %q and %q", fmt.Sprint(a), fmt.Sprint(b))
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
