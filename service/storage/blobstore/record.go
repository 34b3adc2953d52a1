package blobstore

import (
	"strings"
	"time"
)

// contentRef is where the bytes of a blob are.
type contentRef struct {
	// stored is how many bytes are written: Length, less the holes of a page blob.
	stored int64
	// pieces are all there are, in order, when id is 0. Otherwise they are under
	// the id in keys of their own.
	id     uint64
	pieces []piece
	// blocks are the committed blocks when blockID is 0, likewise.
	blockID uint64
	blocks  []Block
}

const (
	blobVersion      = 1
	containerVersion = 1
	headerVersion    = 1
	blockVersion     = 1
)

// Parts of a blob's record that most blobs do not have.
const (
	hasContentType = 1 << iota
	hasContentEncoding
	hasContentLanguage
	hasContentDisposition
	hasCacheControl
	hasContentMD5
	hasMetadata
	hasTags
	hasLease
	hasCopy
	hasTier
	hasTierChanged
	hasArchive
	hasRehydrate
	hasSequence
	hasAppendBlocks
	isSealed
	hasLastAccessed
	isIncrementalCopy
	hasContentID
	hasPieces
	hasBlockID
	hasBlocks
)

func blobTypeCode(t BlobType) byte {
	switch t {
	case AppendBlob:
		return 1
	case PageBlob:
		return 2
	}
	return 0
}

func (b *Blob) parts() (has uint64) {
	set := func(bit uint64, there bool) {
		if there {
			has |= bit
		}
	}
	set(hasContentType, b.ContentType != "")
	set(hasContentEncoding, b.ContentEncoding != "")
	set(hasContentLanguage, b.ContentLanguage != "")
	set(hasContentDisposition, b.ContentDisposition != "")
	set(hasCacheControl, b.CacheControl != "")
	set(hasContentMD5, len(b.ContentMD5) > 0)
	set(hasMetadata, len(b.Metadata) > 0)
	set(hasTags, len(b.Tags) > 0)
	set(hasLease, b.Lease != Lease{})
	set(hasCopy, b.Copy != nil)
	set(hasTier, b.Tier != "")
	set(hasTierChanged, !b.TierChanged.IsZero())
	set(hasArchive, b.Archive != "")
	set(hasRehydrate, b.Rehydrate != "")
	set(hasSequence, b.SequenceNumber != 0)
	set(hasAppendBlocks, b.AppendBlocks != 0)
	set(isSealed, b.Sealed)
	set(hasLastAccessed, !b.LastAccessed.IsZero())
	set(isIncrementalCopy, b.IncrementalCopy)
	set(hasContentID, b.content.id != 0)
	set(hasPieces, b.content.id == 0 && len(b.content.pieces) > 0)
	set(hasBlockID, b.content.blockID != 0)
	set(hasBlocks, b.content.blockID == 0 && len(b.content.blocks) > 0)
	return has
}

// blob writes a blob's record; its name and snapshot are in the key.
func (e *enc) blob(b *Blob) {
	has := b.parts()
	e.byte(blobVersion)
	e.byte(blobTypeCode(b.Type))
	e.uint(uint64(b.Length))
	e.uint(uint64(b.content.stored))
	e.fixed64(parseETag(b.ETag))
	e.time(b.LastModified)
	e.time(b.Created)
	e.uint(has)
	for bit, s := range headers(b) {
		if has&(1<<bit) != 0 {
			e.string(*s)
		}
	}
	if has&hasContentMD5 != 0 {
		e.string(string(b.ContentMD5))
	}
	if has&hasMetadata != 0 {
		e.pairs(b.Metadata)
	}
	if has&hasTags != 0 {
		e.pairs(b.Tags)
	}
	if has&hasLease != 0 {
		e.lease(b.Lease)
	}
	if has&hasCopy != 0 {
		e.copy(b.Copy)
	}
	if has&hasTier != 0 {
		e.string(b.Tier)
	}
	if has&hasTierChanged != 0 {
		e.time(b.TierChanged)
	}
	if has&hasArchive != 0 {
		e.string(b.Archive)
	}
	if has&hasRehydrate != 0 {
		e.string(b.Rehydrate)
	}
	if has&hasSequence != 0 {
		e.int(b.SequenceNumber)
	}
	if has&hasAppendBlocks != 0 {
		e.uint(uint64(b.AppendBlocks))
	}
	if has&hasLastAccessed != 0 {
		e.time(b.LastAccessed)
	}
	if has&hasContentID != 0 {
		e.uint(b.content.id)
	}
	if has&hasPieces != 0 {
		e.pieces(b.content.pieces, 0)
	}
	if has&hasBlockID != 0 {
		e.uint(b.content.blockID)
	}
	if has&hasBlocks != 0 {
		e.blocks(b.content.blocks)
	}
}

// headers are the plain headers, in the order of their bits.
func headers(b *Blob) [5]*string {
	return [5]*string{&b.ContentType, &b.ContentEncoding, &b.ContentLanguage, &b.ContentDisposition, &b.CacheControl}
}

