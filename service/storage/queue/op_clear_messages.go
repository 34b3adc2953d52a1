package queue

import (
	"net/http"

	"reslog/service/storage"
)

// clearMessages is "Clear Messages": DELETE /queue/messages, all versions. 204. The
// hidden messages go too. It is done when it is answered, where the real service
// may give up a long queue with 500 OperationTimedOut, to be asked again.
func (s *Service) clearMessages(c *storage.Call) error {
	if err := s.store.Clear(c.Context(), c.Account.Name, c.Container); err != nil {
		return s.storeError(err)
	}
	return finish(c, http.StatusNoContent)
}
