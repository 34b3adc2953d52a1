package blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"strings"
	"sync"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// staged is a request body that was written to the store, with its digests.
type staged struct {
	content *blobstore.Content
	length  int64
	md5     []byte
	crc     uint64
}

// digester computes the digests of what is read through it.
type digester struct {
	r       io.Reader
	md5     hash.Hash
	crc     uint64
	compute digests
	n       int64
}

var digesters = sync.Pool{New: func() any { return &digester{md5: md5.New()} }}

func newDigester(r io.Reader, compute digests) *digester {
	d := digesters.Get().(*digester)
	d.md5.Reset()
	d.r, d.crc, d.compute, d.n = r, 0, compute, 0
	return d
}

func (d *digester) release() {
	d.r = nil
	digesters.Put(d)
}

func (d *digester) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if n > 0 {
		d.n += int64(n)
		if d.compute.md5 {
			d.md5.Write(p[:n])
		}
		if d.compute.crc {
			d.crc = crc64Update(d.crc, p[:n])
		}
	}
	return n, err
}

// expectation is what the client says about a body.
type expectation struct {
	md5 []byte
	crc *uint64
}

// expected reads the checksum headers of the request; prefix "" is for the
// body, "X-Ms-Source-" for the source of a copy.
func expected(c *storage.Call, md5Name, crcName string) (expectation, error) {
	var e expectation
	if v := c.Request.Header[md5Name]; len(v) > 0 && v[0] != "" {
		sum, err := decodeMD5(v[0])
		if err != nil {
			return e, err
		}
		e.md5 = sum
	}
	if v := c.Request.Header[crcName]; len(v) > 0 && v[0] != "" && c.Version >= storage.V2019_02_02 {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(v[0]))
		if err != nil || len(raw) != 8 {
			return e, storage.ErrInvalidCrc64
		}
		if e.md5 != nil {
			return e, errBothChecksums
		}
		crc := binary.LittleEndian.Uint64(raw)
		e.crc = &crc
	}
	return e, nil
}

func (e *expectation) check(s *staged) error {
	if e.md5 != nil && !bytes.Equal(e.md5, s.md5) {
		return storage.ErrMd5Mismatch.
			With("UserSpecifiedMd5", base64.StdEncoding.EncodeToString(e.md5)).
			With("ServerCalculatedMd5", base64.StdEncoding.EncodeToString(s.md5))
	}
	if e.crc != nil && *e.crc != s.crc {
		return storage.ErrCrc64Mismatch.
			With("UserSpecifiedCrc", crc64Text(*e.crc)).
			With("ServerCalculatedCrc", crc64Text(s.crc))
	}
	return nil
}

// stageBody streams the request body to the store and checks it against what
// the request says about it. most bounds Content-Length. check decides about the
// blob that the body is for; it is asked before the body is read when p or the
// size make that worth while, and must be asked again in the transaction.
func (s *Service) stageBody(c *storage.Call, most int64, p *precondition, check func(*blobstore.Blob) error) (*staged, error) {
	if c.Request.ContentLength < 0 {
		return nil, storage.ErrMissingContentLengthHeader
	}
	if c.Request.ContentLength > most {
		return nil, bodyTooLarge(most)
	}
	if err := refuseStructured(c); err != nil {
		return nil, err
	}
	want, err := expected(c, "Content-Md5", "X-Ms-Content-Crc64")
	if err != nil {
		return nil, err
	}
	if want.md5 != nil {
		c.RequestMD5 = c.Request.Header["Content-Md5"][0]
	}
	if err := s.refuseEarly(c, p, check); err != nil {
		return nil, err
	}
	// The blocks of `$logs` and of archives are the node's own and nobody looks
	// at their MD5.
	own := c.Identity.Type == storage.System && (c.Op.Name == "PutBlock" || c.Op.Name == "AppendBlock")
	withMD5 := want.md5 != nil || !own
	got, err := s.stage(c.Context(), c.Request.Body, digests{md5: withMD5, crc: want.crc != nil || c.Version >= storage.V2019_02_02})
	if err != nil {
		return nil, s.storeError(err)
	}
	if withMD5 {
		c.ServerMD5 = base64.StdEncoding.EncodeToString(got.md5)
	}
	return got, want.check(got)
}

// earlyCheck is the size of a body from which on looking at the blob first costs
// nothing in comparison.
const earlyCheck = 128 << 10

// refuseEarly asks check about the blob of the request as it is now, so that a
// body that is going to be refused is not stored first. Small bodies without
// conditions are spared the look: most of them are taken.
func (s *Service) refuseEarly(c *storage.Call, p *precondition, check func(*blobstore.Blob) error) error {
	if c.Request.ContentLength < earlyCheck && !p.conditions.set && p.lease == "" {
		return nil
	}
	b, err := s.store.Blob(c.Context(), ref(c), time.Time{})
	if err != nil && !errors.Is(err, blobstore.ErrBlobNotFound) {
		return s.storeError(err)
	}
	return check(b)
}

// digests says which to compute.
type digests struct{ md5, crc bool }

// stage streams r to the store.
func (s *Service) stage(ctx context.Context, r io.Reader, compute digests) (*staged, error) {
	d := newDigester(r, compute)
	defer d.release()
	content, err := s.store.Stage(ctx, d)
	if err != nil {
		return nil, err
	}
	got := &staged{content: content, length: d.n, crc: d.crc}
	if compute.md5 {
		got.md5 = d.md5.Sum(nil)
	}
	return got, nil
}

// setDigests answers with what the service computed over a body: the MD5 when
// the client sent one (before 2019-02-02 always), else the CRC64; from
// 2026-10-06 on the CRC64 always.
func (h *headers) setDigests(c *storage.Call, s *staged) {
	givenMD5 := len(c.Request.Header["Content-Md5"]) > 0
	if givenMD5 || c.Version < storage.V2019_02_02 {
		h.set("Content-Md5", c.ServerMD5)
	}
	if c.Version >= storage.V2019_02_02 && !givenMD5 || c.Version >= v2026_10_06 {
		h.set("X-Ms-Content-Crc64", crc64Text(s.crc))
	}
}

// bodyTooLarge is the error for a Content-Length over a limit.
func bodyTooLarge(most int64) error {
	return storage.ErrRequestBodyTooLarge.With("MaxLimit", formatInt(most))
}

// refuseStructured refuses bodies in the structured message format, which
// clients use only when told to.
func refuseStructured(c *storage.Call) error {
	if v := c.Request.Header["X-Ms-Structured-Body"]; len(v) > 0 {
		return unsupportedHeader("X-Ms-Structured-Body", v[0])
	}
	return nil
}
