package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// insertOrMergeEntity is "Insert Or Merge Entity": MERGE or PATCH
// /t(PartitionKey='p',RowKey='r') without If-Match. 204. Properties that are not
// given, or null, stay.
func (s *Service) insertOrMergeEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.InsertOrMerge)
}
