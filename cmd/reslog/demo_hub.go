package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"reslog/service/signalr/token"
)

// hubService is the address of a SignalR service, and its key.
type hubService struct{ url, key string }

// parseHubService reads "Endpoint=http://127.0.0.1;Port=8888;AccessKey=…;Version=1.0;".
func parseHubService(text string) (s hubService, err error) {
	port := ""
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.ToLower(name) {
		case "endpoint":
			s.url = strings.TrimSuffix(value, "/")
		case "port":
			port = ":" + value
		case "accesskey":
			s.key = value
		}
	}
	if s.url == "" || s.key == "" {
		return s, errors.New("the connection string has no endpoint or no key")
	}
	s.url += port
	return s, nil
}

// token makes one for a path of the service, as "client/?hub=chat", signed with its key.
func (s hubService) token(path, user string) string {
	claims := []token.Claim{
		{Type: "aud", Value: s.url + "/" + path},
		{Type: "exp", Value: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)},
	}
	if user != "" {
		claims = append(claims, token.Claim{Type: "asrs.s." + token.SystemUser, Value: user})
	}
	return token.Sign(s.key, claims...)
}

// post sends a request, and returns the status and the answer.
func (s hubService) post(ctx context.Context, path, bearer, body string) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, errors.Join(err, resp.Body.Close())
}

// hubClient speaks as much of the JSON hub protocol, over a WebSocket, as the demo needs.
//
// Source: dotnet/aspnetcore, "HubProtocol.md" and "TransportProtocols.md".
type hubClient struct {
	ws *websocket.Conn
	in []byte
}

// The end of each message, and the messages without arguments.
const (
	hubEnd       = "\x1e"
	hubHandshake = `{"protocol":"json","version":1}` + hubEnd
	hubClose     = `{"type":7}` + hubEnd
)

// dialHub negotiates, connects and says the handshake.
func dialHub(ctx context.Context, s hubService, hub, user string) (*hubClient, error) {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	path := "client/?hub=" + hub
	bearer := s.token(path, user)
	status, answer, err := s.post(ctx, "client/negotiate?hub="+hub+"&negotiateVersion=1", bearer, "")
	if err != nil {
		return nil, err
	}
	var n struct {
		Token string `json:"connectionToken"`
	}
	if err := json.Unmarshal(answer, &n); status != http.StatusOK || err != nil {
		return nil, fmt.Errorf("negotiate: status %d, %w", status, errors.Join(err, errors.New(plain(string(answer)))))
	}
	//nolint:bodyclose // the library closes it
	ws, _, err := websocket.Dial(ctx, s.url+"/"+path+"&id="+n.Token, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + bearer}}})
	if err != nil {
		return nil, err
	}
	c := &hubClient{ws: ws}
	if err := c.send(ctx, hubHandshake); err != nil {
		return nil, errors.Join(err, ws.CloseNow())
	}
	if got, err := c.next(ctx); err != nil || got != "{}" {
		return nil, errors.Join(fmt.Errorf("the handshake was answered %q", got), err, ws.CloseNow())
	}
	return c, nil
}

func (c *hubClient) send(ctx context.Context, message string) error {
	return c.ws.Write(ctx, websocket.MessageText, []byte(message))
}

// next is the next message that is no ping, without its end.
func (c *hubClient) next(ctx context.Context) (string, error) {
	for {
		if m, rest, ok := bytes.Cut(c.in, []byte(hubEnd)); ok {
			c.in = rest
			if string(m) != `{"type":6}` {
				return string(m), nil
			}
			continue
		}
		_, b, err := c.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		c.in = append(c.in, b...)
	}
}

// hears waits for an invocation with a text in it.
func (c *hubClient) hears(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, demoWait)
	defer cancel()
	for {
		m, err := c.next(ctx)
		if err != nil || strings.Contains(m, text) {
			return err
		}
	}
}

// leave says goodbye and closes.
func (c *hubClient) leave(ctx context.Context) error {
	err := c.send(ctx, hubClose)
	_ = c.ws.Close(websocket.StatusNormalClosure, "") // the service closes as well
	return err
}
