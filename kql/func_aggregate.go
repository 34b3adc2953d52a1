package kql

// aggregateFunctions are the functions of summarize. Those of several columns are
// in func_aggregate_columns.go.
//
// The estimates of the service, dcount and percentile, are exact here, so that
// what is about their sketches (hll, tdigest) is refused.
var aggregateFunctions = []Function{
	{Name: "count", Naming: NamePrefix, Prefix: "count", Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 0, Returns: Long}}},
	{Name: "countif", Naming: NamePrefix, Prefix: "countif", If: "count", Signatures: []Signature{{Params: []ParamType{Of(Bool)}, Min: 1, Returns: Long}}},

	{Name: "sum", Naming: NamePrefix, Prefix: "sum", Signatures: sums},
	{Name: "sumif", Naming: NamePrefix, Prefix: "sumif", If: "sum", Signatures: conditional(sums)},
	{Name: "avg", Naming: NamePrefix, Prefix: "avg", Signatures: averages},
	{Name: "avgif", Naming: NamePrefix, Prefix: "avgif", If: "avg", Signatures: conditional(averages)},
	{Name: "min", Naming: NamePrefix, Prefix: "min", Signatures: extremes},
	{Name: "minif", Naming: NamePrefix, Prefix: "minif", If: "min", Signatures: conditional(extremes)},
	{Name: "max", Naming: NamePrefix, Prefix: "max", Signatures: extremes},
	{Name: "maxif", Naming: NamePrefix, Prefix: "maxif", If: "max", Signatures: conditional(extremes)},

	{Name: "dcount", Naming: NamePrefix, Prefix: "dcount", Bind: bindDistinct("dcount", -1, true)},
	{Name: "dcountif", Naming: NamePrefix, Prefix: "dcountif", Bind: bindDistinct("dcount", 1, true)},
	{Name: "count_distinct", Naming: NamePrefix, Prefix: "count_distinct", Bind: bindDistinct("count_distinct", -1, false)},
	{Name: "count_distinctif", Naming: NamePrefix, Prefix: "count_distinctif", Bind: bindDistinct("count_distinct", 1, false)},

	{Name: "make_list", Aliases: []string{"makelist"}, Naming: NamePrefix, Prefix: "list", Bind: bindCollect("make_list", AnyScalar, -1)},
	{Name: "make_list_if", Naming: NamePrefix, Prefix: "list", Bind: bindCollect("make_list", AnyScalar, 1)},
	{Name: "make_list_with_nulls", Naming: NamePrefix, Prefix: "list", Signatures: []Signature{{Params: []ParamType{AnyScalar}, Min: 1, Returns: Dynamic}}},
	{Name: "make_set", Aliases: []string{"makeset"}, Naming: NamePrefix, Prefix: "set", Bind: bindCollect("make_set", AnyScalar, -1)},
	{Name: "make_set_if", Naming: NamePrefix, Prefix: "set", Bind: bindCollect("make_set", AnyScalar, 1)},
	{Name: "make_bag", Naming: NamePrefix, Prefix: "bag", Bind: bindCollect("make_bag", Of(Dynamic), -1)},
	{Name: "make_bag_if", Naming: NamePrefix, Prefix: "bag", Bind: bindCollect("make_bag", Of(Dynamic), 1)},
	{Name: "make_dictionary", Naming: NamePrefix, Prefix: "dictionary", Bind: bindCollect("make_bag", Of(Dynamic), -1)},

	{Name: "stdev", Naming: NamePrefix, Prefix: "stdev", Signatures: spreads},
	{Name: "stdevif", Naming: NamePrefix, Prefix: "stdevif", If: "stdev", Signatures: conditional(spreads)},
	{Name: "stdevp", Naming: NamePrefix, Prefix: "stdevp", Signatures: spreads},
	{Name: "variance", Naming: NamePrefix, Prefix: "variance", Signatures: spreads},
	{Name: "varianceif", Naming: NamePrefix, Prefix: "varianceif", If: "variance", Signatures: conditional(spreads)},
	{Name: "variancep", Naming: NamePrefix, Prefix: "variancep", Signatures: spreads},
	{Name: "variancepif", Naming: NamePrefix, Prefix: "variancepif", If: "variancep", Signatures: conditional(spreads)},
	{Name: "covariance", BindColumns: bindCovariance("covariance", false)},
	{Name: "covarianceif", BindColumns: bindCovariance("covariance", true)},
	{Name: "covariancep", BindColumns: bindCovariance("covariancep", false)},
	{Name: "covariancepif", BindColumns: bindCovariance("covariancep", true)},

	{Name: "binary_all_and", Naming: NameFirst, Signatures: ofLongs(1)},
	{Name: "binary_all_or", Naming: NameFirst, Signatures: ofLongs(1)},
	{Name: "binary_all_xor", Naming: NameFirst, Signatures: ofLongs(1)},

	{Name: "arg_max", BindColumns: bindArgExtreme("arg_max", "")},
	{Name: "arg_min", BindColumns: bindArgExtreme("arg_min", "")},
	{Name: "argmax", BindColumns: bindArgExtreme("arg_max", "max_")},
	{Name: "argmin", BindColumns: bindArgExtreme("arg_min", "min_")},
	{Name: "take_any", BindColumns: bindTakeAny("")},
	{Name: "any", BindColumns: bindTakeAny("any_")},
	{Name: "take_anyif", Naming: NameFirst, If: "take_any_value", Signatures: anyIf},
	{Name: "anyif", Naming: NamePrefix, Prefix: "anyif", If: "take_any_value", Signatures: anyIf},

	{Name: "percentile", BindColumns: bindPercentiles("percentile", false)},
	{Name: "percentiles", BindColumns: bindPercentiles("percentile", false)},
	{Name: "percentilew", BindColumns: bindPercentiles("percentilew", true)},
	{Name: "percentilesw", BindColumns: bindPercentiles("percentilew", true)},
	{Name: "percentiles_array", BindColumns: bindPercentilesArray("percentiles_array", false)},
	{Name: "percentilesw_array", BindColumns: bindPercentilesArray("percentilesw_array", true)},
}

