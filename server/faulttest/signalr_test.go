package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/coder/websocket"

	"reslog/server"
	"reslog/service/signalr/token"
)

// signalRService is the resource whose events the tests route: the one of the node.
const signalRService = "Microsoft.SignalRService/SignalR/signalr"

// withSignalR lets a node serve SignalR.
func withSignalR(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, signalRVariable+"=100") }

// withFewSignalR lets a node serve twenty connections.
func withFewSignalR(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, signalRVariable+"=0") }

// withSignalRService has a service for thousands of clients, without an application server.
func withSignalRService(c *server.Config) { withSignalRUnits(c, 100) }

// withSignalRUnits has a service of so many units, 0 for that of the Free tier.
func withSignalRUnits(c *server.Config, units int) {
	c.SignalRAddr, c.SignalRMode, c.SignalRTier, c.SignalRUnits = "127.0.0.1:0", "Serverless", "Standard_S1", units
	if units == 0 {
		c.SignalRTier, c.SignalRUnits = "Free_F1", 1
	}
}

// signalRBootstrap is a file that has a node archive its AllLogs in an account of its own.
func signalRBootstrap(t *testing.T) string {
	t.Helper()
	var b bootstrap
	b.own(ownAccount)
	b.Settings = append(b.Settings, map[string]any{"name": "own", "resource": signalRService, "properties": map[string]any{
		"storageAccountId": accountPath + ownAccount, "logs": []map[string]any{{"category": "AllLogs", "enabled": true}},
	}})
	return b.write(t)
}

// signalRVisit is what a client knows of its connection: when it was let in, and when its
// end was answered; zero for not.
type signalRVisit struct {
	in, out time.Time
	round   int
}

// signalRLedger is what the clients know, by the IDs of connections.
type signalRLedger struct {
	mu     sync.Mutex
	round  int
	visits map[string]signalRVisit
	ends   []signalREnd // of each round
	failed map[string]int
}

// fail notes why a visit failed.
func (l *signalRLedger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = map[string]int{}
	}
	l.failed[err.Error()]++
}

// signalREnd is how a node ended, and the moment before.
type signalREnd struct {
	at      time.Time
	orderly bool
}

func (l *signalRLedger) note(id string, v signalRVisit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.visits == nil {
		l.visits = map[string]signalRVisit{}
	}
	v.round = l.round
	l.visits[id] = v
}

// count is how many connections have ended in an orderly way.
func (l *signalRLedger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, v := range l.visits {
		if !v.out.IsZero() {
			n++
		}
	}
	return n
}

// signalRClient is a client over long polling, each step of which is answered.
type signalRClient struct {
	*http.Client
	url, bearer string
}

// newSignalRClient makes a client that so many visits use at once, from an address, nil for
// any.
func newSignalRClient(url string, n int, from net.IP) *signalRClient {
	dialer := net.Dialer{Timeout: time.Minute}
	if from != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: from}
	}
	transport := &http.Transport{MaxIdleConnsPerHost: n, DialContext: dialer.DialContext}
	c := &signalRClient{&http.Client{Transport: transport, Timeout: time.Minute}, url, ""}
	scheme, host, _ := strings.Cut(url, "://")
	c.bearer = signalRToken(token.ClientURL(scheme, host, "chat"))
	return c
}

// signalRToken is one for a URL.
func signalRToken(audience string) string {
	return token.Sign(
		server.DevSignalRKey,
		token.Claim{Type: "aud", Value: audience},
		token.Claim{Type: "nameid", Value: "visitor"},
		token.Claim{Type: "exp", Value: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)},
	)
}

