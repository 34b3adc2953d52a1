package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/server"
	"reslog/service/signalr/token"
)

// signalRService is the resource whose events the tests route: the one of the node.
const signalRService = "Microsoft.SignalRService/SignalR/signalr"

// withSignalR lets a node serve SignalR.
func withSignalR(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, signalRVariable+"=on") }

// withSignalRService has a service for thousands of clients, without an application server.
func withSignalRService(c *server.Config) {
	c.SignalRAddr, c.SignalRMode, c.SignalRTier, c.SignalRUnits = "127.0.0.1:0", "Serverless", "Standard_S1", 100
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

// crowd has clients come and go, until ctx is done or the node does not answer.
func (l *signalRLedger) crowd(ctx context.Context, url string, n int) (wait func()) {
	transport := &http.Transport{MaxIdleConnsPerHost: n}
	c := &signalRClient{&http.Client{Transport: transport, Timeout: time.Minute}, url, ""}
	scheme, host, _ := strings.Cut(url, "://")
	c.bearer = token.Sign(
		server.DevSignalRKey,
		token.Claim{Type: "aud", Value: token.ClientURL(scheme, host, "chat")},
		token.Claim{Type: "nameid", Value: "visitor"},
		token.Claim{Type: "exp", Value: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)},
	)
	var working sync.WaitGroup
	for i := range n {
		working.Go(func() {
			for turn := i; ctx.Err() == nil && l.visit(ctx, c, turn%4 != 0) == nil; turn++ {
				continue
			}
		})
	}
	return func() {
		working.Wait()
		transport.CloseIdleConnections()
	}
}

// visit connects, and leaves if it is polite; who is not goes without a word.
func (l *signalRLedger) visit(ctx context.Context, c *signalRClient, polite bool) error {
	answer, err := c.ask(ctx, http.MethodPost, "/client/negotiate?hub=chat&negotiateVersion=1", "", http.StatusOK)
	if err != nil {
		return err
	}
	var n struct{ ConnectionID, ConnectionToken string }
	if err := json.Unmarshal(answer, &n); err != nil {
		return err
	}
	path := "/client/?hub=chat&id=" + n.ConnectionToken
	if _, err := c.ask(ctx, http.MethodGet, path, "", http.StatusOK); err != nil {
		return err
	}
	v := signalRVisit{in: time.Now()}
	l.note(n.ConnectionID, v)
	if _, err := c.ask(ctx, http.MethodPost, path, "{\"protocol\":\"json\",\"version\":1}\x1e", http.StatusOK); err != nil {
		return err
	}
	if answer, err = c.ask(ctx, http.MethodGet, path, "", http.StatusOK); err == nil && string(answer) != "{}\x1e" {
		err = fmt.Errorf("the handshake is answered %q", answer)
	}
	if err != nil || !polite {
		return err
	}
	if _, err := c.ask(ctx, http.MethodDelete, path, "", http.StatusAccepted); err != nil {
		return err
	}
	v.out = time.Now()
	l.note(n.ConnectionID, v)
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
type signalREvents struct{ started, entered, ended, aborted int }

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
		Properties              struct{ ConnectionID string }
	}
	if err := json.Unmarshal(text, &l); err != nil || l.Category != "AllLogs" {
		t.Errorf("a broken line, %v: %.300q", err, text)
		return
	}
	if l.Properties.ConnectionID == "" {
		return
	}
	e := all[l.Properties.ConnectionID]
	if e == nil {
		e = &signalREvents{}
		all[l.Properties.ConnectionID] = e
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
	}
}
