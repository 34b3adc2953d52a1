package appserver

import (
	"context"
	"errors"
	"io"

	"github.com/coder/websocket"

	"reslog/service/signalr/serviceprotocol"
)

// firstRead is how large the buffer of a stream is at first.
const firstRead = 16 << 10

// stream reads messages from bytes that come in pieces of any size.
type stream struct {
	r io.Reader
	// most is how long a message may be.
	most int
	buf  []byte
	// start is where in buf the first byte is that was not read as a message.
	start int
}

// next returns the next message, nil for one of a type that is not known. Its bytes are
// good until the call after. io.EOF says that the stream ended behind a message.
func (s *stream) next() (serviceprotocol.Message, error) {
	for {
		if s.start < len(s.buf) {
			m, rest, err := serviceprotocol.NextWithin(s.most, s.buf[s.start:])
			if err == nil {
				s.start = len(s.buf) - len(rest)
				return m, nil
			}
			if !errors.Is(err, serviceprotocol.ErrIncomplete) {
				return nil, unreadable{err}
			}
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// unreadable is an error of what was read, not of reading.
type unreadable struct{ error }

func (e unreadable) Unwrap() error { return e.error }

// fill reads something more.
func (s *stream) fill() error {
	left := len(s.buf) - s.start
	if s.start > 0 {
		copy(s.buf, s.buf[s.start:])
		s.buf, s.start = s.buf[:left], 0
	}
	if left == 0 && cap(s.buf) > keep {
		s.buf = nil
	}
	if len(s.buf) == cap(s.buf) {
		larger := make([]byte, left, max(firstRead, 2*cap(s.buf)))
		copy(larger, s.buf)
		s.buf = larger
	}
	n, err := s.r.Read(s.buf[left:cap(s.buf)])
	s.buf = s.buf[:left+n]
	switch {
	case n > 0:
		return nil // an error comes again
	case errors.Is(err, io.EOF) && left > 0:
		return io.ErrUnexpectedEOF
	}
	return err
}

// frames are the bytes of the binary messages of a WebSocket, without their borders.
type frames struct {
	ctx context.Context
	ws  *websocket.Conn
	// heard is told of everything that comes.
	heard func()
	r     io.Reader
}

func (f *frames) Read(b []byte) (int, error) {
	for {
		if f.r == nil {
			kind, r, err := f.ws.Reader(f.ctx)
			if err != nil {
				return 0, err
			}
			if kind != websocket.MessageBinary {
				return 0, unreadable{errors.New("a WebSocket message is text")}
			}
			f.r = r
		}
		n, err := f.r.Read(b)
		f.heard()
		if errors.Is(err, io.EOF) {
			f.r, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
