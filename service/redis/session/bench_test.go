package session

import (
	"strings"
	"testing"
)

func BenchmarkPipeline(b *testing.B) {
	value := strings.Repeat("v", 64)
	for _, bc := range []struct{ name, request, reply string }{
		{"GET", array("GET", "key:000000000001"), "$64\r\n" + value + "\r\n"},
		{"SET", array("SET", "key:000000000001", value), ok},
		{"INCR", array("INCR", "counter:1"), ":12345\r\n"},
		{"ZRANGE10", array("ZRANGEBYSCORE", "z", "0", "10"), "*10\r\n" + strings.Repeat("$8\r\nabcdefgh\r\n", 10)},
		{"PING inline", "PING\r\n", "+PONG\r\n"},
	} {
		for _, depth := range []int{1, 16} {
			name := bc.name + "/1"
			if depth > 1 {
				name = bc.name + "/16"
			}
			b.Run(name, func(b *testing.B) {
				s := New(Config{Counts: &Counts{}, Login: func(Login) {}})
				s.Request([]byte(cmd("AUTH alice p")))
				s.Reply([]byte(ok))
				request := []byte(strings.Repeat(bc.request, depth))
				reply := []byte(strings.Repeat(bc.reply, depth))
				b.ReportAllocs()
				for i := 0; i < b.N; i += depth {
					s.Request(request)
					s.Reply(reply)
				}
				if s.Blind() || s.lead != 0 {
					b.Fatal("lost the thread")
				}
			})
		}
	}
}

func BenchmarkTransaction(b *testing.B) {
	s := New(Config{Counts: &Counts{}, Login: func(Login) {}})
	request := []byte(cmd("MULTI") + cmd("INCR a") + cmd("GET b") + cmd("EXEC"))
	reply := []byte(ok + queued + queued + "*2\r\n:1\r\n$3\r\nabc\r\n")
	b.ReportAllocs()
	for b.Loop() {
		s.Request(request)
		s.Reply(reply)
	}
}

func BenchmarkLogin(b *testing.B) {
	s := New(Config{Counts: &Counts{}, Login: func(Login) {}})
	request, reply := []byte(cmd("HELLO 3 AUTH alice p")), []byte(hello3())
	b.ReportAllocs()
	for b.Loop() {
		s.Request(request)
		s.Reply(reply)
	}
}
