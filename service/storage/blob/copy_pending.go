package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// States of a copy, as x-ms-copy-status spells them.
const (
	copyPending = "pending"
	copySuccess = "success"
	copyAborted = "aborted"
	copyFailed  = "failed"
)

// What Config's zero values mean, and how many copies may be under way and
// waiting together.
const (
	defaultCopies      = 4
	defaultCopyTimeout = 14 * 24 * time.Hour // as the real service
	defaultCopyStall   = time.Minute
	maxPendingCopies   = 1000
)

// Reasons that end a copy early.
var (
	errCopyStopped = errors.New("the node was stopped")
	errCopyTimeout = errors.New("the copy took too long")
	errCopyStalled = errors.New("the copy source sent nothing for too long")
	errCopyGone    = errors.New("the destination is no longer that of the copy")
)

// copies are the copies from other hosts, which go on after their request was
// answered.
//
// A copy is pending on disk from its request until it ends. The URL it reads,
// which may hold a signature, is never on disk, so a node that was killed cannot
// go on where it stopped. Nor has it to look for what it left behind: a pending
// copy names the run of the node that works on it (in Description, which nobody
// sees while it is pending), and one of another run has failed. See show.
type copies struct {
	service *Service
	run     string
	timeout time.Duration
	stall   time.Duration
	slots   chan struct{} // one taken by each copy that reads
	ctx     context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup

	mu   sync.Mutex
	jobs map[string]*copyJob // by copy ID; nil once closed
}

func newCopies(s *Service, cfg *Config, run string) *copies {
	p := &copies{service: s, run: run, timeout: cfg.CopyTimeout, stall: cfg.CopyStall, jobs: map[string]*copyJob{}}
	if p.timeout <= 0 {
		p.timeout = defaultCopyTimeout
	}
	if p.stall <= 0 {
		p.stall = defaultCopyStall
	}
	n := cfg.Copies
	if n <= 0 {
		n = defaultCopies
	}
	p.slots = make(chan struct{}, n)
	p.ctx, p.stop = context.WithCancelCause(context.Background())
	return p
}

// close ends all copies and waits until they said so on disk.
func (p *copies) close() {
	p.mu.Lock()
	p.jobs = nil
	p.mu.Unlock()
	p.stop(errCopyStopped)
	p.running.Wait()
}

// show turns the copy state of a blob, as it is stored, into what it is.
func (p *copies) show(b *blobstore.Blob) {
	cp := b.Copy
	if cp == nil || cp.Status != copyPending {
		return
	}
	if cp.Description != p.run {
		cp.Status, cp.Completed = copyFailed, b.LastModified
		cp.Description = describeCopy(errCopyStopped)
		return
	}
	cp.Description = ""
	p.mu.Lock()
	defer p.mu.Unlock()
	if j := p.jobs[cp.ID]; j != nil {
		cp.Copied = j.copied.Load()
	}
}

// busy refuses to change the destination of a copy that is under way.
func (p *copies) busy(b *blobstore.Blob) error {
	if b != nil && b.Copy != nil && b.Copy.Status == copyPending && b.Copy.Description == p.run {
		return storage.ErrPendingCopyOperation
	}
	return nil
}

