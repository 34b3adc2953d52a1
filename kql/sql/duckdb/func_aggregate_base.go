package duckdb

import (
	"slices"
	"strconv"
	"strings"

	"reslog/kql"
	"reslog/kql/sql"
)

// baseAggregates print the aggregates that most queries have. All but count leave
// nulls out; of no values sum is 0 and avg is not a number.
var baseAggregates = aggregates{
	"count":          func(_ *kql.Agg, in sql.Rows) (string, error) { return over(in, "count(*)"), nil },
	"sum":            sum,
	"avg":            average,
	"min":            extreme("min"),
	"max":            extreme("max"),
	"dcount":         distinctCount,
	"count_distinct": distinctCount,
	"make_list":      makeList,
	"make_set":       makeSet,
	"arg_max":        argument("max"),
	"arg_min":        argument("min"),
	"take_any":       takeAny,
	"percentile":     percentile,
	"stdev":          spread("stddev_samp"),
	"variance":       spread("var_samp"),
	"stdevp":         spread("stddev_pop"),
	"variancep":      spread("var_pop"),
}

// over is an aggregate over the rows of a filter.
func over(in sql.Rows, aggregate string, conditions ...string) string {
	if in.Filter != "" {
		conditions = append(conditions, in.Filter)
	}
	if len(conditions) == 0 {
		return aggregate
	}
	return aggregate + " FILTER (WHERE " + strings.Join(conditions, " AND ") + ")"
}

func isReal(t kql.Type) bool { return t == kql.Real || t == kql.Decimal }

func sum(a *kql.Agg, in sql.Rows) (string, error) {
	total := over(in, "sum("+in.Args[0]+")")
	switch {
	case isReal(a.T):
		return "coalesce(" + total + ", 0e0)", nil
	case a.Args[0].Type() == kql.Int:
		return "coalesce(CAST(" + total + " AS BIGINT), 0)", nil
	case a.T == kql.Long || a.T == kql.Timespan || a.T == kql.Int:
		return "coalesce(" + narrowed("("+total+")") + ", 0)", nil
	}
	return "", refuseAggregate(a, "sum of %s is not supported", a.T)
}

func average(a *kql.Agg, in sql.Rows) (string, error) {
	x := in.Args[0]
	if isReal(a.T) {
		return "coalesce(" + over(in, "avg("+x+")") + ", 'nan'::DOUBLE)", nil
	}
	// Of dates and spans: in whole ticks.
	return "CAST(" + over(in, "sum("+x+")") + " // " + over(in, "count("+x+")") + " AS BIGINT)", nil
}

// extreme is not a number when one of the values is.
func extreme(name string) emitAggregate {
	return func(a *kql.Agg, in sql.Rows) (string, error) {
		text := over(in, name+"("+in.Args[0]+")")
		if isReal(a.Args[0].Type()) {
			text = "CASE WHEN " + over(in, "bool_or(isnan("+in.Args[0]+"))") + " THEN 'nan'::DOUBLE ELSE " + text + " END"
		}
		return text, nil
	}
}

// distinctCount counts exactly, where the real service estimates.
func distinctCount(_ *kql.Agg, in sql.Rows) (string, error) {
	return over(in, "count(DISTINCT "+in.Args[0]+")"), nil
}

// maxItems is how many elements make_list and make_set have if nothing is said.
const maxItems = 1048576

// makeList is the JSON text of an array, in the order of the rows if they have one.
// Of a dynamic value null is an element, and an array adds its elements.
func makeList(a *kql.Agg, in sql.Rows) (string, error) {
	limit, err := sizeOf(a)
	if err != nil {
		return "", err
	}
	x := in.Args[0]
	if t := a.Args[0].Type(); t != kql.Dynamic {
		return joined(listed(in, jsonOf(t, x), x+" IS NOT NULL"), limit), nil
	}
	return joined("flatten("+listed(in, dynamicItems(x, true))+")", limit), nil
}

// makeSet is as makeList is, without nulls and each value once, the least first: the
// language has no order for it, and so two runs give the same.
func makeSet(a *kql.Agg, in sql.Rows) (string, error) {
	limit, err := sizeOf(a)
	if err != nil {
		return "", err
	}
	x := in.Args[0]
	if t := a.Args[0].Type(); t != kql.Dynamic {
		return joined("list_transform("+over(in, "list(DISTINCT "+x+" ORDER BY "+x+")", x+" IS NOT NULL")+", lambda e: "+jsonOf(t, "e")+")", limit), nil
	}
	return joined("list_sort(list_distinct(list_filter(flatten("+over(in, "list("+dynamicItems(x, false)+")", x+" IS NOT NULL")+"), lambda e: e <> 'null')))", limit), nil
}

// argument is the value of the row whose key is the greatest or least. Of equal
// keys all such aggregates of a group take the same row, and the first when all
// keys are null. What is not a number is both the greatest and the least.
func argument(name string) emitAggregate {
	return func(a *kql.Agg, in sql.Rows) (string, error) {
		key := in.Args[0]
		if len(in.Args) < 2 {
			return extreme(name)(a, in)
		}
		value := in.Args[1]
		text := "CASE WHEN " + over(in, "count("+key+")") + " = 0 THEN " + over(in, "first("+value+")")
		if isReal(a.Args[0].Type()) {
			text += " WHEN " + over(in, "bool_or(isnan("+key+"))") + " THEN " + over(in, "first("+value+")", "isnan("+key+")")
		}
		return text + " ELSE " + over(in, "arg_"+name+"_null("+value+", "+key+")") + " END", nil
	}
}

// takeAny is from the first row: several of a group are from the same.
func takeAny(_ *kql.Agg, in sql.Rows) (string, error) {
	return over(in, "first("+in.Args[0]+")"), nil
}

// percentile is the value of nearest rank, exactly. Several of the same values are
// elements of one list, which the engine computes once.
func percentile(a *kql.Agg, in sql.Rows) (string, error) {
	r, err := rankOf(a, 1)
	if err != nil {
		return "", err
	}
	ranks := []string{r}
	for _, o := range in.Beside {
		other, err := rankOf(o, 1)
		if err != nil {
			return "", err
		}
		ranks = append(ranks, other)
	}
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	return quantiles(in, ranks)[slices.Index(ranks, r)], nil
}

// quantiles are the values of several ranks.
func quantiles(in sql.Rows, ranks []string) []string {
	if len(ranks) == 1 {
		return []string{over(in, "quantile_disc("+in.Args[0]+", "+ranks[0]+")")}
	}
	list := over(in, "quantile_disc("+in.Args[0]+", ["+strings.Join(ranks, ", ")+"])")
	out := make([]string, len(ranks))
	for i := range ranks {
		out[i] = "list_extract(" + list + ", " + strconv.Itoa(i+1) + ")"
	}
	return out
}

// spread is 0 of one value and of none. DuckDB raises an error where the result is
// no finite number; what comes near is left to not a number.
func spread(name string) emitAggregate {
	return func(_ *kql.Agg, in sql.Rows) (string, error) {
		x := "CAST(" + in.Args[0] + " AS DOUBLE)"
		wild := over(in, "bool_or(NOT isfinite("+x+") OR abs("+x+") > 1e150)")
		tame := over(in, name+"("+x+")", "isfinite("+x+")", "abs("+x+") <= 1e150")
		return "CASE WHEN " + wild + " THEN 'nan'::DOUBLE ELSE coalesce(" + tame + ", 0e0) END", nil
	}
}
