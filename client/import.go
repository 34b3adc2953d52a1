package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ImportRequest says which archives a node reads, and into which workspace. One of
// Paths, ConnectionString and URL is given.
type ImportRequest struct {
	Workspace string `json:"workspace"` // its name, customer ID or resource ID
	// Paths are files and folders, absolute, of the machine that the node runs on.
	Paths            []string `json:"paths,omitempty"`
	ConnectionString string   `json:"connectionString,omitempty"`
	URL              string   `json:"url,omitempty"` // of an account or container, with a shared access signature

	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Services   []string  `json:"services,omitempty"`   // "blob", "queue", "table", "signalr", "redis"
	Categories []string  `json:"categories,omitempty"` // "StorageRead"
	// Shared puts records into AzureDiagnostics instead of the tables of their
	// categories.
	Shared bool `json:"shared,omitempty"`
	// Account is the resource ID of the account that classic logs are of.
	Account string `json:"account,omitempty"`
}

// ImportNews is one thing that an import tells: a warning about one blob or line,
// or what was done so far.
type ImportNews struct {
	Warning string `json:"warning,omitempty"`

	Blobs    int    `json:"blobs"`    // read
	Known    int    `json:"known"`    // passed over: nothing has come to them
	Failed   int    `json:"failed"`   // that could not be read to their end
	Torn     int    `json:"torn"`     // whose end is unfinished
	Bytes    int64  `json:"bytes"`    // of blobs
	Rows     int64  `json:"rows"`     // stored
	BadLines int64  `json:"badLines"` // that are no records
	Done     bool   `json:"done,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Import makes the node read archives, and calls fn with its news until it is
// done. When ctx ends it stops; what it stored stays, and another import goes on
// behind it.
func (n *Node) Import(ctx context.Context, r ImportRequest, fn func(ImportNews)) (ImportNews, error) {
	var last ImportNews
	resp, err := n.send(ctx, http.MethodPost, "/local/v1/import", r)
	if err != nil {
		return last, err
	}
	defer resp.Body.Close()
	for dec := json.NewDecoder(resp.Body); ; {
		var news ImportNews
		if err := dec.Decode(&news); err != nil {
			if ctx.Err() != nil {
				return last, ctx.Err()
			}
			return last, fmt.Errorf("read the news of the import: %w", err)
		}
		if news.Warning == "" {
			last = news
		}
		if news.Error != "" {
			return last, errors.New(news.Error)
		}
		if news.Done {
			return last, nil
		}
		fn(news)
	}
}
