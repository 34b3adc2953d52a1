package scalar

import (
	"cmp"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"reslog/kql"
)

// ipFuncs are the functions on IPv4 addresses, and ip6.go has those on IPv6. An
// address may have a prefix behind it, "10.1.2.3/24", and is compared by as many
// bits as the shorter prefix has.
var ipFuncs = append([]Func{
	{Name: "kql_parse_ipv4", Params: []kql.Type{kql.String}, Returns: kql.Long, Call: func(a []any) any { return ip4Long(a, 32) }},
	{Name: "kql_parse_ipv4_mask", Params: []kql.Type{kql.String, kql.Long}, Returns: kql.Long, Call: parseIP4Mask},
	{Name: "kql_ipv4_compare", Params: []kql.Type{kql.String, kql.String, kql.Long}, Returns: kql.Long, Call: compared(order4)},
	{Name: "kql_ipv4_is_match", Params: []kql.Type{kql.String, kql.String, kql.Long}, Returns: kql.Bool, Call: matched(order4)},
	{Name: "kql_ipv4_is_in_range", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Bool, Call: inRangeIP4},
	{Name: "kql_ipv4_is_in_any_range", Params: []kql.Type{kql.String, kql.Dynamic}, Returns: kql.Bool, Call: inAny(inRangeIP4, ofArray)},
	{
		Name: "kql_ipv4_is_in_any_range_of", Function: "ipv4_is_in_any_range", Params: []kql.Type{kql.String, kql.String}, Variadic: kql.String,
		Returns: kql.Bool, Call: inAny(inRangeIP4, ofArgs),
	},
	{Name: "kql_ipv4_is_private", Params: []kql.Type{kql.String}, Returns: kql.Bool, Call: privateIP4},
	{Name: "kql_ipv4_netmask_suffix", Params: []kql.Type{kql.String}, Returns: kql.Long, Call: suffixIP4},
	{Name: "kql_ipv4_range_to_cidr_list", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Dynamic, Call: rangeToCIDR},
	{Name: "kql_format_ipv4", Params: []kql.Type{kql.String, kql.Long}, Returns: kql.String, Call: formatIP4},
	{Name: "kql_format_ipv4_long", Function: "format_ipv4", Params: []kql.Type{kql.Long, kql.Long}, Returns: kql.String, Call: formatIP4},
	{Name: "kql_format_ipv4_mask", Params: []kql.Type{kql.String, kql.Long}, Returns: kql.String, Call: formatIP4Mask},
	{Name: "kql_format_ipv4_mask_long", Function: "format_ipv4_mask", Params: []kql.Type{kql.Long, kql.Long}, Returns: kql.String, Call: formatIP4Mask},
	{Name: "kql_has_ipv4", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Bool, Call: hasIP4(sameIP4, ofArgs)},
	{Name: "kql_has_ipv4_prefix", Params: []kql.Type{kql.String, kql.String}, Returns: kql.Bool, Call: hasIP4(beginsIP4, ofArgs)},
	{Name: "kql_has_any_ipv4", Params: []kql.Type{kql.String, kql.Dynamic}, Returns: kql.Bool, Call: hasIP4(sameIP4, ofArray)},
	{
		Name: "kql_has_any_ipv4_of", Function: "has_any_ipv4", Params: []kql.Type{kql.String, kql.String}, Variadic: kql.String,
		Returns: kql.Bool, Call: hasIP4(sameIP4, ofArgs),
	},
	{Name: "kql_has_any_ipv4_prefix", Params: []kql.Type{kql.String, kql.Dynamic}, Returns: kql.Bool, Call: hasIP4(beginsIP4, ofArray)},
	{
		Name: "kql_has_any_ipv4_prefix_of", Function: "has_any_ipv4_prefix", Params: []kql.Type{kql.String, kql.String}, Variadic: kql.String,
		Returns: kql.Bool, Call: hasIP4(beginsIP4, ofArgs),
	},
}, ip6Funcs...)

// ofArgs are the arguments after the first, which are strings, and ofArray the
// elements of the second, which is an array; false when it is none.
func ofArgs(a []any) ([]string, bool) {
	out := make([]string, 0, len(a)-1)
	for _, x := range a[1:] {
		s, _ := x.(string)
		out = append(out, s)
	}
	return out, true
}

func ofArray(a []any) ([]string, bool) {
	v := Dynamic(a[1])
	out := make([]string, 0, len(v.Items))
	for _, x := range v.Items {
		out = append(out, x.String())
	}
	return out, v.Kind == Array
}

// ip4 is an address with its prefix, masked by it.
type ip4 struct {
	addr   uint32
	prefix int
}

func mask4(prefix int) uint32 { return ^uint32(0) << (32 - prefix) }

// parse4 reads "a.b.c.d" or "a.b.c.d/prefix".
func parse4(s string) (ip4, bool) {
	prefix := 32
	if at := strings.IndexByte(s, '/'); at >= 0 {
		n, ok := smallNumber(s[at+1:], 32)
		if !ok {
			return ip4{}, false
		}
		s, prefix = s[:at], n
	}
	var addr uint32
	for i := range 4 {
		part := s
		if i < 3 {
			at := strings.IndexByte(s, '.')
			if at < 0 {
				return ip4{}, false
			}
			part, s = s[:at], s[at+1:]
		}
		n, ok := smallNumber(part, 255)
		if !ok {
			return ip4{}, false
		}
		addr = addr<<8 | uint32(n)
	}
	return ip4{addr & mask4(prefix), prefix}, true
}

