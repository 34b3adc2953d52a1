package kql

// coreFunctions are those that the binder has a part in: the constants of the
// query's time and the functions whose type is that of their arguments.
var coreFunctions = []Function{
	{Name: "now", Bind: bindNow},
	{Name: "ago", Bind: bindAgo},
	{Name: "not", Signatures: []Signature{{Params: []ParamType{Of(Bool)}, Min: 1, Returns: Bool}}},
	{Name: "iff", Aliases: []string{"iif"}, Bind: bindIff},
	{Name: "case", Bind: bindCase},
	{Name: "coalesce", Bind: bindCoalesce},
	{Name: "isnull", Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Bool}}},
	{Name: "isnotnull", Aliases: []string{"notnull"}, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Bool}}},
	{Name: "isempty", Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Bool}}},
	{Name: "isnotempty", Aliases: []string{"notempty"}, Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Bool}}},
}

// bindNow is now([offset]): a constant of the query.
func bindNow(c *Binding) (Expr, error) {
	if err := c.Count(0, 1); err != nil {
		return nil, err
	}
	now := &Const{Datetime, c.b.now}
	if len(c.Args) == 0 {
		return now, nil
	}
	offset, err := c.To(0, Timespan)
	if err != nil {
		return nil, err
	}
	return c.b.folded(&Call{T: Datetime, Func: "+", Args: []Expr{now, offset}, At: c.At}), nil
}

// bindAgo is ago(span).
func bindAgo(c *Binding) (Expr, error) {
	if err := c.Count(1, 1); err != nil {
		return nil, err
	}
	span, err := c.To(0, Timespan)
	if err != nil {
		return nil, err
	}
	return c.b.folded(&Call{T: Datetime, Func: "-", Args: []Expr{&Const{Datetime, c.b.now}, span}, At: c.At}), nil
}

// bindIff is iff(condition, then, else).
func bindIff(c *Binding) (Expr, error) {
	if err := c.Count(3, 3); err != nil {
		return nil, err
	}
	return branches(c)
}

// bindCase is case(condition, then, …, else).
func bindCase(c *Binding) (Expr, error) {
	if err := c.Count(3, -1); err != nil {
		return nil, err
	}
	if len(c.Args)%2 == 0 {
		return nil, c.Fail(-1, codeArgumentPairs, "case needs pairs of condition and value, and a value for the rest")
	}
	return branches(c)
}

// branches converts the conditions to bool and the values to their common type.
func branches(c *Binding) (Expr, error) {
	last := len(c.Args) - 1
	args := make([]Expr, len(c.Args))
	var values []Expr
	for i := 0; i < last; i += 2 {
		if c.Args[i].Type() == Dynamic {
			return nil, c.Fail(i, codeArgumentType, "a condition must be of type bool; tobool() makes one of a dynamic value")
		}
		cond, err := c.To(i, Bool)
		if err != nil {
			return nil, err
		}
		args[i] = cond
		values = append(values, c.Args[i+1])
	}
	values = append(values, c.Args[last])
	out, t, ok := unify(values)
	if !ok {
		return nil, c.Fail(-1, codeNoCommonType, "the values of %s have no common type", c.Name)
	}
	for i, x := range out[:len(out)-1] {
		args[2*i+1] = x
	}
	args[last] = out[len(out)-1]
	return c.Call(t, args...), nil
}

// bindCoalesce is coalesce(values…): the first that is not null, of strings the
// first that is not empty.
func bindCoalesce(c *Binding) (Expr, error) {
	if err := c.Count(2, 64); err != nil {
		return nil, err
	}
	out, t, ok := unify(c.Args)
	if !ok {
		return nil, c.Fail(-1, codeNoCommonType, "the arguments of coalesce have no common type")
	}
	return c.Call(t, out...), nil
}
