package blob

import "reslog/service/storage"

// What roles allow on the blob service, as role definitions name it. Those on
// blobs are data actions, all others are control actions.
//
// Source: REST API reference, "Authorize with Microsoft Entra ID", permissions
// for Blob service operations; "Azure permissions for Storage".
var (
	accountInfo = storage.Action{Name: blobServices + "getInfo/action"}
	delegate    = storage.Action{Name: blobServices + "generateUserDelegationKey/action"}

	containerRead   = storage.Action{Name: containers + "read"}
	containerWrite  = storage.Action{Name: containers + "write"}
	containerDelete = storage.Action{Name: containers + "delete"}
	containerGetACL = storage.Action{Name: containers + "getAcl/action"}
	containerSetACL = storage.Action{Name: containers + "setAcl/action"}

	blobRead      = storage.Action{Name: blobs + "read", Data: true}
	blobWrite     = storage.Action{Name: blobs + "write", Data: true}
	blobAdd       = storage.Action{Name: blobs + "add/action", Data: true}
	blobDelete    = storage.Action{Name: blobs + "delete", Data: true}
	blobFilter    = storage.Action{Name: blobs + "filter/action", Data: true}
	blobTagsRead  = storage.Action{Name: blobs + "tags/read", Data: true}
	blobTagsWrite = storage.Action{Name: blobs + "tags/write", Data: true}
	blobImmutable = storage.Action{Name: blobs + "immutableStorage/runAsSuperUser/action", Data: true}
)

const (
	blobServices = "Microsoft.Storage/storageAccounts/blobServices/"
	containers   = blobServices + "containers/"
	blobs        = containers + "blobs/"
)
