package scalar

import (
	"strconv"
	"strings"

	"reslog/kql"
)

// aggregateFuncs are the last steps of aggregates, over what SQL has collected.
// The language has no functions of these names.
var aggregateFuncs = []Func{
	{Name: "kql_make_bag", Params: []kql.Type{kql.Dynamic, kql.Long}, Returns: kql.Dynamic, Call: makeBag},
	{Name: "kql_weighted_rank", Params: []kql.Type{kql.String, kql.Real}, Returns: kql.String, Call: weightedRank},
}

// makeBag merges an array of bags: of a key that comes twice the first value stays.
// No more keys than asked for.
func makeBag(a []any) any {
	var b bagBuilder
	limit, _ := a[1].(int64)
	for _, bag := range Dynamic(a[0]).Items {
		for i, key := range bag.Keys {
			if int64(len(b.v.Keys)) >= limit {
				break
			}
			b.set(key, bag.Items[i], false)
		}
	}
	return b.bag().Any()
}

// weightedRank finds, in "weight value;weight value", sorted by value, the first
// value at which the weights up to it are the fraction of all; "" for none.
func weightedRank(a []any) any {
	text, _ := a[0].(string)
	fraction, _ := a[1].(float64)
	var total float64
	for pair := range strings.SplitSeq(text, ";") {
		total += weightOf(pair)
	}
	var sum float64
	last := ""
	for pair := range strings.SplitSeq(text, ";") {
		sum += weightOf(pair)
		_, last, _ = strings.Cut(pair, " ")
		if sum >= fraction*total {
			return last
		}
	}
	return last
}

func weightOf(pair string) float64 {
	weight, _, _ := strings.Cut(pair, " ")
	w, _ := strconv.ParseFloat(weight, 64) // printed by SQL; of an empty list 0
	return w
}
