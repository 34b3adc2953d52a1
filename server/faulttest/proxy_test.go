package faulttest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// trouble is what stands between a node and a service.
type trouble int32

// The troubles. In those from lost on the service does what it is asked for.
const (
	calm     trouble = iota
	gone             // the connection is closed before anything is read
	cut              // the request is cut after some bytes
	page             // HTML is answered, as a success; the service hears nothing
	error404         // HTML is answered, as 404
	error503         // HTML is answered, as 503
	busy             // 429 is answered, with Retry-After
	lost             // the answer is lost
	torn             // the answer is cut after some bytes
	noise            // random bytes are answered
	forged           // HTML is answered, as a success
	late             // the answer comes late
	troubles
)

func (t trouble) String() string {
	return [...]string{"calm", "gone", "cut", "page", "404", "503", "busy", "lost", "torn", "noise", "forged", "late"}[t]
}

// proxy forwards HTTP to a target that may move, and makes trouble.
type proxy struct {
	t        *testing.T
	listener net.Listener
	target   atomic.Pointer[string] // host:port
	mode     atomic.Int32
	hits     atomic.Int64 // requests, or connections, that met trouble
	passed   atomic.Int64 // writes that were answered with a success

	mu    sync.Mutex
	conns map[net.Conn]bool
	tasks sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, conns: map[net.Conn]bool{}}
	p.moveTo(target)
	p.tasks.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.make(gone)
		p.tasks.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// moveTo says where the target is, by its URL.
func (p *proxy) moveTo(url string) {
	address := strings.TrimPrefix(url, "http://")
	p.target.Store(&address)
}

// make makes trouble, on connections that are open, too.
func (p *proxy) make(mode trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode.Store(int32(mode))
	p.hits.Store(0)
	p.passed.Store(0)
	if mode == gone {
		for c := range p.conns {
			c.Close()
		}
	}
}

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.conns[c] = true
		p.mu.Unlock()
		p.tasks.Go(func() {
			p.serve(c)
			c.Close()
			p.mu.Lock()
			delete(p.conns, c)
			p.mu.Unlock()
		})
	}
}

// serve answers the requests of a connection until one ends it.
func (p *proxy) serve(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		if trouble(p.mode.Load()) == gone {
			p.hits.Add(1)
			return
		}
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if r.Header.Get("Expect") != "" {
			r.Header.Del("Expect")
			if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mode := trouble(p.mode.Load()) // that may have changed since the connection was idle
		if mode != calm {
			p.hits.Add(1)
		}
		if !p.answer(c, r, body, mode) {
			return
		}
	}
}

// junk is random bytes.
func junk(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.IntN(256))
	}
	return b
}

const html = "<html><body>This is not what you are looking for. But it is very friendly.</body></html>"

// answer answers one request; false ends the connection.
func (p *proxy) answer(c net.Conn, r *http.Request, body []byte, mode trouble) bool {
	switch mode {
	case gone:
		return false
	case page:
		return webPage(c, r, http.StatusOK)
	case error404:
		return webPage(c, r, http.StatusNotFound)
	case error503:
		return webPage(c, r, http.StatusServiceUnavailable)
	case busy:
		_, err := io.WriteString(c, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	case cut:
		p.cutShort(r, body)
		return false
	}
	status, raw := p.forward(r, body)
	switch {
	case raw == nil || mode == lost:
		return false
	case mode == torn:
		_, _ = c.Write(raw[:rand.IntN(len(raw))])
		return false
	case mode == noise:
		_, _ = c.Write(junk(1 + rand.IntN(300)))
		return false
	case mode == forged:
		return webPage(c, r, http.StatusOK)
	case mode == late:
		time.Sleep(time.Duration(100+rand.IntN(300)) * time.Millisecond)
	}
	if r.Method == http.MethodPut && status/100 == 2 {
		p.passed.Add(1)
	}
	_, err := c.Write(raw)
	return err == nil
}

// webPage answers with HTML, to HEAD with its size.
func webPage(c net.Conn, r *http.Request, status int) bool {
	text := html
	if r.Method == http.MethodHead {
		text = ""
	}
	_, err := fmt.Fprintf(c, "HTTP/1.1 %d %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", status, http.StatusText(status), len(html), text)
	return err == nil
}

// forward asks the target, on a connection of its own, and returns the answer as
// it came; nil if none did.
func (p *proxy) forward(r *http.Request, body []byte) (status int, raw []byte) {
	up, err := net.Dial("tcp", *p.target.Load())
	if err != nil {
		return 0, nil
	}
	defer up.Close()
	if _, err := up.Write(wire(r, body)); err != nil {
		return 0, nil
	}
	var seen bytes.Buffer
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(up, &seen)), r)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, nil
	}
	return resp.StatusCode, seen.Bytes()
}

// cutShort gives the target a beginning of the request.
func (p *proxy) cutShort(r *http.Request, body []byte) {
	up, err := net.Dial("tcp", *p.target.Load())
	if err != nil {
		return
	}
	whole := wire(r, body)
	_, _ = up.Write(whole[:rand.IntN(len(whole))])
	up.Close()
}

// wire is a request with its headers as they came: they are signed.
func wire(r *http.Request, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.RequestURI, r.Host, len(body))
	_ = r.Header.WriteSubset(&b, map[string]bool{"Content-Length": true})
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
