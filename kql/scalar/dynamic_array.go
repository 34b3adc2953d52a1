package scalar

import (
	"cmp"
	"slices"
	"strings"

	"reslog/kql"
)

// arrayFuncs are functions on arrays; one that is given something else gives null.
var arrayFuncs = []Func{
	{Name: "kql_array_length", Params: types(kql.Dynamic), Returns: kql.Long, Call: func(a []any) any {
		if v := Dynamic(a[0]); v.Kind == Array {
			return int64(len(v.Items))
		}
		return nil
	}},
	onArray("array_reverse", func(items []Value, _ []any) any {
		slices.Reverse(items)
		return OfArray(items).Any()
	}),
	// array_concat passes over what is no array.
	{Name: "kql_array_concat", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		out, found := Value{Kind: Array}, false
		for _, x := range a {
			if v := Dynamic(x); v.Kind == Array {
				found = true
				out.Items = append(out.Items, v.Items...)
			}
		}
		if !found {
			return nil
		}
		return out.Any()
	}},
	{Name: "kql_array_iff", Params: types(kql.Dynamic, kql.Dynamic, kql.Dynamic), Returns: kql.Dynamic, Call: arrayIff},
	{Name: "kql_array_index_of", Params: types(kql.Dynamic, kql.Dynamic), Variadic: kql.Long, Returns: kql.Long, Call: arrayIndexOf},
	onArray("array_slice", arraySlice, kql.Long, kql.Long),
	onArray("array_split", arraySplit, kql.Dynamic),
	onArray("array_rotate_left", func(items []Value, a []any) any { return rotate(items, a[0], 1) }, kql.Long),
	onArray("array_rotate_right", func(items []Value, a []any) any { return rotate(items, a[0], -1) }, kql.Long),
	onArray("array_shift_left", func(items []Value, a []any) any { return shiftArray(items, a, 1) }, kql.Long, kql.Dynamic),
	onArray("array_shift_right", func(items []Value, a []any) any { return shiftArray(items, a, -1) }, kql.Long, kql.Dynamic),
	onArray("array_sort_asc", func(items []Value, a []any) any { return sortArray(items, a[0], 1) }, kql.Bool),
	onArray("array_sort_desc", func(items []Value, a []any) any { return sortArray(items, a[0], -1) }, kql.Bool),
}

// onArray describes a function of an array, which call may change, and of more.
func onArray(name string, call func(items []Value, rest []any) any, rest ...kql.Type) Func {
	return Func{Name: "kql_" + name, Params: append(types(kql.Dynamic), rest...), Returns: kql.Dynamic, Call: func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Array {
			return nil
		}
		return call(v.Items, a[1:])
	}}
}

// arrayIff chooses by every element of the first: of arrays the one at its place,
// else the value itself. A condition that is null has null.
func arrayIff(a []any) any {
	cond, yes, no := Dynamic(a[0]), Dynamic(a[1]), Dynamic(a[2])
	if cond.Kind != Array {
		return nil
	}
	out := Value{Kind: Array}
	for i, c := range cond.Items {
		from := no
		switch c.Kind {
		case Bool, Long:
			if c.Long != 0 {
				from = yes
			}
		case Real:
			if c.Real != 0 {
				from = yes
			}
		default:
			from = Value{}
		}
		if from.Kind == Array {
			from = from.At(int64(i))
		}
		out.Items = append(out.Items, from)
	}
	return out.Any()
}

// arrayIndexOf is array_index_of(array, value, start, length, occurrence).
func arrayIndexOf(a []any) any {
	v, x := Dynamic(a[0]), Dynamic(a[1])
	start, ok1 := optional(a, 2, 0)
	length, ok2 := optional(a, 3, -1)
	occurrence, ok3 := optional(a, 4, 1)
	if v.Kind != Array || !ok1 || !ok2 || !ok3 || length < -1 || occurrence < 0 {
		return nil
	}
	n := int64(len(v.Items))
	if start < 0 {
		start = max(0, start+n)
	}
	end := n
	if length >= 0 && length < n-start {
		end = start + length
	}
	for i := start; i < end; i++ {
		if Equal(v.Items[i], x) {
			if occurrence--; occurrence <= 0 {
				return i
			}
		}
	}
	return int64(-1)
}

