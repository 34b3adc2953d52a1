package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

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
	Shed         uint64    `json:"shed"` // of those dropped, because too much waited

	BacklogRecords uint64 `json:"backlogRecords"` // that the destination has not taken
	BacklogBytes   uint64 `json:"backlogBytes"`

	LagRecords  uint64    `json:"lagRecords"`
	LagSeconds  float64   `json:"lagSeconds"`
	LastError   string    `json:"lastError,omitempty"`
	LastErrorAt time.Time `json:"lastErrorAt,omitzero"`
	State       string    `json:"state"`
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
	Service   string // of storage accounts: "blob", "queue", "table"
	Category  string // "StorageWrite"
	Operation string // "PutBlob"
	Status    string // "404", "4xx", "BlobNotFound"
	Text      string // any part of the record
}

func (f Filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"resource": f.Resource, "service": f.Service, "category": f.Category, "operation": f.Operation, "status": f.Status, "text": f.Text,
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
	resp, err := n.send(ctx, http.MethodGet, "/local/v1/records?"+f.query(), nil)
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