// copyJob is one copy under way.
type copyJob struct {
	copies *copies
	id     string
	ref    blobstore.Ref
	source *remoteSource
	from   *blobstore.Blob
	copied atomic.Int64
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// admit makes a copy known, before its destination says that it is pending. The
// caller then calls begin or forget.
func (p *copies) admit(id string, ref blobstore.Ref, src *source) (*copyJob, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jobs == nil || len(p.jobs) >= maxPendingCopies {
		return nil, storage.ErrServerBusy
	}
	j := &copyJob{copies: p, id: id, ref: ref, from: src.blob}
	j.ctx, j.cancel = context.WithCancelCause(p.ctx)
	j.source = &remoteSource{client: src.remote.client, ctx: j.ctx, url: src.remote.url, etag: src.remote.etag}
	p.jobs[id] = j
	p.running.Add(1)
	return j, nil
}

// forget ends a copy's place in the books.
func (p *copies) forget(j *copyJob) {
	j.cancel(nil)
	p.mu.Lock()
	delete(p.jobs, j.id)
	p.mu.Unlock()
	p.running.Done()
}

// abort ends a copy whose destination says already that it was aborted.
func (p *copies) abort(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if j := p.jobs[id]; j != nil {
		j.cancel(errCopyGone)
	}
}

// begin copies in the background.
func (p *copies) begin(j *copyJob) {
	go func() {
		defer p.forget(j)
		timer := time.AfterFunc(p.timeout, func() { j.cancel(errCopyTimeout) })
		defer timer.Stop()
		body, err := j.read()
		if cause := context.Cause(j.ctx); err != nil && cause != nil {
			err = cause
		}
		j.settle(body, err)
	}()
}

// read stages the source.
func (j *copyJob) read() (*staged, error) {
	select {
	case j.copies.slots <- struct{}{}:
		defer func() { <-j.copies.slots }()
	case <-j.ctx.Done():
		return nil, j.ctx.Err()
	}
	stall := time.AfterFunc(j.copies.stall, func() { j.cancel(errCopyStalled) })
	defer stall.Stop()
	defer j.source.close()
	r, err := j.source.reader(0, j.from.Length)
	if err != nil {
		return nil, err
	}
	progress := readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		j.copied.Add(int64(n))
		stall.Reset(j.copies.stall)
		return n, err
	})
	body, err := j.copies.service.stage(j.ctx, progress, digests{md5: true})
	if err == nil && body.length != j.from.Length {
		return nil, io.ErrUnexpectedEOF
	}
	return body, err
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// settle writes down how the copy ended. It does not give up while the node
// runs, because until then the destination takes no changes.
func (j *copyJob) settle(body *staged, failure error) {
	s := j.copies.service
	ctx := context.WithoutCancel(j.ctx)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := s.store.Update(ctx, j.ref, func(t *blobstore.Txn) error { return j.end(t, body, failure) })
		switch {
		case err == nil:
			if failure != nil {
				s.log.Warn("copy failed", "copy_id", j.id, "error", failure)
			}
			return
		case errors.Is(err, errCopyGone), errors.Is(err, blobstore.ErrContainerNotFound):
			return
		}
		s.log.Error("end of copy not written; trying again", "copy_id", j.id, "error", err)
		select {
		case <-time.After(wait):
		case <-j.copies.ctx.Done():
			return // what another run finds pending has failed
		}
	}
}

// end changes the destination: to the whole source, or to nothing and a reason.
func (j *copyJob) end(t *blobstore.Txn, body *staged, failure error) error {
	b := t.Blob
	if b == nil || b.Copy == nil || b.Copy.ID != j.id || b.Copy.Status != copyPending {
		return errCopyGone
	}
	b.Copy.Completed = t.Now
	if failure != nil {
		b.Copy.Status, b.Copy.Description, b.Copy.Copied = copyFailed, describeCopy(failure), j.copied.Load()
		return emptied(t)
	}
	b.Copy.Status, b.Copy.Description, b.Copy.Copied = copySuccess, "", j.from.Length
	b.ContentMD5, b.AppendBlocks = j.from.ContentMD5, j.from.AppendBlocks
	return t.Create(b, body.content)
}

// emptied saves the destination of a copy that came to nothing: its metadata
// stay, its length is zero.
func emptied(t *blobstore.Txn) error {
	if t.Blob.Type == blobstore.PageBlob {
		return t.Resize(0)
	}
	return t.Save(true)
}

// describeCopy words a failure as x-ms-copy-status-description has it: status,
// code, and in quotes what happened. It never repeats a URL.
func describeCopy(err error) string {
	var refused *storage.Error
	var read *blobstore.ReadError
	switch {
	case errors.Is(err, errCopyStopped), errors.Is(err, errCopyTimeout), errors.Is(err, errCopyStalled):
		return fmt.Sprintf("500 OperationCancelled %q", "Copy failed: "+err.Error()+".")
	case errors.As(err, &refused):
		return fmt.Sprintf("%d %s %q", refused.Status, refused.Code, refused.Message)
	case errors.As(err, &read), errors.Is(err, io.ErrUnexpectedEOF):
		return `500 CannotVerifyCopySource "Copy failed: the copy source ended early."`
	}
	return fmt.Sprintf("500 InternalError %q", storage.ErrInternalError.Message)
}
