package archive

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"reslog/record"
)

// numbered returns the names of the blobs of noon.
func numbered(n int) string { return logs + "/" + folderNoon + blobName(n) }

func TestAnHourGoesOnInTheNextBlob(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	small := func(c *Config) { c.MaxBlocks = 3 }
	r := a.open(s, small)
	want := map[string]string{}
	for i := range 12 {
		if i%5 == 4 { // the blob in use is found by every process
			r = a.open(s, small)
		}
		batch := items(2*i, 2*i+1)
		deliverAll(t, r, batch)
		want[numbered(i/3)] += text(batch...)
	}
	a.wantContent(want)
	deliverAll(t, a.open(s, small), items(0, 1, 2, 23, 24))
	want[numbered(4)] = text(items(24)...)
	a.wantContent(want)

	// When the user deletes the last ones, the hour goes on in what is left.
	for _, n := range []int{3, 4} {
		_, err := a.user(numbered(n)).Delete(t.Context(), nil)
		check(t, err)
		delete(want, numbered(n))
	}
	deliverAll(t, a.open(s, small), items(25))
	want[numbered(3)] = text(items(25)...)
	a.wantContent(want)
}

func TestTheAccountSaysThatABlobIsFull(t *testing.T) {
	a := newAccount(t)
	r := a.open(&memoryState{})
	deliverAll(t, r, items(1))
	a.once(appendBlock, refusal(409, "BlockCountExceedsLimit"))
	deliverAll(t, r, items(2, 3))
	deliverAll(t, r, items(4))
	a.wantContent(map[string]string{numbered(0): text(items(1)...), numbered(1): text(items(2, 3, 4)...)})
}

func TestASealedBlobIsLeft(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	deliverAll(t, r, items(1))
	for n := range 3 {
		_, err := a.user(numbered(n)).Seal(t.Context(), nil)
		check(t, err)
		if n == 1 { // a process that finds it, not one that has it open
			r = a.open(s)
		}
		deliverAll(t, r, items(10+n))
	}
	a.wantContent(map[string]string{
		numbered(0): text(items(1)...), numbered(1): text(items(10)...),
		numbered(2): text(items(11)...), numbered(3): text(items(12)...),
	})
}

// The archives of before 2018 are block blobs, {"records":[…]}, of the same name.
func TestABlobOfAnotherKindIsInTheWay(t *testing.T) {
	a := newAccount(t)
	c := a.plain.NewContainerClient(logs)
	_, err := c.Create(t.Context(), nil)
	check(t, err)
	old := `{"records":[]}`
	upload := func(name string) {
		_, err := c.NewBlockBlobClient(folderNoon+name).Upload(t.Context(), streaming.NopCloser(strings.NewReader(old)), nil)
		check(t, err)
	}
	upload("PT1H.json")
	for _, name := range []string{"PT1H_01.json", "PT1H_0.json", "PT1H_x.json", "PT1H_99999999999999999999.json", "PT1H.json.bak", "PT1Hour.json"} {
		upload(name) // none of ours
	}
	r := a.open(&memoryState{})
	deliverAll(t, r, items(1, 2))
	if got := a.content(); got[numbered(0)] != old || got[numbered(1)] != text(items(1, 2)...) || len(got) != 8 {
		t.Errorf("the account holds %v", got)
	}

	// It takes the place of the one that is open.
	_, err = a.user(numbered(1)).Delete(t.Context(), nil)
	check(t, err)
	upload("PT1H_1.json")
	deliverAll(t, r, items(3))
	if got := a.content(); got[numbered(1)] != old || got[numbered(2)] != text(items(3)...) {
		t.Errorf("the account holds %v", got)
	}
}

func TestNotEverythingCanBeGotRound(t *testing.T) {
	a := newAccount(t)
	a.setFault(func(call string) fault {
		if strings.HasPrefix(call, "PUT insights") && strings.Contains(call, "PT1H") {
			return refusal(409, "BlobAlreadyExists")
		}
		return ok
	})
	r := a.open(&memoryState{})
	if err := fails(t, r, items(1)); !strings.Contains(err.Error(), "in a row") {
		t.Errorf("error %v", err)
	}
	if n := a.count("PUT insights"); n > 2*maxLook {
		t.Errorf("%d calls", n)
	}
	a.setFault(nil)
	deliverAll(t, r, items(1))
	a.wantIDs(1)
}

func TestNames(t *testing.T) {
	for n, name := range map[int]string{0: "PT1H.json", 1: "PT1H_1.json", 12: "PT1H_12.json"} {
		if got := blobName(n); got != name {
			t.Errorf("blob %d is %s", n, got)
		}
		if got, ok := parseBlobName(name); got != n || !ok {
			t.Errorf("%s is blob %d, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "PT1H", "PT1H_.json", "PT1H1.json", "PT1H_-1.json", "PT1H_+1.json", "PT1H_2000000000.json", "pt1h.json", "PT1H_1.jsonl"} {
		if n, ok := parseBlobName(name); ok {
			t.Errorf("%q is blob %d", name, n)
		}
	}
	for c, want := range map[record.Category]string{
		"AllLogs": "insights-logs-alllogs", "kube-audit": "insights-logs-kube-audit", "AllMetrics": "insights-metrics-pt1m",
		"ConnectionEvents": "insights-logs-connectionevents", "": "", "a b": "", "a--b": "", "ends-": "", "Größe": "",
		record.Category(strings.Repeat("a", 49)): "insights-logs-" + strings.Repeat("a", 49),
		record.Category(strings.Repeat("a", 50)): "",
	} {
		if got, err := containerName(c); got != want || (err == nil) != (want != "") {
			t.Errorf("container of %q is %q, %v", c, got, err)
		}
	}
}
