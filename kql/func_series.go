package kql

// seriesFunctions are the functions on arrays of numbers.
var seriesFunctions = []Function{
	{Name: "series_add", Signatures: pairOfSeries},
	{Name: "series_subtract", Signatures: pairOfSeries},
	{Name: "series_multiply", Signatures: pairOfSeries},
	{Name: "series_divide", Signatures: pairOfSeries},
	{Name: "series_pow", Signatures: pairOfSeries},
	{Name: "series_greater", Signatures: pairOfSeries},
	{Name: "series_greater_equals", Signatures: pairOfSeries},
	{Name: "series_less", Signatures: pairOfSeries},
	{Name: "series_less_equals", Signatures: pairOfSeries},
	{Name: "series_equals", Signatures: pairOfSeries},
	{Name: "series_not_equals", Signatures: pairOfSeries},

	{Name: "series_abs", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_sign", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_exp", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_log", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_floor", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_ceiling", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_sin", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_asin", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_cos", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_acos", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_tan", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_atan", Signatures: ofDynamics(1, Dynamic)},

	{Name: "series_sum", Aliases: []string{"array_sum"}, Signatures: ofDynamics(1, Real)},
	{Name: "series_product", Signatures: ofDynamics(1, Real)},
	{Name: "series_magnitude", Signatures: ofDynamics(1, Real)},
	{Name: "series_pearson_correlation", Signatures: ofDynamics(2, Real)},
	{Name: "series_dot_product", Signatures: ofDynamics(2, Real)},
	{Name: "series_cosine_similarity", Signatures: ofDynamics(2, Real)},

	{Name: "series_fill_forward", Naming: NameFirst, Signatures: filled},
	{Name: "series_fill_backward", Naming: NameFirst, Signatures: filled},
	{Name: "series_fill_const", Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Dynamic), Of(Long), Of(Real)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Dynamic), Of(Real), Of(Real)}, Min: 2, Returns: Dynamic},
	}},
	{Name: "series_fill_linear", Naming: NameFirst, Bind: bindFillLinear},
	{Name: "series_fir", Naming: NameFirst, Bind: bindFIR},
	{Name: "series_iir", Naming: NameFirst, Signatures: ofDynamics(3, Dynamic)},

	{Name: "series_stats_dynamic", Bind: bindStats},
	{Name: "series_stats", BindColumns: bindStatsColumns},
	{Name: "series_fit_line_dynamic", Signatures: ofDynamics(1, Dynamic)},
	{Name: "series_fit_line", BindColumns: bindFitLineColumns},
}

var (
	pairOfSeries = []Signature{
		{Params: []ParamType{Of(Dynamic), Of(Dynamic)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Dynamic), Of(Long)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Dynamic), Of(Real)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Long), Of(Dynamic)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Real), Of(Dynamic)}, Min: 2, Returns: Dynamic},
	}
	filled = []Signature{{Params: []ParamType{Of(Dynamic), Of(Real)}, Min: 1, Returns: Dynamic}}
)

// bindFillLinear is series_fill_linear(series, placeholder, edges, constant).
func bindFillLinear(c *Binding) (Expr, error) {
	args, t, err := c.Choose([]Signature{{Params: []ParamType{Of(Dynamic), Of(Real), Of(Bool), Of(Real)}, Min: 1, Returns: Dynamic}})
	if err != nil {
		return nil, err
	}
	rest := []Expr{null(Real), &Const{Bool, true}, &Const{Real, 0.0}}
	return c.Call(t, append(args, rest[len(args)-1:]...)...), nil
}

// bindFIR is series_fir(series, filter, normalize, center). Without the third the
// filter decides.
func bindFIR(c *Binding) (Expr, error) {
	args, t, err := c.Choose([]Signature{{Params: []ParamType{Of(Dynamic), Of(Dynamic), Of(Bool), Of(Bool)}, Min: 2, Returns: Dynamic}})
	if err != nil {
		return nil, err
	}
	if len(args) == 3 {
		args = append(args, &Const{Bool, false})
	}
	return c.Call(t, args...), nil
}

// bindStats is series_stats_dynamic(series, ignore_nonfinite).
func bindStats(c *Binding) (Expr, error) {
	args, t, err := c.Choose([]Signature{{Params: []ParamType{Of(Dynamic), Of(Bool)}, Min: 1, Returns: Dynamic}})
	if err != nil {
		return nil, err
	}
	if len(args) == 1 {
		args = append(args, &Const{Bool, false})
	}
	return &Call{T: t, Func: "series_stats_dynamic", Args: args, At: c.At}, nil
}

// bindStatsColumns is series_stats: what is in the bag of series_stats_dynamic, as
// columns.
func bindStatsColumns(c *Binding) ([]Named, error) {
	bag, err := bindStats(c)
	if err != nil {
		return nil, err
	}
	return bagColumns(c, bag, []Column{
		{Name: "min", Type: Real},
		{Name: "min_idx", Type: Long},
		{Name: "max", Type: Real},
		{Name: "max_idx", Type: Long},
		{Name: "avg", Type: Real},
		{Name: "stdev", Type: Real},
		{Name: "variance", Type: Real},
	}), nil
}

// bindFitLineColumns is series_fit_line, out of the bag of its dynamic form.
func bindFitLineColumns(c *Binding) ([]Named, error) {
	args, _, err := c.Choose(ofDynamics(1, Dynamic))
	if err != nil {
		return nil, err
	}
	return bagColumns(c, &Call{T: Dynamic, Func: "series_fit_line_dynamic", Args: args, At: c.At}, []Column{
		{Name: "rsquare", Type: Real},
		{Name: "slope", Type: Real},
		{Name: "variance", Type: Real},
		{Name: "rvariance", Type: Real},
		{Name: "interception", Type: Real},
		{Name: "line_fit", Type: Dynamic},
	}), nil
}

// bagColumns are the values of keys of a bag, each a column of the function's and
// the argument's name.
func bagColumns(c *Binding, bag Expr, columns []Column) []Named {
	out := make([]Named, len(columns))
	for i, col := range columns {
		var x Expr = &Call{T: Dynamic, Func: "[]", Args: []Expr{bag, &Const{String, col.Name}}, At: c.At}
		if col.Type != Dynamic {
			x = &Call{T: col.Type, Func: "to" + col.Type.String(), Args: []Expr{x}, At: c.At}
		}
		out[i] = Named{c.Func.Name + "_" + c.Names[0] + "_" + col.Name, x}
	}
	return out
}
