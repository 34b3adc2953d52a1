package kql

import (
	"slices"

	"reslog/kql/syntax"
)

// stringFunctions are the functions over text. Many take any scalar and mean its
// text: withText converts those.
var stringFunctions = []Function{
	{Name: "strcat", Bind: withText([]Signature{{Params: []ParamType{Of(String)}, Min: 1, Variadic: true, Returns: String}})},
	{Name: "strcat_delim", Bind: withText([]Signature{{Params: []ParamType{Of(String), Of(String), Of(String)}, Min: 3, Variadic: true, Returns: String}})},
	{Name: "strcat_array", Aliases: []string{"array_strcat"}, Bind: withText([]Signature{{Params: []ParamType{Of(Dynamic), Of(String)}, Min: 2, Returns: String}}, 1)},
	{Name: "strcmp", Bind: withText(ofStrings(2, Long))},
	{Name: "strrep", Bind: withText([]Signature{{Params: []ParamType{Of(String), Of(Long), Of(String)}, Min: 2, Returns: String}}, 0, 2)},
	{Name: "strlen", Naming: NameFunction, Signatures: ofStrings(1, Long)},
	{Name: "string_size", Naming: NameFunction, Signatures: ofStrings(1, Long)},
	{Name: "toupper", Bind: withText(ofStrings(1, String))},
	{Name: "tolower", Bind: withText(ofStrings(1, String))},
	{Name: "reverse", Bind: withText(ofStrings(1, String))},
	{Name: "substring", Bind: withText([]Signature{{Params: []ParamType{Of(String), Of(Long), Of(Long)}, Min: 2, Returns: String}}, 0)},
	{Name: "indexof", Bind: withText(indexOf, 0, 1)},
	{Name: "translate", Signatures: ofStrings(3, String)},
	{Name: "replace_string", Signatures: ofStrings(3, String)},
	{Name: "replace_strings", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Dynamic), Of(Dynamic)}, Min: 3, Returns: String}}},
	{Name: "split", Naming: NameFirst, Bind: withText([]Signature{{Params: []ParamType{Of(String), Of(String), Of(Long)}, Min: 2, Returns: Dynamic}}, 0)},
	{Name: "isascii", Bind: withText(ofStrings(1, Bool))},
	{Name: "isutf8", Bind: withText(ofStrings(1, Bool))},
	{Name: "has_any_index", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Dynamic)}, Min: 2, Returns: Long}}},
	{Name: "unicode_codepoints_from_string", Aliases: []string{"to_utf8"}, Bind: withText(ofStrings(1, Dynamic))},
	{Name: "unicode_codepoints_to_string", Aliases: []string{"make_string"}, Bind: withBoxes([]Signature{{Params: []ParamType{Of(Dynamic)}, Min: 1, Variadic: true, Returns: String}})},

	{Name: "base64_encode_tostring", Aliases: []string{"base64_encodestring"}, Signatures: ofStrings(1, String)},
	{Name: "base64_decode_tostring", Aliases: []string{"base64_decodestring"}, Signatures: ofStrings(1, String)},
	{Name: "base64_decode_toarray", Signatures: ofStrings(1, Dynamic)},
	{Name: "base64_encode_fromarray", Signatures: []Signature{{Params: []ParamType{Of(Dynamic)}, Min: 1, Returns: String}}},
	{Name: "base64_decode_toguid", Signatures: ofStrings(1, Guid)},
	{Name: "base64_encode_fromguid", Signatures: []Signature{{Params: []ParamType{Of(Guid)}, Min: 1, Returns: String}}},
	{Name: "gzip_decompress_from_base64_string", Signatures: ofStrings(1, String)},
	{Name: "zlib_decompress_from_base64_string", Signatures: ofStrings(1, String)},
	{Name: "punycode_from_string", Signatures: ofStrings(1, String)},
	{Name: "punycode_to_string", Signatures: ofStrings(1, String)},

	{Name: "parse_csv", Naming: NameFirst, Signatures: ofStrings(1, Dynamic)},
	{Name: "parse_xml", Naming: NameFirst, Signatures: ofStrings(1, Dynamic)},
	{Name: "parse_path", Signatures: ofStrings(1, Dynamic)},
	{Name: "parse_command_line", Bind: bindCommandLine},
}

// indexOf is how indexof and indexof_regex are called.
var indexOf = []Signature{{Params: []ParamType{Of(String), Of(String), Of(Long), Of(Long), Of(Long)}, Min: 2, Returns: Long}}

// withText makes text of the arguments at the places given, of all if none is,
// and then chooses a signature.
func withText(signatures []Signature, at ...int) func(*Binding) (Expr, error) {
	return withArguments(signatures, at, func(c *Binding, x Expr) (Expr, error) { return asText(x, c.At), nil })
}

// withBoxes is withText for dynamic values.
func withBoxes(signatures []Signature, at ...int) func(*Binding) (Expr, error) {
	return withArguments(signatures, at, (*Binding).box)
}

func withArguments(signatures []Signature, at []int, convert func(*Binding, Expr) (Expr, error)) func(*Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		for i, x := range c.Args {
			if len(at) > 0 && !slices.Contains(at, i) {
				continue
			}
			y, err := convert(c, x)
			if err != nil {
				return nil, err
			}
			c.Args[i] = y
		}
		return c.plain(signatures)
	}
}

// plain is the call by one of the signatures.
func (c *Binding) plain(signatures []Signature) (Expr, error) {
	if err := c.noStar(); err != nil {
		return nil, err
	}
	args, t, err := c.Choose(signatures)
	if err != nil {
		return nil, err
	}
	return c.Call(t, args...), nil
}

// noStar fails for `*` among the arguments.
func (c *Binding) noStar() error {
	if c.HasStar {
		return c.Fail(len(c.Args), "", "%s does not take *", c.Name)
	}
	return nil
}

// asText is tostring() of a value.
func asText(x Expr, at syntax.Span) Expr {
	switch x.Type() {
	case String:
		return x
	case Unknown:
		return null(String)
	}
	return &Call{T: String, Func: "tostring", Args: []Expr{x}, At: at}
}

// box is x as a dynamic value.
func (c *Binding) box(x Expr) (Expr, error) {
	if x.Type() == Decimal {
		return nil, c.Refuse("a decimal inside of a dynamic value")
	}
	return boxed(x), nil
}

// bindCommandLine is parse_command_line(text, "windows").
func bindCommandLine(c *Binding) (Expr, error) {
	x, err := withText(ofStrings(2, Dynamic), 0)(c)
	if err != nil {
		return nil, err
	}
	parser, err := c.Const(1)
	if err == nil && parser != "windows" {
		err = c.Refuse("a command line that is not of windows")
	}
	return x, err
}
