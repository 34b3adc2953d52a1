package rows

import "net/netip"

// setClient sets where a connection of Azure Managed Redis comes from. A column
// has IPv4 always. Through a private link the record has an IPv6 address whose
// last four bytes are that of the client, and a column of its own.
//
// Source: "Monitor Azure Managed Redis data using diagnostic settings".
func (t *table) setClient(a *arena, column int, v value) {
	s := a.text(v)
	ip, err := netip.ParseAddr(s)
	switch {
	case err != nil || ip.Is4():
		t.setText(column, s)
	case ip.Is4In6():
		t.setText(column, ip.Unmap().String())
	default:
		b := ip.As16()
		t.setText(column, netip.AddrFrom4([4]byte(b[12:])).String())
		t.setText(t.index["PrivateLinkIPv6"], s)
	}
}
