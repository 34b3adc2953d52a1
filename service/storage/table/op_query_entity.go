package table

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// queryEntity is "Query Entities" for one: GET /t(PartitionKey='p',RowKey='r'),
// with $select. 404 ResourceNotFound. If-None-Match with its ETag is 304.
func (s *Service) queryEntity(c *storage.Call) error {
	a, err := parseAddress(c.Path)
	if err != nil {
		return err
	}
	l, err := mediaOf(c)
	if err != nil {
		return err
	}
	if c.Query.Has("$filter") || c.Query.Has("$top") {
		return invalidQuery("$filter and $top are for queries, not for one entity")
	}
	if err := admit(c, c.Op, a.table, &a.key); err != nil {
		return err
	}
	b := newBuffer()
	defer release(b)
	e, err := s.appendEntity(c, &a, l, c.Request.Header, c.Query.Get("$select"), b)
	if err != nil {
		return err
	}
	c.ETag, c.LastModified = etagOf(e.Timestamp), e.Timestamp
	c.Response.Header()["Etag"] = []string{c.ETag}
	return send(c, http.StatusOK, l, *b)
}

// appendEntity appends the body of the answer to a query of one entity to b.
func (s *Service) appendEntity(c *storage.Call, a *address, l level, conditions http.Header, selected string, b *[]byte) (tablestore.Entity, error) {
	if err := checkOptions(c); err != nil {
		return tablestore.Entity{}, err
	}
	list, fragment, err := parseSelect(selected)
	if err != nil {
		return tablestore.Entity{}, err
	}
	e, err := s.store.Get(c.Context(), c.Account.Name, a.table, a.key)
	if err != nil {
		return e, s.storeError(err)
	}
	if err := checkRead(conditions, e.Timestamp); err != nil {
		return e, err
	}
	w := encoder{call: c, level: l, table: a.table, selected: list}
	*b = w.appendSingle(*b, &e, fragment)
	return e, nil
}
