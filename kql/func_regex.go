package kql

import "reslog/internal/regex"

// regexFunctions are the functions over regular expressions. One that is a
// constant is read here, so that a wrong one is an error and not a row without a
// match.
var regexFunctions = []Function{
	{Name: "extract", Bind: bindExtract},
	{Name: "extract_all", Aliases: []string{"extractall"}, Bind: bindExtractAll},
	{Name: "replace_regex", Bind: withExpression(1, ofStrings(3, String))},
	{Name: "replace", Bind: bindReplace},
	{Name: "trim", Bind: withExpression(0, ofStrings(2, String))},
	{Name: "trim_start", Bind: withExpression(0, ofStrings(2, String))},
	{Name: "trim_end", Bind: withExpression(0, ofStrings(2, String))},
	{Name: "countof", Bind: bindCountOf},
	{Name: "indexof_regex", Bind: bindIndexOfRegex},
	{Name: "regex_quote", Bind: withText(ofStrings(1, String))},
}

// withExpression checks the expression in an argument and chooses a signature.
func withExpression(expr int, signatures []Signature) func(*Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		if _, err := c.expression(expr); err != nil {
			return nil, err
		}
		return c.plain(signatures)
	}
}

// bindIndexOfRegex is indexof_regex(source, regex, start, length, occurrence).
func bindIndexOfRegex(c *Binding) (Expr, error) {
	if _, err := c.expression(1); err != nil {
		return nil, err
	}
	return withText(indexOf, 0, 1)(c)
}

// expression reads the regular expression in an argument; nil where it is not a
// constant.
func (c *Binding) expression(index int) (*regex.Regexp, error) {
	if index >= len(c.Args) {
		return nil, nil
	}
	k, ok := c.Args[index].(*Const)
	if !ok {
		return nil, nil
	}
	s, ok := k.Value.(string)
	if !ok || k.T != String {
		return nil, nil
	}
	re, err := regex.Compile(s)
	if err != nil {
		return nil, c.Fail(index, "", "%v", err)
	}
	return re, nil
}

// bindExtract is extract(regex, group, source [, typeof(type)]).
func bindExtract(c *Binding) (Expr, error) {
	if err := c.Count(3, 4); err != nil {
		return nil, err
	}
	return typed(c, 3, withExpression(0, []Signature{{Params: []ParamType{Of(String), Of(Long), Of(String)}, Min: 3, Returns: String}}))
}

// typed binds a function whose text a type in its last argument, at the index
// given, converts.
func typed(c *Binding, index int, bind func(*Binding) (Expr, error)) (Expr, error) {
	t := String
	if len(c.Args) > index {
		name, err := c.Const(index)
		if err != nil {
			return nil, err
		}
		s, _ := name.(string)
		var ok bool
		if t, ok = ParseType(s); !ok {
			return nil, c.Fail(index, codeType, "the last argument must be a type, such as typeof(long)")
		}
		c.Args = c.Args[:index]
	}
	x, err := bind(c)
	if err != nil || t == String {
		return x, err
	}
	name := "to" + t.String()
	if t == Dynamic {
		name = "parse_json"
	}
	return &Call{T: t, Func: name, Args: []Expr{x}, At: c.At}, nil
}

// bindExtractAll is extract_all(regex [, groups], source).
func bindExtractAll(c *Binding) (Expr, error) {
	if err := c.Count(2, 3); err != nil {
		return nil, err
	}
	re, err := c.expression(0)
	if err != nil {
		return nil, err
	}
	if re != nil && re.Groups() == 0 {
		return nil, c.Fail(0, "", "the regular expression of extract_all must have a group")
	}
	return c.plain([]Signature{
		{Params: []ParamType{Of(String), Of(String)}, Min: 2, Returns: Dynamic},
		{Params: []ParamType{Of(String), Of(Dynamic), Of(String)}, Min: 3, Returns: Dynamic},
	})
}

// bindReplace is replace(regex, rewrite, source), an older replace_regex.
func bindReplace(c *Binding) (Expr, error) {
	x, err := withExpression(0, ofStrings(3, String))(c)
	if err != nil {
		return nil, err
	}
	call := x.(*Call)
	return &Call{T: String, Func: "replace_regex", Args: []Expr{call.Args[2], call.Args[0], call.Args[1]}, At: c.At}, nil
}

// bindCountOf is countof(source, search [, "normal" or "regex"]).
func bindCountOf(c *Binding) (Expr, error) {
	if len(c.Args) == 3 {
		kind, err := c.Const(2)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "regex":
			if _, err := c.expression(1); err != nil {
				return nil, err
			}
		case "normal":
			c.Args = c.Args[:2]
		default:
			return nil, c.Fail(2, "", `the kind of countof is "normal" or "regex"`)
		}
	}
	return c.plain([]Signature{{Params: []ParamType{Of(String), Of(String), Of(String)}, Min: 2, Returns: Long}})
}
