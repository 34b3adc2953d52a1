package upstream

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxFields bounds the fields of INFO: one for each command and error of some
// sections.
const maxFields = 10_000

// parseInfo reads "name:value" lines; those that begin with # are headings.
func parseInfo(text string) map[string]string {
	fields := make(map[string]string, 200)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || line[0] == '#' {
			continue
		}
		if len(fields) >= maxFields {
			break
		}
		fields[name] = value
	}
	return fields
}

// ClientInfo is a client in CLIENT LIST. What a server does not say is zero.
type ClientInfo struct {
	// ID is the one that the server gave the connection.
	ID int64
	// Addr is where the server sees it come from: of a client of the proxy, the proxy.
	// It is zero for a Unix socket.
	Addr netip.AddrPort
	// Name is what CLIENT SETNAME set.
	Name string
	// User is "default" also for who has not authenticated.
	User string
	// Command is the last one, "NULL" before the first.
	Command string
	// Flags are letters: N for none, P for a subscriber, S for a replica, and others.
	Flags string
	// Library and its version are what CLIENT SETINFO set.
	Library, LibraryVersion string
	Database                int
	// Age and Idle are how long it is connected, and since when it sent nothing, in
	// whole seconds.
	Age, Idle time.Duration
}

// parseClients reads a line for each client, of "name=value" separated by spaces.
func parseClients(text string) []ClientInfo {
	clients := make([]ClientInfo, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		if c, ok := parseClient(strings.TrimRight(line, "\r\n")); ok {
			clients = append(clients, c)
		}
	}
	return clients
}

func parseClient(line string) (c ClientInfo, ok bool) {
	for field := range strings.SplitSeq(line, " ") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "id":
			c.ID, ok = number(value), true
		case "addr":
			if addr, err := netip.ParseAddrPort(value); err == nil { // that of a Unix socket is a path
				c.Addr = unmapped(addr)
			}
		case "name":
			c.Name = value
		case "user":
			c.User = value
		case "cmd":
			c.Command = value
		case "flags":
			c.Flags = value
		case "lib-name":
			c.Library = value
		case "lib-ver":
			c.LibraryVersion = value
		case "db":
			c.Database = int(number(value))
		case "age":
			c.Age = time.Duration(number(value)) * time.Second
		case "idle":
			c.Idle = time.Duration(number(value)) * time.Second
		}
	}
	return c, ok
}

// unmapped writes IPv4 as IPv4.
func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// number is a decimal number, 0 if it is none.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
