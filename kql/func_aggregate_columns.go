package kql

import (
	"encoding/json"
	"strconv"
	"strings"
)

// bindArgExtreme is arg_max(key, columns…) and arg_min: the key's extreme first,
// then the values of that row. The names of old have a prefix: max_key,
// max_key_column.
func bindArgExtreme(function, prefix string) func(c *Binding) ([]Named, error) {
	return func(c *Binding) ([]Named, error) {
		if err := c.Count(1, -1); err != nil {
			return nil, err
		}
		key := c.Args[0]
		if !Orderable.Has(key.Type()) {
			return nil, c.Fail(0, codeDynamicKey, "a value of type %s has no order", key.Type())
		}
		named := func(name string, x Expr) Named {
			if prefix != "" {
				name = prefix + c.Names[0] + "_" + name
			}
			return Named{name, c.agg(x.Type(), function, nil, key, x)}
		}
		out := make([]Named, 0, len(c.Args)+len(c.Star))
		for i, x := range c.Args {
			out = append(out, named(c.Names[i], x))
		}
		if prefix != "" {
			out[0].Name = prefix + c.Names[0]
		}
		for _, col := range c.Star {
			if ref, ok := key.(*ColRef); ok && ref.Col.ID == col.ID {
				continue
			}
			out = append(out, named(col.Name, &ColRef{col}))
		}
		return out, nil
	}
}

// bindTakeAny is take_any(columns…) and take_any(*): values of one row, or of one
// column a value that is there, if any is.
func bindTakeAny(prefix string) func(c *Binding) ([]Named, error) {
	return func(c *Binding) ([]Named, error) {
		if !c.HasStar {
			if err := c.Count(1, -1); err != nil {
				return nil, err
			}
		}
		function := "take_any"
		if len(c.Args)+len(c.Star) == 1 {
			function = "take_any_value"
		}
		out := make([]Named, 0, len(c.Args)+len(c.Star))
		for i, x := range c.Args {
			out = append(out, Named{prefix + c.Names[i], c.agg(x.Type(), function, nil, x)})
		}
		for _, col := range c.Star {
			out = append(out, Named{prefix + col.Name, c.agg(col.Type, function, nil, &ColRef{col})})
		}
		return out, nil
	}
}

// bindCovariance is covariance(x, y), which has the names of both in its own. (The
// official binder leaves the second out, the engine does not.)
func bindCovariance(function string, conditional bool) func(c *Binding) ([]Named, error) {
	return func(c *Binding) ([]Named, error) {
		params := []ParamType{AnyNumber, AnyNumber}
		if conditional {
			params = append(params, Of(Bool))
		}
		args, t, err := c.Choose([]Signature{{Params: params, Min: len(params), Returns: Real}})
		if err != nil {
			return nil, err
		}
		var filter Expr
		if conditional {
			filter = args[2]
		}
		return []Named{{c.Func.Name + "_" + c.Names[0] + "_" + c.Names[1], c.agg(t, function, filter, args[:2]...)}}, nil
	}
}

// bindPercentiles is percentile(x, rank), percentiles(x, ranks…) and those with a
// weight after x: a column a rank.
func bindPercentiles(function string, weighted bool) func(c *Binding) ([]Named, error) {
	return func(c *Binding) ([]Named, error) {
		values, ranks, err := ranked(c, weighted, false)
		if err != nil {
			return nil, err
		}
		out := make([]Named, len(ranks))
		for i, r := range ranks {
			suffix := strings.ReplaceAll(strconv.FormatFloat(r, 'f', -1, 64), ".", "_")
			args := append(append([]Expr(nil), values...), &Const{Real, r})
			out[i] = Named{"percentile_" + c.Names[0] + "_" + suffix, c.agg(values[0].Type(), function, nil, args...)}
		}
		return out, nil
	}
}

// bindPercentilesArray is percentiles_array(x, ranks…), or with an array of ranks:
// one array of values.
func bindPercentilesArray(function string, weighted bool) func(c *Binding) ([]Named, error) {
	return func(c *Binding) ([]Named, error) {
		args, ranks, err := ranked(c, weighted, true)
		if err != nil {
			return nil, err
		}
		for _, r := range ranks {
			args = append(args, &Const{Real, r})
		}
		return []Named{{"percentiles_" + c.Names[0], c.agg(Dynamic, function, nil, args...)}}, nil
	}
}

// ranked reads the arguments of a percentile: the value, with its weight, and the
// ranks, which are constants from 0 to 100.
func ranked(c *Binding, weighted, array bool) (values []Expr, ranks []float64, err error) {
	n := 1
	if weighted {
		n = 2
	}
	if err := c.Count(n+1, -1); err != nil {
		return nil, nil, err
	}
	if !Summable.Has(c.Args[0].Type()) {
		return nil, nil, c.Fail(0, codeType, "%s does not take an argument of type %s", c.Name, c.Args[0].Type())
	}
	values = []Expr{c.Args[0]}
	if weighted {
		weight, err := c.To(1, Long)
		if err != nil {
			return nil, nil, err
		}
		values = append(values, weight)
	}
	for i := n; i < len(c.Args); i++ {
		v, err := c.Const(i)
		if err != nil {
			return nil, nil, err
		}
		switch v := v.(type) {
		case int64:
			ranks = append(ranks, float64(v))
		case float64:
			ranks = append(ranks, v)
		case string:
			var list []float64
			if !array || json.Unmarshal([]byte(v), &list) != nil {
				return nil, nil, c.Fail(i, codeType, "a percentile must be a number")
			}
			ranks = append(ranks, list...)
		default:
			return nil, nil, c.Fail(i, codeType, "a percentile must be a number")
		}
	}
	for _, r := range ranks {
		if !(r >= 0 && r <= 100) {
			return nil, nil, c.Fail(-1, "", "a percentile must be from 0 to 100")
		}
	}
	return values, ranks, nil
}
