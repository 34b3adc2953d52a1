package hub

import (
	"context"

	"reslog/service/signalr/payload"
)

// Send brings a message to who it is for, here and on other nodes. An error tells that
// other nodes do not get it; those here have it.
func (h *Hubs) Send(_ context.Context, hub string, to Target, p *payload.Payload) error {
	if whole := h.deliver(hub, to, p); whole || h.alone() {
		return nil
	}
	return h.publish(&packet{
		kind: kindSend, hub: hub, to: to,
		json: p.Frame(payload.JSON), messagePack: p.Frame(payload.MessagePack),
	})
}

// deliver brings a message to who is here, and reports whether nobody else can be meant.
func (h *Hubs) deliver(hub string, to Target, p *payload.Payload) bool {
	s := h.sel(hub, to)
	for _, e := range s.to {
		e.member.Deliver(p)
	}
	whole := s.whole
	h.release(s)
	return whole
}

// Close closes connections, telling why, and returns how many.
func (h *Hubs) Close(ctx context.Context, hub string, to Target, reason string) (int, error) {
	n, whole := h.closeHere(hub, to, reason)
	if whole || h.alone() {
		return n, nil
	}
	err := h.ask(ctx, &packet{kind: kindClose, hub: hub, to: to, text: reason}, func(a *packet) bool {
		n += int(a.number)
		return false
	})
	return n, err
}

func (h *Hubs) closeHere(hub string, to Target, reason string) (n int, whole bool) {
	s := h.sel(hub, to)
	for _, e := range s.to {
		e.member.Close(reason)
	}
	n, whole = len(s.to), s.whole
	h.release(s)
	return n, whole
}
