package appserver_test

import (
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"reslog/service/signalr/appserver"
	"reslog/service/signalr/appserver/appservertest"
	"reslog/service/signalr/serviceprotocol"
)

// A server that is connected is told when tracing begins and ends.
func TestTellTracing(t *testing.T) {
	var on atomic.Bool
	s := start(t, func(c *appserver.Config) { c.Tracing, c.PingInterval = on.Load, 10*time.Millisecond })
	var r recorder
	s.server(appservertest.Config{Server: "a", Handle: r.handle})
	told := func(value string) {
		t.Helper()
		find(t, &r, func(m *serviceprotocol.Ping) bool { return reflect.DeepEqual(m, pings("d-m", value)) })
	}
	on.Store(true)
	told("1")
	on.Store(false)
	told("0")
}
