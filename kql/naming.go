package kql

import (
	"fmt"
	"strconv"

	"reslog/kql/syntax"
)

// autoName is the name that a column made by x has when none is given; "" for
// none of its own (Column1 …).
func (b *binder) autoName(sc scope, x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Paren:
		return b.autoName(sc, x.X)
	case *syntax.Ref:
		return x.Name.Text
	case *syntax.Named:
		return x.Names[0].Text
	case *syntax.Member:
		return b.pathName(sc, x.X, x.Name.Text)
	case *syntax.Index:
		step := ""
		if i, ok := x.Index.(*syntax.Literal); ok {
			step = i.Text
		}
		return b.pathName(sc, x.X, step)
	case *syntax.Call:
		return b.callName(sc, x)
	}
	return ""
}

// pathName is the name of a path: d.a.b is d_a_b.
func (b *binder) pathName(sc scope, base syntax.Expr, step string) string {
	if name := b.autoName(sc, base); name != "" {
		return name + "_" + step
	}
	return step
}

// callName is the name that a function gives its column.
func (b *binder) callName(sc scope, x *syntax.Call) string {
	if isColumnIfExists(x) {
		return ifExistsName(sc, x)
	}
	f := b.functions.scalar[x.Func.Text]
	if sc.row != nil && sc.row.aggs != nil && b.functions.aggregate[x.Func.Text] != nil {
		f = b.functions.aggregate[x.Func.Text]
	}
	if f == nil || sc.lets.find(x.Func.Text) != nil {
		return ""
	}
	first := ""
	if len(x.Args) > 0 {
		first = b.autoName(sc, x.Args[0])
	}
	switch f.Naming {
	case NameFirst:
		return first
	case NameOnly:
		if len(x.Args) == 1 {
			return first
		}
	case NamePrefix:
		return f.Prefix + "_" + first
	case NameFunction:
		return f.Name + "_" + first
	case NamePrefixOnly:
		return f.Prefix
	}
	return ""
}

// namer gives the columns of one operator names that differ.
type namer struct {
	taken, given map[string]bool
	next         map[string]int
	blank        string // the prefix of columns without a name
	blanks       int    // of them so far
}

func newNamer() *namer {
	return &namer{taken: map[string]bool{}, given: map[string]bool{}, next: map[string]int{}, blank: "Column"}
}

// declare takes a name that the query gives; false when it gave it before. A name
// that an unnamed column got before makes it another.
func (n *namer) declare(name string) (string, bool) {
	if n.given[name] {
		return name, false
	}
	n.given[name] = true
	return n.unique(name), true
}

// reserve takes a name as it is; false when it is taken.
func (n *namer) reserve(name string) bool {
	if n.taken[name] {
		return false
	}
	n.taken[name] = true
	return true
}

// unique is name, or name with the first number that makes it another. A column
// without a name, "", is Column1, Column2 ….
func (n *namer) unique(name string) string {
	if name == "" {
		n.blanks++
		name = n.blank + strconv.Itoa(n.blanks)
	}
	if n.reserve(name) {
		return name
	}
	for i := n.next[name] + 1; ; i++ {
		if s := name + strconv.Itoa(i); n.reserve(s) {
			n.next[name] = i
			return s
		}
	}
}

// nameResults names the tables of an answer.
func nameResults(results []Result) {
	for i := range results {
		results[i].Name = "PrimaryResult"
		if i > 0 {
			results[i].Name = fmt.Sprintf("Table_%d", i)
		}
	}
}
