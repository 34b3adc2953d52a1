package signalr

import (
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"reslog/metric"
	"reslog/resource"
	"reslog/service/signalr/event"
	"reslog/service/signalr/token"
	"reslog/service/signalr/transport"
)

// pipe is a connection without a network.
type pipe struct {
	id     string
	resume bool
	sent   int
	closed bool
}

func (p *pipe) ID() string              { return p.id }
func (*pipe) Kind() transport.Kind      { return transport.WebSockets }
func (*pipe) Query() url.Values         { return url.Values{} }
func (*pipe) Header() http.Header       { return http.Header{} }
func (*pipe) Caller() netip.Addr        { return loopback }
func (p *pipe) Reconnects() bool        { return p.resume }
func (*pipe) Binary()                   {}
func (p *pipe) Send(b []byte) (ok bool) { p.sent += len(b); return !p.closed }
func (p *pipe) Close()                  { p.closed = true }

// Whatever a client sends, and however it is cut, is read alike: the connection stays or
// ends with a reason that is the client's, and little of it is kept.
func FuzzReceive(f *testing.F) {
	const hello = "{\"protocol\":\"json\",\"version\":1}\x1e"
	f.Add([]byte(hello+"{\"type\":1,\"target\":\"m\",\"arguments\":[]}\x1e{\"type\":6}\x1e"), uint8(7), false)
	f.Add([]byte(hello+"{\"type\":9,\"sequenceId\":1}\x1e{\"type\":8,\"sequenceId\":7}\x1e{\"type\":3,\"invocationId\":\"1\"}\x1e"), uint8(1), true)
	f.Add([]byte("{\"protocol\":\"messagepack\",\"version\":1}\x1e\x02\x91\x06\x0a\x96\x01\x80\xc0\xa1m\x90\x90"), uint8(3), false)
	f.Add([]byte("{\"protocol\":\"json\"}\x1e"), uint8(200), true)
	now := time.Unix(1e9, 0)
	f.Fuzz(func(t *testing.T, b []byte, cut uint8, resume bool) {
		out := &sink{}
		conf := Service{ID: resource.MustParse(testID), Mode: Serverless, Keys: []string{testKey}, Tier: "Standard_S1"}
		c := Config{
			Services: &services{list: []Service{conf}}, Emitter: out,
			Recorder: metric.New(metric.Config{Emitter: out}), Now: func() time.Time { return now },
		}
		s := New(c)
		v := s.all()[0]
		p := &pipe{id: "one", resume: resume}
		got, refusal := v.open(p, transport.Grant{Detail: &pass{hub: "chat", token: token.Token{System: map[string]string{}}}})
		if refusal != nil {
			t.Fatal(refusal)
		}
		client := got.(*client)
		step := max(int(cut), 1)
		for len(b) > 0 {
			n := min(step, len(b))
			if err := client.Receive(b[:n]); err != nil {
				if !p.closed {
					t.Error("it is not closed")
				}
				break
			}
			if len(client.in) > maxInside+n {
				t.Errorf("%d bytes are kept", len(client.in))
			}
			b = b[n:]
		}
		client.Closed(transport.End{By: transport.ByClient})
		if n := s.Stats().Reasons[event.ReasonTransient]; n != 0 {
			t.Error("it panicked")
		}
		if got := s.Stats(); got.Closed != 1 || got.Clients != 0 {
			t.Errorf("the figures are %+v", got)
		}
		s.close()
	})
}
