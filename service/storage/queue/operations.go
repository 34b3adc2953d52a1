package queue

import (
	"time"

	"reslog/service/storage"
)

// operations are all operations of the service: their names in the logs, who
// may call them, how long and how large they may be.
//
// Source: REST API reference: "Create an account SAS" and "Create a service SAS"
// for the permissions, "Authorize with Microsoft Entra ID" for the actions,
// "Setting timeouts for Queue service operations" for the times.
type operations struct {
	listQueues                                               *storage.Operation
	getServiceProperties, setServiceProperties, serviceStats *storage.Operation
	userDelegationKey                                        *storage.Operation

	createQueue, deleteQueue           *storage.Operation
	getQueueMetadata, setQueueMetadata *storage.Operation
	getQueueACL, setQueueACL           *storage.Operation

	putMessage, updateMessage, deleteMessage, clearMessages *storage.Operation
	peekMessage, peekMessages                               *storage.Operation
	getMessage, getMessages                                 *storage.Operation
	// What getMessage and getMessages become.
	getMessageRead, getMessageWrite *storage.Operation
}

// timeout is the longest a request may take.
const timeout = 30 * time.Second

// operations builds the table. shared are the operations on the service itself
// that the parent package does.
func (s *Service) operations(shared storage.PropertyOperations) operations {
	shared = shared.Complete(storage.Queue)
	const (
		service, queue, message = storage.ScopeService, storage.ScopeContainer, storage.ScopeObject
		read, write, del        = storage.Read, storage.Write, storage.Delete
	)
	op := func(name string, class storage.Class, scope storage.Scope, sas string, can storage.Actions, run func(*storage.Call) error) *storage.Operation {
		return &storage.Operation{
			Name: name, Class: class, Scope: scope, SAS: sas, Actions: can,
			ServiceSAS: scope == message, Timeout: timeout, Run: run,
		}
	}
	body := func(most int64, o *storage.Operation) *storage.Operation {
		o.MaxBody = most
		return o
	}
	byService := func(can bool, o *storage.Operation) *storage.Operation {
		o.ServiceSAS = can
		return o
	}
	byToken := func(o *storage.Operation) *storage.Operation {
		o.BearerOnly = true
		return o
	}
	one := func(a storage.Action) storage.Actions { return storage.AnyOf(a) }
	// Getting a message is reading and deleting it, or processing it.
	dequeue := storage.Actions{{messageProcess}, {messageDelete, messageRead}}

	return operations{
		listQueues:           op("ListQueues", read, service, "l", one(queueRead), s.listQueues),
		getServiceProperties: shared.Get,
		setServiceProperties: shared.Set,
		serviceStats:         shared.Stats,
		userDelegationKey:    byToken(body(storage.MaxKeyInfoBody, op("GetUserDelegationKey", read, service, "", one(delegate), s.userDelegationKey))),

		createQueue:      op("CreateQueue", write, queue, "cw", one(queueWrite), s.createQueue),
		deleteQueue:      op("DeleteQueue", del, queue, "d", one(queueDelete), s.deleteQueue),
		getQueueMetadata: byService(true, op("GetQueueMetadata", read, queue, "r", one(queueRead), s.getQueueMetadata)),
		setQueueMetadata: op("SetQueueMetadata", write, queue, "w", one(queueWrite), s.setQueueMetadata),
		getQueueACL:      op("GetQueueACL", read, queue, "", one(queueGetACL), s.getQueueACL),
		setQueueACL:      body(storage.MaxPoliciesBody, op("SetQueueACL", write, queue, "", one(queueSetACL), s.setQueueACL)),

		putMessage:    body(maxMessageBody, op("PutMessage", write, message, "a", storage.AnyOf(messageAdd, messageWrite), s.putMessage)),
		updateMessage: body(maxMessageBody, op("UpdateMessage", write, message, "u", one(messageWrite), s.updateMessage)),
		deleteMessage: op("DeleteMessage", del, message, "p", storage.AnyOf(messageProcess, messageDelete), s.deleteMessage),
		clearMessages: byService(false, op("ClearMessages", del, message, "d", one(messageDelete), s.clearMessages)),
		peekMessage:   op("PeekMessage", read, message, "r", one(messageRead), s.peekMessages),
		peekMessages:  op("PeekMessages", read, message, "r", one(messageRead), s.peekMessages),

		getMessage:      op("GetMessage", write, message, "p", dequeue, s.getMessages),
		getMessages:     op("GetMessages", write, message, "p", dequeue, s.getMessages),
		getMessageRead:  op("GetMessageRead", read, message, "p", dequeue, s.getMessages),
		getMessageWrite: op("GetMessageWrite", write, message, "p", dequeue, s.getMessages),
	}
}
