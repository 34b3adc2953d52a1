package queue

import (
	"net/http"

	"reslog/service/storage"
)

// getMessages is "Get Messages": GET /queue/messages, all versions. 200 with up to
// numofmessages messages, which stay hidden for visibilitytimeout seconds: at most
// seven days, before 2011-08-18 two hours.
//
// The log tells a request that got something, which is a write, from one that found
// nothing.
func (s *Service) getMessages(c *storage.Call) error {
	n, err := number(c, "numofmessages", 1, 1, maxMessages)
	if err != nil {
		return err
	}
	longest := week
	if c.Version < storage.V2011_08_18 {
		longest = twoHours
	}
	hidden, err := number(c, "visibilitytimeout", defaultHidden, 1, longest)
	if err != nil {
		return err
	}
	list, err := s.store.Get(c.Context(), c.Account.Name, c.Container, n, c.Now, after(c, hidden))
	if err != nil {
		return s.storeError(err)
	}
	c.Become(either(len(list) == 0, s.ops.getMessageRead, s.ops.getMessageWrite))
	noCache(c)
	return s.writeMessages(c, http.StatusOK, list, withReceipt|withText)
}
