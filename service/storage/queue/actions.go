package queue

import "reslog/service/storage"

// What roles allow on the queue service, as role definitions name it. Those on
// messages are data actions, all others are control actions.
//
// Source: REST API reference, "Authorize with Microsoft Entra ID", permissions
// for Queue service operations; "Azure permissions for Storage".
var (
	delegate = storage.Action{Name: queueServices + "generateUserDelegationKey/action"}

	queueRead   = storage.Action{Name: queues + "read"}
	queueWrite  = storage.Action{Name: queues + "write"}
	queueDelete = storage.Action{Name: queues + "delete"}
	queueGetACL = storage.Action{Name: queues + "getAcl/action"}
	queueSetACL = storage.Action{Name: queues + "setAcl/action"}

	messageRead    = storage.Action{Name: messages + "read", Data: true}
	messageWrite   = storage.Action{Name: messages + "write", Data: true}
	messageDelete  = storage.Action{Name: messages + "delete", Data: true}
	messageAdd     = storage.Action{Name: messages + "add/action", Data: true}
	messageProcess = storage.Action{Name: messages + "process/action", Data: true}
)

const (
	queueServices = "Microsoft.Storage/storageAccounts/queueServices/"
	queues        = queueServices + "queues/"
	messages      = queues + "messages/"
)