var (
	sums = []Signature{
		{Params: []ParamType{AnyInteger}, Min: 1, Returns: Long},
		{Params: []ParamType{Of(Real, Decimal, Timespan)}, Min: 1, Same: 1},
	}
	averages = []Signature{
		{Params: []ParamType{AnyInteger}, Min: 1, Returns: Real},
		{Params: []ParamType{Of(Real, Decimal, Timespan, Datetime)}, Min: 1, Same: 1},
	}
	extremes = []Signature{{Params: []ParamType{Orderable}, Min: 1, Same: 1}}
	spreads  = []Signature{{Params: []ParamType{AnyNumber}, Min: 1, Returns: Real}}
	anyIf    = []Signature{{Params: []ParamType{AnyScalar, Of(Bool)}, Min: 2, Same: 1}}
)

// conditional are signatures with a condition behind.
func conditional(of []Signature) []Signature {
	out := make([]Signature, len(of))
	for i, s := range of {
		s.Params = append(append([]ParamType(nil), s.Params...), Of(Bool))
		s.Min++
		out[i] = s
	}
	return out
}

// condition is the argument that is one, nil if at is negative.
func (c *Binding) condition(at int) (Expr, error) {
	if at < 0 {
		return nil, nil
	}
	return c.To(at, Bool)
}

// agg is an aggregate as what a call binds to.
func (c *Binding) agg(t Type, function string, filter Expr, args ...Expr) Expr {
	return AggExpr{&Agg{T: t, Func: function, Args: args, Filter: filter, At: c.At}}
}

// bindDistinct is a count of different values. The accuracy of the estimate is
// read and not needed.
func bindDistinct(function string, condition int, accuracy bool) func(c *Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		minimum := max(condition, 0) + 1
		maximum := minimum
		if accuracy {
			maximum++
		}
		if err := c.Count(minimum, maximum); err != nil {
			return nil, err
		}
		if len(c.Args) > minimum {
			if _, err := c.Const(minimum); err != nil {
				return nil, err
			}
		}
		filter, err := c.condition(condition)
		if err != nil {
			return nil, err
		}
		return c.agg(Long, function, filter, c.Args[0]), nil
	}
}

// bindCollect makes a list, a set or a bag of values, of a size at most that may be
// given last.
func bindCollect(function string, of ParamType, condition int) func(c *Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		minimum := max(condition, 0) + 1
		if err := c.Count(minimum, minimum+1); err != nil {
			return nil, err
		}
		x := c.Args[0]
		if x.Type() == Unknown {
			x = null(Dynamic)
		}
		if of != AnyScalar && !of.Has(x.Type()) {
			return nil, c.Fail(0, codeType, "%s does not take an argument of type %s", c.Name, x.Type())
		}
		filter, err := c.condition(condition)
		if err != nil {
			return nil, err
		}
		args := []Expr{x}
		if len(c.Args) > minimum {
			if _, err := c.Const(minimum); err != nil {
				return nil, err
			}
			size, err := c.To(minimum, Long)
			if err != nil {
				return nil, err
			}
			args = append(args, size)
		}
		return c.agg(Dynamic, function, filter, args...), nil
	}
}
