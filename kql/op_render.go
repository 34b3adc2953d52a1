package kql

import (
	"slices"
	"strings"

	"reslog/kql/syntax"
)

// charts are what render takes. Source: "render operator".
var charts = []string{
	"table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart",
	"stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card", "treemap", "plotly", "graph", "sankey",
}

// opRender notes what a client is asked to draw.
func (b *binder) opRender(in rel, op *syntax.Render) (rel, error) {
	if !slices.Contains(charts, op.Kind) {
		return rel{}, b.near(op.Span, codeOption, nearest(op.Kind, charts), "%s is not a chart", op.Kind)
	}
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