// crowd has clients come and go, until ctx is done or the node does not answer. With
// stubborn, who is refused tries again. wait returns how many were.
func (l *signalRLedger) crowd(ctx context.Context, url string, n int, stubborn bool) (wait func() int64) {
	c := newSignalRClient(url, n, nil)
	var working sync.WaitGroup
	var failed atomic.Int64
	for i := range n {
		working.Go(func() {
			for turn := i; ctx.Err() == nil; turn++ {
				err := l.visit(ctx, c, turn%4 != 0)
				if err == nil || ctx.Err() != nil {
					continue
				}
				l.fail(err)
				if failed.Add(1); !stubborn {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	return func() int64 {
		working.Wait()
		c.CloseIdleConnections()
		return failed.Load()
	}
}

// stay has clients come over WebSockets, and returns their connections.
func (l *signalRLedger) stay(ctx context.Context, c *signalRClient, n int) (list []*signalRGuest, err error) {
	for range n {
		g, err := l.arrive(ctx, c)
		if err != nil {
			return list, err
		}
		list = append(list, g)
	}
	return list, nil
}

// signalRGuest is a client over a WebSocket.
type signalRGuest struct {
	*websocket.Conn
	id string
}

func (l *signalRLedger) arrive(ctx context.Context, c *signalRClient) (*signalRGuest, error) {
	id, path, err := c.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.url, "http")+path, &websocket.DialOptions{
		HTTPClient: c.Client, HTTPHeader: http.Header{"Authorization": {"Bearer " + c.bearer}},
	})
	if err != nil {
		return nil, err
	}
	l.note(id, signalRVisit{in: time.Now()})
	g := &signalRGuest{ws, id}
	return g, errors.Join(g.Write(ctx, websocket.MessageText, []byte("{\"protocol\":\"json\",\"version\":1}\x1e")), g.hears(ctx, "{}"))
}

// hears waits for a message with a text in it.
func (g *signalRGuest) hears(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, b, err := g.Read(ctx)
		if err != nil || bytes.Contains(b, []byte(text)) {
			return err
		}
	}
}

// tell sends a text to everybody, through the REST API.
func (c *signalRClient) tell(ctx context.Context, text string) error {
	to := *c
	scheme, host, _ := strings.Cut(c.url, "://")
	const path = "/api/v1/hubs/chat"
	to.bearer = signalRToken(token.RequestURL(scheme, host, path))
	_, err := to.ask(ctx, http.MethodPost, path, `{"target":"tell","arguments":["`+text+`"]}`, http.StatusAccepted)
	return err
}

// leave ends a visit.
func (l *signalRLedger) leave(g *signalRGuest) error {
	err := g.Close(websocket.StatusNormalClosure, "")
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.visits[g.id]
	v.out = time.Now()
	l.visits[g.id] = v
	return err
}

func (c *signalRClient) negotiate(ctx context.Context) (id, path string, err error) {
	answer, err := c.ask(ctx, http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", "", http.StatusOK)
	if err != nil {
		return "", "", err
	}
	var n struct{ ConnectionID, ConnectionToken string }
	err = json.Unmarshal(answer, &n)
	return n.ConnectionID, "/client/?hub=chat&id=" + n.ConnectionToken, err
}

// visit connects, and leaves if it is polite; who is not goes without a word.
func (l *signalRLedger) visit(ctx context.Context, c *signalRClient, polite bool) error {
	id, path, err := c.negotiate(ctx)
	if err != nil {
		return err
	}
	if _, err := c.ask(ctx, http.MethodGet, path, "", http.StatusOK); err != nil {
		return err
	}
	v := signalRVisit{in: time.Now()}
	l.note(id, v)
	if _, err := c.ask(ctx, http.MethodPost, path, "{\"protocol\":\"json\",\"version\":1}\x1e", http.StatusOK); err != nil {
		return err
	}
	answer, err := c.ask(ctx, http.MethodGet, path, "", http.StatusOK)
	if err == nil && !bytes.HasPrefix(answer, []byte("{}\x1e")) {
		err = fmt.Errorf("the handshake is answered %q", answer)
	}
	if err != nil || !polite {
		return err
	}
	if _, err := c.ask(ctx, http.MethodDelete, path, "", http.StatusAccepted); err != nil {
		return err
	}
	v.out = time.Now()
	l.note(id, v)
	return nil
}

func (c *signalRClient) ask(ctx context.Context, method, path, body string, status int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.bearer)
	answer, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != status {
		err = errors.New(answer.Status)
	}
	return b, err
}

// signalREvents is what the archive says of a connection.
type signalREvents struct{ started, entered, ended, aborted, unauthorized, throttled int }

// refusedSignalR is where records of who was not let in are counted.
const refusedSignalR = "refused"

// signalREventsOf reads the archive of a node, by the connections' IDs.
func signalREventsOf(t *testing.T, url string) map[string]*signalREvents {
	t.Helper()
	c := accountAt(t, url, ownAccount).NewContainerClient("insights-logs-alllogs")
	all := map[string]*signalREvents{}
	pager := c.NewListBlobsFlatPager(nil)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Segment.BlobItems {
			for text := range bytes.Lines(download(t, c, *item.Name)) {
				addSignalREvent(t, text, all)
			}
		}
	}
	return all
}

func addSignalREvent(t *testing.T, text []byte, all map[string]*signalREvents) {
	t.Helper()
	var l struct {
		Category, OperationName string
		Properties              struct{ ConnectionID, Message string }
	}
	if err := json.Unmarshal(text, &l); err != nil || l.Category != "AllLogs" {
		t.Errorf("a broken line, %v: %.300q", err, text)
		return
	}
	id := l.Properties.ConnectionID
	switch l.OperationName {
	case "AuthorizationFailed", "ConnectionThrottled":
		id = refusedSignalR
	}
	if strings.Contains(l.Properties.Message, "reaches limit") {
		id = refusedSignalR // the end of who was never let in
	}
	e := all[id]
	if e == nil {
		e = &signalREvents{}
		all[id] = e
	}
	switch l.OperationName {
	case "ConnectionStarted":
		e.started++
	case "ServerlessModeEntered":
		e.entered++
	case "ConnectionEnded":
		e.ended++
	case "ConnectionAborted":
		e.aborted++
	case "AuthorizationFailed":
		e.unauthorized++
	case "ConnectionThrottled":
		e.throttled++
	}
}
