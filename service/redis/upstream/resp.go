package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What a server may make us hold: a line of its protocol, and an answer, which is
// CLIENT LIST of a hundred thousand clients.
const (
	maxLine   = 16 << 10
	maxAnswer = 64 << 20
)

// Error is an error that the server answered.
type Error struct {
	// Code is its first word: NOAUTH, NOPERM, ERR.
	Code string
	// Text is the rest, printable, and at most 200 bytes of it.
	Text string
}

func (e *Error) Error() string { return strings.TrimSpace(e.Code + " " + e.Text) }

// newError makes an Error of the line that a server answered.
func newError(line string) *Error {
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line[:min(len(line), 200)])
	code, text, _ := strings.Cut(printable, " ")
	return &Error{code, text}
}

// ask sends a command and returns what is answered to it: a status, a number, or a
// text.
func (c *conn) ask(words ...string) (string, error) {
	b := append(strconv.AppendInt([]byte{'*'}, int64(len(words)), 10), '\r', '\n')
	for _, w := range words {
		b = append(strconv.AppendInt(append(b, '$'), int64(len(w)), 10), '\r', '\n')
		b = append(append(b, w...), '\r', '\n')
	}
	_, sent := c.Write(b)
	// A server that refuses a connection says why and closes it, whatever was sent.
	answer, err := readAnswer(c.replies)
	var refusal *Error
	if sent != nil && !errors.As(err, &refusal) {
		return "", sent
	}
	return answer, err
}

// readAnswer reads one reply of RESP2 that is not an array.
func readAnswer(r *bufio.Reader) (string, error) {
	line, err := readLine(r)
	if err != nil {
		return "", err
	}
	if line == "" {
		return "", errors.New("it answered an empty line: that is not Redis")
	}
	switch rest := line[1:]; line[0] {
	case '+', ':':
		return rest, nil
	case '-':
		return "", newError(rest)
	case '$':
		return readText(r, rest)
	}
	return "", fmt.Errorf("it answered %q, which is not what Redis answers here", line[:1])
}

// readText reads a bulk string of that length.
func readText(r *bufio.Reader, length string) (string, error) {
	n, err := strconv.ParseInt(length, 10, 32)
	switch {
	case err != nil || n < 0:
		return "", errors.New("it answered a text without a length: that is not Redis")
	case n > maxAnswer:
		return "", fmt.Errorf("its answer has %d bytes, at most %d are read", n, maxAnswer)
	}
	var b strings.Builder
	// No more memory than has come: a length costs nothing to claim.
	if _, err := io.CopyN(&b, r, n); err != nil {
		return "", unexpected(err)
	}
	if end, err := readLine(r); err != nil || end != "" {
		return "", errors.New("a text that it answered is longer than its length: that is not Redis")
	}
	return b.String(), nil
}

// readLine reads up to a line's end, which it leaves out.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return "", fmt.Errorf("it answered a line of more than %d bytes: that is not Redis", maxLine)
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", unexpected(err)
		}
	}
}

// unexpected says that an answer broke off.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
