package signalr

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"reslog/service/signalr/event"
	"reslog/service/signalr/token"
)

// api sends a request to the REST API, with a token for its URL.
func (r *rig) api(method, path, query, body string) (*http.Response, string) {
	r.Helper()
	bearer := token.Sign(testKey,
		token.Claim{Type: "aud", Value: "http://localhost" + path},
		token.Claim{Type: "exp", Value: strconv.FormatInt(r.clock.now().Add(time.Hour).Unix(), 10)})
	if query != "" {
		path += "?" + query
	}
	return r.do(method, path, bearer, body)
}

// Messages of the REST API, through the whole service.
func TestREST(t *testing.T) {
	r := newRig(t, nil)
	w := r.connect("chat", "u")
	id := r.server.Connections()[0].ID
	const body = `{"target":"m","arguments":[1]}`
	for _, path := range []string{
		"/api/v1/hubs/chat", "/api/v1/hubs/chat/users/u", "/api/v1/hubs/chat/connections/" + id,
		"/api/hubs/chat/:send", "/api/hubs/chat/users/u/:send",
	} {
		if res, text := r.api(http.MethodPost, path, "api-version=2022-06-01", body); res.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %s %s", path, res.Status, text)
			continue
		}
		if got := w.skip(); got != `{"type":1,"target":"m","arguments":[1]}` {
			t.Errorf("%s: received %s", path, got)
		}
	}
	if res, text := r.api(http.MethodPut, "/api/v1/hubs/chat/groups/g/connections/"+id, "", ""); res.StatusCode != http.StatusOK {
		t.Errorf("join a group: %s %s", res.Status, text)
	}
	if res, _ := r.api(http.MethodPost, "/api/v1/hubs/chat/groups/g", "", body); res.StatusCode != http.StatusAccepted {
		t.Errorf("send to a group: %s", res.Status)
	}
	w.skip()
	if res, _ := r.api(http.MethodHead, "/api/v1/hubs/chat/users/nobody", "", ""); res.StatusCode != http.StatusNotFound || res.Header.Get("X-Ms-Error-Code") == "" {
		t.Errorf("a user that is not there: %s", res.Status)
	}
	if res, text := r.do(http.MethodPost, "/api/v1/hubs/chat", r.token("chat", "u"), body); res.StatusCode != http.StatusUnauthorized || text != "" {
		t.Errorf("with a client's token: %s %s", res.Status, text)
	}
	r.logged("AuthorizationFailed", "Expected Audiences: http://127.0.0.1/api/v1/hubs/chat, https://chatty.service.signalr.net/api/v1/hubs/chat. Actual Audiences: http://localhost/client/?hub=chat")
	if res, _ := r.api(http.MethodPost, "/api/v1/hubs/chat", "access_token=secret", "what?"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("no message: %s", res.Status)
	}
	if l := r.logged("RestApiRequestFailed", "POST /api/v1/hubs/chat was answered with status code 400."); l.Properties.Type != "HttpRequestLogs" || l.Properties.Hub != "chat" {
		t.Errorf("the record is %s", l.raw)
	}
	if got := r.count("RestApiRequestFailed"); got != 1 {
		t.Errorf("%d requests failed", got)
	}
	if res, _ := r.api(http.MethodDelete, "/api/v1/hubs/chat/connections/"+id, "reason=bye", ""); res.StatusCode >= 300 {
		t.Errorf("close: %s", res.Status)
	}
	w.ends()
	r.logged("ConnectionEnded", event.ReasonClosedByAPI+": bye")
}

// A token that the service makes is one that it takes.
func TestGeneratedToken(t *testing.T) {
	r := newRig(t, nil)
	res, body := r.api(http.MethodPost, "/api/hubs/chat/:generateToken", "api-version=2022-11-01&userId=bas&minutesToExpire=5", "")
	var m struct{ Token string }
	if err := json.Unmarshal([]byte(body), &m); err != nil || res.StatusCode != http.StatusOK || m.Token == "" {
		t.Fatalf("%s %v %s", res.Status, err, body)
	}
	r.dial(m.Token, "chat", "").hello()
	if got := r.server.Connections(); len(got) != 1 || got[0].User != "bas" {
		t.Errorf("the connections are %+v", got)
	}
	r.clock.forward(6 * time.Minute)
	if res, _ := r.do(http.MethodPost, "/client/negotiate?hub=chat", m.Token, ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("when it has expired: %s", res.Status)
	}
}
