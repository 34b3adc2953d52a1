//go:build unix

package bus

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeSpace returns what an unprivileged writer may still use of the disk.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask for the free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // Bsize is of another type elsewhere
}
