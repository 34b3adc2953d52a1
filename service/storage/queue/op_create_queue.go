package queue

import (
	"errors"
	"net/http"
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
	values := make(map[string]string, len(b))
	for _, p := range b {
		values[strings.ToLower(p.Name)] = p.Value
	}
	for _, p := range a {
		if v, ok := values[strings.ToLower(p.Name)]; !ok || v != p.Value {
			return false
		}
	}
	return true
}
