package table

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// permissions are the letters that a stored access policy of a table may have:
// query, add, update and delete.
const permissions = "raud"

// getTableACL is "Get Table ACL": GET or HEAD /t?comp=acl. For the owner only.
func (s *Service) getTableACL(c *storage.Call) error {
	t, err := s.store.Table(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.resourceError(err)
	}
	return storage.WritePolicies(c, t.Policies)
}

// setTableACL is "Set Table ACL": PUT /t?comp=acl. 204. It replaces all stored
// access policies, of which there are at most five.
func (s *Service) setTableACL(c *storage.Call) error {
	b := newBuffer()
	defer release(b)
	raw, err := c.ReadBody(*b)
	if err != nil {
		return err
	}
	*b = raw
	given, err := storage.ParsePolicies(raw, permissions)
	if err != nil {
		return err
	}
	if isMetrics(c.Container) && c.Identity.Type != storage.System {
		return storage.ErrInsufficientAccountPermissions
	}
	err = s.store.UpdateTable(c.Context(), c.Account.Name, c.Container, func(t *tablestore.Table) error {
		t.Policies = storage.ConvertPolicies[tablestore.Policy](given)
		return nil
	})
	if err != nil {
		return s.resourceError(err)
	}
	c.Response.WriteHeader(http.StatusNoContent)
	return nil
}
