package blob

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"reslog/service/storage"
	"reslog/service/storage/storagetest"
)

// routed are requests, each of which is another operation: together all of
// them. Headers are "Name: value", separated by "; ".
var routed = []struct{ method, path, headers, name string }{
	{"GET", "/?comp=list", "", "ListContainers"},
	{"GET", "/?restype=account&comp=properties", "", "GetAccountInformation"},
	{"GET", "/?comp=blobs", "", "FindBlobsByTags"},
	{"POST", "/?comp=batch", "", "BlobBatch"},
	{"GET", "/?restype=service&comp=properties", "", "GetBlobServiceProperties"},
	{"PUT", "/?restype=service&comp=properties", "", "SetBlobServiceProperties"},
	{"GET", "/?restype=service&comp=stats", "", "GetBlobServiceStats"},
	{"POST", "/?restype=service&comp=userdelegationkey", "", "GetUserDelegationKey"},

	{"PUT", "/con?restype=container", "", "CreateContainer"},
	{"DELETE", "/con?restype=container", "", "DeleteContainer"},
	{"HEAD", "/con?restype=container", "", "GetContainerProperties"},
	{"GET", "/con?restype=container&comp=metadata", "", "GetContainerMetadata"},
	{"PUT", "/con?restype=container&comp=metadata", "", "SetContainerMetadata"},
	{"GET", "/con?restype=container&comp=acl", "", "GetContainerACL"},
	{"PUT", "/con?restype=container&comp=acl", "", "SetContainerACL"},
	{"GET", "/con?restype=container&comp=list", "", "ListBlobs"},
	{"GET", "/con?restype=container&comp=blobs", "", "FindBlobsByTags"},
	{"POST", "/con?restype=container&comp=batch", "", "BlobBatch"},
	{"GET", "/con?restype=account&comp=properties", "", "GetAccountInformation"},
	{"GET", "/con/b?restype=account&comp=properties", "", "GetAccountInformation"},
	{"PUT", "/con?restype=container&comp=undelete", "", "RestoreContainer"},
	{"PUT", "/con?restype=container&comp=lease", "X-Ms-Lease-Action: acquire", "AcquireContainerLease"},
	{"PUT", "/con?restype=container&comp=lease", "X-Ms-Lease-Action: renew", "RenewContainerLease"},
	{"PUT", "/con?restype=container&comp=lease", "X-Ms-Lease-Action: change", "ChangeContainerLease"},
	{"PUT", "/con?restype=container&comp=lease", "X-Ms-Lease-Action: release", "ReleaseContainerLease"},
	{"PUT", "/con?restype=container&comp=lease", "X-Ms-Lease-Action: break", "BreakContainerLease"},

	{"GET", "/con/b", "", "GetBlob"},
	{"HEAD", "/con/b", "", "GetBlobProperties"},
	{"GET", "/con/b?comp=metadata", "", "GetBlobMetadata"},
	{"PUT", "/con/b?comp=metadata", "", "SetBlobMetadata"},
	{"PUT", "/con/b?comp=properties", "", "SetBlobProperties"},
	{"DELETE", "/con/b", "", "DeleteBlob"},
	{"PUT", "/con/b", "X-Ms-Blob-Type: BlockBlob", "PutBlob"},
	{"PUT", "/con/b", "X-Ms-Blob-Type: BlockBlob; X-Ms-Copy-Source: u", "PutBlobFromURL"},
	{"PUT", "/con/b?comp=snapshot", "", "SnapshotBlob"},
	{"PUT", "/con/b?comp=block", "", "PutBlock"},
	{"PUT", "/con/b?comp=block", "X-Ms-Copy-Source: u", "PutBlockFromURL"},
	{"PUT", "/con/b?comp=blocklist", "", "PutBlockList"},
	{"GET", "/con/b?comp=blocklist", "", "GetBlockList"},
	{"PUT", "/con/b?comp=appendblock", "", "AppendBlock"},
	{"PUT", "/con/b?comp=appendblock", "X-Ms-Copy-Source: u", "AppendBlockThroughCopy"},
	{"PUT", "/con/b?comp=seal", "", "SealBlob"},
	{"PUT", "/con/b?comp=page", "X-Ms-Page-Write: update", "PutPage"},
	{"PUT", "/con/b?comp=page", "X-Ms-Page-Write: clear", "ClearPage"},
	{"PUT", "/con/b?comp=page", "X-Ms-Page-Write: update; X-Ms-Copy-Source: u", "PutPageFromURL"},
	{"GET", "/con/b?comp=pagelist", "", "GetPageRanges"},
	{"PUT", "/con/b", "X-Ms-Copy-Source: u", "CopyBlob"},
	{"PUT", "/con/b", "X-Ms-Copy-Source: u; X-Ms-Requires-Sync: true", "CopyBlobFromURL"},
	{"PUT", "/con/b?comp=copy&copyid=i", "X-Ms-Copy-Action: abort", "AbortCopyBlob"},
	{"PUT", "/con/b?comp=tier", "", "SetBlobTier"},
	{"GET", "/con/b?comp=tags", "", "GetBlobTags"},
	{"PUT", "/con/b?comp=tags", "", "SetBlobTags"},
	{"PUT", "/con/b?comp=undelete", "", "UndeleteBlob"},
	{"PUT", "/con/b?comp=expiry", "", "SetBlobExpiry"},
	{"PUT", "/con/b?comp=incrementalcopy", "", "IncrementalCopyBlob"},
	{"POST", "/con/b?comp=query", "", "QueryBlobContents"},
	{"PUT", "/con/b?comp=immutabilitypolicies", "", "SetContainerServiceMetadata"},
	{"PUT", "/con/b?comp=lease", "X-Ms-Lease-Action: acquire", "AcquireBlobLease"},
	{"PUT", "/con/b?comp=lease", "X-Ms-Lease-Action: renew", "RenewBlobLease"},
	{"PUT", "/con/b?comp=lease", "X-Ms-Lease-Action: change", "ChangeBlobLease"},
	{"PUT", "/con/b?comp=lease", "X-Ms-Lease-Action: release", "ReleaseBlobLease"},
	{"PUT", "/con/b?comp=lease", "X-Ms-Lease-Action: break", "BreakBlobLease"},
}

