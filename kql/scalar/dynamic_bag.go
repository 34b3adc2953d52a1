package scalar

import "reslog/kql"

// bagFuncs are functions on property bags.
var bagFuncs = []Func{
	{Name: "kql_bag_pack", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		var b bagBuilder
		for i := 0; i+1 < len(a); i += 2 {
			b.set(Dynamic(a[i]).String(), Dynamic(a[i+1]), true)
		}
		return b.bag().Any()
	}},
	// bag_pack_filled leaves out what is null or empty: pack_all(true).
	{Name: "kql_bag_pack_filled", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		var b bagBuilder
		for i := 0; i+1 < len(a); i += 2 {
			if v := Dynamic(a[i+1]); v.String() != "" {
				b.set(Dynamic(a[i]).String(), v, true)
			}
		}
		return b.bag().Any()
	}},
	{Name: "kql_pack_array", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		items := make([]Value, len(a))
		for i, x := range a {
			items[i] = Dynamic(x)
		}
		return OfArray(items).Any()
	}},
	{Name: "kql_bag_keys", Params: types(kql.Dynamic), Returns: kql.Dynamic, Call: func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Bag {
			return nil
		}
		out := Value{Kind: Array}
		for _, k := range v.Keys {
			out.Items = append(out.Items, OfString(k))
		}
		return out.Any()
	}},
	{Name: "kql_bag_has_key", Params: types(kql.Dynamic, kql.String), Returns: kql.Bool, Call: func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Bag {
			return nil
		}
		path := keyPath(text(a[1]))
		for i, s := range path {
			if s.array {
				n := int64(len(v.Items))
				if v.Kind != Array || s.index >= n || s.index < -n {
					return false
				}
				v = v.At(s.index)
				continue
			}
			at := v.Find(s.key)
			if at < 0 {
				return false
			}
			if i < len(path)-1 {
				v = v.Items[at]
			}
		}
		return true
	}},
	{Name: "kql_bag_merge", Variadic: kql.Dynamic, Returns: kql.Dynamic, Call: func(a []any) any {
		var b bagBuilder
		found := false
		for _, x := range a {
			v := Dynamic(x)
			found = found || v.Kind == Bag
			for i, k := range v.Keys {
				b.set(k, v.Items[i], false)
			}
		}
		if !found {
			return nil
		}
		return b.bag().Any()
	}},
	{Name: "kql_bag_remove_keys", Params: types(kql.Dynamic, kql.Dynamic), Returns: kql.Dynamic, Call: func(a []any) any {
		v, keys := Dynamic(a[0]), Dynamic(a[1])
		if v.Kind != Bag || keys.Kind != Array {
			return nil
		}
		for _, k := range keys.Items {
			if k.Kind == String {
				v = without(v, keyPath(k.Str))
			}
		}
		return v.Any()
	}},
	{Name: "kql_bag_set_key", Params: types(kql.Dynamic, kql.String, kql.Dynamic), Returns: kql.Dynamic, Call: func(a []any) any {
		v := Dynamic(a[0])
		if v.Kind != Bag {
			return nil
		}
		return v.Set(text(a[1]), Dynamic(a[2])).Any()
	}},
	{Name: "kql_bag_zip", Params: types(kql.Dynamic, kql.Dynamic), Returns: kql.Dynamic, Call: func(a []any) any {
		keys, values := Dynamic(a[0]), Dynamic(a[1])
		if keys.Kind != Array || values.Kind != Array {
			return nil
		}
		var b bagBuilder
		for i, k := range keys.Items {
			if k.Kind == String {
				b.set(k.Str, values.At(int64(i)), true)
			}
		}
		return b.bag().Any()
	}},
}

// without is v less what the path leads to. It copies what it changes.
func without(v Value, path []step) Value {
	i := -1
	switch s := path[0]; {
	case !s.array:
		i = v.Find(s.key)
	case v.Kind == Array && s.index >= 0 && s.index < int64(len(v.Items)):
		i = int(s.index)
	}
	if i < 0 {
		return v
	}
	out := Value{Kind: v.Kind}
	for j, item := range v.Items {
		if j == i {
			if len(path) == 1 {
				continue
			}
			item = without(item, path[1:])
		}
		out.Items = append(out.Items, item)
		if v.Kind == Bag {
			out.Keys = append(out.Keys, v.Keys[j])
		}
	}
	return out
}
