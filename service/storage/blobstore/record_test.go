package blobstore

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var wholeBlob = Blob{
	Name: "a/b", Type: PageBlob, Length: 1 << 40, ETag: "0x8DE123456789ABC",
	LastModified: time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC),
	Created:      time.Date(2009, 9, 19, 0, 0, 0, 100, time.UTC),
	ContentType:  "text/plain", ContentEncoding: "gzip", ContentLanguage: "de", ContentDisposition: "inline",
	CacheControl: "no-cache", ContentMD5: []byte("0123456789abcdef"),
	Metadata: Metadata{{"Name", "value"}, {"empty", ""}}, Tags: Metadata{{"tag", "ü"}},
	Lease: Lease{ID: "lease", Duration: time.Minute, Expires: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)},
	Copy: &Copy{
		ID: "copy", Source: "http://a/b", Status: "success", Description: "d", Copied: 5, Total: 6,
		Completed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	},
	Tier: "Cool", TierChanged: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC), Archive: "rehydrate-pending-to-hot",
	Rehydrate: "High", SequenceNumber: 77, AppendBlocks: 9, Sealed: true,
	LastAccessed: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC), IncrementalCopy: true,
	content: contentRef{
		stored: 700,
		pieces: []piece{
			{at: 0, ext: 1, off: 0, size: 512, n: 512, crc: 1},
			{at: 1024, ext: 300, off: 1 << 33, size: 1024, skip: 100, n: 188, crc: 1 << 31},
		},
		blocks: []Block{{"AAAA", 512}, {"BBBB", 188}},
	},
}

var unexported = cmp.AllowUnexported(Blob{}, contentRef{}, piece{})

func TestBlobRecord(t *testing.T) {
	spilled := wholeBlob
	spilled.content = contentRef{stored: 1, id: 5, blockID: 6}
	spilled.Snapshot = wholeBlob.LastModified
	small := Blob{Name: "x", Type: BlockBlob, ETag: "0x1"}
	for _, b := range []Blob{wholeBlob, spilled, small, {Name: "y", Type: AppendBlob, ETag: "0x0"}} {
		var e enc
		e.blob(&b)
		got, err := decodeBlob(e, b.Name, snapshotTicks(b.Snapshot))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&b, got, unexported, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		for n := range e {
			if _, err := decodeBlob(e[:n], b.Name, baseBlob); err == nil {
				t.Fatalf("record cut to %d of %d bytes was accepted", n, len(e))
			}
		}
		if _, err := decodeBlob(append(e, 0), b.Name, baseBlob); err == nil {
			t.Error("record with a byte too many was accepted")
		}
	}
}

func TestTicks(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Date(2026, 1, 2, 3, 4, 5, 678901200, time.UTC), time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got := fromTicks(ticks(at)); !got.Equal(at) {
			t.Errorf("%v became %v", at, got)
		}
	}
	// The ticks of a date that the service itself has shown as an ETag.
	if got := formatETag(ticks(time.Date(2013, 4, 17, 21, 19, 23, 0, time.UTC))); got[:5] != "0x8D0" {
		t.Errorf("ETag %s", got)
	}
	for _, n := range []uint64{0, 1, 15, 16, 0x8DE123456789ABC, 1<<64 - 1} {
		if got := parseETag(formatETag(n)); got != n {
			t.Errorf("ETag %s became %x", formatETag(n), got)
		}
	}
	for _, s := range []string{"", "0x", "8D", "0x8g", "0x8d", "0x12345678901234567"} {
		if n := parseETag(s); n != 0 {
			t.Errorf("ETag %q became %x", s, n)
		}
	}
}

// TestKeys checks that keys sort as names do and give the names back.
func TestKeys(t *testing.T) {
	names := []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00a", "\x00\xff", "\x01", "a", "a\x00", "a\x00\x00", "a\x00b", "a\x01", "a/b", "aa", "b", "\xff", "\xff\xff"}
	slices.Sort(names)
	var last []byte
	for _, name := range names {
		for _, at := range []uint64{1, 1 << 60, baseBlob} {
			k := blobKey(7, name, at)
			if bytes.Compare(last, k) >= 0 {
				t.Errorf("key of %q at %d is not after the one before", name, at)
			}
			last = k
			escaped, rest, ok := cutName(k[prefixLen:])
			if !ok || unescape(escaped) != name || len(rest) != 8 {
				t.Errorf("key of %q gives %q and %d bytes", name, escaped, len(rest))
			}
		}
	}
}

// TestSplice compares splices with doing the same to an array.
func TestSplice(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	const size = 64
	for range 2000 {
		var list []piece
		var want [size]int64 // what stored byte shows at an offset, 0 for none
		next := int64(1)
		for range r.IntN(12) {
			from := int64(r.IntN(size))
			n := 1 + int64(r.IntN(int(size-from)))
			var with []piece
			if r.IntN(3) > 0 {
				with = []piece{{at: from, ext: 1, off: next, size: uint32(n), n: uint32(n)}}
			}
			var removed, had int64
			list, removed = splice(list, from, n, with)
			for i := from; i < from+n; i++ {
				if want[i] != 0 {
					had++
				}
				want[i] = 0
				if with != nil {
					want[i] = next + i - from
				}
			}
			next += n
			if removed != had {
				t.Fatalf("%d bytes removed, want %d", removed, had)
			}
			var got [size]int64
			end := int64(0)
			for _, p := range list {
				if p.at < end || p.n == 0 || p.skip+p.n > p.size {
					t.Fatalf("bad list %+v", list)
				}
				end = p.end()
				for i := range int64(p.n) {
					got[p.at+i] = p.off + int64(p.skip) + i
				}
			}
			if got != want {
				t.Fatalf("got %v\nwant %v", got, want)
			}
		}
	}
}

func FuzzRecords(f *testing.F) {
	var blob, container, header, block, pieces enc
	blob.blob(&wholeBlob)
	container.container(&containerState{id: 9, c: Container{ETag: "0x1", Metadata: Metadata{{"a", "b"}}, Policies: []Policy{{"a", "b", "c", "d"}}}})
	header.header(blockHeader{count: 1, idLength: 2, stored: 3, staged: time.Now()})
	block.block(stagedBlock{length: 512, pieces: wholeBlob.content.pieces[:1]})
	pieces.pieces(wholeBlob.content.pieces, 0)
	for _, seed := range []enc{blob, container, header, block, pieces} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := decodeBlob(data, "n", baseBlob); err == nil {
			var e enc
			e.blob(b)
			again, err := decodeBlob(e, "n", baseBlob)
			if err != nil || cmp.Diff(b, again, unexported, cmpopts.EquateEmpty()) != "" {
				t.Errorf("not the same when written again: %v\n%s", err, cmp.Diff(b, again, unexported, cmpopts.EquateEmpty()))
			}
		}
		if c, err := decodeContainer(data, "n"); err == nil {
			var e enc
			e.container(c)
			if _, err := decodeContainer(e, "n"); err != nil {
				t.Error(err)
			}
		}
		if list, err := decodePieces(data, 0); err == nil {
			var at int64
			for _, p := range list {
				if p.at < at || p.n == 0 || p.skip+p.n > p.size || p.size > pieceBytes {
					t.Errorf("bad piece %+v", p)
				}
				at = p.end()
			}
		}
		decodeHeader(data)
		decodeBlock(data)
		d := decode(string(data))
		d.blocks()
		cutName(data)
	})
}