// TestRoutes routes to every operation there is.
func TestRoutes(t *testing.T) {
	s := withProperties()
	left := allOperations(s)
	for _, r := range routed {
		u, err := url.Parse(r.path)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		for line := range strings.SplitSeq(r.headers, "; ") {
			if k, v, ok := strings.Cut(line, ": "); ok {
				h.Set(k, v)
			}
		}
		c := &storage.Call{
			Request: &http.Request{Method: r.method, URL: u, Header: h}, Query: u.Query(),
			Account: &storage.Account{Name: "acct"}, Version: storage.Newest,
		}
		c.Container, c.Name, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		op, err := s.Route(c)
		switch {
		case err != nil:
			t.Errorf("%s %s %s: %v", r.method, r.path, r.headers, err)
		case op.Name != r.name:
			t.Errorf("%s %s %s: routed to %s, want %s", r.method, r.path, r.headers, op.Name, r.name)
		default:
			left = slices.DeleteFunc(left, func(o *storage.Operation) bool { return o == op })
		}
	}
	for _, o := range left {
		t.Errorf("nothing leads to %s", o.Name)
	}
}

// TestCompatPage compares the page of what is there and what is not with the
// operations.
func TestCompatPage(t *testing.T) {
	var there, absent []string
	for _, o := range allOperations(withProperties()) {
		if reflect.ValueOf(o.Run).Pointer() == reflect.ValueOf(notImplemented).Pointer() {
			absent = append(absent, o.Name)
		} else {
			there = append(there, o.Name)
		}
	}
	// Two records of a copy, and what the Front does for all services.
	there = append(there, "CopyBlobSource", "CopyBlobDestination", "BlobPreflightRequest")
	const page = "../../../docs/compat/blob.md"
	storagetest.CheckPage(t, page, "## Operations", there)
	storagetest.CheckPage(t, page, "## Left out", absent)
}

// The catalogue has every operation, those too that are refused, in the category
// that its records get, and none besides.
func TestCatalogHasTheOperations(t *testing.T) {
	storagetest.CheckCatalog(t, "Microsoft.Storage/storageAccounts/blobServices", "BlobPreflightRequest", allOperations(withProperties()))
}

// withProperties is a Service that has all operations.
func withProperties() *Service {
	return New(Config{Properties: storage.NewPropertyOperations(storage.Blob, storage.OpenProperties(storage.PropertiesConfig{}))})
}

func allOperations(s *Service) []*storage.Operation { return storagetest.Operations(&s.ops) }
