package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultNodeURL is where a node's local API is unless told otherwise.
const DefaultNodeURL = "http://127.0.0.1:10080"

// maxAnswer bounds what is read of an answer, and of one line of a stream.
const maxAnswer = 16 << 20

// NodeConfig says how to find a node.
type NodeConfig struct {
	// Data is the node's data folder, from which the address and the token are
	// read when they are not given.
	Data string
	// URL is the admin address; "" means what the data folder says, else
	// DefaultNodeURL.
	URL string
	// Token is the bearer token; "" means that of the data folder.
	Token string
	// HTTP sends the requests; nil means a client without a timeout, contexts
	// bound the calls.
	HTTP *http.Client
}

// Node is a client of one node's local API.
type Node struct {
	url   string
	token string
	http  *http.Client
}

// FindNode finds a node by its configuration. It does not call it.
func FindNode(c NodeConfig) (*Node, error) {
	n := &Node{url: strings.TrimRight(c.URL, "/"), token: c.Token, http: c.HTTP}
	if n.http == nil {
		n.http = &http.Client{}
	}
	if n.url == "" {
		n.url = DefaultNodeURL
		raw, err := os.ReadFile(filepath.Join(c.Data, "endpoints.json"))
		if err == nil {
			var endpoints struct {
				Admin string `json:"admin"`
			}
			if err := json.Unmarshal(raw, &endpoints); err != nil {
				return nil, fmt.Errorf("read endpoints.json of the data folder %s: %w", c.Data, err)
			}
			if endpoints.Admin == "" {
				return nil, fmt.Errorf("the node with the data folder %s serves no admin address", c.Data)
			}
			n.url = endpoints.Admin
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("find the node: %w", err)
		}
	}
	if n.token == "" {
		raw, err := os.ReadFile(filepath.Join(c.Data, "admin.token"))
		if err != nil {
			return nil, fmt.Errorf("read the node's token: %w", err)
		}
		n.token = strings.TrimSpace(string(raw))
	}
	return n, nil
}

// NodeAccount is a storage account of a node.
type NodeAccount struct {
	Name      string            `json:"name"`
	ID        string            `json:"id"`
	Location  string            `json:"location"`
	Endpoints map[string]string `json:"endpoints"` // by service
}

// Key is an account key.
type Key struct {
	Name  string `json:"keyName"` // key1 or key2
	Value string `json:"value"`   // base64
}

// Delivery is the account of one setting's records at one destination.
type Delivery struct {
	Setting      string    `json:"setting"`
	Resource     string    `json:"resource"`
	Kind         string    `json:"kind"`
	Target       string    `json:"target"`
	Since        time.Time `json:"since"`
	Accepted     uint64    `json:"accepted"`
	Delivered    uint64    `json:"delivered"`
	Bytes        uint64    `json:"bytes"`
	Retried      uint64    `json:"retried"`
	DeadLettered uint64    `json:"deadLettered"`
	Dropped      uint64    `json:"dropped"`
	LagRecords   uint64    `json:"lagRecords"`
	LagSeconds   float64   `json:"lagSeconds"`
	LastError    string    `json:"lastError,omitempty"`
	LastErrorAt  time.Time `json:"lastErrorAt,omitzero"`
	State        string    `json:"state"`
}

// Accounts lists the storage accounts.
func (n *Node) Accounts(ctx context.Context) ([]NodeAccount, error) {
	var answer struct {
		Value []NodeAccount `json:"value"`
	}
	err := n.call(ctx, http.MethodGet, "accounts", nil, &answer)
	return answer.Value, err
}

// Keys returns the keys of an account.
func (n *Node) Keys(ctx context.Context, account string) ([]Key, error) {
	return n.keys(ctx, account, "listKeys", nil)
}

// RegenerateKey draws key1 or key2 of an account anew and returns both keys.
func (n *Node) RegenerateKey(ctx context.Context, account, key string) ([]Key, error) {
	return n.keys(ctx, account, "regenerateKey", map[string]string{"keyName": key})
}

func (n *Node) keys(ctx context.Context, account, action string, body any) ([]Key, error) {
	var answer struct {
		Keys []Key `json:"keys"`
	}
	err := n.call(ctx, http.MethodPost, "accounts/"+url.PathEscape(account)+"/"+action, body, &answer)
	return answer.Keys, err
}

