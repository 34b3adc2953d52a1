package local

import (
	"encoding/json"
	"net/http"
	"time"

	"reslog/diagnostic"
	"reslog/resource"
)

// deadLetter is a deliver.DeadLetter as the API shows it.
type deadLetter struct {
	Key      string                     `json:"key"`
	Setting  string                     `json:"setting"`
	Resource resource.ID                `json:"resource"`
	Kind     diagnostic.DestinationKind `json:"kind"`
	Time     time.Time                  `json:"time"`
	Reason   string                     `json:"reason"`
	Lines    []any                      `json:"lines"`
}

func (s *server) deadLetters(r *http.Request) (any, error) {
	letters, err := s.cfg.DeadLetters.List(r.Context())
	if err != nil {
		return nil, err
	}
	list := make([]deadLetter, 0, len(letters))
	for _, l := range letters {
		d := deadLetter{Key: l.Key, Setting: l.Setting, Resource: l.Resource, Kind: l.Kind, Time: l.Time, Reason: l.Reason, Lines: []any{}}
		for _, rec := range l.Records {
			// What made the record dead may be that its line is no JSON.
			if json.Valid(rec.Line) {
				d.Lines = append(d.Lines, json.RawMessage(rec.Line))
			} else {
				d.Lines = append(d.Lines, string(rec.Line))
			}
		}
		list = append(list, d)
	}
	return map[string]any{"value": list}, nil
}

func (s *server) replay(r *http.Request) (any, error) {
	return struct{}{}, s.cfg.DeadLetters.Replay(r.Context(), r.PathValue("key"))
}

func (s *server) discard(r *http.Request) (any, error) {
	return struct{}{}, s.cfg.DeadLetters.Discard(r.Context(), r.PathValue("key"))
}
