package local

import "net/http"

func (s *server) accounts(*http.Request) (any, error) {
	return map[string]any{"value": s.cfg.Accounts.Accounts()}, nil
}

func (s *server) listKeys(r *http.Request) (any, error) {
	keys, err := s.cfg.Accounts.Keys(r.PathValue("name"))
	return map[string]any{"keys": keys}, err
}

func (s *server) regenerateKey(r *http.Request) (any, error) {
	var body struct {
		KeyName string `json:"keyName"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	keys, err := s.cfg.Accounts.RegenerateKey(r.Context(), r.PathValue("name"), body.KeyName)
	return map[string]any{"keys": keys}, err
}
