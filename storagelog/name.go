package storagelog

// Service is a service of a storage account, as log names and records spell it.
type Service string

// The services that have classic logs.
const (
	Blob  Service = "blob"
	Queue Service = "queue"
	Table Service = "table"
)
