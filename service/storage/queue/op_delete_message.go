package queue

import (
	"net/http"
	"strings"

	"reslog/service/storage"
)

// deleteMessage is "Delete Message": DELETE /queue/messages/id?popreceipt, all
// versions. 204; 404 MessageNotFound also when the pop receipt is not the last one.
func (s *Service) deleteMessage(c *storage.Call) error {
	key, err := receipt(c)
	if err != nil {
		return err
	}
	if err := s.store.Delete(c.Context(), c.Account.Name, c.Container, messageID(c), key, c.Now); err != nil {
		return s.storeError(err)
	}
	return finish(c, http.StatusNoContent)
}

// messageID is the ID in the path. It is a GUID, which may be written in any case.
func messageID(c *storage.Call) string { return strings.ToLower(c.Name) }
