package kql

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"reslog/kql/syntax"
)

// opParseKv binds parse-kv: the values of keys that stand in a text. A key that is
// not there, and a value that does not convert, is null.
//
// Source: the Kusto Query Language reference, "parse-kv operator".
func (b *binder) opParseKv(sc scope, in rel, op *syntax.ParseKv) (rel, error) {
	spec, err := b.parseKvSpec(op)
	if err != nil {
		return rel{}, err
	}
	columns := make([]Col, len(op.Columns))
	names := newNamer()
	for i, p := range op.Columns {
		t, err := b.typeNamed(p.Type, p.Span)
		if err != nil {
			return rel{}, err
		}
		if !names.reserve(p.Name.Text) {
			return rel{}, b.fail(p.Span, codeDuplicateColumn, "a column with the name %s is already declared", p.Name.Text)
		}
		columns[i] = b.newCol(p.Name.Text, t)
		spec.Keys = append(spec.Keys, p.Name.Text)
	}
	over, row := sc.over(in)
	text, err := b.textOf(over, op.X)
	if err != nil {
		return rel{}, err
	}
	found, in := b.captured(row.input(), "parse_kv", text, spec, op.Span)
	return b.parsed(in, found, columns, false, false), nil
}

// parseKvSpec reads the properties of parse-kv.
func (b *binder) parseKvSpec(op *syntax.ParseKv) (ParseKv, error) {
	var spec ParseKv
	options, err := b.options("parse-kv", op.Options, "pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex")
	if err != nil {
		return spec, err
	}
	text := func(name string) string { return optionText(options[name].Value) }
	spec.PairDelimiter, spec.KeyDelimiter = text("pair_delimiter"), text("kv_delimiter")
	spec.Regex, spec.Escape, spec.Greedy = text("regex"), text("escape"), text("greedy") == "true"
	if quote := text("quote"); quote != "" {
		_, size := utf8.DecodeRuneInString(quote)
		spec.Open, spec.Close = quote[:size], quote[size:]
		switch utf8.RuneCountInString(quote) {
		case 1:
			spec.Close = spec.Open
		case 2:
		default:
			return spec, b.fail(options["quote"].Span, codeOption, "quote must be one character, or an opening and a closing one")
		}
	}
	switch {
	case spec.Regex != "":
		if len(options) > 1 {
			return spec, b.fail(op.Span, codeOption, "regex of parse-kv stands alone")
		}
		if re, err := regexp.Compile(spec.Regex); err != nil || re.NumSubexp() < 2 {
			return spec, b.fail(options["regex"].Span, "", "regex must be a regular expression with a group for the key and one for the value%s", because(err))
		}
	case spec.PairDelimiter == "" || spec.KeyDelimiter == "":
		return spec, b.refuse(op.Span, "parse-kv without both pair_delimiter and kv_delimiter")
	}
	return spec, nil
}

// because is an error as the end of a message.
func because(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf(": %v", err)
}
