package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Bounds of a request to the server in the node's process.
const (
	maxInline       = 64 << 10 // bytes of a line, as Redis has it
	maxRequestArgs  = 1 << 20  // arguments, as Redis has it
	maxRequestBytes = 32 << 20 // bytes of all arguments
	guardBuffer     = 16 << 10
)

// requestGuard is a connection that returns only well-formed requests of bounded
// size, in the form of arrays. The server behind it panics at an empty array, takes
// any length for true and knows no inline commands.
//
// Source: "Redis serialization protocol specification", sections "Sending commands
// to a Redis server" and "Inline commands".
type requestGuard struct {
	net.Conn
	in      *bufio.Reader
	request bytes.Buffer // a whole request, what of it is not read yet
	broken  bool
}

func newRequestGuard(c net.Conn) *requestGuard {
	return &requestGuard{Conn: c, in: bufio.NewReaderSize(c, guardBuffer)}
}

// protocolErrorCommand makes the server answer with its argument as an error and
// close. It is no command that anybody has.
const protocolErrorCommand = "\x00PROTOCOL-ERROR"

// protocolError is what Redis tells before it closes.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// Read implements net.Conn.
func (g *requestGuard) Read(p []byte) (int, error) {
	for g.request.Len() == 0 {
		if g.broken {
			return 0, io.EOF
		}
		if g.request.Cap() > 1<<20 {
			g.request = bytes.Buffer{}
		}
		g.request.Reset()
		err := g.next()
		var wrong protocolError
		if errors.As(err, &wrong) {
			// The server tells it, behind the answers to what was asked before.
			g.broken = true
			g.request.Reset()
			g.write([][]byte{[]byte(protocolErrorCommand), []byte(wrong.Error())})
			break
		}
		if err != nil {
			return 0, err
		}
	}
	return g.request.Read(p)
}

// next reads a request. It leaves none when there was an empty one.
func (g *requestGuard) next() error {
	line, err := g.line()
	if err != nil || len(line) == 0 {
		return err
	}
	if line[0] != '*' {
		args, ok := splitInline(line)
		if !ok {
			return protocolError("unbalanced quotes in request")
		}
		g.write(args)
		return nil
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n > maxRequestArgs {
		return protocolError("invalid multibulk length")
	}
	if n <= 0 {
		return nil
	}
	fmt.Fprintf(&g.request, "*%d\r\n", n)
	for range n {
		if err := g.argument(); err != nil {
			return err
		}
	}
	return nil
}

// argument copies a bulk string.
func (g *requestGuard) argument() error {
	line, err := g.line()
	if err != nil {
		return err
	}
	if len(line) == 0 || line[0] != '$' {
		return protocolError("expected '$'")
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n < 0 || g.request.Len()+n > maxRequestBytes {
		return protocolError("invalid bulk length")
	}
	fmt.Fprintf(&g.request, "$%d\r\n", n)
	if _, err := io.CopyN(&g.request, g.in, int64(n)); err != nil {
		return err
	}
	if _, err := g.in.Discard(2); err != nil {
		return err
	}
	g.request.WriteString("\r\n")
	return nil
}

// line returns a line without its end.
func (g *requestGuard) line() ([]byte, error) {
	var line []byte
	for {
		part, err := g.in.ReadSlice('\n')
		if len(line)+len(part) > maxInline {
			return nil, protocolError("too big inline request")
		}
		if err == nil && line == nil {
			return bytes.TrimSuffix(part[:len(part)-1], []byte("\r")), nil
		}
		line = append(line, part...)
		if err == nil {
			return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
}

// write makes an array of the arguments of an inline command.
func (g *requestGuard) write(args [][]byte) {
	if len(args) == 0 {
		return
	}
	fmt.Fprintf(&g.request, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&g.request, "$%d\r\n%s\r\n", len(arg), arg)
	}
}

// splitInline splits an inline command at blanks. Double quotes hold escapes, single
// quotes only one of themselves; ok is false when one is not closed, or goes on
// behind its end.
func splitInline(line []byte) (args [][]byte, ok bool) {
	for {
		line = bytes.TrimLeft(line, " \t")
		if len(line) == 0 {
			return args, true
		}
		var arg []byte
		if arg, line, ok = inlineArgument(line); !ok {
			return nil, false
		}
		args = append(args, arg)
	}
}

func inlineArgument(line []byte) (arg, rest []byte, ok bool) {
	arg = []byte{}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t':
			return arg, line[i:], true
		case '"', '\'':
			part, n := quoted(line[i:], c)
			if n == 0 || i+n < len(line) && line[i+n] != ' ' && line[i+n] != '\t' {
				return nil, nil, false
			}
			return append(arg, part...), line[i+n:], true
		default:
			arg = append(arg, c)
		}
	}
	return arg, nil, true
}

// quoted reads what is between quotes, and returns how long it is with them; 0 when
// it is not closed.
func quoted(line []byte, quote byte) (part []byte, n int) {
	for i := 1; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			return part, i + 1
		case c == '\\' && i+1 < len(line) && quote == '\'' && line[i+1] == '\'':
			part = append(part, '\'')
			i++
		case c == '\\' && i+3 < len(line) && quote == '"' && line[i+1] == 'x':
			b, err := strconv.ParseUint(string(line[i+2:i+4]), 16, 8)
			if err != nil {
				part = append(part, 'x')
				i++
				continue
			}
			part = append(part, byte(b))
			i += 3
		case c == '\\' && i+1 < len(line) && quote == '"':
			i++
			part = append(part, escaped(line[i]))
		default:
			part = append(part, c)
		}
	}
	return nil, 0
}

// escaped is what a character stands for behind a backslash.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}
