package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// insertEntity is "Insert Entity": POST /t. 201 with the entity, or 204 when Prefer says
// so; 409 EntityAlreadyExists.
func (s *Service) insertEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.Insert)
}
