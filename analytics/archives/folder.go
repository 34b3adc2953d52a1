package archives

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Folder is logs that were downloaded: files, and folders with files, such as
// azcopy makes of containers. What a path ends in says what a blob's name would.
type Folder struct{ paths []string }

// OpenFolder returns the logs at paths, each a file or a folder.
func OpenFolder(paths ...string) (*Folder, error) {
	var all []string
	for _, p := range paths {
		p, err := filepath.Abs(p)
		if err == nil {
			_, err = os.Stat(p)
		}
		if err != nil {
			return nil, fmt.Errorf("open logs: %w", err)
		}
		all = append(all, p)
	}
	return &Folder{paths: all}, nil
}

// List implements Source. Files and folders that begin with a dot are left out,
// and files that are empty.
func (f *Folder) List(ctx context.Context, s Selection, fn func(Blob) error) error {
	var refused error // what fn said
	for _, root := range f.paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case path != root && strings.HasPrefix(d.Name(), "."):
				if d.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
			info, err := os.Stat(path) // follows links
			if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
				return err
			}
			b := Blob{Location: path, Size: info.Size(), Origin: parseOrigin(filepath.ToSlash(path)), name: path}
			if !s.selects(b.Origin) {
				return nil
			}
			if err := identify(&b); err != nil {
				return err
			}
			refused = fn(b)
			return refused
		})
		if refused != nil {
			return refused
		}
		if err != nil {
			return fmt.Errorf("list logs: %w", err)
		}
	}
	return nil
}

// firstLine bounds what of its first line a file is known by.
const firstLine = 4096

// identify sets what a file is known by, and that its size is not known when it is
// compressed.
func identify(b *Blob) error {
	r, compressed, err := openFile(b.name)
	if err != nil {
		return err
	}
	defer r.Close()
	head := make([]byte, firstLine)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: %w", b.Location, err)
	}
	head = head[:n]
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i]
	}
	sum := sha256.Sum256(head)
	b.Key = "file " + b.name + " " + hex.EncodeToString(sum[:8])
	if compressed {
		b.Size = -1
	}
	return nil
}

// Open implements Source.
func (f *Folder) Open(_ context.Context, b Blob, offset int64) (io.ReadCloser, error) {
	r, compressed, err := openFile(b.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", b.Location, ErrGone)
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	if compressed {
		_, err = io.CopyN(io.Discard, r, offset)
		if errors.Is(err, io.EOF) {
			err = nil // shorter than it was
		}
	} else {
		_, err = r.file.Seek(offset, io.SeekStart)
		r.Reader = r.file
	}
	if err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("read %s from byte %d on: %w", b.Location, offset, err)
	}
	return r, nil
}

type fileReader struct {
	io.Reader
	file *os.File
}

func (r *fileReader) Close() error { return r.file.Close() }

// openFile opens a file, and decompresses it when it is gzipped.
func openFile(path string) (r *fileReader, compressed bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	buffered := bufio.NewReaderSize(file, 64<<10)
	r = &fileReader{Reader: buffered, file: file}
	if magic, err := buffered.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, false, nil //nolint:nilerr // a file of one byte is not compressed
	}
	if r.Reader, err = gzip.NewReader(buffered); err != nil {
		_ = file.Close()
		return nil, false, fmt.Errorf("decompress %s: %w", path, err)
	}
	return r, true, nil
}
