package table

import (
	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// updateEntity is "Update Entity": PUT /t(PartitionKey='p',RowKey='r') with If-Match. 204;
// 404 ResourceNotFound, 412 UpdateConditionNotSatisfied. Properties that are not
// given are gone.
func (s *Service) updateEntity(c *storage.Call) error {
	return s.runCommand(c, tablestore.Replace)
}
