//go:build unix

package analytics

import "golang.org/x/sys/unix"

// freeSpace is what an unprivileged writer may still use of the disk of a folder;
// false: it is not known.
func freeSpace(dir string) (int64, bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true //nolint:unconvert // Bsize is of another type elsewhere
}
