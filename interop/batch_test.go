package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

func TestBatchDelete(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	ctx := t.Context()
	builder, err := c.NewBatchBuilder()
	check(t, err)
	for i := range 20 {
		name := fmt.Sprintf("dir/b %02d", i)
		if i != 7 {
			put(t, c, name, "x")
		}
		check(t, builder.Delete(name, nil))
	}
	r, err := c.SubmitBatch(ctx, builder, nil)
	check(t, err)
	want(t, "answers", len(r.Responses), 20)
	for _, item := range r.Responses {
		if item.ContentID == nil {
			t.Errorf("an answer without Content-ID: %+v", item)
			continue
		}
		if *item.ContentID == 7 {
			if !bloberror.HasCode(item.Error, bloberror.BlobNotFound) {
				t.Errorf("the missing blob: %v", item.Error)
			}
			continue
		}
		if item.Error != nil || item.RequestID == nil {
			t.Errorf("answer %d: %v", *item.ContentID, item.Error)
		}
	}
	names, _ := list(t, c, nil)
	want(t, "left", len(names), 0)
}

func TestBatchAcrossContainers(t *testing.T) {
	g := open(t)
	svc := g.service(t)
	ctx := t.Context()
	builder, err := svc.NewBatchBuilder()
	check(t, err)
	for _, suffix := range []string{"a", "b"} {
		name := unique(t)
		_, err := svc.CreateContainer(ctx, name, nil)
		check(t, err)
		t.Cleanup(func() { _, _ = svc.DeleteContainer(t.Context(), name, nil) })
		c := svc.NewContainerClient(name)
		put(t, c, suffix, "x")
		check(t, builder.SetTier(name, suffix, blob.AccessTierCool, nil))
		defer func() {
			p, err := c.NewBlobClient(suffix).GetProperties(t.Context(), nil)
			check(t, err)
			wantPtr(t, "tier", p.AccessTier, "Cool")
		}()
	}
	r, err := svc.SubmitBatch(ctx, builder, nil)
	check(t, err)
	for _, item := range r.Responses {
		if item.Error != nil {
			t.Errorf("answer: %v", item.Error)
		}
	}
	want(t, "answers", len(r.Responses), 2)
}

func TestBatchWithSAS(t *testing.T) {
	g := open(t)
	c := g.container(t, nil)
	put(t, c, "b", "x")
	u, err := c.GetSASURL(sas.ContainerPermissions{Delete: true, Write: true}, time.Now().Add(time.Hour), nil)
	check(t, err)
	sc, err := container.NewClientWithNoCredential(u, &container.ClientOptions{ClientOptions: once()})
	check(t, err)
	builder, err := sc.NewBatchBuilder()
	check(t, err)
	check(t, builder.Delete("b", nil))
	r, err := sc.SubmitBatch(t.Context(), builder, nil)
	check(t, err)
	if len(r.Responses) != 1 || r.Responses[0].Error != nil {
		t.Errorf("answers: %+v", r.Responses)
	}
	names, _ := list(t, c, nil)
	want(t, "left", len(names), 0)
}
