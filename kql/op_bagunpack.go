package kql

import (
	"encoding/json"
	"slices"
	"strings"

	"reslog/kql/syntax"
)

// maxUnpacked is how many different keys (of one type each) bag_unpack makes
// columns of.
const maxUnpacked = 1000

// bagUnpack is the plugin bag_unpack(Column [, Prefix] [, columnsConflict]
// [, ignoredProperties]): a column for every key of the bags. Without a schema the
// keys and their types are read while the query is bound; the columns that are
// there come first, then the keys by name.
//
// Source: the Kusto Query Language reference, "bag_unpack plugin".
func (p *plugin) bagUnpack() (rel, error) {
	u, err := p.unpacker()
	if err != nil {
		return rel{}, err
	}
	if p.op.Schema != nil || p.op.SchemaStar {
		return u.bySchema()
	}
	if err := u.probe(); err != nil {
		return rel{}, err
	}
	return u.byKeys()
}

// unpacker is one bag_unpack.
type unpacker struct {
	*plugin
	bag      Col
	prefix   string
	conflict string
	ignored  []string
	keys     []string // without prefix, sorted
	types    map[string]Type
}

// unpacker reads the arguments, which stand by position or by name.
func (p *plugin) unpacker() (*unpacker, error) {
	b := p.b
	names := []string{"OutputColumnPrefix", "columnsConflict", "ignoredProperties"}
	if err := p.count(1, 4, names...); err != nil {
		return nil, err
	}
	bag, err := b.column(p.in, p.args[0])
	if err != nil {
		return nil, err
	}
	if bag.Type != Dynamic {
		return nil, b.fail(p.args[0].Pos(), codeType, "bag_unpack needs a dynamic column and %s is %s", bag.Name, bag.Type)
	}
	u := &unpacker{plugin: p, bag: bag, conflict: "error", types: map[string]Type{}}
	for i, name := range names {
		x := p.named[name]
		if i+1 < len(p.args) {
			x = p.args[i+1]
		}
		if x == nil {
			continue
		}
		if err := u.argument(name, x); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *unpacker) argument(name string, x syntax.Expr) error {
	if name == "ignoredProperties" {
		k, err := u.b.constOf(u.sc, x, Dynamic)
		if err != nil {
			return err
		}
		text, ok := k.Value.(string)
		if !ok || json.Unmarshal([]byte(text), &u.ignored) != nil {
			return u.b.fail(x.Pos(), codeType, "ignoredProperties must be an array of strings")
		}
		return nil
	}
	k, err := u.b.constOf(u.sc, x, String)
	if err != nil {
		return err
	}
	text := k.Value.(string)
	if name == "OutputColumnPrefix" {
		u.prefix = text
		return nil
	}
	if u.conflict = text; !slices.Contains([]string{"error", "replace_source", "keep_source"}, text) {
		return u.b.fail(x.Pos(), codeOption, "columnsConflict must be one of: error, replace_source, keep_source")
	}
	return nil
}

// probe finds the keys of all bags and the type that the values of each have.
func (u *unpacker) probe() error {
	b := u.b
	pair := b.newCol("", Dynamic)
	isBag := &Call{T: Bool, Func: "==", Args: []Expr{&Call{T: String, Func: "gettype", Args: []Expr{&ColRef{u.bag}}}, &Const{String, "dictionary"}}}
	bags := filtered(u.in, isBag)
	pairs := &Expand{Out: Out{append(slices.Clone(u.in.Cols()), pair)}, Input: bags.Rel, Items: []Expr{&ColRef{u.bag}}, BagArray: true}
	at := func(i int64) Expr {
		return &Call{T: Dynamic, Func: "[]", Args: []Expr{&ColRef{pair}, &Const{Long, i}}}
	}
	keys := []Expr{
		&Call{T: String, Func: "tostring", Args: []Expr{at(0)}},
		&Call{T: String, Func: "gettype", Args: []Expr{at(1)}},
	}
	cols := []Col{b.newCol("key", String), b.newCol("type", String)}
	rows, err := b.probe(u.op.Span, "evaluate bag_unpack", &Aggregate{Out: Out{cols}, Input: pairs, Keys: keys, Distinct: true}, maxUnpacked)
	if err != nil {
		return err
	}
	for _, r := range rows {
		key, _ := r[0].(string)
		kind, _ := r[1].(string)
		if key == "" || slices.Contains(u.ignored, key) {
			continue
		}
		u.types[key] = unpackedType(u.types[key], kind)
	}
	for key := range u.types {
		u.keys = append(u.keys, key)
	}
	slices.Sort(u.keys)
	return nil
}

// unpackedType adds a kind of values, as gettype names it, to the type of a column.
func unpackedType(t Type, kind string) Type {
	if kind == "null" || kind == "" {
		return t
	}
	k, ok := ParseType(kind)
	if !ok || k == Datetime || k == Timespan || k == Guid {
		k = Dynamic // an array or a dictionary; texts of times are strings in JSON
	}
	switch {
	case t == Unknown, t == k:
		return k
	case t == Long && k == Real, t == Real && k == Long:
		return Real
	}
	return Dynamic
}

// byKeys is the output over the keys found.
func (u *unpacker) byKeys() (rel, error) {
	values := map[string]Expr{}
	types := map[string]Type{}
	for _, key := range u.keys {
		t := u.types[key]
		if t == Unknown {
			t = Dynamic
		}
		values[u.prefix+key], types[u.prefix+key] = u.value(key, t), t
	}
	var cols []Col
	var exprs []Expr
	add := func(name string) {
		cols, exprs = append(cols, u.b.newCol(name, types[name])), append(exprs, values[name])
		delete(values, name)
	}
	for _, c := range u.in.Cols() {
		_, clash := values[c.Name]
		switch {
		case c.ID == u.bag.ID && clash, clash && u.conflict == "replace_source":
			add(c.Name)
		case c.ID == u.bag.ID:
		case clash && u.conflict == "error":
			return rel{}, u.b.fail(u.op.Span, "", "bag_unpack makes a column %s and there is one already; say columnsConflict='keep_source' or 'replace_source'", c.Name)
		default:
			cols, exprs = append(cols, c), append(exprs, &ColRef{c})
			delete(values, c.Name)
		}
	}
	for _, key := range u.keys {
		if _, ok := values[u.prefix+key]; ok {
			add(u.prefix + key)
		}
	}
	if len(cols) == 0 {
		return rel{}, u.b.fail(u.op.Span, "", "bag_unpack finds no key and no other column")
	}
	return u.b.project(u.in, cols, exprs), nil
}

// value is one key of the bag as a type.
func (u *unpacker) value(key string, t Type) Expr {
	x, _ := convert(&Call{T: Dynamic, Func: "[]", Args: []Expr{&ColRef{u.bag}, &Const{String, key}}}, t)
	return x
}

// bySchema is the output over the columns that the query lists: those of the input
// by name, the others out of the bag.
func (u *unpacker) bySchema() (rel, error) {
	listed, err := u.schemaCols()
	if err != nil {
		return rel{}, err
	}
	var cols []Col
	var exprs []Expr
	if u.op.SchemaStar {
		cols = without(u.in.Cols(), []Expr{&ColRef{u.bag}})
		exprs = refs(cols)
	}
	for _, c := range listed {
		if slices.ContainsFunc(cols, func(o Col) bool { return o.Name == c.Name }) {
			return rel{}, u.b.fail(u.op.Span, codeDuplicateColumn, "a column with the name %s is already declared", c.Name)
		}
		from, ok := (&row{in: u.in}).column(c.Name)
		switch {
		case ok && from.ID != u.bag.ID && from.Type == c.Type && u.conflict == "error":
			cols, exprs = append(cols, from), append(exprs, &ColRef{from})
			continue
		case ok && from.ID != u.bag.ID:
			return rel{}, u.b.refuse(u.op.Span, "a schema of bag_unpack with a column of the input in another type or with columnsConflict")
		}
		key := strings.TrimPrefix(c.Name, u.prefix)
		if !strings.HasPrefix(c.Name, u.prefix) || slices.Contains(u.ignored, key) {
			return rel{}, u.b.fail(u.op.Span, codeUnknownName, "bag_unpack makes no column %s", c.Name)
		}
		cols, exprs = append(cols, c), append(exprs, u.value(key, c.Type))
	}
	return u.b.project(u.in, cols, exprs), nil
}
