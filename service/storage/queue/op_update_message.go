package queue

import (
	"net/http"

	"reslog/service/storage"
)

// updateMessage is "Update Message": PUT
// /queue/messages/id?popreceipt&visibilitytimeout, from version 2011-08-18 on. 204
// with a new pop receipt; the one of the request is void. Without a body the text
// stays as it is.
func (s *Service) updateMessage(c *storage.Call) error {
	key, err := receipt(c)
	if err != nil {
		return err
	}
	if c.Query.Get("visibilitytimeout") == "" {
		return storage.MissingQuery("visibilitytimeout")
	}
	hidden, err := number(c, "visibilitytimeout", 0, 0, week)
	if err != nil {
		return err
	}
	text, ok, err := s.readMessage(c)
	if err != nil {
		return err
	}
	var changed *string
	if ok {
		changed = &text
	}
	m, err := s.store.Update(c.Context(), c.Account.Name, c.Container, messageID(c), key, changed, c.Now, after(c, hidden))
	if err != nil {
		return s.storeError(err)
	}
	c.Response.Set("X-Ms-Popreceipt", m.Receipt)
	c.Response.SetTime("X-Ms-Time-Next-Visible", m.Visible)
	return finish(c, http.StatusNoContent)
}
