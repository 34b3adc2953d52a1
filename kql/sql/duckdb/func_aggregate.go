package duckdb

import (
	"strconv"
	"strings"

	"reslog/kql"
	"reslog/kql/sql"
)

// statisticAggregates print the aggregates beyond those of func_aggregate_base.go.
var statisticAggregates = aggregates{
	"make_list_with_nulls": makeListWithNulls,
	"make_bag":             makeBag,
	"take_any_value":       takeAnyValue,

	"covariance":  covariance("covar_samp"),
	"covariancep": covariance("covar_pop"),

	"binary_all_and": bitwise("bit_and"),
	"binary_all_or":  bitwise("bit_or"),
	"binary_all_xor": bitwise("bit_xor"),

	"percentilew":        percentileWeighted,
	"percentiles_array":  percentilesArray,
	"percentilesw_array": percentilesWeightedArray,
}

// dynamicItems prints what a dynamic value adds to a list, as a list of JSON texts: an
// array adds its elements. nulls says whether null is one.
func dynamicItems(x string, nulls bool) string {
	if nulls {
		x = orNull(x)
	}
	return "CASE WHEN starts_with(" + x + ", '[') THEN CAST(json_extract(" + x + ", '$[*]') AS VARCHAR[]) ELSE [" + x + "] END"
}

// listed is a list of x, of the rows that the conditions let through, in their order.
func listed(in sql.Rows, x string, conditions ...string) string {
	if in.Order != "" {
		x += " ORDER BY " + in.Order
	}
	return over(in, "list("+x+")", conditions...)
}

func makeListWithNulls(a *kql.Agg, in sql.Rows) (string, error) {
	if t := a.Args[0].Type(); t != kql.Dynamic {
		return joined(listed(in, orNull(jsonOf(t, in.Args[0]))), maxItems), nil
	}
	return joined("flatten("+listed(in, dynamicItems(in.Args[0], true))+")", maxItems), nil
}

// joined is the JSON text of an array of a list of JSON texts, with no more than
// limit of them. No list is an empty array.
func joined(list string, limit int64) string {
	return "'[' || coalesce(array_to_string(list_slice(" + list + ", 1, " + strconv.FormatInt(limit, 10) + "), ','), '') || ']'"
}

// makeBag puts the keys of all bags into one.
func makeBag(a *kql.Agg, in sql.Rows) (string, error) {
	limit, err := sizeOf(a)
	if err != nil {
		return "", err
	}
	list := listed(in, in.Args[0], in.Args[0]+" IS NOT NULL")
	return "kql_make_bag(" + joined(list, maxItems) + ", " + whole(limit, "BIGINT") + ")", nil
}

// sizeOf is the greatest size of a list that is asked for.
func sizeOf(a *kql.Agg) (int64, error) {
	if len(a.Args) < 2 {
		return maxItems, nil
	}
	n, ok := constantLong(a.Args[1])
	if !ok {
		return 0, refuseAggregate(a, "%s with a size that is no constant is not supported", a.Func)
	}
	return min(maxItems, max(n, 0)), nil
}

// takeAnyValue is a value that is neither null nor empty, if there is one.
func takeAnyValue(a *kql.Agg, in sql.Rows) (string, error) {
	x := in.Args[0]
	some := x + " IS NOT NULL"
	if a.T == kql.String {
		some = x + " <> ''"
	}
	return over(in, "first("+x+")", some), nil
}

// covariance leaves out rows where one value is null; of one row it is 0.
func covariance(name string) emitAggregate {
	return func(_ *kql.Agg, in sql.Rows) (string, error) {
		x, y := "CAST("+in.Args[0]+" AS DOUBLE)", "CAST("+in.Args[1]+" AS DOUBLE)"
		tame := "abs(" + x + ") <= 1e150 AND abs(" + y + ") <= 1e150"
		wild := over(in, "bool_or(NOT ("+tame+"))")
		return "CASE WHEN " + wild + " THEN 'nan'::DOUBLE ELSE coalesce(" + over(in, name+"("+y+", "+x+")", tame) + ", 0e0) END", nil
	}
}

func bitwise(name string) emitAggregate {
	return func(_ *kql.Agg, in sql.Rows) (string, error) {
		return over(in, name+"("+in.Args[0]+")"), nil
	}
}

// rankOf is a percentile, a constant, as a fraction. It is a decimal: of binary
// fractions a few are past the rank that they mean.
func rankOf(a *kql.Agg, i int) (string, error) {
	v, _ := constant(a.Args[i])
	var text string
	switch v := v.(type) {
	case int64:
		text = strconv.FormatInt(v, 10)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return "", refuseAggregate(a, "percentile with a rank that is no constant is not supported")
	}
	before, after, _ := strings.Cut(text, ".")
	if len(before) > 3 || strings.HasPrefix(before, "-") || len(after) > 15 {
		return "", refuseAggregate(a, "percentile needs a rank from 0 to 100")
	}
	before = strings.Repeat("0", 3-len(before)) + before
	return before[:1] + "." + before[1:] + after, nil
}

// percentilesArray is the JSON array of several percentiles; of no values it is
// null.
func percentilesArray(a *kql.Agg, in sql.Rows) (string, error) {
	ranks := make([]string, 0, len(a.Args)-1)
	for i := 1; i < len(a.Args); i++ {
		r, err := rankOf(a, i)
		if err != nil {
			return "", err
		}
		ranks = append(ranks, r)
	}
	for i, x := range quantiles(in, ranks) {
		ranks[i] = jsonOf(a.Args[0].Type(), x)
	}
	return "'[' || " + strings.Join(ranks, " || ',' || ") + " || ']'", nil
}

// weightedRank is the value up to which the weights, in the order of the values,
// are a fraction of them all. A weight that is not positive does not count.
func weightedRank(in sql.Rows, t kql.Type, rank string) string {
	x, w := in.Args[0], in.Args[1]
	list := over(in, "list(CAST("+w+" AS VARCHAR) || ' ' || CAST("+x+" AS VARCHAR) ORDER BY "+x+")", x+" IS NOT NULL", w+" > 0")
	return "TRY_CAST(kql_weighted_rank(coalesce(array_to_string(" + list + ", ';'), ''), CAST(" + rank + " AS DOUBLE)) AS " + Dialect{}.Type(t) + ")"
}

func percentileWeighted(a *kql.Agg, in sql.Rows) (string, error) {
	r, err := rankOf(a, 2)
	if err != nil {
		return "", err
	}
	return weightedRank(in, a.Args[0].Type(), r), nil
}

func percentilesWeightedArray(a *kql.Agg, in sql.Rows) (string, error) {
	t := a.Args[0].Type()
	out := make([]string, 0, len(a.Args)-2)
	for i := 2; i < len(a.Args); i++ {
		r, err := rankOf(a, i)
		if err != nil {
			return "", err
		}
		out = append(out, jsonOf(t, weightedRank(in, t, r)))
	}
	return "'[' || " + strings.Join(out, " || ',' || ") + " || ']'", nil
}
