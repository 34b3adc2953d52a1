package table

import (
	"time"

	"reslog/service/storage"
)

// operations are all operations of the service: their names in the logs, who may
// call them, how long and how large they may be. Source: "Create an account SAS"
// and "Create a service SAS" for the permissions, "Authorize with Microsoft Entra
// ID" for the actions, "Setting timeouts for Table service operations" for the
// times.
type operations struct {
	getServiceProperties, setServiceProperties, serviceStats *storage.Operation

	queryTables, queryTable, createTable, deleteTable *storage.Operation
	getTableACL, setTableACL                          *storage.Operation

	queryEntities, queryEntity                 *storage.Operation
	insertEntity, updateEntity, mergeEntity    *storage.Operation
	insertOrReplaceEntity, insertOrMergeEntity *storage.Operation
	deleteEntity                               *storage.Operation
	entityGroupTransaction                     *storage.Operation
}

// Limits of request bodies and times.
const (
	maxTableBody  = 64 << 10
	maxEntityBody = 4 << 20 // of an entity of 1 MiB, most of it in escapes
	maxBatchBody  = 4 << 20
	timeout       = 30 * time.Second
	// queryTime is how long a query looks for entities before it answers with those
	// it has, and where to go on.
	queryTime = 5 * time.Second
)

// operations builds the table. shared are the operations on the service itself
// that the parent package does.
func (s *Service) operations(shared storage.PropertyOperations) operations {
	shared = shared.Complete(storage.Table)
	const (
		service   = storage.ScopeService
		container = storage.ScopeContainer
		object    = storage.ScopeObject

		read, write, del = storage.Read, storage.Write, storage.Delete
	)
	op := func(name string, class storage.Class, scope storage.Scope, sas string, can storage.Actions, run func(*storage.Call) error) *storage.Operation {
		return &storage.Operation{
			Name: name, Class: class, Scope: scope, SAS: sas, Actions: can,
			ServiceSAS: scope == object, Timeout: timeout, Run: run,
		}
	}
	body := func(most int64, o *storage.Operation) *storage.Operation {
		o.MaxBody = most
		return o
	}
	late := func(o *storage.Operation) *storage.Operation {
		o.Late = true
		return o
	}
	anyOf := storage.AnyOf
	upsert := storage.Actions{{entityWrite}, {entityAdd, entityUpdate}}
	return operations{
		getServiceProperties: shared.Get,
		setServiceProperties: shared.Set,
		serviceStats:         shared.Stats,

		queryTables: op("QueryTables", read, container, "l", anyOf(tableRead), s.queryTables),
		queryTable:  op("QueryTable", read, container, "l", anyOf(tableRead), s.queryTable),
		createTable: body(maxTableBody, op("CreateTable", write, container, "cw", anyOf(tableWrite), s.createTable)),
		deleteTable: op("DeleteTable", del, container, "d", anyOf(tableDelete), s.deleteTable),
		getTableACL: op("GetTableACL", read, container, "", nil, s.getTableACL),
		setTableACL: body(storage.MaxPoliciesBody, op("SetTableACL", write, container, "", nil, s.setTableACL)),

		queryEntities: op("QueryEntities", read, object, "r", anyOf(entityRead), s.queryEntities),
		queryEntity:   op("QueryEntity", read, object, "r", anyOf(entityRead), s.queryEntity),
		insertEntity:  body(maxEntityBody, op("InsertEntity", write, object, "a", anyOf(entityWrite, entityAdd), s.insertEntity)),
		updateEntity:  body(maxEntityBody, op("UpdateEntity", write, object, "u", anyOf(entityWrite, entityUpdate), s.updateEntity)),
		mergeEntity:   body(maxEntityBody, op("MergeEntity", write, object, "u", anyOf(entityWrite, entityUpdate), s.mergeEntity)),
		// A SAS needs both letters, see admit.
		insertOrReplaceEntity:  body(maxEntityBody, op("InsertOrReplaceEntity", write, object, "au", upsert, s.insertOrReplaceEntity)),
		insertOrMergeEntity:    body(maxEntityBody, op("InsertOrMergeEntity", write, object, "au", upsert, s.insertOrMergeEntity)),
		deleteEntity:           op("DeleteEntity", del, object, "d", anyOf(entityDelete), s.deleteEntity),
		entityGroupTransaction: late(body(maxBatchBody, op("EntityGroupTransaction", write, object, "raud", anyOf(entityWrite), s.entityGroupTransaction))),
	}
}
