package queue

import (
	"net/http"

	"reslog/service/storage"
)

// deleteQueue is "Delete Queue": DELETE /queue, all versions. 204. The messages go
// with it. The name is free at once, where the real service needs 30 s and answers
// 409 QueueBeingDeleted meanwhile.
func (s *Service) deleteQueue(c *storage.Call) error {
	if err := s.store.DeleteQueue(c.Context(), c.Account.Name, c.Container); err != nil {
		return s.storeError(err)
	}
	return finish(c, http.StatusNoContent)
}
