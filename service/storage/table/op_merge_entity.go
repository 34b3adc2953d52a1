package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// mergeEntity is "Merge Entity": MERGE or PATCH /t(PartitionKey='p',RowKey='r') with If-Match,
// or POST with X-HTTP-Method: MERGE. 204; 404 ResourceNotFound, 412
// UpdateConditionNotSatisfied. Properties that are not given, or null, stay.
func (s *Service) mergeEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.Merge)
}
