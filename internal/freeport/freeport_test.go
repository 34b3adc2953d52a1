package freeport_test

import (
	"net"
	"strconv"
	"testing"

	"reslog/internal/freeport"
)

func TestAddrs(t *testing.T) {
	addrs, err := freeport.Addrs("127.0.0.1", 20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, addr := range addrs {
		_, port, err := net.SplitHostPort(addr)
		if n, _ := strconv.Atoi(port); err != nil || n < 12000 || n >= 32768 || seen[port] {
			t.Errorf("%s: %v", addr, err)
		}
		seen[port] = true
	}
	l, err := net.Listen("tcp", addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := freeport.Addr("no such host"); err == nil {
		t.Error("a host that is none has a port")
	}
}
