package kql

import (
	"slices"
	"sync"
)

// registry is the functions by name and alias. Scalar and aggregate functions
// are two worlds: any() is in both.
type registry struct {
	scalar, aggregate map[string]*Function
	names             []string // of both, sorted, for suggestions
}

// functions builds the registry once. Nothing that a Function refers to may refer
// to it, or to Bind: a *binder has it.
var functions = sync.OnceValue(func() *registry {
	r := &registry{scalar: map[string]*Function{}, aggregate: map[string]*Function{}}
	for _, family := range [][]Function{
		coreFunctions, stringFunctions, convertFunctions, dynamicFunctions, regexFunctions, datetimeFunctions,
		mathFunctions, hashFunctions, ipFunctions, seriesFunctions, urlFunctions, windowFunctions,
	} {
		r.add(r.scalar, family)
	}
	r.add(r.aggregate, aggregateFunctions)
	slices.Sort(r.names)
	return r
})

func (r *registry) add(to map[string]*Function, family []Function) {
	for i := range family {
		f := &family[i]
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			to[name] = f
			r.names = append(r.names, name)
		}
	}
}
