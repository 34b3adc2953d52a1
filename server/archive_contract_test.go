package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/client"
	"reslog/deliver"
	"reslog/deliver/archive"
	"reslog/deliver/delivertest"
	"reslog/record"
	"reslog/resource"
)

// The archive passes the contract of destinations on the real blob service, in
// process, as a node wires the two: every record once, and in order.
func TestArchiveContract(t *testing.T) {
	delivertest.Run(t, delivertest.Harness{
		New: newArchivePlace,
		Record: func(_ int, id string, ended time.Time) record.Record {
			return record.Record{
				Resource: archiveSource, Category: "AllLogs", Time: ended, Ended: ended, ID: id,
				Line: fmt.Appendf(nil, `{"id":%q}`, id),
			}
		},
		Weird:  weirdLines(),
		Sparse: true,
	})
}

var archiveSource = resource.MustParse("/subscriptions/s/resourceGroups/my group/providers/Microsoft.SignalRService/SignalR/hub #1?")

// weirdLines are large and unusual; the service takes them apart nowhere.
func weirdLines() []record.Record {
	var recs []record.Record
	for i, text := range []string{
		"", strings.Repeat("ab\\n", 1<<18), `\u0000\u2028 \"; <&> ` + "\u2029\u00a0😀", "\x80\xff",
	} {
		id := fmt.Sprintf("weird-%d", i)
		ended := time.Date(2026, 3, 1, 10, 0, i, 0, time.UTC)
		recs = append(recs, record.Record{
			Resource: archiveSource, Category: "AllLogs", Time: ended, Ended: ended, ID: id,
			Line: []byte(`{"id":"` + id + `","text":"` + text + `"}`),
		})
	}
	return recs
}

// archivePlace is a storage account, and a State, that fail on command.
type archivePlace struct {
	*cable
	account *service.Client
	plan    []byte
}

func newArchivePlace(t *testing.T) delivertest.Place {
	t.Helper()
	p := &archivePlace{cable: newCable(t)}
	var err error
	p.account, err = service.NewClientWithNoCredential("http://localhost/"+client.DevAccount, &service.ClientOptions{ClientOptions: p.options()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *archivePlace) Load(context.Context) ([]byte, error) { return p.plan, nil }

func (p *archivePlace) Save(_ context.Context, data []byte) error {
	fails, done := p.fails()
	if !fails || done {
		p.plan = bytes.Clone(data)
	}
	if fails {
		return errCable
	}
	return nil
}

func (p *archivePlace) Open(t *testing.T) deliver.Destination {
	a, err := archive.New(archive.Config{Container: p.account.NewContainerClient, State: p, BlockSize: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (p *archivePlace) Held(t *testing.T) (ids []string) {
	t.Helper()
	const root = "resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/MY GROUP/PROVIDERS/MICROSOFT.SIGNALRSERVICE/SIGNALR/HUB #1?/y=2026/"
	logs := p.account.NewContainerClient("insights-logs-alllogs")
	var names []string
	for pages := logs.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{}); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil && strings.Contains(err.Error(), "ContainerNotFound") {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.Segment.BlobItems {
			if !strings.HasPrefix(*b.Name, root) || !strings.HasSuffix(*b.Name, "/m=00/PT1H.json") {
				t.Errorf("a blob is named %s", *b.Name)
			}
			names = append(names, *b.Name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		resp, err := logs.NewBlobClient(name).DownloadStream(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var v struct{ ID string }
			if err := json.Unmarshal([]byte(line), &v); err != nil || !strings.HasSuffix(line, "\n") {
				t.Fatalf("%s holds what is no line: %.100q, %v", name, line, err)
			}
			ids = append(ids, v.ID)
		}
	}
	return ids
}
