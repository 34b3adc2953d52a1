package interop

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"reslog/server/servertest"
)

// archived are lines of an archive, by the name of the blob that they are in.
type archived map[string][]string

// readArchive reads a container of the account that receives archives, as a
// consumer would: with azblob, by the account's key. Lines end in a line feed.
func readArchive(t *testing.T, n *servertest.Node, container string) archived {
	t.Helper()
	c := n.BlobClientFor(t, archiveAccount, nil)
	found := archived{}
	for pages := c.NewListBlobsFlatPager(container, nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if bloberror.HasCode(err, bloberror.ContainerNotFound) {
			return found
		}
		check(t, err)
		for _, item := range page.Segment.BlobItems {
			if *item.Properties.BlobType != "AppendBlob" {
				t.Errorf("%s is a %s", *item.Name, *item.Properties.BlobType)
			}
			lines, there := readLines(t, c, container, *item.Name)
			if there { // else its retention ended after the listing
				found[*item.Name] = lines
			}
		}
	}
	return found
}

// readLines reads a blob of lines, which may not be there.
func readLines(t *testing.T, c *azblob.Client, container, name string) (lines []string, there bool) {
	t.Helper()
	r, err := c.DownloadStream(t.Context(), container, name, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil, false
	}
	check(t, err)
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	check(t, err)
	if len(content) == 0 {
		return nil, true // made, and not written to yet
	}
	whole, ok := strings.CutSuffix(string(content), "\n")
	if !ok {
		t.Errorf("%s does not end in a line break", name)
	}
	return strings.Split(whole, "\n"), true
}

// all returns the lines of all blobs.
func (a archived) all() []string {
	var lines []string
	for _, l := range a {
		lines = append(lines, l...)
	}
	return lines
}

// checkNames checks the documented names: the id of one of the resources in capitals,
// and the hour.
func (a archived) checkNames(t *testing.T, resources ...string) {
	t.Helper()
	ids := regexp.QuoteMeta(strings.ToUpper(strings.Join(resources, "|")))
	form := regexp.MustCompile(`^resourceId=(` + strings.ReplaceAll(ids, `\|`, "|") + `)/y=\d{4}/m=\d{2}/d=\d{2}/h=\d{2}/m=00/PT1H\.json$`)
	for name := range a {
		if !form.MatchString(name) {
			t.Errorf("a blob is named %s", name)
		}
	}
}

// storageLine is a line of the categories StorageRead, StorageWrite and
// StorageDelete. Source: "Azure Blob Storage monitoring data reference", fields of
// resource logs.
type storageLine struct {
	Time, ResourceID, Category, OperationName, OperationVersion, SchemaVersion string
	StatusCode                                                                 any
	StatusText, CallerIPAddress, CorrelationID, Location, Protocol, URI        string
	ResourceType                                                               string
	DurationMs                                                                 *int64
	Identity                                                                   storageIdentity
	Properties                                                                 map[string]any
}

type storageIdentity struct {
	Type, TokenHash string
	Authorization   []storageAuthorization
	Requester       map[string]string
}

type storageAuthorization struct {
	Action, Reason, Result, RoleAssignmentID, RoleDefinitionID, Type string
	Principals                                                       []struct{ ID, Type string }
}

// storageNames are the names that every line has, spelled as they are documented.
func storageNames() []string {
	return []string{
		"time", "resourceId", "category", "operationName", "operationVersion", "schemaVersion", "statusCode", "statusText", "durationMs",
		"callerIpAddress", "correlationId", "identity", "location", "properties", "uri", "protocol", "resourceType",
	}
}

// storageLines reads the lines of all three categories, by request id.
func storageLines(t *testing.T, n *servertest.Node, resources ...string) map[string][]storageLine {
	t.Helper()
	byID := map[string][]storageLine{}
	for _, category := range []string{"StorageRead", "StorageWrite", "StorageDelete"} {
		a := readArchive(t, n, "insights-logs-"+strings.ToLower(category))
		a.checkNames(t, resources...)
		for _, line := range a.all() {
			var names map[string]json.RawMessage
			check(t, json.Unmarshal([]byte(line), &names))
			for _, name := range storageNames() {
				if _, ok := names[name]; !ok {
					t.Errorf("a line has no %s: %s", name, line)
				}
			}
			want(t, "members of a line", len(names), len(storageNames()))
			var l storageLine
			check(t, json.Unmarshal([]byte(line), &l))
			want(t, "category", l.Category, category)
			byID[l.CorrelationID] = append(byID[l.CorrelationID], l)
		}
	}
	return byID
}
