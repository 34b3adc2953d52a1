package table

import "reslog/service/storage"

// What roles allow on the table service, as role definitions name it. Those on
// entities are data actions, all others are control actions.
//
// Source: REST API reference, "Authorize with Microsoft Entra ID", permissions
// for Table service operations; "Azure permissions for Storage".
var (
	tableRead   = storage.Action{Name: tables + "read"}
	tableWrite  = storage.Action{Name: tables + "write"}
	tableDelete = storage.Action{Name: tables + "delete"}

	entityRead   = storage.Action{Name: entities + "read", Data: true}
	entityWrite  = storage.Action{Name: entities + "write", Data: true}
	entityDelete = storage.Action{Name: entities + "delete", Data: true}
	entityAdd    = storage.Action{Name: entities + "add/action", Data: true}
	entityUpdate = storage.Action{Name: entities + "update/action", Data: true}
)

const (
	tableServices = "Microsoft.Storage/storageAccounts/tableServices/"
	tables        = tableServices + "tables/"
	entities      = tables + "entities/"
)
