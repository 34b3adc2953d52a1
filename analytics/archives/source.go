package archives

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
	"reslog/storagelog"
)

// Source is where logs lie.
type Source interface {
	// List calls fn for every blob with logs that s selects, in the order of
	// containers and names, until fn returns an error, which it returns.
	List(ctx context.Context, s Selection, fn func(Blob) error) error
	// Open opens a blob from an offset on. An offset at the end gives nothing.
	Open(ctx context.Context, b Blob, offset int64) (io.ReadCloser, error)
}

// ErrGone is wrapped by the errors of blobs that were deleted after they were
// listed, as a retention policy does.
var ErrGone = errors.New("the log is no longer there")

// ErrNoLogs is wrapped by the error of an account without any container that is wanted.
var ErrNoLogs = errors.New("no logs that are wanted")

// Blob is a blob, or a file, that holds logs.
type Blob struct {
	// Location is its URL or path, to be shown to people; without a secret.
	Location string
	// Key is what it is known by: the same every time it is listed, another for
	// one that was deleted and made again.
	Key string
	// Size is its length in bytes; negative when only reading tells.
	Size int64
	// What its name says, as far as it does.
	Origin Origin

	container, name string // as the Source knows it
}

// Origin is what the name of a blob says about its content.
type Origin struct {
	// Service is set for classic logs.
	Service storagelog.Service
	// Category and Resource are set for archives.
	Category record.Category
	Resource resource.ID
	// Hour is the hour that its folder is for.
	Hour time.Time
}

// Containers of archives begin so; the rest is a category in lower case.
const (
	logsPrefix       = "insights-logs-"
	metricsContainer = "insights-metrics-pt1m"
)

// isArchive reports whether a container holds archives.
func isArchive(container string) bool {
	return container == metricsContainer || strings.HasPrefix(container, logsPrefix)
}

// parseOrigin reads the end of a path, with slashes:
//
//	…/blob/2011/07/31/1800/000000.log
//	…/insights-logs-storageread/resourceId=/SUBSCRIPTIONS/…/y=2026/m=03/d=04/h=12/m=00/PT1H.json
func parseOrigin(path string) Origin {
	path = strings.TrimSuffix(path, ".gz")
	parts := strings.Split(path, "/")
	if n := len(parts); n >= 6 {
		if name, err := storagelog.ParseLogName(strings.Join(parts[n-6:], "/")); err == nil {
			return Origin{Service: name.Service, Hour: name.Hour}
		}
	}
	var o Origin
	for _, p := range parts {
		if isArchive(p) {
			o.Category = categoryOf(p)
		}
	}
	at := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(strings.ToLower(p), "resourceid=") })
	if at < 0 {
		return o
	}
	end := at + slices.IndexFunc(parts[at:], func(p string) bool { return strings.HasPrefix(p, "y=") })
	if end < at {
		return o
	}
	id := append([]string{parts[at][len("resourceid="):]}, parts[at+1:end]...)
	if parsed, err := resource.Parse(strings.Join(id, "/")); err == nil {
		o.Resource = parsed
	}
	if len(parts) >= end+4 {
		if hour, err := time.Parse("y=2006/m=01/d=02/h=15", strings.Join(parts[end:end+4], "/")); err == nil {
			o.Hour = hour
		}
	}
	return o
}

// categoryOf returns the category of a container of archives.
func categoryOf(container string) record.Category {
	if container == metricsContainer {
		return catalog.AllMetrics
	}
	name := strings.TrimPrefix(container, logsPrefix)
	if c, ok := catalog.FindCategory(name); ok {
		return c
	}
	return record.Category(name)
}

// Selection says which blobs to read. The zero Selection is all.
type Selection struct {
	// Since and Until select blobs by their hour: those that may hold something
	// that ended in between. Zero is no bound. A blob whose name says no hour is
	// always selected.
	Since, Until time.Time
	// Services are those of storage, "blob", "queue" and "table", or a part of
	// the resource type: "signalr", "redis". Empty is all.
	Services []string
	// Categories are those of archives. With it classic logs are left out, which
	// have all categories of a service in one. Empty is all.
	Categories []record.Category
}

// selects decides by the name. What a name does not say is taken to fit.
func (s *Selection) selects(o Origin) bool {
	switch {
	case o.Hour.IsZero():
	case !s.Since.IsZero() && !o.Hour.Add(time.Hour).After(s.Since):
		return false // all in it ended before
	case !s.Until.IsZero() && o.Hour.After(s.Until):
		return false
	}
	if len(s.Categories) > 0 && !slices.ContainsFunc(s.Categories, func(c record.Category) bool {
		return strings.EqualFold(string(c), string(o.Category))
	}) {
		return o.Service == "" && o.Category == ""
	}
	return len(s.Services) == 0 || o.Service == "" && o.Resource.IsZero() || slices.ContainsFunc(s.Services, o.is)
}

// is reports whether the logs are of a service.
func (o Origin) is(service string) bool {
	service = strings.ToLower(service)
	if o.Service != "" {
		return string(o.Service) == service
	}
	typ := strings.ToLower(o.Resource.Type())
	switch service {
	case "blob", "queue", "table", "file":
		return strings.HasSuffix(typ, "/"+service+"services")
	}
	return service != "" && strings.Contains(typ, service)
}
