package queue

import (
	"net/http"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// getQueueMetadata is "Get Queue Metadata": GET or HEAD /queue?comp=metadata, all
// versions. 200 with everything in headers. The count of messages is of all that
// there are, visible or not, and may be too high, never too low.
func (s *Service) getQueueMetadata(c *storage.Call) error {
	q, err := s.store.Queue(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.storeError(err)
	}
	n, err := s.store.Count(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.storeError(err)
	}
	noCache(c)
	c.Response.Set("X-Ms-Approximate-Messages-Count", strconv.FormatInt(n, 10))
	for _, p := range q.Metadata {
		// Not in canonical form: the name keeps its case on the wire.
		c.Response.Set("x-ms-meta-"+p.Name, p.Value)
	}
	return finish(c, http.StatusOK)
}

// setQueueMetadata is "Set Queue Metadata": PUT /queue?comp=metadata, all versions.
// 204. It replaces all metadata; without any it deletes them.
func (s *Service) setQueueMetadata(c *storage.Call) error {
	md, err := requestMetadata(c)
	if err != nil {
		return err
	}
	err = s.store.UpdateQueue(c.Context(), c.Account.Name, c.Container, func(q *queuestore.Queue) error {
		q.Metadata = md
		return nil
	})
	if err != nil {
		return s.storeError(err)
	}
	return finish(c, http.StatusNoContent)
}
