package seed

import (
	"strings"
	"testing"
)

// "Operation Type: What APIs are logged?": the blob service's list, with what
// was added to it since, in an order in which each request works.
func TestOperations(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	const box, lease = "?restype=container", "11111111-2222-3333-4444-555555555555"
	source := n.AccountURL(n.account.name) + "/docs/b"
	blocks := "<BlockList><Latest>MDE=</Latest></BlockList>"
	acl := "<SignedIdentifiers></SignedIdentifiers>"
	page := strings.Repeat("p", 512)
	type row struct {
		operation, class, key string
		request
		status int
	}
	do := func(operation, class, key string, status int, method, target, body string, header ...string) row {
		return row{operation, class, key, req(byKey, method, target, body, header...), status}
	}
	rows := []row{
		do("SetBlobServiceProperties", "write", "", 202, "PUT", "/?restype=service&comp=properties", all.xml()),
		do("GetBlobServiceProperties", "read", "", 200, "GET", "/?restype=service&comp=properties", ""),
		do("GetAccountInformation", "read", "", 200, "GET", "/?restype=account&comp=properties", ""),
		do("ListContainers", "read", "", 200, "GET", "/?comp=list", ""),
		do("CreateContainer", "write", "/docs", 201, "PUT", "/docs"+box, ""),
		do("GetContainerProperties", "read", "/docs", 200, "HEAD", "/docs"+box, ""),
		do("SetContainerMetadata", "write", "/docs", 200, "PUT", "/docs"+box+"&comp=metadata", "", "x-ms-meta-a", "b"),
		do("GetContainerMetadata", "read", "/docs", 200, "GET", "/docs"+box+"&comp=metadata", ""),
		do("SetContainerACL", "write", "/docs", 200, "PUT", "/docs"+box+"&comp=acl", acl),
		do("GetContainerACL", "read", "/docs", 200, "GET", "/docs"+box+"&comp=acl", ""),
		do("AcquireContainerLease", "write", "/docs", 201, "PUT", "/docs"+box+"&comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1", "x-ms-proposed-lease-id", lease),
		do("RenewContainerLease", "write", "/docs", 200, "PUT", "/docs"+box+"&comp=lease", "", "x-ms-lease-action", "renew", "x-ms-lease-id", lease),
		do("ReleaseContainerLease", "write", "/docs", 200, "PUT", "/docs"+box+"&comp=lease", "", "x-ms-lease-action", "release", "x-ms-lease-id", lease),
		do("PutBlob", "write", "/docs/b", 201, "PUT", "/docs/b", "content", "x-ms-blob-type", "BlockBlob"),
		do("GetBlob", "read", "/docs/b", 200, "GET", "/docs/b", ""),
		do("GetBlobProperties", "read", "/docs/b", 200, "HEAD", "/docs/b", ""),
		do("SetBlobMetadata", "write", "/docs/b", 200, "PUT", "/docs/b?comp=metadata", "", "x-ms-meta-a", "b"),
		do("GetBlobMetadata", "read", "/docs/b", 200, "GET", "/docs/b?comp=metadata", ""),
		do("SetBlobProperties", "write", "/docs/b", 200, "PUT", "/docs/b?comp=properties", "", "x-ms-blob-content-type", "text/plain"),
		do("PutBlock", "write", "/docs/l", 201, "PUT", "/docs/l?comp=block&blockid=MDE%3D", "block"),
		do("PutBlockList", "write", "/docs/l", 201, "PUT", "/docs/l?comp=blocklist", blocks),
		do("GetBlockList", "read", "/docs/l", 200, "GET", "/docs/l?comp=blocklist", ""),
		do("PutBlob", "write", "/docs/p", 201, "PUT", "/docs/p", "", "x-ms-blob-type", "PageBlob", "x-ms-blob-content-length", "1024"),
		do("PutPage", "write", "/docs/p", 201, "PUT", "/docs/p?comp=page", page, "x-ms-page-write", "update", "x-ms-range", "bytes=0-511"),
		do("GetPageRanges", "read", "/docs/p", 200, "GET", "/docs/p?comp=pagelist", ""),
		do("ClearPage", "write", "/docs/p", 201, "PUT", "/docs/p?comp=page", "", "x-ms-page-write", "clear", "x-ms-range", "bytes=0-511"),
		do("AcquireBlobLease", "write", "/docs/b", 201, "PUT", "/docs/b?comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1", "x-ms-proposed-lease-id", lease),
		do("RenewBlobLease", "write", "/docs/b", 200, "PUT", "/docs/b?comp=lease", "", "x-ms-lease-action", "renew", "x-ms-lease-id", lease),
		do("ReleaseBlobLease", "write", "/docs/b", 200, "PUT", "/docs/b?comp=lease", "", "x-ms-lease-action", "release", "x-ms-lease-id", lease),
		do("AcquireBlobLease", "write", "/docs/b", 201, "PUT", "/docs/b?comp=lease", "", "x-ms-lease-action", "acquire", "x-ms-lease-duration", "-1"),
		do("BreakBlobLease", "write", "/docs/b", 202, "PUT", "/docs/b?comp=lease", "", "x-ms-lease-action", "break"),
		do("SnapshotBlob", "write", "/docs/b", 201, "PUT", "/docs/b?comp=snapshot", ""),
		do("CopyBlob", "write", "/docs/c", 202, "PUT", "/docs/c", "", "x-ms-copy-source", source),
		do("ListBlobs", "read", "/docs", 200, "GET", "/docs"+box+"&comp=list", ""),
		do("DeleteBlob", "delete", "/docs/c", 202, "DELETE", "/docs/c", ""),
		do("DeleteContainer", "delete", "/docs", 202, "DELETE", "/docs"+box, ""),
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = n.must(t, r.status, r.request).id
	}
	got := n.records(t)
	for i, r := range rows {
		l := got[ids[i]]
		if len(l) == 0 {
			t.Errorf("%s is not logged", r.operation)
			continue
		}
		want(t, "operation", l[0].Operation, r.operation)
		want(t, r.operation+": key", l[0].ObjectKey, "/"+n.account.name+r.key)
		want(t, r.operation+": status", l[0].Status, "Success")
		want(t, r.operation+": records", len(l), map[bool]int{true: 3, false: 1}[r.operation == "CopyBlob"])
	}
	// Each class alone has just its operations.
	for _, class := range []string{"read", "write", "delete"} {
		n.set(t, logging{read: class == "read", write: class == "write", del: class == "delete"})
		for i, r := range rows {
			if i == 0 {
				continue // it would change what is logged
			}
			r.header = r.header[:len(r.header):len(r.header)]
			ids[i] = n.must(t, r.status, r.request).id
		}
		got := n.records(t)
		for i, r := range rows[1:] {
			want(t, class+" alone: "+r.operation+" is logged", len(got[ids[i+1]]) > 0, r.class == class)
		}
	}
}
