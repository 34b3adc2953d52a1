package analytics

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strings"

	"reslog/analytics/engine"
	"reslog/kql"
)

// An index is a small file beside that of a day. It says in which of its
// segments, which are rows that follow one another, a GUID may be, for every
// column of GUIDs: so that one row of many days is found without reading the
// column. It may say yes where there is nothing, never no where there is.
//
// The file is a magic, the length of the header, the header as JSON, and for every
// segment and column a Bloom filter in blocks of 64 bytes.
type index struct {
	Columns  []int     `json:"columns"`
	Segments []segment `json:"segments"`

	filters []byte // while it is written
}

// segment is some rows of a file and the extremes of what the file is sorted by,
// from which the engine tells where they are.
type segment struct {
	First     int64  `json:"first"`
	Rows      int64  `json:"rows"`
	From      int64  `json:"from"` // TimeGenerated
	To        int64  `json:"to"`
	Least     string `json:"least"` // _ResourceId
	Greatest  string `json:"greatest"`
	Resources bool   `json:"resources"` // every row has one
	// Offset is where the filters are, behind the header, those of the columns one
	// after the other with Blocks blocks each.
	Offset int64  `json:"offset"`
	Blocks uint32 `json:"blocks"`
}

const (
	indexMagic  = "reslog guids 1\n"
	indexSuffix = ".guids"
	blockBytes  = 64
	// bitsPerRow and probes make one answer of sixty wrong. Files that are there were
	// written with fewer bits and the same probes.
	bitsPerRow   = 10
	probes       = 4
	maxSegments  = 16 // a search in more is a search in all
	maxIndexHead = 16 << 20
)

// fingerprint is a hash of a GUID that does not change with versions of anything.
func fingerprint(g [16]byte) uint64 {
	mix := func(x uint64) uint64 {
		x ^= x >> 30
		x *= 0xbf58476d1ce4e5b9
		x ^= x >> 27
		x *= 0x94d049bb133111eb
		return x ^ x>>31
	}
	return mix(binary.BigEndian.Uint64(g[:8]) + mix(binary.BigEndian.Uint64(g[8:])+0x9e3779b97f4a7c15))
}

// spot is the block of a fingerprint, and probe the bits in it.
func spot(f uint64, blocks uint32) uint32 {
	hi, _ := bits.Mul64(f, uint64(blocks))
	return uint32(hi)
}

func probe(block []byte, f uint64, set bool) bool {
	f *= 0x9fb21c651e98df25
	for range probes {
		bit := f >> 55
		f *= 0x9fb21c651e98df25
		if set {
			block[bit/8] |= 1 << (bit % 8)
		} else if block[bit/8]&(1<<(bit%8)) == 0 {
			return false
		}
	}
	return true
}

