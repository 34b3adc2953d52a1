package main

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// bareServer is WebSockets and nothing else. Its addresses are those of the service.
type bareServer struct {
	mu    sync.RWMutex
	all   map[*websocket.Conn]bool
	users map[string]*websocket.Conn
}

func newBare() http.Handler {
	s := &bareServer{all: map[*websocket.Conn]bool{}, users: map[string]*websocket.Conn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /client/", s.client)
	mux.HandleFunc("POST /api/v1/hubs/{hub}", s.sendAll)
	mux.HandleFunc("POST /api/v1/hubs/{hub}/users/{user}", s.sendUser)
	return mux
}

// client has the user in a header, as it reads no tokens.
func (s *bareServer) client(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	user := r.Header.Get("X-User")
	s.mu.Lock()
	s.all[c] = true
	s.users[user] = c
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, c)
		delete(s.users, user)
	}()
	shaken := false
	for {
		_, in, err := c.Reader(context.Background())
		if err == nil {
			_, err = io.Copy(io.Discard, in)
		}
		if err == nil && !shaken {
			shaken = true
			err = c.Write(context.Background(), websocket.MessageText, []byte("{}\x1e"))
		}
		if err != nil {
			return
		}
	}
}

// frame is the message that a body asks for, put together as text.
func frame(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return []byte(`{"type":1,` + strings.TrimPrefix(string(b), "{") + "\x1e"), nil
}

// sendAll writes to all connections, from as many goroutines as there are processors.
func (s *bareServer) sendAll(w http.ResponseWriter, r *http.Request) {
	b, err := frame(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.RLock()
	work := make(chan *websocket.Conn, len(s.all))
	for c := range s.all {
		work <- c
	}
	s.mu.RUnlock()
	close(work)
	var writing sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		writing.Go(func() {
			for c := range work {
				_ = c.Write(context.Background(), websocket.MessageText, b) // who is gone is found by reading
			}
		})
	}
	writing.Wait()
	w.WriteHeader(http.StatusAccepted)
}

func (s *bareServer) sendUser(w http.ResponseWriter, r *http.Request) {
	b, err := frame(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.RLock()
	c := s.users[r.PathValue("user")]
	s.mu.RUnlock()
	if c != nil {
		_ = c.Write(context.Background(), websocket.MessageText, b) // who is gone is found by reading
	}
	w.WriteHeader(http.StatusAccepted)
}
