package blob_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"reslog/service/storage/blob"
	"reslog/service/storage/blobstore"
)

// countingStore counts the bodies that were stored.
type countingStore struct {
	blobstore.Store
	staged atomic.Int64
}

func (s *countingStore) Stage(ctx context.Context, r io.Reader) (*blobstore.Content, error) {
	s.staged.Add(1)
	return s.Store.Stage(ctx, r)
}

// TestRefusedBeforeBody are refusals of large bodies, which must not be stored
// first.
func TestRefusedBeforeBody(t *testing.T) {
	var store *countingStore
	s := newServer(t, func(c *blob.Config) {
		store = &countingStore{Store: c.Store}
		c.Store = store
	})
	s.container("con")
	s.put("/con/leased", "x")
	s.OK(201, "PUT", "/con/leased?comp=lease", "", "x-ms-lease-action: acquire", "x-ms-lease-duration: -1")
	s.put("/con/free", "x")
	s.OK(201, "PUT", "/con/app", "", "x-ms-blob-type: AppendBlob")
	s.OK(201, "PUT", "/con/sealed", "", "x-ms-blob-type: AppendBlob")
	s.OK(200, "PUT", "/con/sealed?comp=seal", "")
	s.OK(201, "PUT", "/con/page", "", "x-ms-blob-type: PageBlob", "x-ms-blob-content-length: 1048576")

	large := strings.Repeat("x", 1<<20)
	const block, update = "x-ms-blob-type: BlockBlob", "x-ms-page-write: update"
	before := store.staged.Load()
	for _, tc := range []struct {
		status  int
		code    string
		path    string
		body    string
		headers []string
	}{
		{412, "LeaseIdMissing", "/con/leased", large, []string{block}},
		{412, "ConditionNotMet", "/con/free", large, []string{block, `If-Match: "0x1"`}},
		{412, "ConditionNotMet", "/con/free", "small", []string{block, `If-Match: "0x1"`}},
		{409, "BlobAlreadyExists", "/con/free", large, []string{block, "If-None-Match: *"}},
		{404, "ContainerNotFound", "/none/free", large, []string{block}},
		{412, "LeaseIdMissing", "/con/leased?comp=block&blockid=YQ==", large, nil},
		{409, "InvalidBlobType", "/con/page?comp=block&blockid=YQ==", large, nil},
		{404, "BlobNotFound", "/con/none?comp=appendblock", large, nil},
		{409, "InvalidBlobType", "/con/free?comp=appendblock", large, nil},
		{409, "BlobIsSealed", "/con/sealed?comp=appendblock", large, nil},
		{412, "AppendPositionConditionNotMet", "/con/app?comp=appendblock", large, []string{"x-ms-blob-condition-appendpos: 7"}},
		{412, "MaxBlobSizeConditionNotMet", "/con/app?comp=appendblock", large, []string{"x-ms-blob-condition-maxsize: 1048575"}},
		{404, "BlobNotFound", "/con/none?comp=page", large, []string{update, "x-ms-range: bytes=0-1048575"}},
		{416, "InvalidPageRange", "/con/page?comp=page", large, []string{update, "x-ms-range: bytes=512-1049087"}},
		{412, "SequenceNumberConditionNotMet", "/con/page?comp=page", large, []string{update, "x-ms-range: bytes=0-1048575", "x-ms-if-sequence-number-eq: 7"}},
	} {
		s.Refused(tc.status, tc.code, "PUT", tc.path, tc.body, tc.headers...)
	}
	if n := store.staged.Load() - before; n != 0 {
		t.Errorf("%d bodies were stored that were refused", n)
	}
	s.OK(201, "PUT", "/con/app?comp=appendblock", large, "x-ms-blob-condition-appendpos: 0")
	s.OK(201, "PUT", "/con/page?comp=page", large, update, "x-ms-range: bytes=0-1048575")
	s.put("/con/free", large)
	if n := store.staged.Load() - before; n != 3 {
		t.Errorf("%d bodies were stored, want 3", n)
	}
}
