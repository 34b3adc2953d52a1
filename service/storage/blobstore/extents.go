package blobstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/service/storage/disk"
)

// writeCategory names our writes to the file system's accounting.
const writeCategory vfs.DiskWriteCategory = "reslog-extent"

// maxIdle is how many leased extents are kept open for the next stream; more
// concurrent streams than that leave short extents behind.
const maxIdle = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errNoExtent says that an extent is gone: garbage, deleted meanwhile.
var errNoExtent = errors.New("extent is gone")

// extents is the set of data files. Small contents share one extent, so that
// they share its syncs; every long stream has one to itself while it lasts, so
// that its bytes lie together and its syncs delay nobody.
type extents struct {
	fs    vfs.FS
	db    *pebble.DB
	dir   string
	limit int64

	all sync.Map   // uint64 -> *extent
	mu  sync.Mutex // guards who is sealed

	createMu sync.Mutex // one creation at a time; guards last
	last     uint64     // highest id ever given out

	sharedMu sync.Mutex // guards shared and its size
	shared   *extent

	idleMu sync.Mutex
	idle   []*extent
}

// openExtents finds the files of earlier runs. They are not written again.
func openExtents(fs vfs.FS, db *pebble.DB, dir string, limit int64) (*extents, error) {
	x := &extents{fs: fs, db: db, dir: dir, limit: limit}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of extents: %w", err)
	}
	if err := disk.SyncDir(fs, fs.PathDir(dir)); err != nil {
		return nil, err
	}
	var err error
	if x.last, err = disk.Number(db, keyExtent); err != nil {
		return nil, err
	}
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list extents: %w", err)
	}
	for _, name := range names {
		id, ok := parseExtentName(name)
		if !ok {
			continue
		}
		f, err := fs.OpenReadWrite(x.path(id), writeCategory)
		if err != nil {
			x.close()
			return nil, fmt.Errorf("open extent: %w", err)
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			x.close()
			return nil, fmt.Errorf("size of extent: %w", err)
		}
		x.all.Store(id, &extent{id: id, file: f, size: info.Size(), sealed: true})
		x.last = max(x.last, id)
	}
	return x, nil
}

func (x *extents) path(id uint64) string {
	return x.fs.PathJoin(x.dir, fmt.Sprintf("%012x.extent", id))
}

func parseExtentName(name string) (uint64, bool) {
	hex, ok := strings.CutSuffix(name, ".extent")
	if !ok {
		return 0, false
	}
	id, err := strconv.ParseUint(hex, 16, 64)
	return id, err == nil
}

// create makes an extent that the caller owns. The id is on disk as used before
// the file exists, so no id ever means two files.
func (x *extents) create() (*extent, error) {
	x.createMu.Lock()
	defer x.createMu.Unlock()
	id := x.last + 1
	if err := x.db.Set([]byte(keyExtent), binary.BigEndian.AppendUint64(nil, id), pebble.Sync); err != nil {
		return nil, fmt.Errorf("reserve extent: %w", err)
	}
	x.last = id
	f, err := x.fs.OpenReadWrite(x.path(id), writeCategory)
	if err != nil {
		return nil, fmt.Errorf("create extent: %w", err)
	}
	if err := disk.SyncDir(x.fs, x.dir); err != nil {
		f.Close()
		return nil, err
	}
	e := &extent{id: id, file: f}
	x.all.Store(id, e)
	return e, nil
}

// append writes a piece of a small content to the shared extent.
func (x *extents) append(p []byte) (*extent, int64, error) {
	x.sharedMu.Lock()
	if e := x.shared; e == nil || e.bad.Load() || e.size+int64(len(p)) > x.limit {
		fresh, err := x.create()
		if err != nil {
			x.sharedMu.Unlock()
			return nil, 0, err
		}
		x.seal(x.shared)
		x.shared = fresh
	}
	e := x.shared
	off := e.size
	e.size += int64(len(p))
	x.sharedMu.Unlock()
	return e, off, e.write(p, off)
}

// lease gives an extent to a stream.
func (x *extents) lease() (*extent, error) {
	x.idleMu.Lock()
	if n := len(x.idle); n > 0 {
		e := x.idle[n-1]
		x.idle = x.idle[:n-1]
		x.idleMu.Unlock()
		return e, nil
	}
	x.idleMu.Unlock()
	return x.create()
}

// release ends a lease; an extent that is nearly full is sealed by it.
func (x *extents) release(e *extent) {
	x.idleMu.Lock()
	keep := !e.bad.Load() && e.size < x.limit-x.limit/16 && len(x.idle) < maxIdle
	if keep {
		x.idle = append(x.idle, e)
	}
	x.idleMu.Unlock()
	if !keep {
		x.seal(e)
	}
}

// seal says that an extent takes no more writes, though some may be under way.
func (x *extents) seal(e *extent) {
	if e == nil {
		return
	}
	x.mu.Lock()
	e.sealed = true
	x.mu.Unlock()
}

func (x *extents) get(id uint64) *extent {
	if e, ok := x.all.Load(id); ok {
		return e.(*extent)
	}
	return nil
}

// touch says that metadata refers to extents that it did not refer to before.
func (x *extents) touch(ids []uint64) {
	for _, id := range ids {
		if e := x.get(id); e != nil {
			e.touched.Add(1)
		}
	}
}

// sealed returns the extents that take no more writes.
func (x *extents) sealed() []*extent {
	x.mu.Lock()
	defer x.mu.Unlock()
	var list []*extent
	for _, v := range x.all.Range {
		if e := v.(*extent); e.sealed {
			list = append(list, e)
		}
	}
	return list
}

// remove deletes the file of a sealed extent.
func (x *extents) remove(e *extent) error {
	x.all.Delete(e.id)
	if err := e.file.Close(); err != nil {
		return fmt.Errorf("close extent: %w", err)
	}
	if err := x.fs.Remove(x.path(e.id)); err != nil {
		return fmt.Errorf("delete extent: %w", err)
	}
	return nil
}

// read fills buf with the stored bytes of p, checks them and returns the part
// that p shows. buf must hold pieceBytes.
func (x *extents) read(p piece, buf []byte) ([]byte, error) {
	e := x.get(p.ext)
	if e == nil {
		return nil, fmt.Errorf("%s: %w", p, errNoExtent)
	}
	buf = buf[:p.size]
	if n, err := e.file.ReadAt(buf, p.off); n < len(buf) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%s: %w: file ends", p, ErrCorrupt)
		}
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	if crc32.Checksum(buf, castagnoli) != p.crc {
		return nil, fmt.Errorf("%s: %w: stored data does not match its checksum", p, ErrCorrupt)
	}
	return buf[p.skip : p.skip+p.n], nil
}

func (x *extents) close() error {
	var errs []error
	for _, v := range x.all.Range {
		errs = append(errs, v.(*extent).file.Close())
	}
	x.all.Clear()
	return errors.Join(errs...)
}
