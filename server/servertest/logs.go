package servertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/server"
	"reslog/storagelog"
)

// LogBlobs returns the log blobs of the development account's blob service by
// name, read by the SDK from `$logs` as a user would.
func (n *Node) LogBlobs(t testing.TB) map[string][]byte {
	t.Helper()
	n.Settle(t)
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	c := n.BlobClientFor(t, server.DevAccount, nil)
	blobs := map[string][]byte{}
	pages := c.NewListBlobsFlatPager("$logs", &azblob.ListBlobsFlatOptions{})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatalf("list $logs: %v", err)
		}
		for _, item := range page.Segment.BlobItems {
			resp, err := c.DownloadStream(ctx, "$logs", *item.Name, nil)
			if bloberror.HasCode(err, bloberror.BlobNotFound) {
				continue // its retention ended after the listing
			}
			if err != nil {
				t.Fatalf("get %s: %v", *item.Name, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatalf("read %s: %v", *item.Name, err)
			}
			blobs[*item.Name] = body
		}
	}
	return blobs
}

// Logs returns every entry of `$logs`, read strictly. Reading is logged too when
// reads are: take that into account when you call it twice.
func (n *Node) Logs(t testing.TB) []storagelog.Entry {
	t.Helper()
	var entries []storagelog.Entry
	for name, body := range n.LogBlobs(t) {
		r := storagelog.NewReader(bytes.NewReader(body), storagelog.Strict)
		for {
			var e storagelog.Entry
			err := r.Read(&e)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("read %s: %v", name, err)
			}
			entries = append(entries, e)
		}
	}
	return entries
}