// smallNumber reads one to three digits.
func smallNumber(s string, limit int) (int, bool) {
	if s == "" || len(s) > 3 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= limit
}

// arg4 reads an argument, and prefixArg one that is a prefix of at most limit.
func arg4(a any) (ip4, bool) {
	s, _ := a.(string)
	return parse4(s)
}

func prefixArg(a any, limit int64) (int, bool) {
	n, ok := a.(int64)
	return int(n), ok && n >= 0 && n <= limit
}

func ip4Long(a []any, prefix int) any {
	ip, ok := arg4(a[0])
	if !ok {
		return nil
	}
	return int64(ip.addr & mask4(prefix))
}

func parseIP4Mask(a []any) any {
	prefix, ok := prefixArg(a[1], 32)
	if !ok {
		return nil
	}
	return ip4Long(a, prefix)
}

// order4 compares two addresses by the bits that all prefixes have.
func order4(a []any) (int, bool) {
	x, ok := arg4(a[0])
	y, fine := arg4(a[1])
	prefix, right := prefixArg(a[2], 32)
	if !ok || !fine || !right {
		return 0, false
	}
	m := mask4(min(x.prefix, y.prefix, prefix))
	return cmp.Compare(x.addr&m, y.addr&m), true
}

// compared makes a function of an order of two addresses, and matched one that says
// whether they are equal in it.
func compared(order func([]any) (int, bool)) func([]any) any {
	return func(a []any) any {
		n, ok := order(a)
		if !ok {
			return nil
		}
		return int64(n)
	}
}

func matched(order func([]any) (int, bool)) func([]any) any {
	return func(a []any) any {
		n, ok := order(a)
		if !ok {
			return nil
		}
		return n == 0
	}
}

func inRangeIP4(a []any) any {
	ip, ok := arg4(a[0])
	in, fine := arg4(a[1])
	if !ok || !fine {
		return nil
	}
	return ip.prefix >= in.prefix && ip.addr&mask4(in.prefix) == in.addr
}

// inAny makes of a test with one range that with several: true when one says so,
// null when none does and one of the texts is no address.
func inAny(in func([]any) any, rest func([]any) ([]string, bool)) func([]any) any {
	return func(a []any) any {
		ranges, ok := rest(a)
		if !ok {
			return nil
		}
		var out any = false
		for _, r := range ranges {
			switch found := in([]any{a[0], r}); found {
			case true:
				return true
			case nil:
				out = nil
			}
		}
		return out
	}
}

// privateIP4 is true of the networks of RFC 1918.
func privateIP4(a []any) any {
	ip, ok := arg4(a[0])
	if !ok {
		return nil
	}
	return ip.addr&mask4(8) == 10<<24 || ip.addr&mask4(12) == 172<<24|16<<16 || ip.addr&mask4(16) == 192<<24|168<<16
}

func suffixIP4(a []any) any {
	ip, ok := arg4(a[0])
	if !ok {
		return nil
	}
	return int64(ip.prefix)
}

// rangeToCIDR covers the addresses from one to another with the fewest networks.
func rangeToCIDR(a []any) any {
	from, ok := arg4(a[0])
	to, fine := arg4(a[1])
	if !ok || !fine || from.addr > to.addr {
		return nil
	}
	v := Value{Kind: Array}
	for at, last := uint64(from.addr), uint64(to.addr); at <= last; {
		size := min(bits.TrailingZeros32(uint32(at)), bits.Len64(last-at+1)-1)
		v.Items = append(v.Items, OfString(dotted(uint32(at))+"/"+strconv.Itoa(32-size)))
		at += 1 << size
	}
	return v.Any()
}

func dotted(addr uint32) string {
	return fmt.Sprintf("%d.%d.%d.%d", addr>>24, addr>>16&255, addr>>8&255, addr&255)
}

// masked4 is the address of format_ipv4 and its prefix: a text or a number, by a
// prefix.
func masked4(a []any) (ip4, bool) {
	prefix, ok := prefixArg(a[1], 32)
	if !ok {
		return ip4{}, false
	}
	ip := ip4{prefix: 32}
	switch x := a[0].(type) {
	case string:
		if ip, ok = parse4(x); !ok {
			return ip, false
		}
	case int64:
		if x < 0 || x > 1<<32-1 {
			return ip, false
		}
		ip.addr = uint32(x)
	default:
		return ip, false
	}
	ip.prefix = min(ip.prefix, prefix)
	ip.addr &= mask4(ip.prefix)
	return ip, true
}

func formatIP4(a []any) any {
	ip, ok := masked4(a)
	if !ok {
		return ""
	}
	return dotted(ip.addr)
}

func formatIP4Mask(a []any) any {
	ip, ok := masked4(a)
	if !ok {
		return ""
	}
	return dotted(ip.addr) + "/" + strconv.Itoa(ip.prefix)
}