// Deliveries returns the ledger.
func (n *Node) Deliveries(ctx context.Context) ([]Delivery, error) {
	var answer struct {
		Value []Delivery `json:"value"`
	}
	err := n.call(ctx, http.MethodGet, "deliveries", nil, &answer)
	return answer.Value, err
}

// DeadLetter is a group of records that their destination can never take.
type DeadLetter struct {
	Key      string    `json:"key"`
	Setting  string    `json:"setting"`
	Resource string    `json:"resource"`
	Kind     string    `json:"kind"`
	Time     time.Time `json:"time"`
	Reason   string    `json:"reason"`
	// Lines are the records, one JSON object each.
	Lines []json.RawMessage `json:"lines"`
}

// DeadLetters lists the records that no destination can take.
func (n *Node) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	var answer struct {
		Value []DeadLetter `json:"value"`
	}
	err := n.call(ctx, http.MethodGet, "deadletters", nil, &answer)
	return answer.Value, err
}

// ReplayDeadLetter delivers the records of a dead letter again.
func (n *Node) ReplayDeadLetter(ctx context.Context, key string) error {
	return n.call(ctx, http.MethodPost, "deadletters/"+url.PathEscape(key)+"/replay", nil, &struct{}{})
}

// DiscardDeadLetter forgets the records of a dead letter.
func (n *Node) DiscardDeadLetter(ctx context.Context, key string) error {
	return n.call(ctx, http.MethodPost, "deadletters/"+url.PathEscape(key)+"/discard", nil, &struct{}{})
}

// Filter selects live records; empty fields select all.
type Filter struct {
	Resource  string // a part of the resource ID, such as the account's name
	Category  string // "StorageWrite"
	Operation string // "PutBlob"
	Status    string // "404", "4xx", "BlobNotFound"
	Text      string // any part of the record
}

func (f Filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"resource": f.Resource, "category": f.Category, "operation": f.Operation, "status": f.Status, "text": f.Text,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

// TailRecord is a live record, or the news that some were missed.
type TailRecord struct {
	Resource string `json:"resource"`
	Category string `json:"category"`
	ID       string `json:"id"`
	// Record is the record itself, one JSON object.
	Record json.RawMessage `json:"record"`
	// Missed is how many records, wanted or not, came too fast; the other
	// fields are empty then.
	Missed uint64 `json:"missed"`
}

// Tail calls fn with every record from now on, until ctx ends, the node stops,
// or fn fails; then it returns nil, an error, or fn's. started, unless nil, is
// called once nothing can be missed any more.
func (n *Node) Tail(ctx context.Context, f Filter, started func(), fn func(TailRecord) error) error {
	resp, err := n.send(ctx, http.MethodGet, "records?"+f.query(), nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil // the caller has had enough
		}
		return err
	}
	defer resp.Body.Close()
	if started != nil {
		started()
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 64<<10), maxAnswer)
	for lines.Scan() {
		var r TailRecord
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("read a live record: %w", err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read live records: %w", err)
	}
	return errors.New("the node ended the stream of records")
}

func (n *Node) call(ctx context.Context, method, path string, body, answer any) error {
	resp, err := n.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("read the node's answer: %w", err)
	}
	return nil
}

// send returns the answer when it is 200, and an error made of it when not.
func (n *Node) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	if body == nil {
		raw = nil
	}
	r, err := http.NewRequestWithContext(ctx, method, n.url+"/local/v1/"+path, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("call the node: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+n.token)
	resp, err := n.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("call the node at %s: %w", n.url, withoutURL(err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var refusal struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&refusal); err != nil || refusal.Error.Code == "" {
		return nil, &NodeError{Status: resp.StatusCode, Code: http.StatusText(resp.StatusCode), Message: "the answer is not the node's: is " + n.url + " its admin address?"}
	}
	return nil, &NodeError{Status: resp.StatusCode, Code: refusal.Error.Code, Message: refusal.Error.Message}
}

// NodeError is a refusal by the node.
type NodeError struct {
	Status        int
	Code, Message string
}

func (e *NodeError) Error() string {
	return fmt.Sprintf("the node answered %d %s: %s", e.Status, e.Code, e.Message)
}
