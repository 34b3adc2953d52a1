package queue

import (
	"net/http"

	"reslog/service/storage"
)

// peekMessages is "Peek Messages": GET /queue/messages?peekonly=true, all versions.
// 200 with up to numofmessages messages, without pop receipts.
func (s *Service) peekMessages(c *storage.Call) error {
	n, err := number(c, "numofmessages", 1, 1, maxMessages)
	if err != nil {
		return err
	}
	list, err := s.store.Peek(c.Context(), c.Account.Name, c.Container, n, c.Now)
	if err != nil {
		return s.storeError(err)
	}
	noCache(c)
	return s.writeMessages(c, http.StatusOK, list, withText)
}
