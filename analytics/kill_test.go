//go:build cgo

package analytics

func runChild() bool { return false }
