package appserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"

	"reslog/service/signalr/event"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/serviceprotocol"
)

// pieces returns what it reads in pieces of any size, some of them empty.
type pieces struct {
	b      []byte
	random *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.b[:p.random.IntN(min(len(p.b), 40)+1)])
	p.b = p.b[n:]
	return n, nil
}

func seeds(f *testing.F) {
	p := serviceprotocol.Payloads{payload.JSON: []byte("j\x1e"), payload.MessagePack: []byte{2, 0x91, 6}}
	var b []byte
	for _, m := range []serviceprotocol.Message{
		&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: "shutdown", Value: "fin:1"}, {Key: "status"}, {Key: "servers"}}},
		&serviceprotocol.Ping{Pairs: []serviceprotocol.Pair{{Key: "echo", Value: "1"}}},
		&serviceprotocol.ConnectionData{ConnectionID: "c", Data: make([]byte, 300)},
		&serviceprotocol.BroadcastData{Excluded: []string{"d"}, Payloads: p},
		&serviceprotocol.MultiConnectionData{ConnectionIDs: []string{"c"}, Payloads: p},
		&serviceprotocol.GroupBroadcastData{Group: "g", Payloads: p},
		&serviceprotocol.JoinGroupWithAck{ConnectionID: "c", Group: "g", AckID: 1},
		&serviceprotocol.UserJoinGroup{User: "u", Group: "g"},
		&serviceprotocol.GroupMemberQuery{Group: "g", AckID: 2, Max: -1, MaxPageSize: 3},
		&serviceprotocol.ClientInvocation{InvocationID: "1", ConnectionID: "c", Payloads: p},
		&serviceprotocol.ClientCompletion{InvocationID: "1", ConnectionID: "c"},
		&serviceprotocol.AccessKeyRequest{Token: "t"},
		&serviceprotocol.CloseConnection{ConnectionID: "c", Error: "e"},
		&serviceprotocol.CloseConnectionsWithAck{AckID: 3},
		&serviceprotocol.HandshakeRequest{Version: 1},
	} {
		f.Add(m.Append(nil), uint64(1))
		b = m.Append(b)
	}
	f.Add(b, uint64(2))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f}, uint64(3))
}

// A stream finds the messages that the bytes hold, however they come.
func FuzzStream(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		const most = 1 << 10
		s := &stream{r: &pieces{b: bytes.Clone(b), random: rand.New(rand.NewPCG(seed, 0))}, most: most}
		for rest := b; ; {
			want, after, err := serviceprotocol.NextWithin(most, rest)
			got, gotErr := s.next()
			switch {
			case err == nil:
				if gotErr != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%#v, %v, want %#v", got, gotErr, want)
				}
				rest = after
				continue
			case !errors.Is(err, serviceprotocol.ErrIncomplete):
				var bad unreadable
				if !errors.As(gotErr, &bad) || bad.Error() != err.Error() {
					t.Fatalf("%v, want %v", gotErr, err)
				}
			case len(rest) == 0 && gotErr != io.EOF, len(rest) > 0 && gotErr != io.ErrUnexpectedEOF: //nolint:errorlint // exactly these
				t.Fatalf("%v with %d bytes left", gotErr, len(rest))
			}
			if cap(s.buf) > 64<<10 {
				t.Fatalf("a buffer of %d bytes for messages of %d", cap(s.buf), most)
			}
			return
		}
	})
}

// Whatever a server sends, it gets no more than what it is allowed to leave unread.
func FuzzServer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, _ uint64) {
		s := New(Config{Hubs: hub.New(hub.Config{}), Log: func(event.Event) {}, MaxUnsent: 1 << 10})
		c := &conn{
			s: s, id: "id", hub: "chat", server: "server", queue: newQueue(s.config.MaxUnsent),
			clients: map[string]*binding{}, released: make(chan struct{}), asks: make(chan struct{}, maxAsks),
			in: &stream{r: iotest.OneByteReader(bytes.NewReader(b)), most: 1 << 16},
		}
		c.ctx, c.cancel = context.WithCancel(s.ctx)
		if !s.add(c) {
			t.Fatal("not added")
		}
		err := c.read()
		c.cancel()
		c.work.Wait()
		s.remove(c, lost(err))
		s.forget(c)
		if n := len(c.queue.buf); n > c.queue.hard+1<<20 {
			t.Errorf("%d bytes are queued", n)
		}
		if len(s.hubs) != 0 || len(s.calls) != 0 {
			t.Errorf("left: %d hubs, %d invocations", len(s.hubs), len(s.calls))
		}
		s.cancel()
	})
}
