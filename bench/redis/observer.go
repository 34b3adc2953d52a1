package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// observer is a connection to the Redis server, over which it is asked what it
// counts.
type observer struct {
	conn  net.Conn
	in    *bufio.Reader
	asked int64 // how often
}

func observe(addr string) (*observer, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &observer{conn: c, in: bufio.NewReader(c)}, nil
}

func (o *observer) close() { o.conn.Close() }

// connections is how many the server has taken until now, without those of nodes
// that asked it for INFO: they make one each time.
func (o *observer) connections() (int64, error) {
	text, err := o.info("stats commandstats")
	if err != nil {
		return 0, err
	}
	taken, err := number(text, "\ntotal_connections_received:")
	if err != nil {
		return 0, err
	}
	asked, err := number(text, "\ncmdstat_info:calls=")
	if err != nil {
		asked = 0 // nobody has asked before
	}
	others := asked - o.asked
	o.asked++
	return taken - others, nil
}

// settled is connections once it does not grow any more: those that a client has
// given up may still be on their way through a proxy. It waits ten seconds at most.
func (o *observer) settled() (int64, error) {
	last := int64(-1)
	for range 40 {
		n, err := o.connections()
		if err != nil || n == last {
			return n, err
		}
		last = n
		time.Sleep(250 * time.Millisecond)
	}
	return last, nil
}

// number is the one behind a name in what INFO says.
func number(text, name string) (int64, error) {
	_, rest, ok := strings.Cut(text, name)
	if !ok {
		return 0, fmt.Errorf("INFO has no %s: %.200s", strings.TrimSpace(name), text)
	}
	digits := rest[:min(len(rest), 20)]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	return strconv.ParseInt(digits, 10, 64)
}

func (o *observer) info(section string) (string, error) {
	if err := o.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(o.conn, "INFO %s\r\n", section); err != nil {
		return "", err
	}
	line, err := o.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$")))
	if err != nil || n < 0 || n > 1<<20 {
		return "", fmt.Errorf("INFO is answered by %q", line)
	}
	body := make([]byte, n+2)
	_, err = io.ReadFull(o.in, body)
	return string(body), err
}
