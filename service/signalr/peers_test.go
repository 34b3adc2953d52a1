package signalr

import (
	"context"
	"slices"
	"testing"

	"reslog/resource"
	"reslog/service/signalr/hub"
	"reslog/service/signalr/hubprotocol"
)

// wire joins two nodes.
type wire struct {
	other   *wire
	publish func([]byte)
	ask     func([]byte) []byte
}

func (w *wire) Publish(b []byte) error { w.other.publish(b); return nil }

func (w *wire) Ask(_ context.Context, b []byte, fn func([]byte)) error {
	fn(w.other.ask(b))
	return nil
}

func (w *wire) Receive(publish func([]byte), ask func([]byte) []byte) {
	w.publish, w.ask = publish, ask
}

// Services share the way to other nodes, and do not hear each other.
func TestPeersAreTakenApart(t *testing.T) {
	a, b := &wire{}, &wire{}
	a.other, b.other = b, a
	here, there := newPeers(a), newPeers(b)
	one, two := resource.MustParse(testID), resource.MustParse(testID+"2")
	of := map[resource.Key]hub.Peers{}
	var heard []string
	for _, id := range []resource.ID{one, two} {
		p := there.of(id)
		of[id.Key()] = p
		p.Receive(func(b []byte) { heard = append(heard, id.Name()+":"+string(b)) },
			func(b []byte) []byte {
				if len(b) == 0 {
					return nil
				}
				return append([]byte(id.Name()+"?"), b...)
			})
	}
	if err := here.of(two).Publish([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	ask := func(id resource.ID, text string) (answers []string) {
		if err := here.of(id).Ask(t.Context(), []byte(text), func(b []byte) { answers = append(answers, string(b)) }); err != nil {
			t.Fatal(err)
		}
		return answers
	}
	if want := []string{"chatty2:hello"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v", heard)
	}
	if got := ask(one, "x"); !slices.Equal(got, []string{"chatty?x"}) {
		t.Errorf("answered %q", got)
	}
	if got := ask(one, ""); !slices.Equal(got, []string{""}) {
		t.Errorf("an empty answer is %q", got)
	}
	there.forget(one)
	if got := ask(one, "x"); len(got) != 0 {
		t.Errorf("a service that is not there answers %q", got)
	}
	there.published([]byte{0xff})
	if newPeers(nil).of(one) != nil {
		t.Error("there are peers of none")
	}
}

// A message reaches clients on both nodes, and a connection is found from the other one.
func TestTwoNodes(t *testing.T) {
	a, b := &wire{}, &wire{}
	a.other, b.other = b, a
	here := newRig(t, func(_ *Service, c *Config) { c.Peers = a })
	there := newRig(t, func(_ *Service, c *Config) { c.Peers = b })
	one, two := here.connect("chat", "one"), there.connect("chat", "two")
	if err := here.service().hubs.Send(t.Context(), "chat", hub.Target{}, hubprotocol.NewInvocation("m", "", hubprotocol.Arguments{})); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*web{one, two} {
		if got := w.skip(); got != `{"type":1,"target":"m","arguments":[]}` {
			t.Errorf("received %s", got)
		}
	}
	id := there.server.Connections()[0].ID
	if found, err := here.service().hubs.ConnectionExists(t.Context(), "chat", id); err != nil || !found {
		t.Errorf("%t %v", found, err)
	}
}
