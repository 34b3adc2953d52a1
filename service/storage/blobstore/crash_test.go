package blobstore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reslog/service/storage/disk"
)

const crashEnv = "BLOBSTORE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		crashChild(dir)
	}
	os.Exit(m.Run())
}

// versioned is a content that says which version of which blob it is.
func versioned(name string, version uint64) []byte {
	r := rand.New(rand.NewPCG(version, uint64(len(name))))
	n := 16 + r.IntN(9000)
	if version%16 == 0 {
		n = 2*pieceBytes + r.IntN(1000)
	}
	p := binary.BigEndian.AppendUint64([]byte(name+" "), version)
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], version)
	tail := make([]byte, n)
	rand.NewChaCha8(seed).Read(tail)
	return append(p, tail...)
}

func versionOf(name string, p []byte) (uint64, error) {
	rest, ok := bytes.CutPrefix(p, []byte(name+" "))
	if !ok || len(rest) < 8 {
		return 0, fmt.Errorf("blob %s holds something else", name)
	}
	v := binary.BigEndian.Uint64(rest)
	if !bytes.Equal(p, versioned(name, v)) {
		return 0, fmt.Errorf("blob %s: version %d is damaged", name, v)
	}
	return v, nil
}

// write puts the next version of a blob, by Put Blob or by blocks.
func write(s Store, name string, version uint64) error {
	ctx := context.Background()
	data := versioned(name, version)
	ref := Ref{account, "c", name}
	if version%5 != 0 {
		c, err := s.Stage(ctx, bytes.NewReader(data))
		if err != nil {
			return err
		}
		return s.Update(ctx, ref, func(t *Txn) error { return t.Create(&Blob{Type: BlockBlob}, c) })
	}
	var refs []BlockRef
	for i, half := range [][]byte{data[:len(data)/2], data[len(data)/2:]} {
		c, err := s.Stage(ctx, bytes.NewReader(half))
		if err != nil {
			return err
		}
		id := fmt.Sprint(i)
		refs = append(refs, BlockRef{Latest, id})
		if err := s.Update(ctx, ref, func(t *Txn) error { return t.StageBlock(id, c) }); err != nil {
			return err
		}
	}
	return s.Update(ctx, ref, func(t *Txn) error { return t.CommitBlocks(&Blob{}, refs) })
}

// crashChild writes until it is killed and tells what was acknowledged.
func crashChild(dir string) {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s, err := Open(Config{Dir: dir, ExtentBytes: 1 << 20, CollectEvery: 20 * time.Millisecond, CollectBytes: 1 << 40})
	if err != nil {
		fail(err)
	}
	ctx := context.Background()
	if _, err := s.CreateContainer(ctx, account, Container{Name: "c"}); err != nil && !errors.Is(err, ErrContainerExists) {
		fail(err)
	}
	var mu sync.Mutex
	say := func(what, name string, version uint64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, name, version)
	}
	for w := range 6 {
		go func() {
			name := fmt.Sprintf("w%d", w)
			version := uint64(0)
			if h, err := s.Open(ctx, Ref{account, "c", name}, time.Time{}); err == nil {
				var buf bytes.Buffer
				if err := h.WriteTo(&buf, 0, h.Blob.Length); err != nil {
					fail(err)
				}
				if version, err = versionOf(name, buf.Bytes()); err != nil {
					fail(err)
				}
				h.Close()
			}
			for {
				version++
				say("begin", name, version)
				if err := write(s, name, version); err != nil {
					fail(err)
				}
				say("done", name, version)
			}
		}()
	}
	time.Sleep(time.Minute)
	os.Exit(2)
}

// progress is what was begun and what was acknowledged, a blob.
type progress struct{ begun, done map[string]uint64 }

func (p *progress) check(t *testing.T, s *store) {
	t.Helper()
	for name, done := range p.done {
		v, err := versionOf(name, read(t, s, "c", name, time.Time{}))
		if err != nil || v < done || v > p.begun[name] {
			t.Fatalf("%s has version %d, acknowledged %d, begun %d (%v)", name, v, done, p.begun[name], err)
		}
	}
	var stored int64
	for name := range p.begun {
		_, uncommitted, b, err := s.Blocks(context.Background(), Ref{account, "c", name}, time.Time{})
		if err != nil && !errors.Is(err, ErrBlobNotFound) {
			t.Fatal(err)
		}
		if b != nil {
			stored += b.Length
		}
		for _, block := range uncommitted {
			stored += block.Length
		}
	}
	if _, user, err := s.Usage(context.Background(), account); err != nil || user != stored {
		t.Fatalf("%d bytes are counted, %d are stored (%v)", user, stored, err)
	}
}