// guids are the columns of a file that an index is made of.
func (l layout) guids() (ids []int) {
	for _, e := range l {
		if e.How == asGuid {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// writeIndex makes the index of a file; a file without GUIDs has none, and an empty
// sum.
func (w *Workspace) writeIndex(ctx context.Context, conn queryer, p *part, data, path string) (string, error) {
	x := &index{Columns: p.layout.guids()}
	if len(x.Columns) == 0 || p.rows < w.store.c.segmentRows/8 {
		return "", nil
	}
	resource := "NULL"
	if e, ok := p.layout.find(idResource); ok && e.How == asPlain {
		resource = e.name()
	}
	items := []string{fmt.Sprintf("c%d", idTime), resource}
	for _, id := range x.Columns {
		items = append(items, fmt.Sprintf("c%d", id))
	}
	// The rows come in the order of the file.
	rows, err := conn.QueryContext(ctx, "SELECT "+strings.Join(items, ", ")+" FROM read_parquet("+quote(data)+")")
	if err != nil {
		return "", engine.Translate(ctx, err)
	}
	defer rows.Close()
	var at int64
	var name *string
	guids := make([][]byte, len(x.Columns))
	targets := []any{&at, &name}
	for i := range guids {
		targets = append(targets, &guids[i])
	}
	for n := int64(0); rows.Next(); n++ {
		if err := rows.Scan(targets...); err != nil {
			return "", err
		}
		x.add(n, p.rows, w.store.c.segmentRows, at, name, guids)
	}
	if err := rows.Err(); err != nil {
		return "", engine.Translate(ctx, err)
	}
	head, err := json.Marshal(x)
	if err != nil {
		return "", err
	}
	content := binary.LittleEndian.AppendUint32([]byte(indexMagic), uint32(len(head)))
	if err := os.WriteFile(path, slices.Concat(content, head, x.filters), 0o600); err != nil {
		return "", err
	}
	if err := syncFile(path); err != nil {
		return "", err
	}
	sum, _, err := sumOf(path)
	return sum, err
}

// add adds row n of a file that has total rows, to a segment of size rows.
func (x *index) add(n, total, size, at int64, resource *string, guids [][]byte) {
	if n%size == 0 {
		rows := min(size, total-n)
		s := segment{
			First: n, Rows: rows, From: at, To: at, Resources: resource != nil,
			Offset: int64(len(x.filters)), Blocks: uint32(rows*bitsPerRow/(8*blockBytes) + 1),
		}
		if resource != nil {
			s.Least, s.Greatest = *resource, *resource
		}
		x.Segments = append(x.Segments, s)
		x.filters = append(x.filters, make([]byte, int(s.Blocks)*blockBytes*len(x.Columns))...)
	}
	s := &x.Segments[len(x.Segments)-1]
	s.From, s.To = min(s.From, at), max(s.To, at)
	if resource == nil {
		s.Resources = false
	} else {
		s.Least, s.Greatest = min(s.Least, *resource), max(s.Greatest, *resource)
	}
	for i, g := range guids {
		if len(g) != 16 {
			continue // null: the row has none, or not as a GUID
		}
		f := fingerprint([16]byte(g))
		from := s.Offset + (int64(i)*int64(s.Blocks)+int64(spot(f, s.Blocks)))*blockBytes
		probe(x.filters[from:from+blockBytes], f, true)
	}
}

// opened is an index that is read, or why not.
type opened struct {
	index
	base int64
	err  error
}

// openIndex reads the header of an index, after the whole file was compared with
// its sum: a damaged index could hide rows.
func openIndex(path, want string) *opened {
	o := &opened{}
	o.err = func() error {
		sum, _, err := sumOf(path)
		if err != nil {
			return err
		}
		if sum != want {
			return errors.New("its contents have changed since they were written")
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		start := make([]byte, len(indexMagic)+4)
		if _, err := f.ReadAt(start, 0); err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(start[len(indexMagic):])
		if !bytes.HasPrefix(start, []byte(indexMagic)) || n > maxIndexHead {
			return errors.New("it has another format")
		}
		head := make([]byte, n)
		if _, err := f.ReadAt(head, int64(len(start))); err != nil {
			return err
		}
		o.base = int64(len(start)) + int64(n)
		return json.Unmarshal(head, &o.index)
	}()
	return o
}

// find returns the segments that may have a GUID in a column, and false when the
// index cannot tell.
func (o *opened) find(path string, id int, text string) ([]segment, bool) {
	column := slices.Index(o.Columns, id)
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if o.err != nil || column < 0 || err != nil || len(raw) != 16 {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	mark := fingerprint([16]byte(raw))
	var out []segment
	block := make([]byte, blockBytes)
	for _, s := range o.Segments {
		at := o.base + s.Offset + (int64(column)*int64(s.Blocks)+int64(spot(mark, s.Blocks)))*blockBytes
		if _, err := f.ReadAt(block, at); err != nil {
			return nil, false
		}
		if probe(block, mark, false) {
			out = append(out, s)
		}
	}
	return out, true
}

// where is the condition for the rows of a segment. What the engine can tell from
// the extremes of its row groups comes with the exact one.
func (s segment) where(l layout) string {
	cond := fmt.Sprintf("file_row_number >= %d AND file_row_number < %d AND c%d >= %d AND c%[3]d <= %[5]d", s.First, s.First+s.Rows, idTime, s.From, s.To)
	if e, ok := l.find(idResource); ok && e.How == asPlain && s.Resources {
		cond += fmt.Sprintf(" AND c%d >= %s AND c%[1]d <= %[3]s", idResource, quote(s.Least), quote(s.Greatest))
	}
	return cond
}

// isGUID reports whether a text is one that asGuid stores.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// segments asks the index of a file about what a query demands: where rows may be,
// and false when they may be anywhere.
func (q *query) segments(w *Workspace, v view, p *part, s *kql.Scan) ([]segment, bool) {
	for _, d := range q.demands[s] {
		if d.op != "==" || !isGUID(d.value) || p.indexSum == "" {
			continue
		}
		i := slices.IndexFunc(v.columns, func(o column) bool { return o.Name == d.column.Name })
		if i < 0 {
			continue
		}
		if e, ok := p.layout.find(v.columns[i].id); !ok || e.How != asGuid {
			continue
		}
		path := w.path(p) + indexSuffix
		p.indexOnce.Do(func() {
			p.index = openIndex(path, p.indexSum)
			if p.index.err != nil {
				w.store.c.Logger.Warn("the index of a day cannot be used: looking for one id takes longer", "file", path, "error", p.index.err)
			}
		})
		if found, ok := p.index.find(path, v.columns[i].id, d.value); ok && len(found) <= maxSegments {
			return found, true
		}
	}
	return nil, false
}
