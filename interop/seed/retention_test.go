package seed

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// names are the logs of the development account.
func (n *node) names(t *testing.T) []string {
	t.Helper()
	names := []string{}
	pages := n.logClient(t, n.account).NewListBlobsFlatPager(&container.ListBlobsFlatOptions{})
	for pages.More() {
		page, err := pages.NextPage(t.Context())
		check(t, err)
		for _, item := range page.Segment.BlobItems {
			names = append(names, *item.Name)
		}
	}
	return names
}

// wait waits until `$logs` holds just these.
func (n *node) wait(t *testing.T, wanted map[string]bool) {
	t.Helper()
	left := slices.Sorted(maps.Keys(wanted))
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := n.names(t)
		if slices.Equal(got, left) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("logs are %v, want %v", got, left)
		}
	}
}

// "If you set the retention policy for logging to be 10 days for blob service,
// then all the logs for blob service will be deleted if the content is > 10
// days", "enforced even if logging is turned off".
func TestRetention(t *testing.T) {
	n := start(t, nil)
	n.set(t, all)
	n.set(t, logging{}) // `$logs` is there and nothing is written to it
	n.Settle(t)
	for _, name := range n.names(t) {
		n.must(t, 202, req(byKey, "DELETE", "/$logs/"+name, ""))
	}
	now := time.Now().UTC()
	at := func(service string, age time.Duration) string {
		return now.Add(-age).Format(service + "/2006/01/02/1500/000000.log")
	}
	const day = 24 * time.Hour
	keep := map[string]bool{
		at("blob", 10*day-2*time.Hour): true, at("blob", day): true, at("blob", time.Hour): true,
		at("queue", 400*day): true, at("table", 11*day): true, // other services, other policies
		"blob/notes.txt": true, // nobody's log
	}
	old := map[string]bool{at("blob", 10*day+2*time.Hour): true, at("blob", 11*day): true, at("blob", 40*day): true, at("blob", 4000*day): true}
	for name := range keep {
		n.writeLog(t, name, samplePutBlob+"\n", nil)
	}
	for name := range old {
		n.writeLog(t, name, samplePutBlob+"\n", nil)
	}
	time.Sleep(1500 * time.Millisecond) // a sweep and a half
	every := maps.Clone(keep)
	maps.Copy(every, old)
	n.wait(t, every) // without a policy all is kept

	n.set(t, logging{days: 10}) // retention without logging
	n.wait(t, keep)

	n.set(t, logging{days: 1})
	n.waitFor(t, "a day's retention", func() bool { return !slices.Contains(n.names(t), at("blob", 10*day-2*time.Hour)) })
	got := n.names(t)
	if !slices.Contains(got, at("blob", time.Hour)) || !slices.Contains(got, at("queue", 400*day)) {
		t.Errorf("with a day's retention: %v", got)
	}

	n.set(t, logging{})                 // "Retention policy can be turned off at any time"
	time.Sleep(1500 * time.Millisecond) // a sweep that had begun is over
	n.writeLog(t, at("blob", 500*day), samplePutBlob+"\n", nil)
	time.Sleep(1500 * time.Millisecond)
	if !slices.Contains(n.names(t), at("blob", 500*day)) {
		t.Error("a log was deleted after retention was switched off")
	}
}

// Real logs of real requests go when their time has come, and nobody but the
// system did it: that is in no log.
func TestRetentionOfTheNodesOwnLogs(t *testing.T) {
	n, clock := startAt(t, march)
	n.set(t, logging{read: true, write: true, del: true, days: 1})
	n.must(t, 201, req(byKey, "PUT", "/docs?restype=container", ""))
	first := n.logs(t)
	if len(first) == 0 {
		t.Fatal("no logs")
	}
	clock.move(20 * time.Hour)
	n.must(t, 200, req(byKey, "GET", "/docs?restype=container", ""))
	n.Settle(t)
	time.Sleep(1500 * time.Millisecond)
	if !slices.Contains(n.names(t), first[0].name) {
		t.Errorf("%s was deleted after 20 hours", first[0].name)
	}
	clock.move(10 * time.Hour)
	n.waitFor(t, first[0].name+" to go after 30 hours", func() bool { return !slices.Contains(n.names(t), first[0].name) })
	for _, b := range n.logs(t) {
		for _, e := range b.entries {
			if e.Operation == "DeleteBlob" {
				t.Errorf("%s: the system's DeleteBlob of %s is logged", b.name, e.ObjectKey)
			}
		}
	}
}
