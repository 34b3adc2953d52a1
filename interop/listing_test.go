package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// list returns the names of a flat listing, and the number of its pages.
func list(t *testing.T, c *container.Client, o *container.ListBlobsFlatOptions) (names []string, pages int) {
	t.Helper()
	pager := c.NewListBlobsFlatPager(o)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		check(t, err)
		pages++
		for _, item := range page.Segment.BlobItems {
			name := *item.Name
			if item.Snapshot != nil && *item.Snapshot != "" {
				name += "@"
			}
			names = append(names, name)
		}
	}
	return names, pages
}

func TestListFlat(t *testing.T) {
	c := open(t).container(t, nil)
	for i := range 25 {
		put(t, c, fmt.Sprintf("p/%02d", i), "x")
	}
	put(t, c, "other", "x")
	names, n := list(t, c, &container.ListBlobsFlatOptions{Prefix: to.Ptr("p/"), MaxResults: to.Ptr(int32(10))})
	want(t, "pages", n, 3)
	want(t, "blobs", len(names), 25)
	want(t, "first and last", names[0]+" "+names[24], "p/00 p/24")
	names, _ = list(t, c, &container.ListBlobsFlatOptions{Prefix: to.Ptr("none")})
	want(t, "blobs", len(names), 0)
	names, _ = list(t, c, nil)
	want(t, "first", names[0], "other")
}

func TestListHierarchy(t *testing.T) {
	c := open(t).container(t, nil)
	for _, name := range []string{"a", "d/1", "d/2", "d/e/3", "f/4", "z"} {
		put(t, c, name, "x")
	}
	all := func(o *container.ListBlobsHierarchyOptions) string {
		var s []string
		pager := c.NewListBlobsHierarchyPager("/", o)
		for pager.More() {
			page, err := pager.NextPage(t.Context())
			check(t, err)
			for _, p := range page.Segment.BlobPrefixes {
				s = append(s, "["+*p.Name+"]")
			}
			for _, b := range page.Segment.BlobItems {
				s = append(s, *b.Name)
			}
		}
		return strings.Join(s, " ")
	}
	want(t, "root", all(nil), "[d/] [f/] a z")
	want(t, "d/", all(&container.ListBlobsHierarchyOptions{Prefix: to.Ptr("d/")}), "[d/e/] d/1 d/2")
	want(t, "d", all(&container.ListBlobsHierarchyOptions{Prefix: to.Ptr("d")}), "[d/]")
	want(t, "one at a time", all(&container.ListBlobsHierarchyOptions{MaxResults: to.Ptr(int32(1))}), "a [d/] [f/] z")
}

func TestListIncludes(t *testing.T) {
	c := open(t).container(t, nil)
	ctx := t.Context()
	_, err := c.NewBlockBlobClient("b").Upload(ctx, body("content"), &blockblob.UploadOptions{
		Metadata: meta("Colour", "blue"), Tags: map[string]string{"team": "red + green"},
	})
	check(t, err)
	_, err = c.NewBlobClient("b").CreateSnapshot(ctx, nil)
	check(t, err)
	_, err = c.NewBlockBlobClient("draft").StageBlock(ctx, blockID(1), body("x"), nil)
	check(t, err)

	names, _ := list(t, c, nil)
	want(t, "plain", strings.Join(names, " "), "b")
	names, _ = list(t, c, &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Snapshots: true}})
	want(t, "with snapshots", strings.Join(names, " "), "b@ b")
	names, _ = list(t, c, &container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{UncommittedBlobs: true}})
	want(t, "with uncommitted", strings.Join(names, " "), "b draft")

	page, err := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Include: container.ListBlobsInclude{Metadata: true, Tags: true, Copy: true}}).NextPage(ctx)
	check(t, err)
	item := page.Segment.BlobItems[0]
	wantMeta(t, item.Metadata, map[string]string{"colour": "blue"})
	if item.BlobTags == nil || len(item.BlobTags.BlobTagSet) != 1 {
		t.Fatalf("tags: %+v", item.BlobTags)
	}
	wantPtr(t, "tag", item.BlobTags.BlobTagSet[0].Value, "red + green")
	p := item.Properties
	wantPtr(t, "length", p.ContentLength, 7)
	wantPtr(t, "type", p.BlobType, "BlockBlob")
	wantPtr(t, "content type", p.ContentType, "application/octet-stream")
	wantPtr(t, "tier", p.AccessTier, "Hot")
	wantPtr(t, "tag count", p.TagCount, 1)
	wantPtr(t, "encrypted", p.ServerEncrypted, true)
	wantPtr(t, "lease state", p.LeaseState, "available")
	if p.ETag == nil || !recent(p.LastModified) || !recent(p.CreationTime) || len(p.ContentMD5) != 16 {
		t.Errorf("properties: %+v", p)
	}
}

// strange are names that have to survive URLs, XML and log lines.
var strange = []string{
	"space in name", "per%cent", "per%25cent", "plus+plus", "semi;colon", `quote"quote`, "amp&amp;", "<tag>", "apo'strophe",
	"dots/../../kept", "trailing.", "a/b/c//d", "ünïcödé", "日本語/ファイル", "emoji😀", "question?mark", "hash#tag",
	"tilde~", "col:on", "eq=ual", "comma,", "(paren)", "[bracket]", "{brace}", "$dollar", "pipe|", "caret^", "back`tick", "at@",
}

func TestStrangeNames(t *testing.T) {
	c := open(t).container(t, nil)
	for _, name := range strange {
		put(t, c, name, "content of "+name)
	}
	for _, name := range strange {
		want(t, name, get(t, c.NewBlobClient(name)), "content of "+name)
	}
	names, _ := list(t, c, nil)
	listed := map[string]bool{}
	for _, name := range names {
		listed[name] = true
	}
	for _, name := range strange {
		if !listed[name] {
			t.Errorf("%q is not in the listing", name)
		}
	}
	want(t, "blobs", len(names), len(strange))
}
