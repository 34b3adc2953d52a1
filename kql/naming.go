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
		switch i := x.Index.(type) {
		case *syntax.Literal:
			return b.pathName(sc, x.X, i.Text)
		}
		return ""
	case *syntax.Call:
		return b.callName(sc, x)
	}
	return ""
}

// pathName is the name of a path: of d.a it is d_a, of a longer one the last step.
func (b *binder) pathName(sc scope, base syntax.Expr, step string) string {
	switch base := base.(type) {
	case *syntax.Ref:
		return base.Name.Text + "_" + step
	case *syntax.Member, *syntax.Index:
		return step
	}
	return step
}

// callName is the name that a function gives its column.
func (b *binder) callName(sc scope, x *syntax.Call) string {
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
	case NameFirstColumn:
		return first
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
	taken map[string]bool
	next  map[string]int
	blank string // the prefix of columns without a name, and how they count
	from  int
}

func newNamer() *namer {
	return &namer{taken: map[string]bool{}, next: map[string]int{}, blank: "Column", from: 1}
}

// reserve takes a name that is given; false when it is taken.
func (n *namer) reserve(name string) bool {
	if n.taken[name] {
		return false
	}
	n.taken[name] = true
	return true
}

// unique is name, or name with the first number that is free; for "" Column1 ….
func (n *namer) unique(name string) string {
	if name == "" {
		for i := n.from; ; i++ {
			if s := n.blank + strconv.Itoa(i); n.reserve(s) {
				n.from = i + 1
				return s
			}
		}
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
