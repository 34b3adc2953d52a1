package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A log that cannot be read makes the status 2, and the others are read.
func TestFindUnreadableLog(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.log"), []byte(findSample), 0o600); err != nil {
		t.Fatal(err)
	}
	// A process's memory is a regular file that cannot be read from its beginning.
	if err := os.Symlink("/proc/self/mem", filepath.Join(folder, "b.log")); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	status := run([]string{"find", "--path", folder, "PutBlob"}, strings.NewReader(""), &out, &errOut)
	if status != 2 || out.String() != findSample {
		t.Errorf("status %d, output %q", status, out.String())
	}
	if !strings.Contains(errOut.String(), "cannot read "+filepath.Join(folder, "b.log")) || !strings.Contains(errOut.String(), "1 of 2 logs could not be read") {
		t.Errorf("messages %q", errOut.String())
	}
}
