//go:build !linux

package relay

import "net"

// newEventLoops returns nil: there are none on this system.
func newEventLoops(*Relay, net.Listener) engine { return nil }
