package faulttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/bus"
	"reslog/server"
	"reslog/storagelog"
)

// diskSize is enough for the ballast, the room that a node keeps free for its
// metadata, and some dozen blobs.
const diskSize = "288m"

const blobSize = 1 << 20

// TestFullDisk fills the disk with blobs. What was taken stays readable, what is
// refused is refused with a server error, and the node works again when there is
// room, also after a restart.
func TestFullDisk(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) { fillDisk(t, d) })
	}
}

func fillDisk(t *testing.T, d bus.Durability) {
	var b bootstrap
	b.own(ownAccount)
	b.setting("own", map[string]any{"storageAccountId": accountPath + ownAccount})
	v := start(t, t.TempDir(), d, onSmallDisk(diskSize), withFile(b.write(t)))
	defer v.stop(t)
	c := connect(t, v.url)
	if _, err := c.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	switchLogging(t, v.url)

	taken := map[string][]byte{}
	refused := 0
	for i := 0; refused < 30; i++ {
		if i == 10_000 {
			t.Fatalf("%d blobs of %d bytes fit on a disk of %s", len(taken), blobSize, diskSize)
		}
		name := fmt.Sprint(i)
		content := random(i, blobSize)
		err := upload(t, c, name, content)
		if err == nil {
			taken[name] = content
			continue
		}
		refused++
		// The store stops before the bus does: in audit mode too there is an answer.
		var re *azcore.ResponseError
		if !errors.As(err, &re) || re.StatusCode < 500 {
			t.Fatalf("upload to a full disk: %v", err)
		}
	}
	t.Logf("%d blobs taken, then %d refused", len(taken), refused)
	// What is kept free is for the node's own writes: the refusals are archived.
	waitFor(t, "the refusals to be archived", func() bool {
		return metric(t, v.admin, "reslog_delivery_delivered_total", `kind="archive"`) >= float64(len(taken)+refused)
	})
	verify(t, c, taken)
	for i := range 24 {
		name := fmt.Sprint(i)
		if _, err := c.NewBlobClient(name).Delete(t.Context(), nil); err != nil {
			t.Fatalf("delete on a full disk: %v", err)
		}
		delete(taken, name)
	}
	uploadSoon := func(name string, seed int) {
		t.Helper()
		taken[name] = random(seed, blobSize)
		start := time.Now()
		for {
			err := upload(t, c, name, taken[name])
			if err == nil {
				break
			}
			if time.Since(start) > patience {
				t.Fatalf("upload to a disk with room: %v", err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Logf("there is room for %q after %v", name, time.Since(start).Round(time.Millisecond))
	}
	uploadSoon("deleted others", -1)
	v.disk(t, makeRoom)
	uploadSoon("again", -2)
	verify(t, c, taken)
	checkArchive(t, v.url, checkLogs(t, v.url))

	v.restart(t)
	c = connect(t, v.url)
	verify(t, c, taken)
	if err := upload(t, c, "after", []byte("x")); err != nil {
		t.Errorf("upload after the restart: %v", err)
	}
	checkArchive(t, v.url, checkLogs(t, v.url))
}

// checkArchive waits until the archive has all that `$logs` has, once.
func checkArchive(t *testing.T, url string, logged map[string]bool) {
	t.Helper()
	var a *archived
	missing := func() (n int) {
		for id := range logged {
			if a.times[id] == 0 {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		a = archiveAt(t, url, ownAccount)
		if missing() == 0 || time.Now().After(deadline) {
			break
		}
	}
	t.Logf("archive: %s", sum(len(logged), missing(), a.repeated()))
	if missing()+a.repeated() > 0 {
		t.Errorf("of %d records in $logs the archive lacks %d, and has %d again", len(logged), missing(), a.repeated())
	}
}

// random returns n bytes that depend on seed alone.
func random(seed, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1}).Read(b)
	return b
}

func upload(t *testing.T, c *container.Client, name string, content []byte) error {
	t.Helper()
	_, err := c.NewBlockBlobClient(name).Upload(t.Context(), streaming.NopCloser(bytes.NewReader(content)), nil)
	return err
}

// verify reads every blob back.
func verify(t *testing.T, c *container.Client, want map[string][]byte) {
	t.Helper()
	for name, content := range want {
		if got := download(t, c, name); !bytes.Equal(got, content) {
			t.Errorf("blob %s: %d bytes that are not those it was given", name, len(got))
		}
	}
}

func download(t *testing.T, c *container.Client, name string) []byte {
	t.Helper()
	r, err := c.NewBlobClient(name).DownloadStream(t.Context(), nil)
	if err != nil {
		t.Fatalf("download %s: %v", name, err)
	}
	b, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		t.Fatalf("download %s: %v", name, err)
	}
	return b
}

func switchLogging(t *testing.T, url string) {
	t.Helper()
	_, err := accountAt(t, url, server.DevAccount).SetProperties(t.Context(), &service.SetPropertiesOptions{Logging: &service.Logging{
		Version: to.Ptr("1.0"), Read: to.Ptr(true), Write: to.Ptr(true), Delete: to.Ptr(true),
		RetentionPolicy: &service.RetentionPolicy{Enabled: to.Ptr(false)},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// checkLogs waits for the record of a request that it makes, and returns the ids of
// the requests in all logs.
func checkLogs(t *testing.T, url string) map[string]bool {
	t.Helper()
	p, err := accountAt(t, url, server.DevAccount).NewContainerClient(containerName).GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return logsWith(t, url, *p.RequestID)
}

// logsWith waits for the record of a request, and reads every log strictly: no line
// is broken and none is there twice. It returns the ids of the requests in them.
func logsWith(t *testing.T, url, id string) map[string]bool {
	t.Helper()
	logs := accountAt(t, url, server.DevAccount).NewContainerClient("$logs")
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		seen, ids := map[string]int{}, map[string]bool{}
		pager := logs.NewListBlobsFlatPager(nil)
		for pager.More() {
			page, err := pager.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Segment.BlobItems {
				for line := range bytes.Lines(download(t, logs, *item.Name)) {
					e, err := storagelog.ParseEntry(bytes.TrimSuffix(line, []byte("\n")))
					if err != nil {
						t.Fatalf("%s: %v in %q", *item.Name, err, line)
					}
					ids[e.RequestID] = true
					seen[fmt.Sprint(e.RequestID, " ", e.OperationNumber)]++
				}
			}
		}
		if seen[id+" 0"] > 0 {
			for id, n := range seen {
				if n > 1 {
					t.Errorf("%d records of request %s", n, strings.TrimSpace(id))
				}
			}
			return ids
		}
		if time.Now().After(deadline) {
			t.Fatal("a request is not logged though there is room")
		}
	}
}
