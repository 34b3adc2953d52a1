package blob

import (
	"strings"
	"unicode/utf8"

	"reslog/service/storage"
)

// Containers with a meaning of their own.
const (
	rootContainer = "$root"
	logsContainer = "$logs"
	webContainer  = "$web"
)

// isSystem reports whether a container belongs to the service: users may read
// it and delete its blobs, and nothing else.
func isSystem(container string) bool {
	return container == logsContainer || container == "$blobchangefeed"
}

// checkContainerName refuses what no container can be called.
func checkContainerName(name string) error {
	if name == rootContainer || name == webContainer || isSystem(name) {
		return nil
	}
	return storage.CheckName(name)
}

// maxBlobName is the longest blob name, in characters.
const maxBlobName = 1024

// checkBlobName applies the rules for blob names: 1 to 1,024 characters, at
// most 254 path segments. A name must be UTF-8: there is no other way to list it.
func checkBlobName(container, name string) error {
	switch {
	case !utf8.ValidString(name):
		return storage.ErrInvalidUri
	case utf8.RuneCountInString(name) > maxBlobName:
		return storage.ErrOutOfRangeInput
	case strings.Count(name, "/") > 254:
		return storage.ErrInvalidUri
	case container == rootContainer && strings.Contains(name, "/"):
		return storage.ErrInvalidUri
	}
	return nil
}
