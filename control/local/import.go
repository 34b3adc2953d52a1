package local

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"reslog/resource"
)

// Importer reads archives into workspaces.
type Importer interface {
	// Import reads what a request names, and tells of it while it does. Errors about
	// the request wrap ErrInvalid, or resource.ErrNotFound for its workspace.
	Import(ctx context.Context, r ImportRequest, tell func(ImportNews)) error
}

// ImportRequest says what to read, and where to. One of Paths, ConnectionString
// and URL is given.
type ImportRequest struct {
	Workspace string `json:"workspace"` // its name, customer ID or resource ID
	// Paths are files and folders of the machine that the node runs on.
	Paths            []string `json:"paths,omitempty"`
	ConnectionString string   `json:"connectionString,omitempty"`
	URL              string   `json:"url,omitempty"` // with a shared access signature

	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
	Services   []string  `json:"services,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	// Shared puts records into AzureDiagnostics.
	Shared bool `json:"shared,omitempty"`
	// Account is the resource ID of the account that classic logs are of, which do
	// not say it.
	Account string `json:"account,omitempty"`
}

// ImportNews is one thing that an import tells.
type ImportNews struct {
	// Warning is about one blob or line; the other fields are empty then.
	Warning string `json:"warning,omitempty"`

	Blobs    int   `json:"blobs"`
	Known    int   `json:"known"`
	Failed   int   `json:"failed"`
	Torn     int   `json:"torn"`
	Bytes    int64 `json:"bytes"`
	Rows     int64 `json:"rows"`
	BadLines int64 `json:"badLines"`
	Done     bool  `json:"done,omitempty"`
	// Error is why the import ended early, in the last line.
	Error string `json:"error,omitempty"`
}

// newsPause is how long news of progress are held back at least.
const newsPause = 100 * time.Millisecond

// importArchives streams news of an import, one JSON object a line. The import
// ends when the client goes; what was stored by then stays, and the next one goes
// on behind it.
func (s *server) importArchives(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var request ImportRequest
	if err := decode(r, &request); err != nil {
		s.fail(w, err)
		return
	}
	out := http.NewResponseController(w)
	begun := false
	write := func(n ImportNews) {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "application/x-ndjson")
			w.WriteHeader(http.StatusOK)
		}
		_ = json.NewEncoder(w).Encode(n) // the context says when the client has gone
		_ = out.Flush()
	}
	var last ImportNews
	var told time.Time
	err := s.cfg.Importer.Import(r.Context(), request, func(n ImportNews) {
		if n.Warning == "" {
			last = n
			if now := time.Now(); now.Sub(told) < newsPause {
				return
			}
			told = time.Now()
		}
		write(n)
	})
	if err != nil && !begun && (errors.Is(err, ErrInvalid) || errors.Is(err, resource.ErrNotFound)) {
		s.fail(w, err)
		return
	}
	last.Done = err == nil
	if err != nil {
		last.Error = err.Error()
	}
	write(last)
}
