package duckdb

import (
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
	"arg_max":        argument("arg_max_null"),
	"arg_min":        argument("arg_min_null"),
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
	return "", refuse(&kql.Call{Func: a.Func, At: a.At}, "sum of %s is not supported", a.T)
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
func makeList(a *kql.Agg, in sql.Rows) (string, error) {
	order := ""
	if in.Order != "" {
		order = " ORDER BY " + in.Order
	}
	return array(a, in, "list("+jsonOf(a.Args[0].Type(), in.Args[0])+order+")")
}

func makeSet(a *kql.Agg, in sql.Rows) (string, error) {
	return array(a, in, "list(DISTINCT "+jsonOf(a.Args[0].Type(), in.Args[0])+")")
}

// array prints a list of JSON texts as an array, with no more elements than asked
// for.
func array(a *kql.Agg, in sql.Rows, list string) (string, error) {
	limit := int64(maxItems)
	if len(a.Args) > 1 {
		n, ok := constantLong(a.Args[1])
		if !ok {
			return "", refuse(&kql.Call{Func: a.Func, At: a.At}, "%s with a size that is no constant is not supported", a.Func)
		}
		limit = min(limit, max(n, 0))
	}
	list = over(in, list, in.Args[0]+" IS NOT NULL")
	return "'[' || coalesce(array_to_string(list_slice(" + list + ", 1, " + strconv.FormatInt(limit, 10) + "), ','), '') || ']'", nil
}

// argument is the value of the row whose key is the greatest or least. Of equal
// keys all such aggregates of a group take the same row.
func argument(name string) emitAggregate {
	return func(a *kql.Agg, in sql.Rows) (string, error) {
		key := in.Args[0]
		if len(in.Args) < 2 {
			return extreme(strings.TrimSuffix(strings.TrimPrefix(name, "arg_"), "_null"))(a, in)
		}
		return over(in, name+"("+in.Args[1]+", "+key+")"), nil
	}
}

// takeAny is from the first row: several of a group are from the same.
func takeAny(_ *kql.Agg, in sql.Rows) (string, error) {
	return over(in, "first("+in.Args[0]+")"), nil
}

// percentile is the value of nearest rank, exactly.
func percentile(a *kql.Agg, in sql.Rows) (string, error) {
	v, _ := constant(a.Args[1])
	var p float64
	switch v := v.(type) {
	case int64:
		p = float64(v)
	case float64:
		p = v
	default:
		return "", refuse(&kql.Call{Func: a.Func, At: a.At}, "percentile with a rank that is no constant is not supported")
	}
	if !(p >= 0 && p <= 100) {
		return "", refuse(&kql.Call{Func: a.Func, At: a.At}, "percentile needs a rank from 0 to 100")
	}
	return over(in, "quantile_disc("+in.Args[0]+", "+real(p/100)+")"), nil
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
