package kql

// windowFunctions look at other rows of a serialized relation. A call of one is a
// *WindowCall. Of those that count, the last argument begins the count anew.
// row_window_session is refused: a session depends on where the one before ended.
var windowFunctions = []Function{
	{Name: "row_number", Window: true, Signatures: []Signature{{Params: []ParamType{Of(Long), Of(Bool)}, Min: 0, Returns: Long}}},
	{Name: "row_cumsum", Window: true, Signatures: []Signature{{Params: []ParamType{AnyNumber | Of(Timespan), Of(Bool)}, Min: 1, Same: 1}}},
	{Name: "row_rank_dense", Aliases: []string{"row_rank"}, Window: true, Signatures: []Signature{{Params: []ParamType{NotDynamic, Of(Bool)}, Min: 1, Returns: Long}}},
	{Name: "row_rank_min", Window: true, Signatures: []Signature{{Params: []ParamType{NotDynamic, Of(Bool)}, Min: 1, Returns: Long}}},
	{Name: "prev", Bind: bindNeighbour},
	{Name: "next", Bind: bindNeighbour},
}

// bindNeighbour is prev(x, offset, default) and next. The offset is a constant and
// positive, the default a constant.
func bindNeighbour(c *Binding) (Expr, error) {
	args, t, err := c.Choose([]Signature{{Params: []ParamType{AnyScalar, Of(Long), AnyScalar}, Min: 1, Same: 1, Alike: []int{0, 2}}})
	if err != nil {
		return nil, err
	}
	if len(args) > 1 {
		offset, err := c.Const(1)
		if err != nil {
			return nil, err
		}
		if n, ok := offset.(int64); !ok || n < 1 {
			return nil, c.Fail(1, "", "the offset of %s must be positive", c.Name)
		}
	}
	if len(args) > 2 {
		if _, err := c.Const(2); err != nil {
			return nil, err
		}
	}
	return &WindowCall{T: t, Func: c.Func.Name, Args: args, At: c.At}, nil
}
