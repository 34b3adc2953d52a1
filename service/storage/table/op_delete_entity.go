package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// deleteEntity is "Delete Entity": DELETE /t(PartitionKey='p',RowKey='r') with If-Match, which
// may be *. 204; 404 ResourceNotFound, 412 UpdateConditionNotSatisfied. Users may
// delete rows of the metrics.
func (s *Service) deleteEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.Delete)
}
