package kql

import (
	"reslog/kql/syntax"
)

// pipe binds the operators of a pipe one after the other. source is the relation
// before the first; the zero rel when the first operator stands on its own.
func (b *binder) pipe(sc scope, source rel, p *syntax.Pipe) (rel, error) {
	in := source
	if p.Source != nil {
		var err error
		if in, err = b.tabular(sc, p.Source); err != nil {
			return rel{}, err
		}
	}
	for i, op := range p.Operators {
		var err error
		if as, ok := op.(*syntax.AsOp); ok && in.Rel != nil {
			in, sc = b.opAs(sc, in, as)
			continue
		}
		if _, ok := op.(*syntax.Render); ok && i != len(p.Operators)-1 {
			return rel{}, b.fail(op.Pos(), "", "render can only be the last operator")
		}
		if in, err = b.operator(sc, in, op); err != nil {
			return rel{}, err
		}
	}
	return in, nil
}

// opAs names a relation for the rest of its pipe; the rows are computed once.
func (b *binder) opAs(sc scope, in rel, op *syntax.AsOp) (rel, scope) {
	shared := in
	shared.Rel = &Shared{Out: Out{in.Cols()}, Input: in.Rel}
	l := &let{name: op.Name, in: sc.lets, used: true}
	l.table = func() (rel, error) { return b.fresh(shared), nil }
	sc.lets, _ = newLets(sc.lets).with(l)
	return b.fresh(shared), sc
}

// operator binds one operator over in. Those that reshape or bring several
// relations together are in op_combine.go.
func (b *binder) operator(sc scope, in rel, op syntax.Operator) (rel, error) {
	if err := b.enter(op.Pos()); err != nil {
		return rel{}, err
	}
	defer b.leave()
	sc = sc.top()
	switch op := op.(type) {
	case *syntax.Print:
		return b.opPrint(sc, op)
	case *syntax.RangeOp:
		return b.opRange(sc, op)
	case *syntax.Datatable:
		return b.opDatatable(sc, op)
	}
	if in.Rel == nil {
		return b.combine(sc, in, op)
	}
	switch op := op.(type) {
	case *syntax.Where:
		return b.opWhere(sc, in, op)
	case *syntax.Project:
		return b.opProject(sc, in, op)
	case *syntax.ProjectAway:
		return b.opProjectAway(in, op)
	case *syntax.ProjectKeep:
		return b.opProjectKeep(in, op)
	case *syntax.ProjectRename:
		return b.opProjectRename(in, op)
	case *syntax.ProjectReorder:
		return b.opProjectReorder(in, op)
	case *syntax.Extend:
		return b.opExtend(sc, in, op)
	case *syntax.Serialize:
		return b.opSerialize(sc, in, op)
	case *syntax.Summarize:
		return b.opSummarize(sc, in, op)
	case *syntax.Distinct:
		return b.opDistinct(sc, in, op)
	case *syntax.Sort:
		return b.opSort(sc, in, op)
	case *syntax.Top:
		return b.opTop(sc, in, op)
	case *syntax.Take:
		return b.opTake(sc, in, op)
	case *syntax.Sample:
		return b.opSample(sc, in, op)
	case *syntax.SampleDistinct:
		return b.opSampleDistinct(sc, in, op)
	case *syntax.Count:
		return b.opCount(in, op)
	case *syntax.Getschema:
		return b.opGetschema(in)
	case *syntax.Render:
		return b.opRender(in, op)
	}
	return b.combine(sc, in, op)
}

// opName is the name that a query has for an operator.
func opName(op syntax.Operator) string {
	switch op := op.(type) {
	case *syntax.OtherOp:
		return op.Keyword
	case *syntax.ExternalData:
		return "externaldata"
	case *syntax.MvExpand:
		return "mv-expand"
	case *syntax.MvApply:
		return "mv-apply"
	case *syntax.ParseKv:
		return "parse-kv"
	case *syntax.MakeSeries:
		return "make-series"
	case *syntax.TopNested:
		return "top-nested"
	case *syntax.TopHitters:
		return "top-hitters"
	case *syntax.Join:
		if op.Lookup {
			return "lookup"
		}
		return "join"
	case *syntax.Union:
		return "union"
	case *syntax.ParseOp:
		return "parse"
	case *syntax.Invoke:
		return "invoke"
	case *syntax.Evaluate:
		return "evaluate " + op.Call.Func.Text
	case *syntax.Search:
		return "search"
	case *syntax.Find:
		return "find"
	case *syntax.Partition:
		return "partition"
	}
	return "at this place"
}
