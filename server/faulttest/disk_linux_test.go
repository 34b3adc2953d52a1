package faulttest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// smallDisk puts a file system of a limited size at a folder, seen by this
// process alone, and the ballast on it. It goes with the process.
func smallDisk(folder, size string) error {
	if size == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		return err
	}
	f, err := os.Create(ballast(folder))
	if err != nil {
		return err
	}
	return errors.Join(syscall.Fallocate(int(f.Fd()), 0, 0, ballastBytes), f.Close())
}

const ballastBytes = 48 << 20

// onSmallDisk lets a node have its data on a file system of the given size. It
// needs a mount namespace, which a user who is not root gets in a user namespace.
func onSmallDisk(size string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, diskVariable+"="+size)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if uid := os.Getuid(); uid != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
	}
}

// namespaces reports whether this machine lets us have a file system of our own.
func namespaces() error {
	cmd := exec.Command("true")
	onSmallDisk("1m")(cmd)
	return cmd.Run()
}
