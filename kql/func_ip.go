package kql

// ipFunctions are the functions on addresses, IPv4 and IPv6.
var ipFunctions = []Function{
	{Name: "parse_ipv4", Signatures: ofStrings(1, Long)},
	{Name: "parse_ipv4_mask", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Long)}, Min: 2, Returns: Long}}},
	{Name: "ipv4_compare", Bind: bindPrefix(32, Long)},
	{Name: "ipv4_is_match", Bind: bindPrefix(32, Bool)},
	{Name: "ipv4_is_in_range", Signatures: ofStrings(2, Bool)},
	{Name: "ipv4_is_in_any_range", Signatures: anyOfStrings},
	{Name: "ipv4_is_private", Signatures: ofStrings(1, Bool)},
	{Name: "ipv4_netmask_suffix", Signatures: ofStrings(1, Long)},
	{Name: "ipv4_range_to_cidr_list", Signatures: ofStrings(2, Dynamic)},
	{Name: "format_ipv4", Bind: bindFormatIPv4(1)},
	{Name: "format_ipv4_mask", Bind: bindFormatIPv4(2)},
	{Name: "has_ipv4", Signatures: ofStrings(2, Bool)},
	{Name: "has_ipv4_prefix", Signatures: ofStrings(2, Bool)},
	{Name: "has_any_ipv4", Signatures: anyOfStrings},
	{Name: "has_any_ipv4_prefix", Signatures: anyOfStrings},

	{Name: "parse_ipv6", Signatures: ofStrings(1, String)},
	{Name: "parse_ipv6_mask", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Long)}, Min: 2, Returns: String}}},
	{Name: "ipv6_compare", Bind: bindPrefix(128, Long)},
	{Name: "ipv6_is_match", Bind: bindPrefix(128, Bool)},
	{Name: "ipv6_is_in_range", Signatures: ofStrings(2, Bool)},
	{Name: "ipv6_is_in_any_range", Signatures: anyOfStrings},
}

// anyOfStrings is a text and others to find, given one by one or as an array.
var anyOfStrings = []Signature{
	{Params: []ParamType{Of(String), Of(Dynamic)}, Min: 2, Returns: Bool},
	{Params: []ParamType{Of(String), Of(String)}, Min: 2, Variadic: true, Returns: Bool},
}

// ofStrings is a function of n strings.
func ofStrings(n int, t Type) []Signature { return []Signature{ofAlike(Of(String), n, t)} }

// bindPrefix is a function of two addresses and a prefix, all bits where it is
// not given.
func bindPrefix(bits int64, t Type) func(c *Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		args, t, err := c.Choose([]Signature{{Params: []ParamType{Of(String), Of(String), Of(Long)}, Min: 2, Returns: t}})
		if err != nil {
			return nil, err
		}
		if len(args) == 2 {
			args = append(args, &Const{Long, bits})
		}
		return c.Call(t, args...), nil
	}
}

// bindFormatIPv4 is format_ipv4 and format_ipv4_mask, of a text or a number.
func bindFormatIPv4(minimum int) func(c *Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		args, t, err := c.Choose([]Signature{
			{Params: []ParamType{Of(String), Of(Long)}, Min: minimum, Returns: String},
			{Params: []ParamType{Of(Long), Of(Long)}, Min: minimum, Returns: String},
		})
		if err != nil {
			return nil, err
		}
		if len(args) == 1 {
			args = append(args, &Const{Long, int64(32)})
		}
		return c.Call(t, args...), nil
	}
}
