package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/bus"
	"reslog/deliver"
	"reslog/deliver/archive"
	"reslog/record"
	"reslog/resource"
)

// azurite starts Azurite's blob service on a free port and returns its account.
func azurite(t *testing.T) *target {
	t.Helper()
	install(t)
	addr := freeAddr(t, "127.0.0.1")
	_, port, err := net.SplitHostPort(addr)
	check(t, err)
	cmd := exec.CommandContext(t.Context(), "node", "node/node_modules/azurite/dist/src/blob/main.js", "--silent", "--disableTelemetry",
		"--skipApiVersionCheck", "--location", t.TempDir(), "--blobHost", "127.0.0.1", "--blobPort", port)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// Asked to stop, it may wait for connections that are kept alive.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Kill) }
	check(t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case <-exited:
			t.Fatalf("azurite ends: %s", output.Bytes())
		default:
		}
		if c, err := net.Dial("tcp", addr); err == nil {
			check(t, c.Close())
			return &target{URL: "http://" + addr + "/" + devAccount, Account: devAccount, Key: devKey, foreign: true}
		}
	}
	t.Fatal("azurite does not listen after two minutes")
	return nil
}

// azuriteArchive is an archive in an account that somebody else made. Its process may
// die, and answers may be lost.
type azuriteArchive struct {
	t       *testing.T
	account *service.Client // the user's
	client  *service.Client
	plan    []byte
	lines   map[string]string // of the blobs, as they should be

	mu   sync.Mutex
	lose string // the answer of the next request that has this in its URL
}

var errLost = errors.New("the answer is lost")

func (a *azuriteArchive) Do(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	lost := a.lose != "" && strings.Contains(r.URL.String(), a.lose)
	if lost {
		a.lose = ""
	}
	a.mu.Unlock()
	resp, err := http.DefaultClient.Do(r)
	if err == nil && lost {
		return nil, errors.Join(errLost, resp.Body.Close())
	}
	return resp, err
}

func (a *azuriteArchive) Load(context.Context) ([]byte, error) { return a.plan, nil }

func (a *azuriteArchive) Save(_ context.Context, data []byte) error {
	a.plan = bytes.Clone(data)
	return nil
}

// open returns the archive as a new process would have it.
func (a *azuriteArchive) open() *archive.Archive {
	r, err := archive.New(archive.Config{Container: a.client.NewContainerClient, State: a, MaxBlocks: 4})
	check(a.t, err)
	return r
}

const archiveRoot = "resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/MY GROUP/PROVIDERS/MICROSOFT.CACHE/REDISENTERPRISE/C/DATABASES/DEFAULT/"

var archiveSource = resource.MustParse("/subscriptions/s/resourceGroups/my group/providers/Microsoft.Cache/redisEnterprise/c/databases/default")

// items makes records first to last, in a category and an hour of 4 March 2026.
func (a *azuriteArchive) items(category record.Category, hour, first, last int) (batch []deliver.Item) {
	for n := first; n <= last; n++ {
		ended := time.Date(2026, 3, 4, hour, n%60, 0, 0, time.UTC)
		batch = append(batch, deliver.Item{Position: bus.Position{Epoch: 1, Seq: uint64(n)}, Record: record.Record{
			Resource: archiveSource, Category: category, Time: ended, Ended: ended, ID: fmt.Sprint(n),
			Line: fmt.Appendf(nil, `{"n":%d,"category":%q,"text":"%0700d €"}`, n, category, n),
		}})
	}
	return batch
}

// expect notes that a blob should hold the lines of a batch.
func (a *azuriteArchive) expect(category, hour, name string, batch []deliver.Item) {
	key := "insights-logs-" + category + "/" + archiveRoot + "y=2026/m=03/d=04/h=" + hour + "/m=00/" + name
	for _, it := range batch {
		a.lines[key] += string(it.Record.Line) + "\n"
	}
}

func (a *azuriteArchive) verify() {
	a.t.Helper()
	for key, text := range a.lines {
		container, name, _ := strings.Cut(key, "/")
		resp, err := a.account.NewContainerClient(container).NewBlobClient(name).DownloadStream(a.t.Context(), nil)
		check(a.t, err)
		got, err := io.ReadAll(resp.Body)
		check(a.t, errors.Join(err, resp.Body.Close()))
		if string(got) != text {
			a.t.Errorf("%s holds %d bytes, want %d", key, len(got), len(text))
		}
	}
}

