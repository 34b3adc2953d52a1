package kql

import (
	"strings"

	"reslog/kql/syntax"
)

// opRender notes what a client is asked to draw.
func (b *binder) opRender(in rel, op *syntax.Render) (rel, error) {
	r := &Render{Kind: op.Kind, Properties: map[string]string{}}
	for _, p := range op.Properties {
		r.Properties[p.Name.Text] = b.propertyText(p.Value)
	}
	b.render = r
	return in, nil
}

// propertyText is the value of a property as text: a word, a literal or a list.
func (b *binder) propertyText(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Literal:
		return x.Text
	case *syntax.Ref:
		return x.Name.Text
	case *syntax.List:
		parts := make([]string, len(x.Items))
		for i, item := range x.Items {
			parts[i] = b.propertyText(item)
		}
		return strings.Join(parts, ",")
	case nil:
		return ""
	}
	return b.source[x.Pos().Start:x.Pos().End]
}
