package kql

// aggregateFunctions are the functions of summarize.
var aggregateFunctions = []Function{
	{Name: "count", Naming: NamePrefix, Prefix: "count", Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 0, Returns: Long}}},
	{Name: "countif", Naming: NamePrefix, Prefix: "countif", If: "count", Signatures: []Signature{{Params: []ParamType{Of(Bool)}, Min: 1, Returns: Long}}},
	{Name: "sum", Naming: NamePrefix, Prefix: "sum", Signatures: []Signature{
		{Params: []ParamType{AnyInteger}, Min: 1, Returns: Long},
		{Params: []ParamType{Of(Real, Decimal, Timespan)}, Min: 1, Same: 1},
	}},
	{Name: "min", Naming: NamePrefix, Prefix: "min", Signatures: []Signature{{Params: []ParamType{Orderable}, Min: 1, Same: 1}}},
	{Name: "max", Naming: NamePrefix, Prefix: "max", Signatures: []Signature{{Params: []ParamType{Orderable}, Min: 1, Same: 1}}},
	{Name: "arg_max", BindColumns: bindArgExtreme},
	{Name: "arg_min", BindColumns: bindArgExtreme},
}

// bindArgExtreme is arg_max(key, columns…) and arg_min: the key's extreme first,
// then the values of that row.
func bindArgExtreme(c *Binding) ([]Named, error) {
	if err := c.Count(1, -1); err != nil {
		return nil, err
	}
	key := c.Args[0]
	if !Orderable.Has(key.Type()) {
		return nil, c.Fail(0, codeDynamicKey, "a value of type %s has no order", key.Type())
	}
	out := make([]Named, 0, len(c.Args)+len(c.Star))
	for i, x := range c.Args {
		out = append(out, Named{c.Names[i], AggExpr{&Agg{T: x.Type(), Func: c.Func.Name, Args: []Expr{key, x}, At: c.At}}})
	}
	for _, col := range c.Star {
		if ref, ok := key.(*ColRef); ok && ref.Col.ID == col.ID {
			continue
		}
		out = append(out, Named{col.Name, AggExpr{&Agg{T: col.Type, Func: c.Func.Name, Args: []Expr{key, &ColRef{col}}, At: c.At}}})
	}
	return out, nil
}
