package relay

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"reslog/service/redis/event"
)

// small is the buffer that a direction has while little is sent.
const small = 2 << 10

// pair is a client and a server between which two goroutines move bytes.
type pair struct {
	client, server duplex
	tap            Tap
	ready          chan struct{} // has a word when the Tap may be
	chunks         *sync.Pool    // of *[chunk]byte
	linger         time.Duration

	mu          sync.Mutex // one call of the Tap at a time
	why         event.Reason
	serverEnded bool
	guard       guard
}

// run moves bytes until both sides are closed, and says why.
func (p *pair) run(ctx context.Context) event.Reason {
	stopped := context.AfterFunc(ctx, func() {
		p.note(event.Stopped)
		p.closeBoth()
	})
	defer stopped()
	var replies sync.WaitGroup
	replies.Go(p.replies)
	p.requests()
	replies.Wait()
	p.closeBoth()
	return p.note(event.ByServer)
}

// note keeps the first reason.
func (p *pair) note(why event.Reason) event.Reason {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.why == "" {
		p.why = why
	}
	return p.why
}

func (p *pair) closeBoth() {
	p.client.Close()
	p.server.Close()
}

// requests moves bytes from the client to the server.
func (p *pair) requests() {
	err := p.move(p.client, p.server, p.request)
	var write *writeError
	switch {
	case err == nil:
		p.note(event.ByClient)
		_ = p.server.CloseWrite() // when it fails, reading from it fails, too
	case errors.As(err, &write):
		// The server is gone. Its last words are still to be read: replies closes.
		p.note(event.ByServer)
	case errors.Is(err, os.ErrDeadlineExceeded): // silent since the server ended
		p.closeBoth()
	case errors.Is(err, errHeader):
		p.note(event.Refused)
		p.closeBoth()
	default:
		p.note(event.ByClient)
		p.closeBoth()
	}
}

// replies moves bytes from the server to the client.
func (p *pair) replies() {
	err := p.move(p.server, p.client, p.reply)
	var write *writeError
	switch {
	case err == nil:
		p.note(event.ByServer)
		p.mu.Lock()
		p.serverEnded = true
		p.await()
		p.mu.Unlock()
		_ = p.client.CloseWrite()
	case errors.As(err, &write):
		p.note(event.ByClient)
		p.closeBoth()
	default:
		p.note(event.ByServer)
		p.closeBoth()
	}
}

// await lets a client whose server ended be silent for a while, not for ever.
func (p *pair) await() { _ = p.client.SetReadDeadline(time.Now().Add(p.linger)) }

func (p *pair) request(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.guard.done && p.guard.refuses(b) {
		return errHeader
	}
	if p.serverEnded {
		p.await()
	}
	p.tap.Request(b)
	return nil
}

func (p *pair) reply(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tap.Reply(b)
	return nil
}

// writeError is an error of the side that is written to.
type writeError struct{ err error }

func (e *writeError) Error() string { return "write: " + e.err.Error() }
func (e *writeError) Unwrap() error { return e.err }

// move moves bytes from src to dst after see has seen them, until src ends; then it
// returns nil.
func (p *pair) move(src io.Reader, dst io.Writer, see func([]byte) error) error {
	// Most connections are idle most of the time: what they hold is little, and they
	// have a chunk while they need it.
	own := make([]byte, small)
	var large *[chunk]byte
	defer func() { p.give(large) }()
	for b := own; ; {
		n, err := src.Read(b)
		if n > 0 {
			if err := see(b[:n]); err != nil {
				return err
			}
			p.settle()
			if _, err := dst.Write(b[:n]); err != nil {
				return &writeError{err}
			}
		}
		switch {
		case ended(err):
			return nil
		case err != nil:
			return err
		case large == nil && n == small:
			large = p.take()
			b = large[:]
		case large != nil && n < small:
			p.give(large)
			large, b = nil, own
		}
	}
}

// settle waits until bytes may be passed on. The other direction may wait as well, for
// the same word.
func (p *pair) settle() {
	if p.tap.Ready() {
		return
	}
	for !p.tap.Ready() {
		<-p.ready
	}
	poke(p.ready)
}

func (p *pair) take() *[chunk]byte {
	if b, ok := p.chunks.Get().(*[chunk]byte); ok {
		return b
	}
	return new([chunk]byte)
}

func (p *pair) give(b *[chunk]byte) {
	if b != nil {
		p.chunks.Put(b)
	}
}

// ended reports whether err says that a side ended. One that speaks TLS may close its
// connection without saying so.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
