package bus

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Subjects. A token stands for a resource; names are those of nodes.
const (
	subjectPublish = "reslog.publish." // and token
	subjectAsk     = "reslog.ask."     // and name.token
	subjectAnswer  = "reslog.answer."  // and name.question.index
)

// answerMark begins an answer; without it, nobody answers for the resource there.
const answerMark = 1

// Channel is what the parts of one resource say to each other on all nodes. A nil
// Channel, and one of a nil Fabric, is without other nodes.
type Channel struct {
	fabric *Fabric
	token  string

	mu      sync.Mutex
	publish func([]byte)
	ask     func([]byte) []byte
	waiting []*nats.Msg
	bytes   int64
	lost    int
	wake    chan struct{} // one is in it when something waits
}

// Channel returns the channel of a resource, the same for each call. Case of the name
// does not matter.
func (f *Fabric) Channel(resource string) *Channel {
	if f == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.ToLower(resource)))
	token := hex.EncodeToString(sum[:16])
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channels[token]
	if c == nil {
		c = &Channel{fabric: f, token: token, wake: make(chan struct{}, 1)}
		f.channels[token] = c
	}
	return c
}

// Alone reports whether there are no other nodes now.
func (c *Channel) Alone() bool { return c == nil || c.fabric.Peers() == 0 }

// Publish brings a message to the channel's receivers on all other nodes that are
// there, without waiting for them. What one goroutine publishes arrives in its order.
func (c *Channel) Publish(b []byte) error {
	if c == nil {
		return nil
	}
	return c.fabric.send(&nats.Msg{Subject: subjectPublish + c.token, Data: b})
}

func (f *Fabric) send(m *nats.Msg) error {
	select {
	case <-f.done:
		return ErrFabricClosed
	default:
	}
	if f.full.Load() {
		return ErrFabricFull
	}
	if err := f.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("send to other nodes: %w", err)
	}
	return nil
}

// asking is a question that is not answered by all.
type asking struct {
	answers chan *nats.Msg
}

// Ask brings a question to every other node that is there and calls fn with each answer,
// one at a time, until all have answered: a node that is lost meanwhile, and one that
// has no receiver for the channel, is not waited for. The error is that of ctx if it
// ends before.
func (c *Channel) Ask(ctx context.Context, b []byte, fn func(answer []byte)) error {
	if c.Alone() {
		return nil
	}
	f := c.fabric
	names, _ := f.peers()
	id := rand.Text()
	q := &asking{make(chan *nats.Msg, len(names))}
	f.mu.Lock()
	f.asks[id] = q
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.asks, id)
		f.mu.Unlock()
	}()
	open := map[string]string{} // names by index
	for name := range names {
		index := strconv.Itoa(len(open))
		open[index] = name
		err := f.send(&nats.Msg{
			Subject: subjectAsk + name + "." + c.token,
			Reply:   subjectAnswer + f.name + "." + id + "." + index,
			Data:    b,
		})
		if err != nil {
			return err
		}
	}
	return f.collect(ctx, q, open, fn)
}

func (f *Fabric) collect(ctx context.Context, q *asking, open map[string]string, fn func([]byte)) error {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for len(open) > 0 {
		select {
		case m := <-q.answers:
			index := last(m.Subject)
			if _, ok := open[index]; !ok {
				continue
			}
			delete(open, index)
			if len(m.Data) > 0 && m.Data[0] == answerMark {
				fn(m.Data[1:])
			}
		case <-tick.C:
			names, _ := f.peers()
			for index, name := range open {
				if !names[name] {
					delete(open, index)
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
			return ErrFabricClosed
		}
	}
	return nil
}

// answered takes an answer to its question. The server answers too, with nothing, for
// a node that does not listen.
func (f *Fabric) answered(m *nats.Msg) {
	rest := strings.TrimPrefix(m.Subject, subjectAnswer+f.name+".")
	id, _, _ := strings.Cut(rest, ".")
	f.mu.Lock()
	q := f.asks[id]
	f.mu.Unlock()
	if q == nil {
		return
	}
	select {
	case q.answers <- m:
	default: // a node answered twice
	}
}

// Receive sets what is called with what others publish, and what answers their
// questions, one call at a time. Calls for what one node published and asked are in its
// order. It is called once.
func (c *Channel) Receive(publish func(b []byte), ask func(b []byte) []byte) {
	if c == nil {
		return
	}
	c.mu.Lock()
	first := c.publish == nil
	c.publish, c.ask = publish, ask
	c.mu.Unlock()
	if !first {
		return
	}
	if _, err := c.fabric.nc.ChanSubscribe(subjectPublish+c.token, c.fabric.in); err != nil {
		c.fabric.log.Warn("other nodes are not heard", "error", err)
		return
	}
	c.fabric.running.Go(c.run)
}

// pump hands what comes to the channels. Everything passes here, so that what one node
// published and asked stays in order.
func (f *Fabric) pump() {
	for {
		select {
		case <-f.done:
			return
		case m := <-f.in:
			f.mu.Lock()
			c := f.channels[last(m.Subject)]
			f.mu.Unlock()
			if c == nil || !c.put(m) {
				f.decline(m)
			}
		}
	}
}

// decline tells who asked that nobody here answers.
func (f *Fabric) decline(m *nats.Msg) {
	if m.Reply != "" {
		_ = f.nc.Publish(m.Reply, nil) // who does not get it waits a little longer
	}
}

// put queues a message. It reports whether there is somebody for it.
func (c *Channel) put(m *nats.Msg) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.publish == nil {
		return false
	}
	size := int64(len(m.Data)) + 200
	if c.bytes+size > c.fabric.maxPending {
		if c.lost == 0 {
			c.fabric.log.Warn("messages of other nodes come faster than they are taken, some are lost")
		}
		c.lost++
		return true // who asked must not think that there is nobody
	}
	c.bytes += size
	c.waiting = append(c.waiting, m)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return true
}

func (c *Channel) run() {
	for {
		select {
		case <-c.fabric.done:
			return
		case <-c.wake:
		}
		for _, m := range c.take() {
			c.handle(m)
		}
	}
}

func (c *Channel) take() []*nats.Msg {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.waiting
	c.waiting = nil
	if c.lost > 0 {
		c.fabric.log.Warn("messages of other nodes were lost", "messages", c.lost)
		c.lost = 0
	}
	return list
}

func (c *Channel) handle(m *nats.Msg) {
	defer func() {
		c.mu.Lock()
		c.bytes -= int64(len(m.Data)) + 200
		c.mu.Unlock()
	}()
	if m.Reply == "" {
		c.publish(m.Data)
		return
	}
	answer := append([]byte{answerMark}, c.ask(m.Data)...)
	if err := c.fabric.nc.Publish(m.Reply, answer); err != nil {
		c.fabric.log.Warn("another node gets no answer", "error", err)
	}
}
