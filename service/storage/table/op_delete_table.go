package table

import (
	"net/http"

	"reslog/service/storage"
)

// deleteTable is "Delete Table": DELETE /Tables('t'). 204; the name is free at
// once, while the real service may take 40 s.
func (s *Service) deleteTable(c *storage.Call) error {
	if isMetrics(c.Container) && c.Identity.Type != storage.System {
		return storage.ErrInsufficientAccountPermissions
	}
	if err := s.store.DeleteTable(c.Context(), c.Account.Name, c.Container); err != nil {
		return s.resourceError(err)
	}
	return sendNothing(c, http.StatusNoContent)
}
