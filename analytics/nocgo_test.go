//go:build !cgo

package analytics

import (
	"errors"
	"testing"
)

func TestOpenNeedsCgo(t *testing.T) {
	if s, err := Open(t.Context(), Config{Folder: t.TempDir()}); s != nil || !errors.Is(err, ErrNoCgo) {
		t.Errorf("%v, %v", s, err)
	}
}
