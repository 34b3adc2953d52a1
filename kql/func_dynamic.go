package kql

// dynamicFunctions are the functions over dynamic values: property bags, arrays,
// arrays as sets, and what makes them of text.
var dynamicFunctions = []Function{
	{Name: "parse_json", Aliases: []string{"parsejson", "todynamic", "toobject"}, Naming: NameFirst, Bind: bindParseJSON},
	{Name: "extract_json", Aliases: []string{"extractjson"}, Bind: bindExtractJSON},
	{Name: "dynamic_to_json", Bind: withBoxes(ofDynamics(1, String))},
	{Name: "treepath", Naming: NamePrefix, Prefix: "tree", Signatures: ofDynamics(1, Dynamic)},
	{Name: "zip", Signatures: severalDynamics},

	{Name: "bag_pack", Aliases: []string{"pack", "pack_dictionary"}, Bind: bindPack},
	{Name: "bag_pack_columns", Bind: bindPackColumns},
	{Name: "pack_all", Bind: bindPackAll},
	{Name: "pack_array", Bind: bindPackArray},
	{Name: "bag_keys", Signatures: ofDynamics(1, Dynamic)},
	{Name: "bag_has_key", Signatures: []Signature{{Params: []ParamType{Of(Dynamic), Of(String)}, Min: 2, Returns: Bool}}},
	{Name: "bag_merge", Signatures: severalDynamics},
	{Name: "bag_remove_keys", Signatures: ofDynamics(2, Dynamic)},
	{Name: "bag_set_key", Bind: bindSetKey},
	{Name: "bag_zip", Signatures: ofDynamics(2, Dynamic)},

	{Name: "array_length", Aliases: []string{"arraylength"}, Signatures: ofDynamics(1, Long)},
	{Name: "array_concat", Signatures: []Signature{{Params: []ParamType{Of(Dynamic)}, Min: 1, Variadic: true, Returns: Dynamic}}},
	{Name: "array_iff", Aliases: []string{"array_iif"}, Bind: withBoxes(ofDynamics(3, Dynamic), 1, 2)},
	{Name: "array_index_of", Bind: withBoxes([]Signature{{Params: []ParamType{Of(Dynamic), Of(Dynamic), Of(Long), Of(Long), Of(Long)}, Min: 2, Returns: Long}}, 1)},
	{Name: "array_slice", Signatures: []Signature{{Params: []ParamType{Of(Dynamic), Of(Long), Of(Long)}, Min: 3, Returns: Dynamic}}},
	{Name: "array_split", Bind: withBoxes(ofDynamics(2, Dynamic), 1)},
	{Name: "array_reverse", Signatures: ofDynamics(1, Dynamic)},
	{Name: "array_rotate_left", Signatures: rotation},
	{Name: "array_rotate_right", Signatures: rotation},
	{Name: "array_shift_left", Bind: bindShift},
	{Name: "array_shift_right", Bind: bindShift},
	{Name: "array_sort_asc", Bind: bindSortArray},
	{Name: "array_sort_desc", Bind: bindSortArray},

	{Name: "set_union", Signatures: severalDynamics},
	{Name: "set_intersect", Signatures: severalDynamics},
	{Name: "set_difference", Signatures: severalDynamics},
	{Name: "set_has_element", Bind: withBoxes(ofDynamics(2, Bool), 1)},
	{Name: "set_equals", Signatures: ofDynamics(2, Bool)},
	{Name: "jaccard_index", Signatures: ofDynamics(2, Real)},
}

var (
	severalDynamics = []Signature{{Params: []ParamType{Of(Dynamic), Of(Dynamic)}, Min: 2, Variadic: true, Returns: Dynamic}}
	rotation        = []Signature{{Params: []ParamType{Of(Dynamic), Of(Long)}, Min: 2, Returns: Dynamic}}
)

// ofDynamics is a function of n dynamic values.
func ofDynamics(n int, t Type) []Signature { return []Signature{ofAlike(Of(Dynamic), n, t)} }

// bindParseJSON is parse_json(text). A dynamic value is not text that is parsed
// again: it is what it is.
func bindParseJSON(c *Binding) (Expr, error) {
	if err := c.Count(1, 1); err != nil {
		return nil, err
	}
	if c.Args[0].Type() == Dynamic {
		return c.Args[0], nil
	}
	x, err := c.To(0, String)
	if err != nil {
		return nil, err
	}
	return c.Call(Dynamic, x), nil
}

// bindExtractJSON is extract_json(path, text [, typeof(type)]).
func bindExtractJSON(c *Binding) (Expr, error) {
	if err := c.Count(2, 3); err != nil {
		return nil, err
	}
	return typed(c, 2, func(c *Binding) (Expr, error) { return c.plain(ofStrings(2, String)) })
}

