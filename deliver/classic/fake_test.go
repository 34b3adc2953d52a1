package classic

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"reslog/storagelog"
)

// account is as much of a blob service as this package calls: a container with
// block blobs. It fails on command, before or after it did what was asked.
type account struct {
	t      *testing.T
	client *container.Client

	mu      sync.Mutex
	missing bool // the container does not exist
	blobs   map[string]*fakeBlob
	calls   []string // "PUT block blob/…"
	// fail is asked about every call; it may answer it itself.
	fail func(call string) fault
	used int64
}

type fakeBlob struct {
	committed   []fakeBlock
	uncommitted []fakeBlock
	exists      bool
	meta        map[string]string
	contentType string
}

type fakeBlock struct {
	id   string
	data string
}

// fault is how a call fails.
type fault int

const (
	works       fault = iota
	failsBefore       // nothing was done
	failsAfter        // it was done, the answer is an error
)

func newAccount(t *testing.T) *account {
	a := &account{t: t, blobs: map[string]*fakeBlob{}}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	client, err := container.NewClientWithNoCredential(srv.URL+"/account/$logs", &container.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.client = client
	return a
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/account/$logs"), "/")
	q := r.URL.Query()
	call := strings.TrimSpace(r.Method + " " + q.Get("comp") + " " + name + q.Get("prefix"))
	a.calls = append(a.calls, call)
	f := works
	if a.fail != nil {
		f = a.fail(call)
	}
	if f == failsBefore {
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	if f == failsAfter {
		a.serve(httptest.NewRecorder(), r, name)
		refuse(w, http.StatusInternalServerError, "InternalError")
		return
	}
	a.serve(w, r, name)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>fake</Message></Error>", code)
}

func (a *account) serve(w http.ResponseWriter, r *http.Request, name string) {
	q := r.URL.Query()
	b := a.blobs[name]
	switch {
	case name == "" && r.Method == http.MethodPut:
		if !a.missing {
			refuse(w, http.StatusConflict, "ContainerAlreadyExists")
			return
		}
		a.missing = false
		w.WriteHeader(http.StatusCreated)
	case a.missing:
		refuse(w, http.StatusNotFound, "ContainerNotFound")
	case name == "" && q.Get("comp") == "list":
		a.list(w, q.Get("prefix"), q.Get("delimiter"))
	case r.Method == http.MethodPut && q.Get("comp") == "block":
		a.putBlock(w, r, name)
	case r.Method == http.MethodPut && q.Get("comp") == "blocklist":
		a.putBlockList(w, r, name)
	case r.Method == http.MethodGet && q.Get("comp") == "blocklist":
		if b == nil || !b.exists {
			refuse(w, http.StatusNotFound, "BlobNotFound")
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, "<BlockList><CommittedBlocks>")
		for _, block := range b.committed {
			fmt.Fprintf(w, "<Block><Name>%s</Name><Size>%d</Size></Block>", block.id, len(block.data))
		}
		fmt.Fprint(w, "</CommittedBlocks></BlockList>")
	case r.Method == http.MethodDelete:
		if b == nil || !b.exists {
			refuse(w, http.StatusNotFound, "BlobNotFound")
			return
		}
		delete(a.blobs, name)
		w.WriteHeader(http.StatusAccepted)
	default:
		refuse(w, http.StatusBadRequest, "InvalidUri")
	}
}

func (a *account) putBlock(w http.ResponseWriter, r *http.Request, name string) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	b := a.blobs[name]
	if b == nil {
		b = &fakeBlob{}
		a.blobs[name] = b
	}
	block := fakeBlock{r.URL.Query().Get("blockid"), string(data)}
	for i, old := range b.uncommitted {
		if len(old.id) != len(block.id) {
			refuse(w, http.StatusBadRequest, "InvalidBlobOrBlock")
			return
		}
		if old.id == block.id {
			b.uncommitted[i] = block
			w.WriteHeader(http.StatusCreated)
			return
		}
	}
	b.uncommitted = append(b.uncommitted, block)
	w.WriteHeader(http.StatusCreated)
}

func (a *account) putBlockList(w http.ResponseWriter, r *http.Request, name string) {
	var list struct {
		Latest []string
	}
	if err := xml.NewDecoder(r.Body).Decode(&list); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidXmlDocument")
		return
	}
	b := a.blobs[name]
	if b != nil && b.exists && r.Header.Get("If-None-Match") == "*" {
		refuse(w, http.StatusConflict, "BlobAlreadyExists")
		return
	}
	var blocks []fakeBlock
	for _, id := range list.Latest {
		i := -1
		if b != nil {
			i = slices.IndexFunc(b.uncommitted, func(b fakeBlock) bool { return b.id == id })
		}
		if i < 0 {
			refuse(w, http.StatusBadRequest, "InvalidBlockList")
			return
		}
		blocks = append(blocks, b.uncommitted[i])
	}
	b.exists, b.committed, b.uncommitted = true, blocks, nil
	b.contentType = r.Header.Get("x-ms-blob-content-type")
	b.meta = map[string]string{}
	for h, v := range r.Header {
		if n, ok := strings.CutPrefix(h, "X-Ms-Meta-"); ok {
			b.meta[n] = v[0]
		}
	}
	w.WriteHeader(http.StatusCreated)
}

func (a *account) list(w http.ResponseWriter, prefix, delimiter string) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprint(w, `<EnumerationResults ServiceEndpoint="http://fake/" ContainerName="$logs"><Blobs>`)
	last := ""
	for _, name := range a.names() {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
			if p := prefix + rest[:i+1]; p != last {
				fmt.Fprintf(w, "<BlobPrefix><Name>%s</Name></BlobPrefix>", p)
				last = p
			}
			continue
		}
		fmt.Fprintf(w, "<Blob><Name>%s</Name><Properties><BlobType>BlockBlob</BlobType></Properties></Blob>", name)
	}
	fmt.Fprint(w, "</Blobs><NextMarker/></EnumerationResults>")
}

// names returns the names of all committed blobs.
func (a *account) names() []string {
	var names []string
	for name, b := range a.blobs {
		if b.exists {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// held returns the client request ids of all lines a reader can see, by blob.
// Every log must be one that a strict reader takes and that its metadata
// describes.
func (a *account) held(t *testing.T) map[string][]string {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	held := map[string][]string{}
	for _, name := range a.names() {
		b := a.blobs[name]
		var text strings.Builder
		for _, block := range b.committed {
			text.WriteString(block.data)
		}
		md := storagelog.ParseMetadata(b.meta)
		var start, end time.Time
		var types storagelog.LogTypes
		r := storagelog.NewReader(strings.NewReader(text.String()), storagelog.Strict)
		for {
			var e storagelog.Entry
			if err := r.Read(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("log %s: %v", name, err)
			}
			if e.Version != md.Version {
				t.Errorf("log %s: line of version %s, metadata says %s", name, e.Version, md.Version)
			}
			if start.IsZero() || e.StartTime.Before(start) {
				start = e.StartTime
			}
			if e.StartTime.After(end) {
				end = e.StartTime
			}
			switch e.Operation {
			case "GetBlob":
				types |= storagelog.LogRead
			case "DeleteBlob":
				types |= storagelog.LogDelete
			default:
				types |= storagelog.LogWrite
			}
			held[name] = append(held[name], e.ClientRequestID)
		}
		if !md.Start.Equal(start) || !md.End.Equal(end) || md.Types != types {
			t.Errorf("log %s: metadata %v, records are %s from %s to %s", name, b.meta, types, start, end)
		}
	}
	return held
}
