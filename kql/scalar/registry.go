package scalar

import (
	"slices"
	"strings"
	"sync"

	"reslog/kql"
)

// Functions are all functions, those of a family in the file of its name.
func Functions() []Func {
	return slices.Concat(
		operatorFuncs, stringFuncs, convertFuncs, dynamicFuncs, regexFuncs(), datetimeFuncs(), mathFuncs,
		hashFuncs, ipFuncs, seriesFuncs, urlFuncs, parseFuncs(), aggregateFuncs,
	)
}

// Find returns the function of the language's name that takes arguments of the
// types given: exactly, or with int as long and decimal as real. An untyped null
// fits anything.
func Find(function string, args []kql.Type) (Func, bool) {
	of := byFunction()[function]
	for _, fits := range []func(t, want kql.Type) bool{same, fits} {
		for _, f := range of {
			if f.takes(args, fits) {
				return f, true
			}
		}
	}
	return Func{}, false
}

// byFunction are the functions by the language's name, for Find: a query asks for
// each of its calls.
var byFunction = sync.OnceValue(func() map[string][]Func {
	by := make(map[string][]Func)
	for _, f := range Functions() {
		by[f.function()] = append(by[f.function()], f)
	}
	return by
})

// function is the language's name of f.
func (f Func) function() string {
	if f.Function != "" {
		return f.Function
	}
	return strings.TrimPrefix(f.Name, "kql_")
}

func (f Func) takes(args []kql.Type, fits func(t, want kql.Type) bool) bool {
	if len(args) < len(f.Params) || len(args) > len(f.Params) && f.Variadic == kql.Unknown {
		return false
	}
	for i, t := range args {
		want := f.Variadic
		if i < len(f.Params) {
			want = f.Params[i]
		}
		if !fits(t, want) {
			return false
		}
	}
	return true
}

func same(t, want kql.Type) bool { return t == want }

func fits(t, want kql.Type) bool {
	return t == want || t == kql.Unknown || t == kql.Int && want == kql.Long ||
		(t == kql.Decimal || t == kql.Real) && (want == kql.Real || want == kql.Decimal)
}
