package queue

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// createQueue is "Create Queue": PUT /queue, all versions. 201; 204 when there is
// one with the same metadata; 409 QueueAlreadyExists when there is another one.
func (s *Service) createQueue(c *storage.Call) error {
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	q, err := s.store.CreateQueue(c.Context(), c.Account.Name, queuestore.Queue{Name: c.Container, Metadata: md, Created: c.Now})
	switch {
	case errors.Is(err, queuestore.ErrQueueExists) && sameMetadata(q.Metadata, md):
		return finish(c, http.StatusNoContent)
	case err != nil:
		return s.storeError(err)
	}
	return finish(c, http.StatusCreated)
}

// requestMetadata reads the x-ms-meta- headers.
func requestMetadata(c *storage.Call) (queuestore.Metadata, error) {
	pairs, err := c.Metadata()
	if err != nil || len(pairs) == 0 {
		return nil, err
	}
	md := make(queuestore.Metadata, len(pairs))
	for i, p := range pairs {
		md[i] = queuestore.Pair(p)
	}
	return md, nil
}

// sameMetadata reports whether both have the same names, whatever their case and
// order, with the same values.
func sameMetadata(a, b queuestore.Metadata) bool {
	if len(a) != len(b) {
		return false
	}
	for _, p := range a {
		if !slices.ContainsFunc(b, func(o queuestore.Pair) bool { return o.Value == p.Value && strings.EqualFold(o.Name, p.Name) }) {
			return false
		}
	}
	return true
}
