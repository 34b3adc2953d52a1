package table

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/table/odata"
)

// queryTables is "Query Tables": GET /Tables with $filter on TableName and $top,
// of 1,000 tables at most. NextTableName goes on where
// x-ms-continuation-NextTableName of an answer says.
func (s *Service) queryTables(c *storage.Call) error {
	l, err := mediaOf(c)
	if err != nil {
		return err
	}
	if err := checkOptions(c); err != nil {
		return err
	}
	matches, err := odata.CompileTables(c.Query.Get("$filter"))
	if err != nil {
		return filterError(err)
	}
	limit, err := parseTop(c)
	if err != nil {
		return err
	}
	after := ""
	if t := c.Query.Get("nexttablename"); t != "" {
		if after, err = parseToken(t); err != nil {
			return err
		}
	}
	b := newBuffer()
	defer release(b)
	w := encoder{call: c, level: l}
	*b = w.appendMetadata(append(*b, '{'), "Tables", "")
	*b = append(*b, `"value":[`...)
	next, err := s.listTables(c, after, limit, matches, func(name string) {
		if (*b)[len(*b)-1] == '}' {
			*b = append(*b, ',')
		}
		*b = w.appendTable(append(*b, '{'), name)
	})
	if err != nil {
		return err
	}
	*b = append(*b, "]}"...)
	if next != "" {
		c.Response.Set("X-Ms-Continuation-Nexttablename", token(next))
	}
	return send(c, http.StatusOK, l, *b)
}

// maxTablesSeen bounds how many tables one query looks at.
const maxTablesSeen = 10_000

// listTables passes tables that match (nil is all) to add, as many as limit, and
// returns the name behind which to go on, "" at the end.
func (s *Service) listTables(c *storage.Call, after string, limit int, matches func(name string) bool, add func(name string)) (next string, err error) {
	page := maxTop
	if matches == nil {
		page = limit
	}
	for seen := 0; seen < maxTablesSeen; {
		list, more, err := s.store.Tables(c.Context(), c.Account.Name, after, page)
		if err != nil {
			return "", s.storeError(err)
		}
		for i := range list {
			seen++
			after = list[i].Name
			if matches != nil && !matches(after) {
				continue
			}
			add(after)
			if limit--; limit == 0 {
				if more || i+1 < len(list) {
					return after, nil
				}
				return "", nil
			}
		}
		if !more || len(list) == 0 {
			return "", nil
		}
	}
	return after, nil
}