// decodeBlob reads a blob's record.
func decodeBlob(value []byte, name string, snapshot uint64) (*Blob, error) {
	var text strings.Builder // of the record and the ETag, for all strings of b
	text.Grow(len(value) + maxETag)
	text.Write(value)
	d := decode(text.String())
	b := &Blob{Name: name}
	if snapshot != baseBlob {
		b.Snapshot = fromTicks(snapshot)
	}
	d.Version(blobVersion)
	switch d.Byte() {
	case 0:
		b.Type = BlockBlob
	case 1:
		b.Type = AppendBlob
	case 2:
		b.Type = PageBlob
	default:
		d.Fail("unknown type of blob")
	}
	b.Length = d.length()
	b.content.stored = d.length()
	var etag [maxETag]byte
	text.Write(appendETag(etag[:0], d.Fixed64()))
	b.ETag = text.String()[len(value):]
	b.LastModified = d.time()
	b.Created = d.time()
	has := d.Uint()
	for bit, s := range headers(b) {
		if has&(1<<bit) != 0 {
			*s = d.String()
		}
	}
	if has&hasContentMD5 != 0 {
		b.ContentMD5 = []byte(d.String())
	}
	if has&hasMetadata != 0 {
		b.Metadata = d.pairs()
	}
	if has&hasTags != 0 {
		b.Tags = d.pairs()
	}
	if has&hasLease != 0 {
		b.Lease = d.lease()
	}
	if has&hasCopy != 0 {
		b.Copy = d.copy()
	}
	if has&hasTier != 0 {
		b.Tier = d.String()
	}
	if has&hasTierChanged != 0 {
		b.TierChanged = d.time()
	}
	if has&hasArchive != 0 {
		b.Archive = d.String()
	}
	if has&hasRehydrate != 0 {
		b.Rehydrate = d.String()
	}
	if has&hasSequence != 0 {
		b.SequenceNumber = d.Int()
	}
	if has&hasAppendBlocks != 0 {
		b.AppendBlocks = int(d.length())
	}
	b.Sealed = has&isSealed != 0
	if has&hasLastAccessed != 0 {
		b.LastAccessed = d.time()
	}
	b.IncrementalCopy = has&isIncrementalCopy != 0
	if has&hasContentID != 0 {
		b.content.id = d.Uint()
	}
	if has&hasPieces != 0 {
		b.content.pieces = d.pieces(0)
	}
	if has&hasBlockID != 0 {
		b.content.blockID = d.Uint()
	}
	if has&hasBlocks != 0 {
		b.content.blocks = d.blocks()
	}
	if err := d.End(); err != nil {
		return nil, err
	}
	return b, nil
}

func (e *enc) copy(c *Copy) {
	e.string(c.ID)
	e.string(c.Source)
	e.string(c.Status)
	e.string(c.Description)
	e.int(c.Copied)
	e.int(c.Total)
	e.time(c.Completed)
}

func (d *dec) copy() *Copy {
	return &Copy{
		ID: d.String(), Source: d.String(), Status: d.String(), Description: d.String(),
		Copied: d.Int(), Total: d.Int(), Completed: d.time(),
	}
}

func (e *enc) blocks(list []Block) {
	e.uint(uint64(len(list)))
	for _, b := range list {
		e.string(b.ID)
		e.uint(uint64(b.Length))
	}
}

func (d *dec) blocks() []Block {
	list := make([]Block, d.Count(2))
	for i := range list {
		list[i] = Block{ID: d.String(), Length: d.length()}
	}
	return list
}

// containerState is a container with its id.
type containerState struct {
	id uint64
	c  Container
}

func (e *enc) container(s *containerState) {
	e.byte(containerVersion)
	e.uint(s.id)
	e.fixed64(parseETag(s.c.ETag))
	e.time(s.c.LastModified)
	e.pairs(s.c.Metadata)
	e.string(s.c.PublicAccess)
	e.uint(uint64(len(s.c.Policies)))
	for _, p := range s.c.Policies {
		e.string(p.ID)
		e.string(p.Start)
		e.string(p.Expiry)
		e.string(p.Permission)
	}
	e.lease(s.c.Lease)
}

func decodeContainer(value []byte, name string) (*containerState, error) {
	d := decode(string(value))
	s := &containerState{c: Container{Name: name}}
	d.Version(containerVersion)
	s.id = d.Uint()
	s.c.ETag = formatETag(d.Fixed64())
	s.c.LastModified = d.time()
	s.c.Metadata = d.pairs()
	s.c.PublicAccess = d.String()
	if n := d.Count(4); n > 0 {
		s.c.Policies = make([]Policy, n)
		for i := range s.c.Policies {
			s.c.Policies[i] = Policy{d.String(), d.String(), d.String(), d.String()}
		}
	}
	s.c.Lease = d.lease()
	if err := d.End(); err != nil {
		return nil, err
	}
	return s, nil
}

// blockHeader sums up the uncommitted blocks of a blob.
type blockHeader struct {
	count    int
	idLength int
	stored   int64
	staged   time.Time // of the newest
}

func (e *enc) header(h blockHeader) {
	e.byte(headerVersion)
	e.uint(uint64(h.count))
	e.uint(uint64(h.idLength))
	e.uint(uint64(h.stored))
	e.time(h.staged)
}

func decodeHeader(value []byte) (blockHeader, error) {
	d := decode(string(value))
	d.Version(headerVersion)
	h := blockHeader{count: int(d.length()), idLength: int(d.length()), stored: d.length(), staged: d.time()}
	return h, d.End()
}

// stagedBlock is an uncommitted block.
type stagedBlock struct {
	length int64
	pieces []piece
}

func (e *enc) block(b stagedBlock) {
	e.byte(blockVersion)
	e.uint(uint64(b.length))
	e.pieces(b.pieces, 0)
}

func decodeBlock(value []byte) (stagedBlock, error) {
	d := decode(string(value))
	d.Version(blockVersion)
	b := stagedBlock{length: d.length(), pieces: d.pieces(0)}
	return b, d.End()
}

func decodePieces(value []byte, start int64) ([]piece, error) {
	d := decode(string(value))
	list := d.pieces(start)
	return list, d.End()
}
