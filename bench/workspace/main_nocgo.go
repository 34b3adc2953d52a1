//go:build !cgo

// Command workspace needs cgo.
package main

import (
	"fmt"
	"os"

	"reslog/analytics"
)

func main() {
	fmt.Fprintln(os.Stderr, analytics.ErrNoCgo)
	os.Exit(1)
}
