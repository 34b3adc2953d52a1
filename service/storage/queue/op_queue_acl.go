package queue

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

// permissions are the letters that a stored access policy of a queue may have:
// read, add, update and process.
const permissions = "raup"

// getQueueACL is "Get Queue ACL": GET or HEAD /queue?comp=acl, from version
// 2012-02-12 on. For the owner only.
func (s *Service) getQueueACL(c *storage.Call) error {
	q, err := s.store.Queue(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.storeError(err)
	}
	noCache(c)
	return storage.WritePolicies(c, q.Policies)
}

// setQueueACL is "Set Queue ACL": PUT /queue?comp=acl, from version 2012-02-12 on.
// 204. It replaces all stored access policies, of which there are at most five, and
// is in force when it is answered.
func (s *Service) setQueueACL(c *storage.Call) error {
	b := s.buffer()
	defer s.release(b)
	var err error
	if b.raw, err = c.ReadBody(b.raw[:0]); err != nil {
		return err
	}
	given, err := storage.ParsePolicies(b.raw, permissions)
	if err != nil {
		return err
	}
	err = s.store.UpdateQueue(c.Context(), c.Account.Name, c.Container, func(q *queuestore.Queue) error {
		q.Policies = storage.ConvertPolicies[queuestore.Policy](given)
		return nil
	})
	if err != nil {
		return s.storeError(err)
	}
	return finish(c, http.StatusNoContent)
}