// bindPack is bag_pack(key, value, …).
func bindPack(c *Binding) (Expr, error) {
	if err := c.noStar(); err != nil {
		return nil, err
	}
	if len(c.Args) == 0 || len(c.Args)%2 != 0 {
		return nil, c.Fail(-1, codeArgumentCount, "%s needs pairs of key and value", c.Name)
	}
	args := make([]Expr, len(c.Args))
	for i, x := range c.Args {
		if i%2 == 0 {
			key, err := c.To(i, String)
			if err != nil {
				return nil, err
			}
			x = key
		}
		value, err := c.box(x)
		if err != nil {
			return nil, err
		}
		args[i] = value
	}
	return c.Call(Dynamic, args...), nil
}

// packed is bag_pack of columns under their names.
func (c *Binding) packed(function string, columns []Col) (Expr, error) {
	args := make([]Expr, 0, 2*len(columns))
	for _, col := range columns {
		value, err := c.box(&ColRef{col})
		if err != nil {
			return nil, err
		}
		args = append(args, boxed(&Const{String, col.Name}), value)
	}
	return &Call{T: Dynamic, Func: function, Args: args, At: c.At}, nil
}

// bindPackColumns is bag_pack_columns(column, …).
func bindPackColumns(c *Binding) (Expr, error) {
	if err := c.Count(1, -1); err != nil && !c.HasStar {
		return nil, err
	}
	var columns []Col
	for i, x := range c.Args {
		ref, ok := x.(*ColRef)
		if !ok {
			return nil, c.Fail(i, "", "%s takes columns", c.Name)
		}
		columns = append(columns, ref.Col)
	}
	return c.packed("bag_pack", append(columns, c.Star...))
}

// bindPackAll is pack_all([ignore]): all columns of the row, with ignore without
// those that are null or empty.
func bindPackAll(c *Binding) (Expr, error) {
	if err := c.Count(0, 1); err != nil {
		return nil, err
	}
	function := "bag_pack"
	if len(c.Args) == 1 {
		ignore, err := c.Const(0)
		if err != nil {
			return nil, err
		}
		if ignore == true {
			function = "bag_pack_filled"
		}
	}
	if c.Columns == nil {
		return nil, c.Fail(-1, "", "%s needs a row to pack", c.Name)
	}
	return c.packed(function, c.Columns())
}

// bindPackArray is pack_array(value, …), or pack_array(*).
func bindPackArray(c *Binding) (Expr, error) {
	args := make([]Expr, 0, len(c.Args)+len(c.Star))
	for _, col := range c.Star {
		c.Args = append(c.Args, &ColRef{col})
	}
	for _, x := range c.Args {
		value, err := c.box(x)
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	if len(args) == 0 {
		return nil, c.Fail(-1, codeArgumentCount, "%s needs a value", c.Name)
	}
	return c.Call(Dynamic, args...), nil
}

// bindSetKey is bag_set_key(bag, key, value). A key may also be a path, which
// is not supported.
func bindSetKey(c *Binding) (Expr, error) {
	x, err := withBoxes([]Signature{{Params: []ParamType{Of(Dynamic), Of(String), Of(Dynamic)}, Min: 3, Returns: Dynamic}}, 2)(c)
	if err != nil {
		return nil, err
	}
	if k, ok := x.(*Call).Args[1].(*Const); ok {
		if s, _ := k.Value.(string); len(s) > 0 && s[0] == '$' {
			return nil, c.Refuse("a path as the key of bag_set_key")
		}
	}
	return x, nil
}

// bindShift is array_shift_left(array, count [, what comes in]).
func bindShift(c *Binding) (Expr, error) {
	if len(c.Args) == 2 {
		c.Args = append(c.Args, null(Dynamic))
	}
	return withBoxes([]Signature{{Params: []ParamType{Of(Dynamic), Of(Long), Of(Dynamic)}, Min: 3, Returns: Dynamic}}, 2)(c)
}

// bindSortArray is array_sort_asc(array [, nulls last]). With several arrays the
// others are put into the order of the first, each in a column of its own.
func bindSortArray(c *Binding) (Expr, error) {
	if len(c.Args) == 1 {
		c.Args = append(c.Args, &Const{Bool, true})
	}
	if len(c.Args) > 1 && c.Args[1].Type() == Dynamic {
		return nil, c.Refuse(c.Name + " of several arrays")
	}
	return c.plain([]Signature{{Params: []ParamType{Of(Dynamic), Of(Bool)}, Min: 2, Returns: Dynamic}})
}
