package storage

// Errors of the queue service.
//
// Source: REST API reference, "Queue service error codes".
var (
	ErrInvalidMarker      = &Error{Status: 400, Code: "InvalidMarker", Message: "The marker specified is invalid."}
	ErrMessageNotFound    = &Error{Status: 404, Code: "MessageNotFound", Message: "The specified message does not exist."}
	ErrMessageTooLarge    = &Error{Status: 400, Code: "MessageTooLarge", Message: "The message exceeds the maximum allowed size."}
	ErrPopReceiptMismatch = &Error{Status: 400, Code: "PopReceiptMismatch", Message: "The specified pop receipt did not match the pop receipt for a dequeued message."}
	ErrQueueAlreadyExists = &Error{Status: 409, Code: "QueueAlreadyExists", Message: "The specified queue already exists."}
	ErrQueueBeingDeleted  = &Error{Status: 409, Code: "QueueBeingDeleted", Message: "The specified queue is being deleted."}
	ErrQueueDisabled      = &Error{Status: 409, Code: "QueueDisabled", Message: "The specified queue has been disabled by the administrator."}
	ErrQueueNotEmpty      = &Error{Status: 409, Code: "QueueNotEmpty", Message: "The specified queue is not empty."}
	ErrQueueNotFound      = &Error{Status: 404, Code: "QueueNotFound", Message: "The specified queue does not exist."}
)
