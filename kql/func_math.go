package kql

import (
	"math"

	"reslog/internal/ticks"
)

// mathFunctions are the functions over numbers.
var mathFunctions = []Function{
	{Name: "bin", Aliases: []string{"floor"}, Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Datetime), Of(Timespan)}, Min: 2, Returns: Datetime},
		{Params: []ParamType{Of(Timespan), Of(Timespan)}, Min: 2, Returns: Timespan},
		{Params: []ParamType{AnyNumber, AnyNumber}, Min: 2, Alike: []int{0, 1}, Same: 1},
		{Params: []ParamType{Of(Real), Of(Real)}, Min: 2, Returns: Real},
	}},
	{Name: "bin_at", Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Datetime), Of(Timespan), Of(Datetime)}, Min: 3, Returns: Datetime},
		{Params: []ParamType{Of(Timespan), Of(Timespan), Of(Timespan)}, Min: 3, Returns: Timespan},
		{Params: []ParamType{AnyNumber, AnyNumber, AnyNumber}, Min: 3, Alike: []int{0, 1, 2}, Same: 1},
		{Params: []ParamType{Of(Real), Of(Real), Of(Real)}, Min: 3, Returns: Real},
	}},
	{Name: "abs", Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{Of(Long)}, Min: 1, Returns: Long},
		{Params: []ParamType{Of(Real)}, Min: 1, Returns: Real},
		{Params: []ParamType{Of(Decimal)}, Min: 1, Returns: Decimal},
		{Params: []ParamType{Of(Timespan)}, Min: 1, Returns: Timespan},
	}},
	{Name: "round", Naming: NameFirst, Signatures: []Signature{
		{Params: []ParamType{AnyNumber, Of(Long)}, Min: 1, Same: 1},
		{Params: []ParamType{Of(Real), Of(Long)}, Min: 1, Returns: Real},
	}},
	// The official binder says that the type stays; the engine gives real.
	{Name: "ceiling", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "sign", Signatures: ofReals(1)},
	{Name: "pow", Naming: NameFirst, Signatures: ofReals(2)},
	{Name: "sqrt", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "log", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "log2", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "log10", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "exp", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "exp2", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "exp10", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "sin", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "cos", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "tan", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "cot", Signatures: ofReals(1)},
	{Name: "asin", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "acos", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "atan", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "atan2", Naming: NameFirst, Signatures: ofReals(2)},
	{Name: "degrees", Signatures: ofReals(1)},
	{Name: "radians", Signatures: ofReals(1)},
	{Name: "gamma", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "loggamma", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "erf", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "erfc", Naming: NameFirst, Signatures: ofReals(1)},
	{Name: "pi", Bind: bindPi},
	{Name: "isnan", Signatures: []Signature{{Params: []ParamType{Of(Real)}, Min: 1, Returns: Bool}}},
	{Name: "isinf", Signatures: []Signature{{Params: []ParamType{Of(Real)}, Min: 1, Returns: Bool}}},
	{Name: "isfinite", Signatures: []Signature{{Params: []ParamType{Of(Real)}, Min: 1, Returns: Bool}}},
	{Name: "min_of", Signatures: []Signature{{Params: []ParamType{Orderable}, Min: 2, Variadic: true, Alike: []int{0}, Same: 1}}},
	{Name: "max_of", Signatures: []Signature{{Params: []ParamType{Orderable}, Min: 2, Variadic: true, Alike: []int{0}, Same: 1}}},
	{Name: "rand", Naming: NameFirst, Signatures: []Signature{{Params: []ParamType{Of(Long)}, Min: 0, Returns: Real}}},
	{Name: "range", Bind: bindRange},

	{Name: "binary_and", Naming: NameFirst, Signatures: ofLongs(2)},
	{Name: "binary_or", Naming: NameFirst, Signatures: ofLongs(2)},
	{Name: "binary_xor", Naming: NameFirst, Signatures: ofLongs(2)},
	{Name: "binary_not", Naming: NameFirst, Signatures: ofLongs(1)},
	{Name: "binary_shift_left", Naming: NameFirst, Signatures: ofLongs(2)},
	{Name: "binary_shift_right", Naming: NameFirst, Signatures: ofLongs(2)},
	{Name: "bitset_count_ones", Naming: NameFirst, Signatures: ofLongs(1)},
}

// ofReals is a function of n numbers that gives a real.
func ofReals(n int) []Signature {
	return []Signature{ofAlike(Of(Real), n, Real), ofAlike(Of(Real, Decimal), n, Real)}
}

// ofLongs is a function of n whole numbers that gives a long.
func ofLongs(n int) []Signature { return []Signature{ofAlike(Of(Long), n, Long)} }

func bindPi(c *Binding) (Expr, error) {
	return &Const{Real, math.Pi}, c.Count(0, 0)
}

// bindRange is the function range(from, to, step): an array, by steps of 1 or of
// an hour.
func bindRange(c *Binding) (Expr, error) {
	args, _, err := c.Choose([]Signature{
		{Params: []ParamType{Of(Long), Of(Long), Of(Long)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Real), Of(Real), Of(Real)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Datetime), Of(Datetime), Of(Timespan)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(Timespan), Of(Timespan), Of(Timespan)}, Min: 2, Returns: Dynamic},
	})
	if err != nil {
		return nil, err
	}
	if len(args) == 2 {
		switch args[0].Type() {
		case Long:
			args = append(args, &Const{Long, int64(1)})
		case Real:
			args = append(args, &Const{Real, 1.0})
		default:
			args = append(args, &Const{Timespan, int64(ticks.Hour)})
		}
	}
	return c.Call(Dynamic, args...), nil
}
