package table

import (
	"net/http"

	"reslog/service/storage"
)

// queryTable is "Query Tables" for one: GET /Tables('t'). 404 ResourceNotFound.
// The tables of the metrics are found by their names alone.
func (s *Service) queryTable(c *storage.Call) error {
	l, err := mediaOf(c)
	if err != nil {
		return err
	}
	t, err := s.store.Table(c.Context(), c.Account.Name, c.Container)
	if err != nil {
		return s.resourceError(err)
	}
	b := newBuffer()
	defer release(b)
	w := encoder{call: c, level: l}
	*b = w.appendMetadata(append(*b, '{'), "Tables", "/@Element")
	*b = w.appendTable(*b, t.Name)
	return send(c, http.StatusOK, l, *b)
}
