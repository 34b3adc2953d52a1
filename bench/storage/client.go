package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// conn is one HTTP/1.1 connection of the load client. It knows just enough of
// the protocol to send a request that was rendered before and to read any
// well-formed answer, and does not allocate per request.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// ioLimit bounds a single request; a server that hangs fails the benchmark.
const ioLimit = 2 * time.Minute

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// answer is what the client looks at in a response.
type answer struct {
	status int
	length int64 // bytes of the body
	closed bool  // the server will close the connection
}

// do sends head and body and reads the answer. A keep of not nil gets the body.
func (c *conn) do(head, body []byte, keep *bytes.Buffer) (answer, error) {
	if err := c.SetDeadline(time.Now().Add(ioLimit)); err != nil {
		return answer{}, err
	}
	var err error
	if len(body) == 0 {
		_, err = c.Write(head)
	} else {
		bufs := net.Buffers{head, body}
		_, err = bufs.WriteTo(c.Conn)
	}
	if err != nil {
		return answer{}, fmt.Errorf("send request: %w", err)
	}
	a, err := c.read(keep)
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	return a, nil
}

func (c *conn) read(keep *bytes.Buffer) (answer, error) {
	var a answer
	for a.status == 0 || a.status == 100 {
		line, err := c.line()
		if err != nil {
			return a, err
		}
		if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
			return a, fmt.Errorf("status line %q", line)
		}
		if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
			return a, err
		}
		if err := c.header(&a, keep); err != nil {
			return a, err
		}
	}
	return a, nil
}

// header reads header lines and the body that they announce.
func (c *conn) header(a *answer, keep *bytes.Buffer) error {
	length, chunked := int64(-1), false
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case equalFold(name, "content-length"):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return err
			}
		case equalFold(name, "transfer-encoding"):
			chunked = equalFold(bytes.TrimSpace(value), "chunked")
		case equalFold(name, "connection"):
			a.closed = equalFold(bytes.TrimSpace(value), "close")
		}
	}
	switch {
	case a.status == 100, a.status == 204, a.status == 304:
		return nil
	case chunked:
		return c.chunks(a, keep)
	case length < 0:
		return errors.New("an answer of unknown length")
	}
	return c.take(a, length, keep)
}

func (c *conn) chunks(a *answer, keep *bytes.Buffer) error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(size), 16, 64)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := c.take(a, n, keep); err != nil {
				return err
			}
		}
		if line, err = c.line(); err != nil {
			return err
		}
		if len(line) != 0 {
			return errors.New("a chunk is longer than it says, or the answer has trailers")
		}
		if n == 0 {
			return nil
		}
	}
}

func (c *conn) take(a *answer, n int64, keep *bytes.Buffer) error {
	a.length += n
	if keep != nil {
		_, err := io.CopyN(keep, c.r, n)
		return err
	}
	_, err := c.r.Discard(int(n))
	return err
}

func (c *conn) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// equalFold compares an ASCII header name without allocating.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, ch := range b {
		if ch >= 'A' && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		if ch != lower[i] {
			return false
		}
	}
	return true
}
