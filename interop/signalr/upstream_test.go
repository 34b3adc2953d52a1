package signalr

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"reslog/service/signalr"
	"reslog/service/signalr/hubprotocol"
	"reslog/service/signalr/payload"
	"reslog/service/signalr/upstream"
)

// hooks are an upstream, whose methods are
//
//	add   returns the sum of its arguments
//	echo  returns its only argument
//	fail  answers with 500
//	note  answers nothing
type hooks struct {
	url string

	mu    sync.Mutex
	calls map[string]int // by "<user> <category>/<event>"
}

func startHooks(t *testing.T) *hooks {
	t.Helper()
	h := &hooks{calls: map[string]int{}}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read a call: %v", err)
			return
		}
		h.call(t, w, r, body)
	}))
	t.Cleanup(web.Close)
	h.url = web.URL
	return h
}

// of sets it up for all events of a service.
func (h *hooks) of(s *signalr.Service) {
	s.Upstreams = []upstream.Template{{URL: h.url + "/{hub}/{category}/{event}", Hub: "*", Category: "*", Event: "*"}}
}

func (h *hooks) call(t *testing.T, w http.ResponseWriter, r *http.Request, body []byte) {
	get := r.Header.Get
	if want := signed(get("X-ASRS-Connection-Id")); get("X-ASRS-Signature") != want {
		t.Errorf("a call is signed %q, not %q", get("X-ASRS-Signature"), want)
	}
	if want := strings.Join([]string{"", get("X-ASRS-Hub"), get("X-ASRS-Category"), get("X-ASRS-Event")}, "/"); r.URL.Path != want {
		t.Errorf("a call of %s came to %s", want, r.URL.Path)
	}
	h.mu.Lock()
	h.calls[get("X-ASRS-User-Id")+" "+get("X-ASRS-Category")+"/"+get("X-ASRS-Event")]++
	h.mu.Unlock()
	if get("X-ASRS-Category") != "messages" {
		return
	}
	p, framed := payload.JSON, append(bytes.Clone(body), 0x1e)
	if get("Content-Type") == "application/x-msgpack" {
		p = payload.MessagePack
		framed = append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	}
	m, rest, err := hubprotocol.Next(p, framed)
	if err != nil || len(rest) > 0 || m.Target != get("X-ASRS-Event") {
		t.Errorf("the body of a call is %q: %v", body, err)
		return
	}
	result, status := method(t, p, &m)
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", get("Content-Type"))
	if _, err := w.Write(hubprotocol.AppendCompletion(nil, p, m.InvocationID, result)); err != nil {
		t.Errorf("answer a call: %v", err)
	}
}

func method(t *testing.T, p payload.Protocol, m *hubprotocol.Message) (result []byte, status int) {
	switch m.Target {
	case "add":
		b, err := m.Arguments.Append(nil, payload.JSON)
		var terms []float64
		if err == nil {
			err = json.Unmarshal(b, &terms)
		}
		sum := 0.0
		for _, n := range terms {
			sum += n
		}
		if err == nil {
			b, err = json.Marshal(sum)
		}
		if err == nil {
			b, err = hubprotocol.Transcode(nil, payload.JSON, p, b)
		}
		if err != nil {
			t.Errorf("add: %v", err)
		}
		return b, http.StatusOK
	case "echo":
		b, err := m.Arguments.Append(nil, p)
		if err != nil || len(b) < 2 {
			t.Errorf("echo: %x %v", b, err)
			return nil, http.StatusInternalServerError
		}
		if p == payload.JSON {
			return bytes.TrimSpace(b[1 : len(b)-1]), http.StatusOK
		}
		return b[1:], http.StatusOK // behind the header of an array of one
	case "fail":
		return nil, http.StatusInternalServerError
	}
	return nil, http.StatusNoContent
}

// signed is the signature of calls for a connection.
func signed(connection string) string {
	var all []string
	for _, k := range []string{key, secondary} {
		mac := hmac.New(sha256.New, []byte(k))
		mac.Write([]byte(connection))
		all = append(all, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, ",")
}

// count is how often something was called.
func (h *hooks) count(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[what]
}
