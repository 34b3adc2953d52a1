package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	azblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// blob is the blob that a folder is written to at present.
type blob struct {
	container, path string

	known  bool // what follows is as the account has it
	n      int
	length int64
	blocks int
	client *appendblob.Client

	from int // the lowest n that may be written to: those before refused
	used uint64
}

func (b *blob) title() string { return b.container + "/" + b.path + blobName(b.n) }

// append appends data at the end that is known, and nowhere else.
func (b *blob) append(ctx context.Context, data []byte) error {
	res, err := b.client.AppendBlock(ctx, streaming.NopCloser(bytes.NewReader(data)), &appendblob.AppendBlockOptions{
		AppendPositionAccessConditions: &appendblob.AppendPositionAccessConditions{AppendPosition: to.Ptr(b.length)},
	})
	if err != nil {
		return err
	}
	b.length += int64(len(data))
	b.blocks++
	if res.BlobCommittedBlockCount != nil {
		b.blocks = int(*res.BlobCommittedBlockCount)
	}
	return nil
}

// blobs remembers the blobs that were written to last. A forgotten one is looked
// for again.
type blobs struct {
	cfg   *Config
	stats *stats
	known map[string]*blob
	clock uint64
}

// open returns the blob that a folder is to be written to, making it and its
// container if need be.
func (bs *blobs) open(ctx context.Context, e *entry) (*blob, error) {
	b := bs.get(e)
	if b.known && b.blocks >= bs.cfg.MaxBlocks {
		bs.leave(b, tooManyBlocks)
	}
	if b.known {
		return b, nil
	}
	if err := bs.look(ctx, b); err != nil {
		return nil, err
	}
	b.known = true
	b.client = bs.cfg.Container(b.container).NewAppendBlobClient(b.path + blobName(b.n))
	return b, nil
}

func (bs *blobs) get(e *entry) *blob {
	bs.clock++
	key := e.container + "/" + e.path
	b := bs.known[key]
	if b == nil {
		for len(bs.known) >= maxFolders {
			bs.forgetOldest()
		}
		if bs.known == nil {
			bs.known = make(map[string]*blob)
		}
		b = &blob{container: e.container, path: e.path}
		bs.known[key] = b
	}
	b.used = bs.clock
	return b
}

func (bs *blobs) forgetOldest() {
	oldest, least := "", bs.clock
	for key, b := range bs.known {
		if b.used < least {
			oldest, least = key, b.used
		}
	}
	delete(bs.known, oldest)
}

// leave makes a folder go on in its next blob.
func (bs *blobs) leave(b *blob, why string) {
	bs.cfg.Logger.Info("the hour goes on in its next blob", slog.String("blob", b.title()), slog.String("reason", why))
	b.known, b.from = false, b.n+1
}

const tooManyBlocks = "it has the blocks it may have"

// maxLook bounds how many blobs in a row may be in the way.
const maxLook = 32

// look finds the last blob of a folder or, if that cannot be written to, makes
// the next.
func (bs *blobs) look(ctx context.Context, b *blob) error {
	n, err := bs.last(ctx, b)
	if err != nil {
		return err
	}
	create := n < b.from
	b.n = max(n, b.from)
	for range maxLook {
		if create {
			made, err := bs.create(ctx, b)
			if made || err != nil {
				return err
			}
		}
		p, err := bs.properties(ctx, b.container, b.path, b.n)
		if err != nil {
			return err
		}
		create = true
		if p == nil {
			continue // it was deleted in between
		}
		why := p.unusable(bs.cfg.MaxBlocks)
		if why == "" {
			b.length, b.blocks = p.length, p.blocks
			return nil
		}
		bs.leave(b, why)
		b.n = b.from
	}
	return fmt.Errorf("find a blob to append to: %d in a row up to %s cannot be, remove those that are no archives", maxLook, b.title())
}

// last returns the number of the last blob of a folder, -1 when it has none. It
// makes the container if that does not exist.
func (bs *blobs) last(ctx context.Context, b *blob) (int, error) {
	last := -1
	c := bs.cfg.Container(b.container)
	pages := c.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: to.Ptr(b.path + blobStem)})
	for pages.More() {
		page, err := pages.NextPage(ctx)
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return -1, bs.makeContainer(ctx, b.container)
		}
		if err != nil {
			return 0, failed("list the blobs in "+b.container+"/"+b.path, err)
		}
		if page.Segment == nil {
			return 0, failed("list the blobs in "+b.container+"/"+b.path, errForeign)
		}
		for _, item := range page.Segment.BlobItems {
			if item == nil || item.Name == nil {
				continue
			}
			if n, ok := parseBlobName(strings.TrimPrefix(*item.Name, b.path)); ok {
				last = max(last, n)
			}
		}
	}
	return last, nil
}

func (bs *blobs) makeContainer(ctx context.Context, name string) error {
	_, err := bs.cfg.Container(name).Create(ctx, nil)
	if err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return failed("make container "+name, err)
	}
	return nil
}

