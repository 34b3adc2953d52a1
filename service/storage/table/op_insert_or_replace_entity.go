package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// insertOrReplaceEntity is "Insert Or Replace Entity": PUT
// /t(PartitionKey='p',RowKey='r') without If-Match. 204. Properties that are not
// given are gone.
func (s *Service) insertOrReplaceEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.InsertOrReplace)
}
