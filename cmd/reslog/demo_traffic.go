package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"reslog/server"
)

// The things the demo makes.
const (
	demoContainer = "photos"
	demoBlob      = "2026/cat.txt"
	demoCopy      = "2026/copy.txt"
)

// demoStep is something that a client does, and how many records that leaves.
type demoStep struct {
	what    string
	records int
	do      func() error
}

// steps does one thing after the other and shows the records of each.
func (d *demo) steps(ctx context.Context, steps []demoStep) error {
	for _, step := range steps {
		d.say("» %s", step.what)
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if err := d.show(ctx, step.records); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// blobs makes one request of each kind, through the SDK an application uses.
func (d *demo) blobs(ctx context.Context) error {
	c, err := azblob.NewClientFromConnectionString(d.node.ConnectionString(server.DevAccount), nil)
	if err != nil {
		return fmt.Errorf("make the SDK's client: %w", err)
	}
	photos := c.ServiceClient().NewContainerClient(demoContainer)
	cat := photos.NewBlockBlobClient(demoBlob)
	return d.steps(ctx, []demoStep{
		{"create a container", 1, func() error {
			access := container.PublicAccessTypeBlob
			_, err := photos.Create(ctx, &container.CreateOptions{Access: &access})
			return err
		}},
		{"put a blob", 1, func() error {
			_, err := cat.UploadBuffer(ctx, []byte("a cat\n"), nil)
			return err
		}},
		{"get it", 1, func() error { return download(ctx, cat) }},
		{"list the container", 1, func() error {
			_, err := photos.NewListBlobsFlatPager(nil).NextPage(ctx)
			return err
		}},
		{"copy the blob: one request, three lines in $logs", 1, func() error {
			_, err := photos.NewBlobClient(demoCopy).StartCopyFromURL(ctx, cat.URL(), nil)
			return err
		}},
		{"get it with a shared access signature", 1, func() error { return d.signed(ctx, cat, download) }},
		{"delete it with a signature that may only read: refused", 1, func() error {
			return d.signed(ctx, cat, func(ctx context.Context, b *blockblob.Client) error {
				_, err := b.Delete(ctx, nil)
				return expect(err, bloberror.AuthorizationPermissionMismatch)
			})
		}},
		{"get it without any credentials: the container is public", 1, func() error { return anonymous(ctx, cat.URL()) }},
		{"get a blob that is not there", 1, func() error {
			return expect(download(ctx, photos.NewBlockBlobClient("2026/dog.txt")), bloberror.BlobNotFound)
		}},
		{"delete the blob", 1, func() error {
			_, err := cat.Delete(ctx, nil)
			return err
		}},
	})
}

func download(ctx context.Context, b *blockblob.Client) error {
	resp, err := b.DownloadStream(ctx, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

// signed calls fn with a client that has nothing but a signature to read b.
func (d *demo) signed(ctx context.Context, b *blockblob.Client, fn func(context.Context, *blockblob.Client) error) error {
	url, err := b.GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
	if err != nil {
		return fmt.Errorf("sign a URL: %w", err)
	}
	bearer, err := blockblob.NewClientWithNoCredential(url, nil)
	if err != nil {
		return fmt.Errorf("make a client of the signed URL: %w", err)
	}
	return fn(ctx, bearer)
}

func anonymous(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the service answered %s", resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}

// expect turns the wanted refusal into success.
func expect(err error, code bloberror.Code) error {
	if bloberror.HasCode(err, code) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("it worked, but %s was expected", code)
	}
	return err
}

// readBack prints the log as a user of the account reads it.
func (d *demo) readBack(ctx context.Context) error {
	d.say("")
	d.say("After a second, the flush interval of this node, the logs are in $logs:")
	if err := d.node.Drain(ctx); err != nil {
		return fmt.Errorf("wait for the log: %w", err)
	}
	c, err := azblob.NewClientFromConnectionString(d.node.ConnectionString(server.DevAccount), nil)
	if err != nil {
		return fmt.Errorf("make the SDK's client: %w", err)
	}
	pages := c.NewListBlobsFlatPager("$logs", nil)
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list $logs: %w", err)
		}
		for _, item := range page.Segment.BlobItems {
			if err := d.printLog(ctx, c, *item.Name); err != nil {
				return fmt.Errorf("read $logs/%s: %w", *item.Name, err)
			}
		}
	}
	return nil
}

// readArchive prints what the archive holds.
func (d *demo) readArchive(ctx context.Context) error {
	d.say("")
	d.say("And in the account %q, one JSON object a line:", demoArchive)
	d.say("")
	c, err := azblob.NewClientFromConnectionString(d.node.ConnectionString(demoArchive), nil)
	if err != nil {
		return fmt.Errorf("make the SDK's client: %w", err)
	}
	for containers := c.NewListContainersPager(nil); containers.More(); {
		page, err := containers.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the archive: %w", err)
		}
		for _, item := range page.ContainerItems {
			if err := d.printArchive(ctx, c, *item.Name); err != nil {
				return fmt.Errorf("read the archive: %w", err)
			}
		}
	}
	return nil
}

func (d *demo) printArchive(ctx context.Context, c *azblob.Client, container string) error {
	for blobs := c.NewListBlobsFlatPager(container, nil); blobs.More(); {
		page, err := blobs.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Segment.BlobItems {
			resp, err := c.DownloadStream(ctx, container, *item.Name, nil)
			if err != nil {
				return err
			}
			content, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err != nil {
				return err
			}
			resource, hour, _ := strings.Cut(*item.Name, "/y=")
			segments := strings.Split(resource, "/")
			of := strings.Join(segments[max(len(segments)-2, 0):], "/") // the kind and the name
			d.say("%s/resourceId=/SUBSCRIPTIONS/…/%s/y=%s: %d records", container, of, hour, strings.Count(string(content), "\n"))
		}
	}
	return nil
}

// printLog prints the first fields of each line of a log.
func (d *demo) printLog(ctx context.Context, c *azblob.Client, name string) error {
	const width = 118
	d.say("")
	d.say("$logs/%s", name)
	resp, err := c.DownloadStream(ctx, "$logs", name, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.ToValidUTF8(lines.Text(), "\uFFFD")
		if runes := []rune(line); len(runes) > width {
			line = string(runes[:width]) + "…"
		}
		d.say("  %s", line)
	}
	return lines.Err()
}