// create makes b's blob; made is false when there is one.
func (bs *blobs) create(ctx context.Context, b *blob) (made bool, err error) {
	c := bs.cfg.Container(b.container).NewAppendBlobClient(b.path + blobName(b.n))
	options := &appendblob.CreateOptions{AccessConditions: &azblob.AccessConditions{
		ModifiedAccessConditions: &azblob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
	}}
	_, err = c.Create(ctx, options)
	if bloberror.HasCode(err, bloberror.ContainerNotFound) {
		if err := bs.makeContainer(ctx, b.container); err != nil {
			return false, err
		}
		_, err = c.Create(ctx, options)
	}
	switch {
	case err == nil:
		b.length, b.blocks = 0, 0
		bs.stats.blobs.Add(1)
		return true, nil
	case bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.BlobImmutableDueToPolicy, bloberror.LeaseIDMissing):
		return false, nil
	}
	return false, failed("make "+b.title(), err)
}

// properties are what decides whether a blob can be appended to.
type properties struct {
	length int64
	blocks int
	kind   azblob.BlobType
	sealed bool
}

// properties asks for those of a blob; nil when there is none.
func (bs *blobs) properties(ctx context.Context, container, path string, n int) (*properties, error) {
	res, err := bs.cfg.Container(container).NewBlobClient(path+blobName(n)).GetProperties(ctx, nil)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("look at "+container+"/"+path+blobName(n), err)
	}
	if res.BlobType == nil || res.ContentLength == nil {
		return nil, failed("look at "+container+"/"+path+blobName(n), errForeign)
	}
	p := &properties{kind: *res.BlobType, length: *res.ContentLength}
	if res.BlobCommittedBlockCount != nil {
		p.blocks = int(*res.BlobCommittedBlockCount)
	}
	p.sealed = res.IsSealed != nil && *res.IsSealed
	return p, nil
}

// unusable says why a blob cannot be appended to, "" if it can.
func (p *properties) unusable(maxBlocks int) string {
	switch {
	case p.kind != azblob.BlobTypeAppendBlob:
		return "it is a " + string(p.kind)
	case p.sealed:
		return "it is sealed"
	case p.blocks >= maxBlocks:
		return tooManyBlocks
	}
	return ""
}

// find returns which of the tries of a folder is in the archive, -1 for none.
func (bs *blobs) find(ctx context.Context, e *entry) (int, error) {
	p, err := bs.properties(ctx, e.container, e.path, e.n)
	if p == nil || err != nil {
		return -1, err
	}
	// One try may be the beginning of another: the longest that is there is it.
	found := -1
	for i, t := range e.tries {
		if p.length < e.offset+t.length || found >= 0 && t.length < e.tries[found].length {
			continue
		}
		ok, err := bs.holds(ctx, e, t)
		if err != nil {
			return -1, err
		}
		if ok {
			found = i
		}
	}
	if found >= 0 {
		return found, nil
	}
	if p.length > e.offset {
		bs.cfg.Logger.Warn("somebody else writes to a blob of the archive", slog.String("blob", e.container+"/"+e.path+blobName(e.n)))
	}
	return -1, nil
}

// holds reports whether the bytes of a try are where it was to append them.
func (bs *blobs) holds(ctx context.Context, e *entry, t try) (bool, error) {
	name := e.path + blobName(e.n)
	res, err := bs.cfg.Container(e.container).NewBlobClient(name).DownloadStream(ctx, &azblob.DownloadStreamOptions{
		Range: azblob.HTTPRange{Offset: e.offset, Count: t.length},
	})
	if notFound(err) || bloberror.HasCode(err, bloberror.InvalidRange) {
		return false, nil
	}
	what := "read what " + e.container + "/" + name + " holds"
	if err != nil {
		return false, failed(what, err)
	}
	if res.BlobType == nil {
		return false, failed(what, errors.Join(errForeign, res.Body.Close()))
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(res.Body, t.length+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return false, failed(what, err)
	}
	return n == t.length && [sha256.Size]byte(sum.Sum(nil)) == t.sum, nil
}

// refused notes that an append failed and decides what is next.
func (bs *blobs) refused(b *blob, err error) error {
	wrapped := failed("append to "+b.title(), err)
	b.known = false
	var re *azcore.ResponseError
	if !errors.As(err, &re) {
		return wrapped
	}
	switch code := bloberror.Code(re.ErrorCode); code {
	case bloberror.AppendPositionConditionNotMet, bloberror.InvalidBlobType, bloberror.BlobNotFound, bloberror.ContainerNotFound:
		return &goOnError{wrapped}
	case bloberror.BlockCountExceedsLimit, blobIsSealed:
		bs.leave(b, "the account answers "+string(code))
		return &goOnError{wrapped}
	case bloberror.LeaseIDMissing, bloberror.BlobImmutableDueToPolicy:
		// What is protected as soon as it is made cannot be got round by making
		// more of it.
		if b.length > 0 {
			bs.leave(b, "the account answers "+string(code))
			return &goOnError{wrapped}
		}
	}
	return wrapped
}
