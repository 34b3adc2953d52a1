package audit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// drain is how long records that have arrived are read when a Listener stops.
const drain = 100 * time.Millisecond

// Listener takes the audit streams of one cluster. It may be served again after it
// was stopped, and on several listeners at once; what it knows of sequences and of
// repeated authentications is common to all.
type Listener struct {
	c     Config
	notes *notes

	events, internal, repeated, commands, refused atomic.Int64
	connections, rejected, connected              atomic.Int64

	mu        sync.Mutex
	sequences sequences
	repeats   *repeats
}

// New makes a Listener. It panics without Take.
func New(c Config) *Listener {
	c = c.withDefaults()
	return &Listener{c: c, notes: &notes{logger: c.Logger, now: c.Now}, repeats: newRepeats()}
}

// Stats returns what was counted so far.
func (l *Listener) Stats() Stats {
	s := Stats{
		Events:      l.events.Load(),
		Internal:    l.internal.Load(),
		Repeated:    l.repeated.Load(),
		Commands:    l.commands.Load(),
		Refused:     l.refused.Load(),
		Connections: l.connections.Load(),
		Rejected:    l.rejected.Load(),
		Connected:   l.connected.Load(),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Lost, s.Restarts = l.sequences.lost, l.sequences.restarts
	return s
}

// Serve accepts clusters until ctx is done, then reads what has arrived for a
// moment more, closes everything and returns nil. It returns when no Take runs any
// more. An error means that the listener is broken.
func (l *Listener) Serve(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var streams sync.WaitGroup
	defer streams.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	defer func() { _ = listener.Close() }()

	pause := time.Duration(0)
	for {
		conn, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept audit streams: %w", err)
		case err != nil:
			// Out of files, or the other side was gone again.
			l.notes.warn("accept", "audit stream: a connection was not accepted", "error", err)
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
			continue
		}
		pause = 0
		if l.connected.Add(1) > int64(l.c.MaxConnections) {
			l.connected.Add(-1)
			l.rejected.Add(1)
			l.notes.warn("connections", "audit stream: closed a connection, there are as many as may be", "from", conn.RemoteAddr().String(), "max", l.c.MaxConnections)
			_ = conn.Close()
			continue
		}
		l.connections.Add(1)
		streams.Go(func() { l.stream(ctx, conn) })
	}
}
