package queue

import (
	"net/http"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// putMessage is "Put Message": POST /queue/messages, all versions. 201.
//
//	2011-08-18  visibilitytimeout; texts of 64 KiB, of 8 KiB before
//	2016-05-31  the answer has the message, without its text
//	2017-07-29  messagettl may be longer than seven days, and -1 is for ever
func (s *Service) putMessage(c *storage.Call) error {
	visible, expires, err := lifetime(c)
	if err != nil {
		return err
	}
	text, ok, err := s.readMessage(c)
	switch {
	case err != nil:
		return err
	case !ok:
		return storage.InvalidXML(errNoMessage)
	}
	m, err := s.store.Put(c.Context(), c.Account.Name, c.Container, text, c.Now, visible, expires)
	switch {
	case err != nil:
		return s.storeError(err)
	case c.Version < storage.V2016_05_31:
		return finish(c, http.StatusCreated)
	}
	return s.writeMessages(c, http.StatusCreated, []queuestore.Message{m}, withReceipt)
}

// lifetime reads from when on a new message is visible, and when it expires.
func lifetime(c *storage.Call) (visible, expires time.Time, err error) {
	if v := c.Query.Get("visibilitytimeout"); v != "" && c.Version < storage.V2011_08_18 {
		return visible, expires, storage.ErrUnsupportedQueryParameter.
			With("QueryParameterName", "visibilitytimeout").With("QueryParameterValue", storage.Clip(v))
	}
	hidden, err := number(c, "visibilitytimeout", 0, 0, week)
	if err != nil {
		return visible, expires, err
	}
	longest := maxSeconds
	if c.Version < storage.V2017_07_29 {
		longest = week
	} else if c.Query.Get("messagettl") == "-1" {
		return after(c, hidden), queuestore.Forever, nil
	}
	lives, err := number(c, "messagettl", week, 1, longest)
	switch {
	case err != nil:
		return visible, expires, err
	case hidden >= lives:
		return visible, expires, storage.InvalidQuery("visibilitytimeout", c.Query.Get("visibilitytimeout"),
			"messagettl must be greater than visibilitytimeout")
	}
	return after(c, hidden), after(c, lives), nil
}
