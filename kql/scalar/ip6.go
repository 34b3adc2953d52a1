package scalar

import (
	"fmt"
	"net/netip"
	"strings"

	"reslog/kql"
)

// ip6Funcs are the functions on IPv6 addresses; they take IPv4 ones too, which are
// ::ffff:a.b.c.d and whose prefixes count from the 96 bits before them.
var ip6Funcs = []Func{
	{Name: "kql_parse_ipv6", Params: []kql.Type{kql.String}, Returns: kql.String, Call: func(a []any) any { return canonical6(a[0], 128) }},
	{Name: "kql_parse_ipv6_mask", Params: []kql.Type{kql.String, kql.Long}, Returns: kql.String, Call: parseIP6Mask},
	{Name: "kql_ipv6_compare", Params: []kql.Type{kql.String, kql.String, kql.Long}, Returns: kql.Long, Call: compared(order6)},
	{Name: "kql_ipv6_is_match", Params: []kql.Type{kql.String, kql.String, kql.Long}, Returns: kql.Bool, Call: matched(order6)},
	{Name: "kql_ipv6_is_in_range", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Bool, Call: inRangeIP6},
	{Name: "kql_ipv6_is_in_any_range", Params: []kql.Type{kql.String, kql.Dynamic}, Returns: kql.Bool, Call: inAny(inRangeIP6, ofArray)},
	{
		Name: "kql_ipv6_is_in_any_range_of", Function: "ipv6_is_in_any_range", Params: []kql.Type{kql.String, kql.String}, Variadic: kql.String,
		Returns: kql.Bool, Call: inAny(inRangeIP6, ofArgs),
	},
}

// ip6 is an address with its prefix. dotted says that the text had its last 32
// bits as IPv4 has them, so that the prefix was one of IPv4.
type ip6 struct {
	addr   [16]byte
	prefix int
	dotted bool
}

// parse6 reads an address of either kind, with a prefix or without.
func parse6(s string) (ip6, bool) {
	text, suffix, has := strings.Cut(s, "/")
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return ip6{}, false
	}
	ip := ip6{addr: a.As16(), prefix: 128, dotted: strings.IndexByte(text, '.') >= 0}
	if has {
		limit, before := 128, 0
		if ip.dotted {
			limit, before = 32, 96
		}
		n, ok := smallNumber(suffix, limit)
		if !ok {
			return ip6{}, false
		}
		ip.prefix = before + n
	}
	return ip, true
}

// masked is the address without the bits past a prefix.
func (ip ip6) masked(prefix int) netip.Addr {
	a := netip.AddrFrom16(ip.addr)
	p, _ := a.Prefix(prefix) // from 0 to 128 always
	return p.Addr()
}

// canonical6 writes all digits of an address; empty for what is none.
func canonical6(a any, prefix int) any {
	s, _ := a.(string)
	ip, ok := parse6(s)
	if !ok {
		return ""
	}
	b := ip.masked(min(ip.prefix, prefix)).As16()
	var out strings.Builder
	for i := 0; i < 16; i += 2 {
		if i > 0 {
			out.WriteByte(':')
		}
		fmt.Fprintf(&out, "%02x%02x", b[i], b[i+1])
	}
	return out.String()
}

func parseIP6Mask(a []any) any {
	prefix, ok := prefixArg(a[1], 128)
	if !ok {
		return ""
	}
	return canonical6(a[0], prefix)
}

// order6 compares two addresses by the bits that all prefixes have. ::a.b.c.d is
// compared as a.b.c.d is.
func order6(a []any) (int, bool) {
	s, _ := a[0].(string)
	t, _ := a[1].(string)
	x, ok := parse6(s)
	y, fine := parse6(t)
	prefix, right := prefixArg(a[2], 128)
	if !ok || !fine || !right {
		return 0, false
	}
	prefix = min(x.prefix, y.prefix, prefix)
	return x.mapped().masked(prefix).Compare(y.mapped().masked(prefix)), true
}

// mapped makes ::a.b.c.d of the deprecated form ::ffff:a.b.c.d.
func (ip ip6) mapped() ip6 {
	if ip.dotted {
		ip.addr[10], ip.addr[11] = 0xff, 0xff
	}
	return ip
}

func inRangeIP6(a []any) any {
	s, _ := a[0].(string)
	t, _ := a[1].(string)
	ip, ok := parse6(s)
	in, fine := parse6(t)
	if !ok || !fine {
		return nil
	}
	return ip.prefix >= in.prefix && ip.mapped().masked(in.prefix) == in.mapped().masked(in.prefix)
}
