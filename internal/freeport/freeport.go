// Package freeport finds addresses for servers of tests that must be told where to listen,
// or that go away and come back there.
//
// The system gives out ports of its own choice, to listeners on port 0 and to connections,
// and may give the one that was just found free to somebody else before the server has it.
// So the ports are of a range from which it does not give any.
package freeport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The range of the ports: above those that programs have by default, and below 32768,
// where Linux begins to give them out, other systems at 49152.
const (
	first = 12000
	last  = 31999
)

// tries is how many ports are tried for one that is free.
const tries = 1000

// Addr returns an address of a host of this machine where nobody listens, "host:port".
func Addr(host string) (string, error) {
	addrs, err := Addrs(host, 1)
	if err != nil {
		return "", err
	}
	return addrs[0], nil
}

// Addrs returns n of them, all of which differ.
func Addrs(host string, n int) (addrs []string, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	for range tries {
		if len(addrs) == n {
			return addrs, nil
		}
		addr := net.JoinHostPort(host, strconv.Itoa(first+rand.IntN(last-first+1)))
		if l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr); err == nil {
			held, addrs = append(held, l), append(addrs, addr)
		}
	}
	return nil, fmt.Errorf("%d of %d ports of %s are free, after %d tries", len(addrs), n, host, tries)
}
