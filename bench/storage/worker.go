package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// worker makes requests of a service, one at a time on a connection of its own. It
// is for one goroutine.
type worker struct {
	number int
	length int64 // of the next answer's body; 0 when it is not known

	addr, service string
	conn          *conn
	sign          *signer
	used          time.Time    // when the last answer came
	answer        bytes.Buffer // for who looks into answers
	content       []byte       // for who makes bodies
}

// idleLimit is how long a connection may be idle: Azurite closes it after five seconds.
const idleLimit = 2 * time.Second

func newWorker(s *server, service string, number int) (*worker, error) {
	addr := s.addrs[service]
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	return &worker{number: number, addr: addr, service: service, conn: c, sign: newSigner(service, addr), used: time.Now()}, nil
}

func (w *worker) close() { w.conn.Close() }

// send makes a request, whose answer must have a status. A keep of not nil gets the
// answer's body.
func (w *worker) send(q request, body []byte, want int, keep *bytes.Buffer) error {
	if keep != nil {
		keep.Reset()
	}
	if time.Since(w.used) > idleLimit {
		if err := w.redial(); err != nil {
			return err
		}
	}
	a, err := w.conn.do(w.sign.render(q), body, keep)
	if err != nil {
		return err
	}
	w.used = time.Now()
	if a.status != want || w.length > 0 && a.length != w.length {
		return w.complain(q, body, a, want)
	}
	if a.closed {
		return w.redial()
	}
	return nil
}

// redial replaces the connection.
func (w *worker) redial() error {
	w.conn.Close()
	c, err := dial(w.addr)
	if err != nil {
		return err
	}
	w.conn = c
	return nil
}

// complain asks once more, to see what is wrong.
func (w *worker) complain(q request, body []byte, a answer, want int) error {
	err := fmt.Errorf("%s %s: status %d with %d bytes, want %d with %d", q.method, q.path, a.status, a.length, want, w.length)
	c, dialErr := dial(w.addr)
	if dialErr != nil {
		return err
	}
	defer c.Close()
	var keep bytes.Buffer
	if _, again := c.do(newSigner(w.service, w.addr).render(q), body, &keep); again == nil && keep.Len() < 4096 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(keep.String()))
	}
	return err
}
