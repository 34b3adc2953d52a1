package table

import (
	"context"
	"net/http"
	"strconv"

	"reslog/service/storage"
	"reslog/service/storage/table/odata"
	"reslog/service/storage/tablestore"
)

// maxTop is the most items of an answer.
const maxTop = 1000

// queryEntities is "Query Entities": GET /t() or /t with $filter, $select and $top,
// of 1,000 entities at most. NextPartitionKey and NextRowKey go on where the
// headers of an answer say. An answer may have few or no entities and go on
// nevertheless: after five seconds, or when it has looked at very many.
func (s *Service) queryEntities(c *storage.Call) error {
	l, err := mediaOf(c)
	if err != nil {
		return err
	}
	if err := admit(c, c.Op, c.Container, nil); err != nil {
		return err
	}
	b := newBuffer()
	defer release(b)
	if err := s.appendEntities(c, l, c.Response.Header(), b); err != nil {
		return err
	}
	return send(c, http.StatusOK, l, *b)
}

// appendEntities appends the body of the answer to a query to b, and sets the
// headers that say where it goes on.
func (s *Service) appendEntities(c *storage.Call, l level, h http.Header, b *[]byte) error {
	q, err := entityQuery(c)
	if err != nil {
		return err
	}
	selected, fragment, err := parseSelect(c.Query.Get("$select"))
	if err != nil {
		return err
	}
	if c.Query.Has("$select") && fragment == "" {
		fragment = selectPrefix
	}
	ctx, cancel := context.WithTimeout(c.Context(), queryTime)
	defer cancel()
	page, err := s.store.Query(ctx, c.Account.Name, c.Container, q)
	if err != nil {
		return s.storeError(err)
	}
	w := encoder{call: c, level: l, table: c.Container, selected: selected}
	*b = w.appendPage(*b, page.Entities, fragment)
	if page.Next != nil {
		h["X-Ms-Continuation-Nextpartitionkey"] = []string{token(page.Next.Partition)}
		h["X-Ms-Continuation-Nextrowkey"] = []string{token(page.Next.Row)}
	}
	return nil
}

// appendPage appends the body of an answer with entities.
func (w *encoder) appendPage(b []byte, list []tablestore.Entity, fragment string) []byte {
	b = w.appendMetadata(append(b, '{'), w.table, fragment)
	b = append(b, `"value":[`...)
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = w.appendMembers(append(b, '{'), &list[i])
	}
	return append(b, "]}"...)
}

// entityQuery is what a request asks of the store: its filter, cut to the keys
// that its SAS is for.
func entityQuery(c *storage.Call) (tablestore.Query, error) {
	if err := checkOptions(c); err != nil {
		return tablestore.Query{}, err
	}
	f, err := odata.Compile(c.Query.Get("$filter"))
	if err != nil {
		return tablestore.Query{}, filterError(err)
	}
	q := tablestore.Query{Ranges: f.Ranges, Filter: f.Match}
	if t := c.Identity.Table; t != nil {
		q.Ranges = cut(q.Ranges, signedRange(t))
	}
	if q.Limit, err = parseTop(c); err != nil {
		return q, err
	}
	q.Next, err = parseNext(c)
	return q, err
}

// parseNext reads where a query goes on; nil is at the begin. Without a row it is
// the first of the partition.
func parseNext(c *storage.Call) (*tablestore.Key, error) {
	partition, row := c.Query.Get("nextpartitionkey"), c.Query.Get("nextrowkey")
	if partition == "" {
		if row != "" {
			return nil, storage.ErrInvalidInput
		}
		return nil, nil
	}
	var k tablestore.Key
	var err error
	if k.Partition, err = parseToken(partition); err != nil {
		return nil, err
	}
	if row != "" {
		k.Row, err = parseToken(row)
	}
	return &k, err
}

// checkOptions refuses query options of OData that the service does not have, such
// as $orderby: an answer without them would be another one than was asked for.
func checkOptions(c *storage.Call) error {
	for name := range c.Query {
		switch name {
		case "$filter", "$select", "$top", "$format":
		default:
			if name != "" && name[0] == '$' {
				return storage.ErrNotImplemented
			}
		}
	}
	return nil
}

// parseTop reads $top, from 1 to 1,000.
func parseTop(c *storage.Call) (int, error) {
	v := c.Query.Get("$top")
	if v == "" {
		return maxTop, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxTop {
		return 0, invalidQuery("$top is a number from 1 to 1000")
	}
	return n, nil
}
