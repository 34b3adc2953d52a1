package blobstore

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fallocate(2): FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE.
const punchHole = 0x01 | 0x02

// punch gives the blocks of a part of a file back to the file system; it reads
// as zeros then. errNoHoles says that this file system cannot.
func punch(f vfs.File, s span) error {
	fd := f.Fd()
	if fd == vfs.InvalidFd {
		return errNoHoles
	}
	for {
		err := syscall.Fallocate(int(fd), punchHole, s.from, s.to-s.from)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOSYS):
			return errNoHoles
		case err != nil:
			return fmt.Errorf("give back bytes %d-%d: %w", s.from, s.to-1, err)
		}
		return nil
	}
}
