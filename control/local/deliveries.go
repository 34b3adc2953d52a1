package local

import (
	"net/http"

	"reslog/deliver"
)

func (s *server) deliveries(*http.Request) (any, error) {
	entries := s.cfg.Ledger()
	if entries == nil {
		entries = []deliver.LedgerEntry{}
	}
	return map[string]any{"value": entries}, nil
}
