package faulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/server"
)

// archived is what an archive holds.
type archived struct {
	times     map[string]int    // how often a record is there, by request id
	category  map[string]string // by request id
	clientIDs map[string]int    // how often, by the id that the client gave
	blobs     int
}

// lines is the number of lines.
func (a *archived) lines() int {
	n := 0
	for _, times := range a.times {
		n += times
	}
	return n
}

// repeated is how many lines are there that should not be.
func (a *archived) repeated() int { return a.lines() - len(a.times) }

// line is what the tests read of a record.
type line struct {
	Category      string `json:"category"`
	CorrelationID string `json:"correlationId"`
	Properties    struct {
		ClientRequestID string `json:"clientRequestId"`
	} `json:"properties"`
}

// archiveAt reads the archive in an account, strictly: every blob is whole lines,
// every line is a record of the category that its container is for.
func archiveAt(t *testing.T, url, account string) *archived {
	t.Helper()
	svc := accountAt(t, url, account)
	a := &archived{times: map[string]int{}, category: map[string]string{}, clientIDs: map[string]int{}}
	containers := svc.NewListContainersPager(&service.ListContainersOptions{Prefix: ptr("insights-logs-")})
	for containers.More() {
		page, err := containers.NextPage(t.Context())
		if err != nil {
			t.Fatalf("list the archive in %s: %v", account, err)
		}
		for _, item := range page.ContainerItems {
			c := svc.NewContainerClient(*item.Name)
			for name := range existing(t, c) {
				a.blobs++
				a.add(t, *item.Name, name, download(t, c, name))
			}
		}
	}
	return a
}

func (a *archived) add(t *testing.T, container, name string, content []byte) {
	t.Helper()
	if len(content) > 0 && content[len(content)-1] != '\n' {
		t.Errorf("%s/%s ends in the middle of a line", container, name)
	}
	for text := range bytes.Lines(content) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil || l.CorrelationID == "" {
			t.Errorf("%s/%s has a broken line, %v: %.200q", container, name, err, text)
			continue
		}
		if container != "insights-logs-"+strings.ToLower(l.Category) {
			t.Errorf("%s/%s has a record of category %s", container, name, l.Category)
		}
		a.times[l.CorrelationID]++
		a.category[l.CorrelationID] = l.Category
		a.clientIDs[l.Properties.ClientRequestID]++
	}
}

// accountAt returns a client of an account whose key is the development key.
func accountAt(t *testing.T, url, account string) *service.Client {
	t.Helper()
	cred, err := service.NewSharedKeyCredential(account, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := service.NewClientWithSharedKeyCredential(url+"/"+account, cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

func ptr[T any](v T) *T { return &v }

// compare says what is in one set of records and not in the other, and what is
// there more than once.
func compare(t *testing.T, where string, want map[string]bool, got map[string]int) (lost, duplicated int) {
	t.Helper()
	for id := range want {
		if got[id] == 0 {
			lost++
		}
	}
	foreign := 0
	for id, n := range got {
		duplicated += n - 1
		if !want[id] {
			foreign++
		}
	}
	if lost+duplicated+foreign > 0 {
		t.Errorf("%s: of %d records %d are lost, %d are there again, %d should not be there", where, len(want), lost, duplicated, foreign)
	}
	return lost, duplicated
}

// sum is what every comparison prints.
func sum(records, lost, duplicated int) string {
	return fmt.Sprintf("%d records, %d lost, %d duplicated", records, lost, duplicated)
}
