package blob

import (
	"slices"
	"strings"
	"testing"

	"reslog/service/storage"
)

// documented are the actions of the Blob service operations, from the table of
// "Authorize with Microsoft Entra ID". Below blobServices/; "|" is or.
var documented = map[string]string{
	"ListContainers":           "containers/read",
	"SetBlobServiceProperties": "write",
	"GetBlobServiceProperties": "read",
	"GetBlobServiceStats":      "read",
	"GetAccountInformation":    "getInfo/action",
	"GetUserDelegationKey":     "generateUserDelegationKey/action",
	"CreateContainer":          "containers/write",
	"GetContainerProperties":   "containers/read",
	"GetContainerMetadata":     "containers/read",
	"SetContainerMetadata":     "containers/write",
	"GetContainerACL":          "containers/getAcl/action",
	"SetContainerACL":          "containers/setAcl/action",
	"AcquireContainerLease":    "containers/write",
	"RenewContainerLease":      "containers/write",
	"ChangeContainerLease":     "containers/write",
	"ReleaseContainerLease":    "containers/write",
	"BreakContainerLease":      "containers/write",
	"DeleteContainer":          "containers/delete",
	"RestoreContainer":         "containers/write",
	"ListBlobs":                "containers/blobs/read",
	"FindBlobsByTags":          "containers/blobs/filter/action",
	"PutBlob":                  "containers/blobs/write|containers/blobs/add/action",
	"PutBlobFromURL":           "containers/blobs/write|containers/blobs/add/action",
	"GetBlob":                  "containers/blobs/read",
	"GetBlobProperties":        "containers/blobs/read",
	"SetBlobProperties":        "containers/blobs/write",
	"GetBlobMetadata":          "containers/blobs/read",
	"SetBlobMetadata":          "containers/blobs/write",
	"GetBlobTags":              "containers/blobs/tags/read",
	"SetBlobTags":              "containers/blobs/tags/write",
	"AcquireBlobLease":         "containers/blobs/write",
	"RenewBlobLease":           "containers/blobs/write",
	"ChangeBlobLease":          "containers/blobs/write",
	"ReleaseBlobLease":         "containers/blobs/write",
	"BreakBlobLease":           "containers/blobs/write",
	"SnapshotBlob":             "containers/blobs/write|containers/blobs/add/action",
	"CopyBlob":                 "containers/blobs/write|containers/blobs/add/action",
	"CopyBlobFromURL":          "containers/blobs/write|containers/blobs/add/action",
	"AbortCopyBlob":            "containers/blobs/write",
	"DeleteBlob":               "containers/blobs/delete",
	"UndeleteBlob":             "containers/write",
	"SetBlobTier":              "containers/blobs/write",
	"BlobBatch":                "containers/write",
	"PutBlock":                 "containers/blobs/write",
	"PutBlockFromURL":          "containers/blobs/write",
	"PutBlockList":             "containers/blobs/write",
	"GetBlockList":             "containers/blobs/read",
	"QueryBlobContents":        "containers/blobs/read",
	"PutPage":                  "containers/blobs/write",
	"ClearPage":                "containers/blobs/write", // a Put Page there
	"PutPageFromURL":           "containers/blobs/write",
	"GetPageRanges":            "containers/blobs/read",
	"IncrementalCopyBlob":      "containers/blobs/write|containers/blobs/add/action",
	"AppendBlock":              "containers/blobs/write|containers/blobs/add/action",
	"AppendBlockThroughCopy":   "containers/blobs/write|containers/blobs/add/action",
	"SetBlobExpiry":            "containers/blobs/write",
	// Set and Delete Immutability Policy, Set Blob Legal Hold.
	"SetContainerServiceMetadata": "containers/blobs/immutableStorage/runAsSuperUser/action|containers/write",
	// Not in the table; it writes what Append Block does.
	"SealBlob": "containers/blobs/write",
}

// TestActions: every operation, also those that are not there, has the actions
// of the documentation.
func TestActions(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range allOperations(withProperties()) {
		seen[o.Name] = true
		var got []string
		for _, all := range o.Actions {
			if len(all) != 1 {
				t.Errorf("%s needs %d actions at once", o.Name, len(all))
				continue
			}
			name, ok := strings.CutPrefix(all[0].Name, "Microsoft.Storage/storageAccounts/blobServices/")
			if data := strings.HasPrefix(name, "containers/blobs/"); !ok || data != all[0].Data {
				t.Errorf("%s: action %+v", o.Name, all[0])
			}
			got = append(got, name)
		}
		if strings.Join(got, "|") != documented[o.Name] {
			t.Errorf("%s: %v, want %s", o.Name, got, documented[o.Name])
		}
		if o.BearerOnly != (o.Name == "GetUserDelegationKey") {
			t.Errorf("%s: only by bearer token: %v", o.Name, o.BearerOnly)
		}
	}
	for name := range documented {
		if !seen[name] {
			t.Errorf("there is no operation %s", name)
		}
	}
}

// TestActionsOfSharedOperations: what stands in for the operations of the parent
// package has their actions.
func TestActionsOfSharedOperations(t *testing.T) {
	actions := func(s *Service) [][][]storage.Action {
		return [][][]storage.Action{s.ops.getServiceProperties.Actions, s.ops.setServiceProperties.Actions, s.ops.serviceStats.Actions}
	}
	with, without := actions(withProperties()), actions(New(Config{}))
	for i := range with {
		if !slices.EqualFunc(with[i], without[i], slices.Equal[[]storage.Action]) {
			t.Errorf("%v and %v", with[i], without[i])
		}
	}
}