// A node archives into an account of Azurite, through the Azure SDK: the paths,
// the conditions that exactly once depends on, roll-over and retention are those
// of the real protocol, not only of our own service.
func TestArchiveIntoAzurite(t *testing.T) {
	g := azurite(t)
	a := &azuriteArchive{t: t, account: g.service(t), lines: map[string]string{}}
	var err error
	a.client, err = service.NewClientWithSharedKeyCredential(g.URL, g.credential(t), &service.ClientOptions{
		ClientOptions: policy.ClientOptions{Transport: a, Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	check(t, err)
	ctx := t.Context()
	deliverAll := func(r *archive.Archive, batch []deliver.Item) {
		t.Helper()
		settled, err := r.Deliver(ctx, batch)
		check(t, err)
		want(t, "settled", settled, batch[len(batch)-1].Position)
	}

	// Two categories and two hours in one batch.
	r := a.open()
	one, two, three := a.items("ConnectionEvents", 9, 1, 1000), a.items("Audit", 9, 1001, 1010), a.items("ConnectionEvents", 10, 1011, 1020)
	first := append(append(append([]deliver.Item{}, one...), two...), three...)
	deliverAll(r, first)
	a.expect("connectionevents", "09", "PT1H.json", one)
	a.expect("audit", "09", "PT1H.json", two)
	a.expect("connectionevents", "10", "PT1H.json", three)
	a.verify()

	// The answer of an append is lost, and the process dies; the next one gets
	// everything again.
	next := a.items("ConnectionEvents", 10, 1021, 1030)
	a.lose = "comp=appendblock"
	if _, err := r.Deliver(ctx, next); !errors.Is(err, errLost) {
		t.Fatalf("error %v", err)
	}
	r = a.open()
	deliverAll(r, append(first, next...))
	want(t, "appends found", r.Stats().Recovered, 1)
	a.expect("connectionevents", "10", "PT1H.json", next)
	a.verify()

	// Somebody else appends: the condition on the position refuses, and the batch
	// comes behind.
	deliverAll(r, a.items("ConnectionEvents", 10, 1031, 1031))
	a.expect("connectionevents", "10", "PT1H.json", a.items("ConnectionEvents", 10, 1031, 1031))
	name := archiveRoot + "y=2026/m=03/d=04/h=10/m=00/"
	logs := a.account.NewContainerClient("insights-logs-connectionevents")
	_, err = logs.NewAppendBlobClient(name+"PT1H.json").AppendBlock(ctx, body("{\"n\":0}\n"), nil)
	check(t, err)
	a.lines["insights-logs-connectionevents/"+name+"PT1H.json"] += "{\"n\":0}\n"

	// With its fourth block the blob is full, and the hour goes on in the next;
	// that one is sealed.
	for n := 1040; n <= 1041; n++ {
		batch := a.items("ConnectionEvents", 10, n, n)
		deliverAll(r, batch)
		a.expect("connectionevents", "10", fmt.Sprintf("PT1H_%d.json", n-1039), batch)
		_, err = logs.NewAppendBlobClient(name+fmt.Sprintf("PT1H_%d.json", n-1039)).Seal(ctx, nil)
		check(t, err)
	}
	a.verify()

	// The user deletes a blob, then a container.
	_, err = logs.NewBlobClient(archiveRoot+"y=2026/m=03/d=04/h=09/m=00/PT1H.json").Delete(ctx, nil)
	check(t, err)
	_, err = a.account.NewContainerClient("insights-logs-audit").Delete(ctx, nil)
	check(t, err)
	last := append(a.items("ConnectionEvents", 9, 1050, 1051), a.items("Audit", 9, 1052, 1053)...)
	deliverAll(r, last)
	delete(a.lines, "insights-logs-connectionevents/"+archiveRoot+"y=2026/m=03/d=04/h=09/m=00/PT1H.json")
	delete(a.lines, "insights-logs-audit/"+archiveRoot+"y=2026/m=03/d=04/h=09/m=00/PT1H.json")
	a.expect("connectionevents", "09", "PT1H.json", last[:2])
	a.expect("audit", "09", "PT1H.json", last[2:])
	a.verify()

	// Retention takes the first hour of one category and leaves the rest.
	sweeper := archive.Retention{
		Policies: func(context.Context) ([]archive.Policy, error) {
			return []archive.Policy{{Container: a.client.NewContainerClient, Resource: archiveSource, Category: "ConnectionEvents", Days: 7}}, nil
		},
		Now: func() time.Time { return time.Date(2026, 3, 11, 10, 0, 0, 0, time.UTC) },
	}
	deleted, err := sweeper.Sweep(ctx)
	check(t, err)
	want(t, "deleted", deleted, 1)
	delete(a.lines, "insights-logs-connectionevents/"+archiveRoot+"y=2026/m=03/d=04/h=09/m=00/PT1H.json")
	a.verify()
}