// TestKill kills a process that writes, several times on one folder, and looks
// for every put that it acknowledged.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	p := progress{map[string]uint64{}, map[string]uint64{}}
	for range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashEnv+"="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		killAt := 50 + r.IntN(400)
		seen := 0
		for lines.Scan() {
			var what, name string
			var v uint64
			if n, _ := fmt.Sscanf(lines.Text(), "%s %s %d", &what, &name, &v); n != 3 {
				continue // the last line, cut off
			}
			if what == "begin" {
				p.begun[name] = max(p.begun[name], v)
			} else {
				p.done[name] = max(p.done[name], v)
			}
			if seen++; seen == killAt {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		if seen < killAt {
			t.Fatalf("the child ended by itself: %s", stderr.String())
		}
		s := openTest(t, Config{Dir: dir})
		p.check(t, s)
		closeTest(t, s)
	}
	if len(p.done) == 0 {
		t.Error("nothing was acknowledged")
	}
}

// TestPowerLoss looks at what a disk may hold when the power goes: all that was
// synced and, of the rest, any part.
func TestPowerLoss(t *testing.T) {
	for _, percent := range []int{0, 50} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			fs := vfs.NewCrashableMem()
			s := openTest(t, Config{Dir: "/store", FS: fs, ExtentBytes: 2 * pieceBytes, CollectBytes: 1 << 40})
			newContainer(t, s, "c")
			var mu sync.Mutex
			p := progress{map[string]uint64{}, map[string]uint64{}}
			stop := make(chan struct{})
			var wg sync.WaitGroup
			stopAll := sync.OnceFunc(func() { close(stop); wg.Wait() })
			defer stopAll() // before the store is closed
			for w := range 3 {
				wg.Go(func() {
					name := fmt.Sprintf("w%d", w)
					for v := uint64(1); ; v++ {
						select {
						case <-stop:
							return
						default:
						}
						mu.Lock()
						p.begun[name] = v
						mu.Unlock()
						if err := write(s, name, v); err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						p.done[name] = v
						mu.Unlock()
					}
				})
			}
			rng := rand.New(rand.NewPCG(1, uint64(percent)))
			for range 12 {
				time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
				if _, err := s.Collect(context.Background()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				at := progress{done: map[string]uint64{}, begun: map[string]uint64{}}
				for name, v := range p.done {
					at.done[name] = v
				}
				mu.Unlock()
				clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
				mu.Lock()
				for name, v := range p.begun {
					at.begun[name] = v
				}
				mu.Unlock()
				after := openTest(t, Config{Dir: "/store", FS: clone})
				at.check(t, after)
				closeTest(t, after)
			}
			stopAll()
			if len(p.done) < 3 || strings.Contains(fmt.Sprint(p.done), ":0") {
				t.Errorf("acknowledged only %v", p.done)
			}
		})
	}
}

// TestPowerLossAfterCollect checks that an extent is not deleted by the word of
// metadata that a loss of power would undo.
func TestPowerLossAfterCollect(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openTest(t, Config{Dir: "/store", FS: fs, ExtentBytes: pieceBytes})
	newContainer(t, s, "c")
	data := versioned("b", 16)
	put(t, s, "c", "b", data)
	s = sealAll(t, s)
	c, err := s.container(account, "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Delete(blobKey(c.id, "b", baseBlob), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	if got := collectAll(t, s); got.Extents == 0 {
		t.Fatal("nothing was collected")
	}
	if err := disk.SyncDir(fs, "/store/extents"); err != nil { // the deletion itself survives
		t.Fatal(err)
	}
	after := openTest(t, Config{Dir: "/store", FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	if _, err := after.Blob(context.Background(), Ref{account, "c", "b"}, time.Time{}); errors.Is(err, ErrBlobNotFound) {
		return
	}
	equal(t, read(t, after, "c", "b", time.Time{}), data)
}
