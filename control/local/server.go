package local

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"

	"reslog/bus"
	"reslog/deliver"
	"reslog/internal/httpapi"
	"reslog/record"
	"reslog/resource"
)

// Records is where live records come from.
type Records interface {
	// Tail reads wanted records from now on; a reader that is too slow skips.
	Tail(ctx context.Context, want func(resource.Key, record.Category) bool) (*bus.Reader, error)
}

// DeadLetters are the records that no destination can take.
type DeadLetters interface {
	List(ctx context.Context) ([]deliver.DeadLetter, error)
	// Replay delivers the records of a letter again. Its error wraps
	// bus.ErrNotFound for a key that is not there.
	Replay(ctx context.Context, key string) error
	// Discard forgets the records of a letter, if it is there.
	Discard(ctx context.Context, key string) error
}

// Config is what New needs; every field but Logger and Following is required.
type Config struct {
	// Token is what requests must carry.
	Token   string
	Records Records
	// Ledger returns the account of every delivery.
	Ledger func() []deliver.LedgerEntry
	// DeadLetters are those of all deliveries.
	DeadLetters DeadLetters
	Principals  Principals
	Importer    Importer
	Redis       Redis
	SignalR     SignalR
	// Logger is told of failures; nil discards.
	Logger *slog.Logger
	// Following is kept at the number of streams of live records; nil counts
	// nothing.
	Following *atomic.Int64
}

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

type server struct {
	cfg   Config
	token [sha256.Size]byte
}

// New returns the handler of /local/v1/.
func New(cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Following == nil {
		cfg.Following = new(atomic.Int64)
	}
	s := &server{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /local/v1/records", s.records)
	mux.HandleFunc("POST /local/v1/import", s.importArchives)
	mux.HandleFunc("GET /local/v1/deliveries", s.answer(s.deliveries))
	mux.HandleFunc("GET /local/v1/deadletters", s.answer(s.deadLetters))
	mux.HandleFunc("POST /local/v1/deadletters/{key}/replay", s.answer(s.replay))
	mux.HandleFunc("POST /local/v1/deadletters/{key}/discard", s.answer(s.discard))
	mux.HandleFunc("GET /local/v1/redis/clients", s.answer(s.redisClients))
	mux.HandleFunc("GET /local/v1/signalr/connections", s.answer(s.signalRConnections))
	mux.HandleFunc("POST /local/v1/signalr/reload", s.answer(s.reloadSignalR))
	mux.HandleFunc("GET /local/v1/principals", s.answer(s.principals))
	mux.HandleFunc("POST /local/v1/principals", s.answer(s.createPrincipal))
	mux.HandleFunc("POST /local/v1/principals/{app}/resetSecret", s.answer(s.resetSecret))
	mux.HandleFunc("POST /local/v1/principals/{app}/delete", s.answer(s.deletePrincipal))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, &apiError{http.StatusNotFound, "NotFound", fmt.Sprintf("no %s %s here", r.Method, r.URL.Path)})
	})
	return s.authorized(mux)
}

// authorized lets through what carries the token. Both sides are hashed, so
// that the comparison tells nothing, not even the token's length.
func (s *server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := httpapi.BearerToken(r.Header.Get("Authorization"))
		sum := sha256.Sum256([]byte(token))
		if !ok || subtle.ConstantTimeCompare(sum[:], s.token[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="reslog"`)
			s.fail(w, &apiError{http.StatusUnauthorized, "Unauthorized", "the token is missing or wrong: it is in admin.token of the node's data folder"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// apiError is a refusal.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string { return e.message }

// answer is the one path of every endpoint that returns one JSON value.
func (s *server) answer(fn func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v, err := fn(r)
		if err != nil {
			s.fail(w, err)
			return
		}
		s.write(w, http.StatusOK, v)
	}
}

// fail maps an error to its answer.
func (s *server) fail(w http.ResponseWriter, err error) {
	var e *apiError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, resource.ErrNotFound):
		e = &apiError{http.StatusNotFound, "ResourceNotFound", err.Error()}
	case errors.Is(err, bus.ErrNotFound):
		e = &apiError{http.StatusNotFound, "DeadLetterNotFound", err.Error()}
	case errors.Is(err, ErrInvalid):
		e = &apiError{http.StatusBadRequest, "InvalidRequest", err.Error()}
	default:
		s.cfg.Logger.Error("local api request failed", "err", err)
		e = &apiError{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	s.write(w, e.status, map[string]body{"error": {e.code, e.message}})
}

func (s *server) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.cfg.Logger.Debug("answer of local api not delivered", "err", err)
	}
}

func decode(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return &apiError{http.StatusBadRequest, "InvalidBody", "the body is not the JSON wanted: " + err.Error()}
	}
	return nil
}
