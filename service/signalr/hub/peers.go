package hub

import (
	"context"
	"fmt"

	"reslog/service/signalr/payload"
)

// alone reports whether there are no other nodes.
func (h *Hubs) alone() bool {
	if h.cfg.Peers == nil {
		return true
	}
	p, ok := h.cfg.Peers.(interface{ Alone() bool })
	return ok && p.Alone()
}

func (h *Hubs) publish(p *packet) error {
	b, err := p.encode()
	if err != nil {
		return err
	}
	if err := h.cfg.Peers.Publish(b); err != nil {
		return fmt.Errorf("send to other nodes: %w", err)
	}
	return nil
}

// ask asks other nodes, until fn reports that it has heard enough. fn may be nil.
func (h *Hubs) ask(ctx context.Context, q *packet, fn func(a *packet) (enough bool)) error {
	b, err := q.encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.AskTimeout)
	defer cancel()
	enough := false
	var bad error
	err = h.cfg.Peers.Ask(ctx, b, func(b []byte) {
		a, err := decode(b)
		switch {
		case enough:
		case err != nil:
			bad = err
		case a.kind != kindAnswer:
			bad = errNotAsked // it does not know the question
		case fn != nil && fn(a):
			enough = true
			cancel()
		}
	})
	switch {
	case enough:
		return nil
	case err == nil:
		err = bad
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPeers, err)
	}
	return nil
}

// receive takes what another node published.
func (h *Hubs) receive(b []byte) {
	p, err := decode(b)
	if err != nil {
		h.cfg.Logger.Warn("a message of another node cannot be read; do all run the same version?", "error", err)
		return
	}
	switch p.kind {
	case kindSend:
		h.deliver(p.hub, p.to, p.payload())
	case kindResult:
		h.result(p)
	default:
		h.cfg.Logger.Warn("another node sent what is no message", "kind", int(p.kind))
	}
}

// answer answers a question of another node.
func (h *Hubs) answer(b []byte) []byte {
	q, err := decode(b)
	a := &packet{kind: kindAnswer}
	if err != nil {
		h.cfg.Logger.Warn("a question of another node cannot be read; do all run the same version?", "error", err)
		a.kind = kindRefusal
	} else {
		h.fill(a, q)
	}
	out, err := a.encode()
	if err != nil {
		h.cfg.Logger.Warn("answer another node", "error", err)
		out, _ = (&packet{kind: kindRefusal}).encode()
	}
	return out
}

func (h *Hubs) fill(a, q *packet) {
	switch q.kind {
	case kindConnectionExists, kindUserExists, kindGroupExists, kindInGroup, kindJoinGroup, kindLeaveGroup:
		a.yes, a.full = h.decide(q)
	case kindClose:
		n, _ := h.closeHere(q.hub, q.to, q.text)
		a.number = uint64(n)
	case kindMembers:
		a.listed = h.membersHere(q.hub, q.group, q.text, int(min(q.number, maxListed)))
	case kindUserJoinGroup:
		s := set{user: q.user, group: q.group, plain: q.ttl == nil, left: lifetime(q.ttl)}
		a.full = h.userJoinHere(q.hub, s) != nil
	case kindUserLeaveGroup:
		h.userLeaveHere(q.hub, q.user, q.group)
	case kindInvoke:
		a.yes, a.full = h.invokeHere(q)
	case kindInvoking:
		a.yes = h.running(q.key)
	case kindStanding:
		a.sets = h.standsOfAll(q.sets)
	default:
		a.kind = kindRefusal
	}
}

func (p *packet) payload() *payload.Payload {
	frames := map[payload.Protocol][]byte{}
	if p.json != nil {
		frames[payload.JSON] = p.json
	}
	if p.messagePack != nil {
		frames[payload.MessagePack] = p.messagePack
	}
	return payload.Of(frames)
}
