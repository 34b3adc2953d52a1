package scalar

import (
	"slices"
	"strconv"
	"strings"

	"reslog/kql"
)

// dynamicFuncs are functions on dynamic values.
var dynamicFuncs = slices.Concat(jsonFuncs, bagFuncs, arrayFuncs, setFuncs)

// jsonFuncs make dynamic values of others, and texts of them.
var jsonFuncs = []Func{
	{Name: "kql_parse_json", Params: types(kql.String), Returns: kql.Dynamic, Call: func(a []any) any { return parseJSON(text(a[0])) }},
	box(kql.Real), box(kql.Timespan),
	{Name: "kql_dynamic_to_json", Params: types(kql.Dynamic), Returns: kql.String, Call: func(a []any) any {
		if a[0] == nil {
			return ""
		}
		return sorted(Dynamic(a[0])).Text()
	}},
	{Name: "kql_extract_json", Params: types(kql.String, kql.String), Returns: kql.String, Call: func(a []any) any {
		path, ok := jsonPath(text(a[0]))
		v, parsed := Parse(text(a[1]))
		if !ok || !parsed {
			return ""
		}
		return walk(v, path).String()
	}},
	{Name: "kql_treepath", Params: types(kql.Dynamic), Returns: kql.Dynamic, Call: func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Bag && v.Kind != Array {
			return nil
		}
		t := tree{seen: map[string]bool{}}
		t.add(v, "")
		return OfArray(t.paths).Any()
	}},
	{Name: "kql_zip", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: zip},
}

// box describes the conversion of a value to a dynamic that holds it; SQL has those
// of the other types.
func box(t kql.Type) Func {
	return convert("dynamic", t, kql.Dynamic, func(a any) any { return Of(t, a).Any() })
}

// Canonical is the text of a dynamic in the one form that everything here expects:
// parse_json of it. Whoever stores dynamic values stores this; nil is null.
func Canonical(text string) any { return parseJSON(text) }

// parseJSON reads text: what is no JSON is a string with that text, what is empty
// or null is null.
func parseJSON(s string) any {
	if s == "" || s == "null" {
		return nil
	}
	if canonical(s) {
		return s
	}
	v, ok := Parse(s)
	if !ok {
		v = OfString(s)
	}
	return v.Any()
}

// sorted orders the keys of all bags.
func sorted(v Value) Value {
	if len(v.Items) == 0 {
		return v
	}
	items := make([]Value, len(v.Items))
	for i, item := range v.Items {
		items[i] = sorted(item)
	}
	if v.Kind != Bag {
		return OfArray(items)
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(v.Keys[a], v.Keys[b]) })
	out := Value{Kind: Bag}
	for _, i := range order {
		out.Keys, out.Items = append(out.Keys, v.Keys[i]), append(out.Items, items[i])
	}
	return out
}

// step is one step of a path: into a bag by key, into an array by index.
type step struct {
	key   string
	index int64
	array bool
}

// jsonPath reads `$.a['b'][0]`.
func jsonPath(s string) ([]step, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), "$")
	if !ok {
		return nil, false
	}
	var path []step
	for rest != "" {
		switch {
		case rest[0] == '.':
			n := strings.IndexAny(rest[1:], ".[") + 1
			if n == 0 {
				n = len(rest)
			}
			if n == 1 {
				return nil, false
			}
			path = append(path, step{key: rest[1:n]})
			rest = rest[n:]
		case len(rest) > 2 && (rest[1] == '\'' || rest[1] == '"'):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return nil, false
			}
			path = append(path, step{key: rest[2 : 2+end]})
			rest = rest[end+4:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, false
			}
			n, err := strconv.ParseInt(rest[1:end], 10, 32)
			if err != nil {
				return nil, false
			}
			path = append(path, step{index: n, array: true})
			rest = rest[end+1:]
		default:
			return nil, false
		}
	}
	return path, true
}

// walk follows a path; null where it leads nowhere.
func walk(v Value, path []step) Value {
	for _, s := range path {
		if s.array {
			v = v.At(s.index)
		} else {
			v = v.Get(s.key)
		}
	}
	return v
}

// keyPath is the path that a key argument of a bag function is: `$.a.b`, or one
// key of that name.
func keyPath(key string) []step {
	if strings.HasPrefix(key, "$.") || strings.HasPrefix(key, "$[") {
		if path, ok := jsonPath(key); ok {
			return path
		}
	}
	return []step{{key: key}}
}

// tree collects the paths of treepath. Elements of an array share the path [0].
type tree struct {
	paths []Value
	seen  map[string]bool
	size  int
}

func (t *tree) add(v Value, at string) {
	for i, item := range v.Items {
		path := at + "[0]"
		if v.Kind == Bag {
			path = at + "['" + v.Keys[i] + "']"
		}
		if !t.seen[path] && t.size < MaxText {
			t.seen[path] = true
			t.size += len(path)
			t.paths = append(t.paths, OfString(path))
		}
		t.add(item, path)
	}
}

// zip makes an array of arrays: the first elements, the second …; what is too short
// has nulls.
func zip(a []any) any {
	var arrays []Value
	longest := 0
	for _, x := range a {
		v := Dynamic(x)
		if v.Kind != Array {
			return nil
		}
		arrays = append(arrays, v)
		longest = max(longest, len(v.Items))
	}
	out := Value{Kind: Array}
	for i := range longest {
		one := make([]Value, len(arrays))
		for j, v := range arrays {
			one[j] = v.At(int64(i))
		}
		out.Items = append(out.Items, OfArray(one))
	}
	return out.Any()
}
