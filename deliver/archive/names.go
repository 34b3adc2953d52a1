package archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
)

// Names of the archive (Azure Monitor, "Azure resource logs", section on the
// storage account).
const (
	resourceIDKey = "resourceId="
	hourLayout    = "y=2006/m=01/d=02/h=15"
	minuteFolder  = "/m=00/"
)

// Limits of names (Blob service, "Naming and referencing containers, blobs, and
// metadata").
const (
	maxContainerName = 63
	maxBlobName      = 1024
	maxSegments      = 254
	// blobNameRoom is what the longest name of a blob takes in its folder.
	blobNameRoom = len("PT1H_1000000000.json")
)

// containerName returns the container of a category. An error says that no
// container can be named for it.
func containerName(c record.Category) (string, error) {
	name := catalog.SinkName(c)
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	switch {
	case c == "":
		return "", fmt.Errorf("a record without category has no container")
	case len(name) > maxContainerName:
		return "", fmt.Errorf("category %.80q gives no container name: it would have %d characters, at most %d may be", c, len(name), maxContainerName)
	case strings.ContainsFunc(name, odd), strings.Contains(name, "--"), strings.HasSuffix(name, "-"):
		return "", fmt.Errorf("category %q gives no container name: letters, digits and single hyphens are allowed", c)
	}
	return name, nil
}

// resourceRoot returns what the names of all blobs of a resource begin with.
func resourceRoot(id resource.ID) string { return resourceIDKey + id.Upper() + "/" }

// hourFolder returns the folder of a resource's hour, with its slash at the end.
func hourFolder(id resource.ID, hour time.Time) (string, error) {
	if id.IsZero() {
		return "", fmt.Errorf("a record without resource has no place in an archive")
	}
	path := resourceRoot(id) + hour.Format(hourLayout) + minuteFolder
	if n := utf8.RuneCountInString(path) + blobNameRoom; n > maxBlobName {
		return "", fmt.Errorf("the id of the resource is too long for a blob name: %d characters, at most %d", n, maxBlobName)
	}
	if n := strings.Count(path, "/") + 1; n > maxSegments {
		return "", fmt.Errorf("the id of the resource has too many segments for a blob name: %d, at most %d", n, maxSegments)
	}
	return path, nil
}

// Blobs of an hour: PT1H.json, and PT1H_1.json and so on when that can take no
// more.
const (
	blobStem   = "PT1H"
	blobSuffix = ".json"
	maxNumber  = 1_000_000_000
)

// blobName returns the name, in its folder, of the n-th blob of an hour.
func blobName(n int) string {
	if n == 0 {
		return blobStem + blobSuffix
	}
	return blobStem + "_" + strconv.Itoa(n) + blobSuffix
}

// parseBlobName reads what blobName made.
func parseBlobName(name string) (n int, ok bool) {
	rest, ok := strings.CutPrefix(name, blobStem)
	if !ok {
		return 0, false
	}
	if rest, ok = strings.CutSuffix(rest, blobSuffix); !ok || rest == "" {
		return 0, ok
	}
	n, err := strconv.Atoi(strings.TrimPrefix(rest, "_"))
	if err != nil || n < 1 || n > maxNumber || blobName(n) != name {
		return 0, false
	}
	return n, true
}

// hourOf returns the hour that a record is archived in, in hours since 1970. It
// is the hour of its end: when what it records was over, the service knew of it.
func hourOf(r *record.Record) int64 {
	t := r.Ended
	if t.IsZero() {
		t = r.Time
	}
	s := t.Unix()
	h := s / 3600
	if s%3600 < 0 {
		h--
	}
	return h
}

// hourTime returns the beginning of an hour. An error says that a folder cannot
// be named for it.
func hourTime(hour int64) (time.Time, error) {
	t := time.Unix(hour*3600, 0).UTC()
	if t.Year() < 2 || t.Year() > 9999 { // year 1 is a time that nobody set
		return t, fmt.Errorf("a record without time has no place in an archive")
	}
	return t, nil
}
