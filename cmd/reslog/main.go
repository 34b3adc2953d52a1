// Command reslog is the one binary: a node that speaks Azure's storage
// protocols and logs every request as Azure does, and the tools to read such
// logs from any account. `reslog help` says what it does.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
