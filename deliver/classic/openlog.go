package classic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"reslog/bus"
	"reslog/deliver"
	"reslog/storagelog"
)

// maxBlocks is how many blocks a blob may have (Put Block List).
const maxBlocks = 50000

// An openLog is a log blob that is being written and not yet committed.
type openLog struct {
	name storagelog.LogName
	// before is the last position taken before the first of this log, order
	// its place in the order of taking.
	before bus.Position
	order  uint64

	// The pending block.
	pending     []byte
	first, last bus.Position
	since       time.Time // when its first line came

	// The blocks that were put.
	blocks []string
	size   int64
	staged time.Time    // when the first was
	end    bus.Position // last position in them

	// committing says that a commit was tried: nothing may be added any more.
	committing bool

	meta storagelog.Metadata
}

// largePending is from how much on a pending block gets memory for a whole one:
// a log of little has little.
const largePending = 64 << 10

// add appends what is in scratch, the lines of a record, to the pending block.
func (l *Log) add(o *openLog, it *deliver.Item) {
	if len(o.pending) == 0 {
		o.first, o.since = it.Position, l.cfg.Now()
	}
	if n := len(o.pending) + len(l.scratch); n > cap(o.pending) && n > largePending {
		block := l.spare
		if l.spare = nil; cap(block) < n {
			block = make([]byte, 0, max(n, l.cfg.BlockSize))
		}
		o.pending = append(block[:0], o.pending...)
	}
	o.pending = append(o.pending, l.scratch...)
	o.last = it.Position
	o.meta.Types |= typeOf(it.Record.Category)
	start := it.Record.Time.UTC()
	if o.meta.Start.IsZero() || start.Before(o.meta.Start) {
		o.meta.Start = start
	}
	if start.After(o.meta.End) {
		o.meta.End = start
	}
}

// waiting returns how long the oldest line of the log has been waiting for it
// to be committed.
func (o *openLog) waiting(now time.Time) time.Duration {
	switch {
	case len(o.blocks) > 0:
		return now.Sub(o.staged)
	case len(o.pending) > 0:
		return now.Sub(o.since)
	}
	return 0
}

// stage puts the pending block. When it fails the block stays pending.
func (l *Log) stage(ctx context.Context, o *openLog) error {
	if len(o.pending) == 0 {
		return nil
	}
	id := blockID(o.first, o.last)
	body := streaming.NopCloser(bytes.NewReader(o.pending))
	_, err := l.client(o).StageBlock(ctx, id, body, nil)
	if err != nil {
		// A transport that gave up may still be reading what it was given.
		o.pending = slices.Clone(o.pending)
	}
	switch {
	case bloberror.HasCode(err, bloberror.ContainerNotFound):
		// Switching logging on makes the container; here it was removed since,
		// or the account is not one that we serve.
		if _, cerr := l.cfg.Container.Create(ctx, nil); cerr != nil && !bloberror.HasCode(cerr, bloberror.ContainerAlreadyExists) {
			return fmt.Errorf("make container %s: %w", storagelog.ContainerName, cerr)
		}
		return fmt.Errorf("put block of log %s: %w", o.name, err)
	case bloberror.HasCode(err, bloberror.InvalidBlobOrBlock) && len(o.blocks) == 0:
		// Somebody left uncommitted blocks with other ids under this name.
		o.name.Counter++
		return fmt.Errorf("put block of log %s: %w", o.name, err)
	case err != nil:
		return fmt.Errorf("put block of log %s: %w", o.name, err)
	}
	if len(o.blocks) == 0 {
		o.staged = l.cfg.Now()
	}
	o.blocks = append(o.blocks, id)
	o.size += int64(len(o.pending))
	o.end = o.last
	l.stats.blocks.Add(1)
	l.stats.bytes.Add(uint64(len(o.pending)))
	o.pending = o.pending[:0]
	if o.size >= l.cfg.LogSize || len(o.blocks) >= maxBlocks {
		return l.commit(ctx, o)
	}
	return nil
}

// finish puts what is pending and commits the log.
func (l *Log) finish(ctx context.Context, o *openLog) error {
	if !o.committing {
		if err := l.stage(ctx, o); err != nil {
			return err
		}
		if !slices.Contains(l.open, o) {
			return nil // it was large enough to be committed
		}
	}
	return l.commit(ctx, o)
}

// finishCommits tries again the commits that failed.
func (l *Log) finishCommits(ctx context.Context) error {
	if !slices.ContainsFunc(l.open, func(o *openLog) bool { return o.committing }) {
		return nil
	}
	for _, o := range slices.Clone(l.open) {
		if o.committing {
			if err := l.commit(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// commit makes the blocks of a log its blob, and the log no longer open.
func (l *Log) commit(ctx context.Context, o *openLog) error {
	if len(o.blocks) > 0 {
		o.committing = true
		if err := l.commitBlocks(ctx, o); err != nil {
			return err
		}
		l.folders.committed(o.name, o.end)
		l.stats.logs.Add(1)
	}
	l.open = slices.DeleteFunc(l.open, func(other *openLog) bool { return other == o })
	if cap(o.pending) > largePending {
		l.spare, o.pending = o.pending[:0], nil
	}
	return nil
}

func (l *Log) commitBlocks(ctx context.Context, o *openLog) error {
	metadata := make(map[string]*string, 4)
	for name, value := range o.meta.Map() {
		metadata[name] = to.Ptr(value)
	}
	client := l.client(o)
	_, err := client.CommitBlockList(ctx, o.blocks, &blockblob.CommitBlockListOptions{
		Metadata:    metadata,
		HTTPHeaders: &blob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")},
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: to.Ptr(azcore.ETagAny)},
		},
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("commit log %s: %w", o.name, err)
	if !bloberror.HasCode(err, bloberror.BlobAlreadyExists, bloberror.ConditionNotMet, bloberror.InvalidBlockList, bloberror.InvalidBlobOrBlock) {
		return err
	}
	// Either an earlier try has worked and its answer was lost, or what was put
	// is no longer there.
	committed, lerr := committedBlocks(ctx, client)
	switch {
	case lerr != nil:
		return errors.Join(err, lerr)
	case slices.Equal(committed, o.blocks):
		return nil
	}
	return deliver.Reopen(err)
}

func (l *Log) client(o *openLog) *blockblob.Client {
	return l.cfg.Container.NewBlockBlobClient(o.name.String())
}

// committedBlocks returns the ids of a blob's committed blocks, none when there
// is no such blob.
func committedBlocks(ctx context.Context, c *blockblob.Client) ([]string, error) {
	res, err := c.GetBlockList(ctx, blockblob.BlockListTypeCommitted, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("get block list: %w", err)
	}
	ids := make([]string, 0, len(res.CommittedBlocks))
	for _, b := range res.CommittedBlocks {
		if b != nil && b.Name != nil {
			ids = append(ids, *b.Name)
		}
	}
	return ids, nil
}
