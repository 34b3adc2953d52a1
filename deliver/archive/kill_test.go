package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"reslog/deliver"
	"reslog/record"
)

// childVariable makes the test binary a process that delivers, to be killed: its
// value is the URL of the account and the folder of its files.
const childVariable = "RESLOG_ARCHIVE_TEST_CHILD"

const killRecords = 6000

func killItems() []deliver.Item {
	list := make([]deliver.Item, 0, killRecords)
	for n := range killRecords {
		c := []record.Category{"AllLogs", "ConnectionEvents", "AllMetrics"}[n%3]
		list = append(list, item(n, c, noon.Add(time.Duration(n)*time.Second)))
	}
	return list
}

// fileState is a State in a file.
type fileState struct{ path string }

func (s fileState) Load(context.Context) ([]byte, error) {
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func (s fileState) Save(_ context.Context, data []byte) error {
	f, err := os.Create(s.path + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(s.path+".new", s.path)
}

// child delivers what is behind its cursor, in batches of any size. The cursor is
// saved now and then.
func child() {
	url, dir, _ := strings.Cut(os.Getenv(childVariable), " ")
	cred, err := service.NewSharedKeyCredential(url[strings.LastIndexByte(url, '/')+1:], "a2V5")
	if err == nil {
		err = deliverToTheEnd(url, dir, cred)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func deliverToTheEnd(url, dir string, cred *service.SharedKeyCredential) error {
	client, err := service.NewClientWithSharedKeyCredential(url, cred, &service.ClientOptions{
		ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		return err
	}
	r, err := New(Config{Container: client.NewContainerClient, State: fileState{filepath.Join(dir, "plan")}, MaxBlocks: 10, BlockSize: 4000})
	if err != nil {
		return err
	}
	next := readCursor(dir)
	for list := killItems(); next < len(list); {
		end := min(len(list), next+1+rand.IntN(150))
		if _, err := r.Deliver(context.Background(), list[next:end]); err != nil {
			return err
		}
		next = end
		if rand.IntN(3) == 0 {
			if err := writeCursor(dir, next); err != nil {
				return err
			}
		}
	}
	return nil
}

func readCursor(dir string) int {
	data, err := os.ReadFile(filepath.Join(dir, "cursor"))
	if err != nil {
		return 0
	}
	next, _ := strconv.Atoi(string(data))
	return next
}

func writeCursor(dir string, next int) error {
	cursor := filepath.Join(dir, "cursor")
	if err := os.WriteFile(cursor+".new", []byte(strconv.Itoa(next)), 0o600); err != nil {
		return err
	}
	return os.Rename(cursor+".new", cursor)
}

// A process is killed while the account has one of its requests: before the
// account did what was asked, in the midst of it, or after it did, and the answer
// is lost. The next process finds out.
func TestKill(t *testing.T) {
	const kills = 20
	a := newAccount(t)
	dir := t.TempDir()
	var mu sync.Mutex
	victim, left := (*os.Process)(nil), -1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		left--
		when, p := 3, victim
		if left == 0 && p != nil {
			when = rand.IntN(3)
		}
		mu.Unlock()
		switch when {
		case 0:
			_ = p.Kill()
		case 1:
			go func() { _ = p.Kill() }()
		}
		blobService.handler.ServeHTTP(w, r.WithContext(context.WithoutCancel(r.Context())))
		if when == 2 {
			_ = p.Kill()
		}
	}))
	defer server.Close()

	killed := 0
	for {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+server.URL+"/"+a.name+" "+dir)
		var output bytes.Buffer
		cmd.Stderr = &output
		mu.Lock()
		check(t, cmd.Start())
		victim, left = cmd.Process, -1
		if killed < kills {
			left = 1 + rand.IntN(25)
		}
		mu.Unlock()
		err := cmd.Wait()
		if err == nil && killed >= kills {
			break
		}
		if err == nil {
			// It came to the end before it was killed: the next one is to deliver
			// again what it may have.
			check(t, writeCursor(dir, max(0, readCursor(dir)-500)))
			continue
		}
		if output.Len() > 0 {
			t.Fatalf("the process failed: %s", output.Bytes())
		}
		killed++
	}
	numbers := make([]int, killRecords)
	for n := range numbers {
		numbers[n] = n
	}
	a.wantIDs(numbers...)
}
