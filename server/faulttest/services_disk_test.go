package faulttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"reslog/bus"
	"reslog/server"
)

// TestFullDiskOfServices fills the disk with messages and entities. What was taken
// stays, what is refused is refused with a server error, reads and deletes go on, and
// so do writes when there is room; after a restart it is all there.
func TestFullDiskOfServices(t *testing.T) {
	if err := namespaces(); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	for _, d := range []bus.Durability{bus.Buffered, bus.Audit} {
		t.Run(string(d), func(t *testing.T) {
			f := &filling{messages: map[string]bool{}, entities: map[string]bool{}}
			f.v = start(t, t.TempDir(), d, onSmallDisk(servicesDiskSize))
			defer f.v.stop(t)
			f.run(t)
		})
	}
}

// servicesDiskSize is larger than diskSize: the stores reserve 35 MiB for each of their
// logs, and may have several.
const servicesDiskSize = "576m"

// filling is a node whose disk is filled, and what it has taken.
type filling struct {
	v        *victim
	q        *azqueue.QueueClient
	c        *aztables.Client
	messages map[string]bool // by the beginning of their texts
	entities map[string]bool // by row key
}

func (f *filling) connect(t *testing.T) {
	t.Helper()
	f.q, f.c = connectQueue(t, f.v.queue), connectTable(t, f.v.table)
}

// put puts a message of 60 KiB.
func (f *filling) put(t *testing.T, name string) error {
	t.Helper()
	_, err := f.q.EnqueueMessage(t.Context(), name+" "+strings.Repeat("m", 60<<10), &azqueue.EnqueueMessageOptions{TimeToLive: to.Ptr(int32(-1))})
	if err == nil {
		f.messages[name] = true
	}
	return err
}

// insert inserts an entity of 300 KiB.
func (f *filling) insert(t *testing.T, row string) error {
	t.Helper()
	e := map[string]any{"PartitionKey": "p", "RowKey": row}
	for i := range 10 {
		e[fmt.Sprint("P", i)] = string('a'+rune(i)) + strings.Repeat(row, 30<<10/len(row))
	}
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.c.AddEntity(t.Context(), b, nil); err == nil {
		f.entities[row] = true
	}
	return err
}

func (f *filling) run(t *testing.T) {
	f.connect(t)
	if _, err := f.q.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.c.CreateTable(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	logServices(t, f.v)
	refused := map[string]int{}
	for i := 0; refused["message"] < 20 || refused["entity"] < 20; i++ {
		if i == 10_000 {
			t.Fatalf("%d messages and %d entities fit on a disk of %s", len(f.messages), len(f.entities), servicesDiskSize)
		}
		for kind, err := range map[string]error{"message": f.put(t, fmt.Sprint("m", i)), "entity": f.insert(t, fmt.Sprint("r", i))} {
			if err == nil {
				continue
			}
			refused[kind]++
			var re *azcore.ResponseError
			if !errors.As(err, &re) || re.StatusCode < 500 {
				t.Fatalf("%s to a full disk: %v", kind, err)
			}
		}
	}
	t.Logf("%d messages and %d entities taken, then %v refused", len(f.messages), len(f.entities), refused)
	f.look(t)
	for row := range f.entities { // what makes room goes on
		if _, err := f.c.DeleteEntity(t.Context(), "p", row, nil); err != nil {
			t.Fatalf("delete an entity on a full disk: %v", err)
		}
		delete(f.entities, row)
		if len(f.entities)%2 == 0 {
			break
		}
	}
	f.v.disk(t, makeRoom)
	soon := func(what string, do func() error) {
		t.Helper()
		began := time.Now()
		waitFor(t, what+" to be taken when there is room", func() bool { return do() == nil })
		t.Logf("there is room for %s after %v", what, time.Since(began).Round(time.Millisecond))
	}
	soon("a message", func() error { return f.put(t, "again") })
	soon("an entity", func() error { return f.insert(t, "again") })
	f.look(t)
	f.v.restart(t)
	f.connect(t)
	f.look(t)
	f.drain(t)
	p, err := f.q.GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	logsWith(t, f.v.url, *p.RequestID)
}

// look reads all entities, and counts the messages.
func (f *filling) look(t *testing.T) {
	t.Helper()
	for row := range f.entities {
		r, err := f.c.GetEntity(t.Context(), "p", row, nil)
		if err != nil {
			t.Fatalf("get an entity that was taken: %v", err)
		}
		var e map[string]any
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatal(err)
		}
		if e["P9"] != "j"+strings.Repeat(row, 30<<10/len(row)) {
			t.Errorf("entity %s is not what was inserted", row)
		}
	}
	p, err := f.q.GetProperties(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if int(*p.ApproximateMessagesCount) != len(f.messages) {
		t.Errorf("%d messages, %d were taken", *p.ApproximateMessagesCount, len(f.messages))
	}
	if peeked, err := f.q.PeekMessage(t.Context(), nil); err != nil || len(peeked.Messages) != 1 || !strings.HasPrefix(*peeked.Messages[0].MessageText, "m0 ") {
		t.Errorf("peek of the first message: %v", err)
	}
}

// drain gets and deletes every message, once.
func (f *filling) drain(t *testing.T) {
	t.Helper()
	left := len(f.messages)
	for {
		r, err := f.q.DequeueMessages(t.Context(), &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(32)), VisibilityTimeout: to.Ptr(int32(600))})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Messages) == 0 {
			break
		}
		for _, m := range r.Messages {
			name, rest, _ := strings.Cut(*m.MessageText, " ")
			if !f.messages[name] || rest != strings.Repeat("m", 60<<10) {
				t.Errorf("message %s is there once too often, or not what was put", name)
			}
			f.messages[name] = false
			left--
			if _, err := f.q.DeleteMessage(t.Context(), *m.MessageID, *m.PopReceipt, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if left != 0 {
		t.Errorf("%d messages are lost", left)
	}
}

// logServices switches the logging of queues and tables on.
func logServices(t *testing.T, v *victim) {
	t.Helper()
	yes, no, one := true, false, "1.0"
	cred, err := azqueue.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	queues, err := azqueue.NewServiceClientWithSharedKeyCredential(v.queue+"/"+server.DevAccount, cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = queues.SetProperties(t.Context(), &azqueue.SetPropertiesOptions{Logging: &azqueue.Logging{
		Version: &one, Read: &yes, Write: &yes, Delete: &yes, RetentionPolicy: &azqueue.RetentionPolicy{Enabled: &no},
	}}); err != nil {
		t.Fatal(err)
	}
	key, err := aztables.NewSharedKeyCredential(server.DevAccount, server.DevKey)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := aztables.NewServiceClientWithSharedKey(v.table+"/"+server.DevAccount, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = tables.SetProperties(t.Context(), aztables.ServiceProperties{Logging: &aztables.Logging{
		Version: &one, Read: &yes, Write: &yes, Delete: &yes, RetentionPolicy: &aztables.RetentionPolicy{Enabled: &no},
	}}, nil); err != nil {
		t.Fatal(err)
	}
}