// arraySlice has both ends in it; negative ones count from the end.
func arraySlice(items []Value, a []any) any {
	start, ok1 := a[0].(int64)
	end, ok2 := a[1].(int64)
	if !ok1 || !ok2 {
		return nil
	}
	n := int64(len(items))
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end += n
	}
	end = min(end, n-1)
	if start > end {
		return "[]"
	}
	return OfArray(items[start : end+1]).Any()
}

// arraySplit cuts before one index or several.
func arraySplit(items []Value, a []any) any {
	at := Dynamic(a[0])
	cuts := at.Items
	if at.Kind == Long {
		cuts = []Value{at}
	}
	out, from := Value{Kind: Array}, 0
	for _, c := range cuts {
		if c.Kind != Long {
			return nil
		}
		to := c.Long
		if to < 0 {
			to += int64(len(items))
		}
		end := int(max(int64(from), min(to, int64(len(items)))))
		out.Items = append(out.Items, OfArray(items[from:end]))
		from = end
	}
	out.Items = append(out.Items, OfArray(items[from:]))
	return out.Any()
}

func rotate(items []Value, by any, sign int64) any {
	n, ok := by.(int64)
	if !ok {
		return nil
	}
	if len(items) == 0 {
		return "[]"
	}
	size := int64(len(items))
	n = ((n%size)*sign + size) % size
	return OfArray(slices.Concat(items[n:], items[:n])).Any()
}

// shiftArray moves the elements; a[1] is what comes in.
func shiftArray(items []Value, a []any, sign int64) any {
	n, ok := a[0].(int64)
	if !ok {
		return nil
	}
	size := int64(len(items))
	n = max(-size, min(n, size)) * sign
	in := slices.Repeat([]Value{Dynamic(a[1])}, int(max(n, -n)))
	if n >= 0 {
		return OfArray(slices.Concat(items[n:], in)).Any()
	}
	return OfArray(slices.Concat(in, items[:size+n])).Any()
}

// sortArray sorts; nulls are last unless the argument says false.
func sortArray(items []Value, nullsLast any, sign int) any {
	slices.SortStableFunc(items, func(a, b Value) int {
		if (a.Kind == Null) != (b.Kind == Null) {
			if (a.Kind == Null) == (nullsLast != false) {
				return 1
			}
			return -1
		}
		if ka, kb := sortedKind(a), sortedKind(b); ka != kb {
			return cmp.Compare(ka, kb)
		}
		return sign * compare(a, b)
	})
	return OfArray(items).Any()
}

// sortedKind is the kind of a value, one for all numbers: values of several kinds
// stay in groups, whatever the direction.
func sortedKind(v Value) Kind {
	if v.Kind == Real {
		return Long
	}
	return v.Kind
}

// compare orders values of one kind.
func compare(a, b Value) int {
	if number, ok := compareNumeric(a, b); ok {
		return number
	}
	switch a.Kind {
	case Bool:
		return cmp.Compare(a.Long, b.Long)
	case String:
		return strings.Compare(a.Str, b.Str)
	case Array, Bag:
		return strings.Compare(a.Text(), b.Text())
	}
	return 0
}

func compareNumeric(a, b Value) (int, bool) {
	switch {
	case a.Kind == Long && b.Kind == Long:
		return cmp.Compare(a.Long, b.Long), true
	case a.Kind == Long && b.Kind == Real:
		return cmp.Compare(float64(a.Long), b.Real), true
	case a.Kind == Real && b.Kind == Long:
		return cmp.Compare(a.Real, float64(b.Long)), true
	case a.Kind == Real && b.Kind == Real:
		return cmp.Compare(a.Real, b.Real), true
	}
	return 0, false
}
