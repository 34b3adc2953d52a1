package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"

	"reslog/deliver"
)

// user is what somebody else does to a blob of the archive.
func (a *account) user(name string) *appendblob.Client {
	c, blob, _ := strings.Cut(name, "/")
	return a.plain.NewContainerClient(c).NewAppendBlobClient(blob)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (a *account) userAppends(name, line string) {
	a.t.Helper()
	_, err := a.user(name).AppendBlock(context.Background(), streaming.NopCloser(strings.NewReader(line+"\n")), nil)
	check(a.t, err)
}

// An append that fails, before or after it took effect, at the worker that goes
// on and at a process that died; the batch comes again as it was, or cut into
// others.
func TestAppendsWithoutAnAnswer(t *testing.T) {
	for _, kind := range []struct {
		name  string
		fault fault
	}{{"not done", cut}, {"answer lost", lost}, {"done late", fault{kind: isLate}}, {"server error", refusal(500, "InternalError")}} {
		for _, next := range []struct {
			name    string
			crash   bool
			batches [][]int
		}{
			{"the same", false, [][]int{{4, 5, 6}}},
			{"the same after a crash", true, [][]int{{4, 5, 6}}},
			{"all after a crash", true, [][]int{{1, 2, 3, 4, 5, 6}}},
			{"a shorter one after a crash", true, [][]int{{4, 5}, {6}}},
			{"a longer one after a crash", true, [][]int{{3, 4, 5, 6, 7}}},
			{"one by one after crashes", true, [][]int{{4}, {5}, {6}}},
		} {
			t.Run(kind.name+", "+next.name, func(t *testing.T) {
				a := newAccount(t)
				s := &memoryState{}
				r := a.open(s)
				deliverAll(t, r, items(1, 2, 3))
				a.once(appendBlock, kind.fault)
				fails(t, r, items(4, 5, 6))
				for i, numbers := range next.batches {
					if next.crash {
						r = a.open(s)
					}
					if i == 0 && kind.fault.kind == isLate {
						// It takes effect after the next one looked, and before
						// that appends.
						seen := 0
						a.setFault(func(call string) fault {
							if strings.HasPrefix(call, appendBlock) {
								if seen++; seen == 1 {
									a.mu.Unlock()
									a.release()
									a.mu.Lock()
								}
							}
							return ok
						})
					}
					deliverAll(t, r, items(numbers...))
				}
				want := []int{1, 2, 3, 4, 5, 6}
				if slices.Contains(next.batches[0], 7) {
					want = append(want, 7)
				}
				a.wantIDs(want...)
				if got := strings.Count(a.content()[blobNoon], "\n"); got != len(want) {
					t.Errorf("%d lines in the first blob", got)
				}
			})
		}
	}
}

// An append takes effect between two looks at its blob.
func TestAnAppendIsLateAtEveryMoment(t *testing.T) {
	for moment := range 12 {
		a := newAccount(t)
		s := &memoryState{}
		r := a.open(s)
		deliverAll(t, r, items(1, 2, 3))
		a.once(appendBlock, fault{kind: isLate})
		fails(t, r, items(4, 5, 6))
		n := 0
		a.setFault(func(string) fault {
			if n == moment {
				a.mu.Unlock()
				a.release()
				a.mu.Lock()
			}
			n++
			return ok
		})
		r = a.open(s)
		deliverAll(t, r, items(4, 5))
		deliverAll(t, r, items(6, 7))
		a.release()
		a.wantIDs(1, 2, 3, 4, 5, 6, 7)
	}
}

func TestSaveFails(t *testing.T) {
	for _, kind := range []fault{cut, lost} {
		for _, crash := range []bool{false, true} {
			a := newAccount(t)
			s := &memoryState{}
			r := a.open(s)
			deliverAll(t, r, items(1, 2))
			s.fault = func() fault { return kind }
			before := a.count(appendBlock)
			if err := fails(t, r, items(3, 4)); !errors.Is(err, errCable) {
				t.Errorf("error %v", err)
			}
			if a.count(appendBlock) != before {
				t.Error("something was appended that is in no plan")
			}
			s.fault = nil
			if crash {
				r = a.open(s)
			}
			deliverAll(t, r, items(3))
			deliverAll(t, r, items(4, 5))
			a.wantIDs(1, 2, 3, 4, 5)
		}
	}
}

// The process dies between the save and the first append, between two appends,
// and after the last.
func TestCrashWithinABatch(t *testing.T) {
	batch := []deliver.Item{item(1, "One", noon), item(2, "Two", noon), item(3, "Three", noon), item(4, "One", noon.Add(time.Hour)), item(5, "Two", noon)}
	for done := range 5 {
		for _, cutInTwo := range []bool{false, true} {
			a := newAccount(t)
			s := &memoryState{}
			n := 0
			a.setFault(func(call string) fault {
				if strings.HasPrefix(call, appendBlock) {
					if n++; n > done {
						return cut
					}
				}
				return ok
			})
			r := a.open(s, func(c *Config) { c.Parallel = 1 })
			if _, err := r.Deliver(t.Context(), batch); (err == nil) != (done == 4) {
				t.Fatalf("deliver: %v", err)
			}
			a.setFault(nil)
			r = a.open(s)
			if cutInTwo {
				deliverAll(t, r, batch[:3])
				deliverAll(t, a.open(s), batch[3:])
			} else {
				deliverAll(t, r, batch)
			}
			a.wantIDs(1, 2, 3, 4, 5)
			if got := r.Stats().Recovered; got != uint64(done) && !cutInTwo {
				t.Errorf("%d appends recovered, want %d", got, done)
			}
		}
	}
}

// A batch that the worker gives up is over: what of it is not there is not
// written later, and the next ones are there once.
func TestABatchIsGivenUp(t *testing.T) {
	for _, kind := range []fault{cut, lost, {kind: isLate}} {
		a := newAccount(t)
		s := &memoryState{}
		r := a.open(s)
		deliverAll(t, r, items(1, 2))
		a.once(appendBlock, kind)
		fails(t, r, items(10, 11))
		deliverAll(t, r, items(20, 21))
		a.release()
		deliverAll(t, r, items(30, 31))
		deliverAll(t, a.open(s), items(10, 11, 20, 21, 30, 31, 32))
		if kind == lost {
			a.wantIDs(1, 2, 10, 11, 20, 21, 30, 31, 32)
		} else {
			a.wantIDs(1, 2, 20, 21, 30, 31, 32)
		}
	}
}

func TestAUserDeletes(t *testing.T) {
	t.Run("the blob", func(t *testing.T) {
		a := newAccount(t)
		s := &memoryState{}
		r := a.open(s)
		deliverAll(t, r, items(1, 2))
		_, err := a.user(blobNoon).Delete(t.Context(), nil)
		check(t, err)
		deliverAll(t, r, items(3, 4))
		a.wantIDs(3, 4)
	})
	t.Run("the blob, after a lost answer", func(t *testing.T) {
		a := newAccount(t)
		s := &memoryState{}
		r := a.open(s)
		deliverAll(t, r, items(1, 2))
		a.once(appendBlock, lost)
		fails(t, r, items(3, 4))
		_, err := a.user(blobNoon).Delete(t.Context(), nil)
		check(t, err)
		deliverAll(t, a.open(s), items(3, 4)) // whoever deleted them did not see them settled
		a.wantIDs(3, 4)
	})
	t.Run("the container", func(t *testing.T) {
		a := newAccount(t)
		r := a.open(&memoryState{})
		deliverAll(t, r, items(1, 2))
		_, err := a.plain.NewContainerClient(logs).Delete(t.Context(), nil)
		check(t, err)
		deliverAll(t, r, items(3, 4))
		a.wantIDs(3, 4)
	})
	t.Run("the container, which takes a while", func(t *testing.T) {
		a := newAccount(t)
		r := a.open(&memoryState{})
		deliverAll(t, r, items(1, 2))
		a.setFault(func(string) fault { return refusal(409, "ContainerBeingDeleted") })
		if err := fails(t, r, items(3, 4)); !strings.Contains(err.Error(), "ContainerBeingDeleted") {
			t.Errorf("error %v", err)
		}
		a.setFault(nil)
		_, err := a.plain.NewContainerClient(logs).Delete(t.Context(), nil)
		check(t, err)
		deliverAll(t, r, items(3, 4))
		a.wantIDs(3, 4)
	})
}

func TestSomebodyElseAppends(t *testing.T) {
	for _, kind := range []fault{ok, cut, lost} {
		a := newAccount(t)
		s := &memoryState{}
		r := a.open(s)
		deliverAll(t, r, items(1, 2))
		if kind != ok {
			a.once(appendBlock, kind)
			fails(t, r, items(3, 4))
		}
		// As much as was to be appended and more, so that only its content differs.
		a.userAppends(blobNoon, fmt.Sprintf(`{"id":"id-000099","text":"%0200d"}`, 0))
		deliverAll(t, r, items(3, 4))
		deliverAll(t, r, items(5))
		deliverAll(t, a.open(s), items(3, 4, 5, 6))
		a.wantIDs(1, 2, 3, 4, 5, 6, 99)
	}
}

// A 404 that does not come from the account says nothing about the blob.
func TestANotFoundWithoutReason(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	deliverAll(t, r, items(1, 2))
	a.once(appendBlock, lost)
	fails(t, r, items(3, 4))
	a.once("HEAD", refusal(404, ""))
	fails(t, r, items(3, 4))
	deliverAll(t, r, items(3, 4))
	a.wantIDs(1, 2, 3, 4)
}

func TestALeaseIsHeld(t *testing.T) {
	a := newAccount(t)
	s := &memoryState{}
	r := a.open(s)
	deliverAll(t, r, items(1, 2))
	held, err := lease.NewBlobClient(a.user(blobNoon), nil)
	check(t, err)
	_, err = held.AcquireLease(t.Context(), -1, nil)
	check(t, err)
	// What has content is left alone, the hour goes on beside it.
	second := logs + "/" + folderNoon + "PT1H_1.json"
	deliverAll(t, r, items(3, 4))
	deliverAll(t, a.open(s), items(5))
	a.wantContent(map[string]string{blobNoon: text(items(1, 2)...), second: text(items(3, 4, 5)...)})

	// What has none cannot be got round: the next one might be leased as well.
	empty := logs + "/" + folderOne + "PT1H.json"
	_, err = a.user(empty).Create(t.Context(), nil)
	check(t, err)
	held, err = lease.NewBlobClient(a.user(empty), nil)
	check(t, err)
	_, err = held.AcquireLease(t.Context(), -1, nil)
	check(t, err)
	late := []deliver.Item{item(6, "AllLogs", noon.Add(time.Hour))}
	for range 3 {
		if err := fails(t, r, late); !strings.Contains(err.Error(), "lease") {
			t.Errorf("error %v", err)
		}
	}
	_, err = held.BreakLease(t.Context(), &lease.BlobBreakOptions{BreakPeriod: to.Ptr[int32](0)})
	check(t, err)
	deliverAll(t, r, late)
	a.wantContent(map[string]string{blobNoon: text(items(1, 2)...), second: text(items(3, 4, 5)...), empty: text(late...)})
}

// An immutability policy that allows no appends: nothing is made again and again.
func TestImmutable(t *testing.T) {
	a := newAccount(t)
	r := a.open(&memoryState{})
	deliverAll(t, r, items(1, 2))
	a.setFault(func(call string) fault {
		if strings.HasPrefix(call, appendBlock) {
			return refusal(409, "BlobImmutableDueToPolicy")
		}
		return ok
	})
	for range 4 {
		if err := fails(t, r, items(3, 4)); !strings.Contains(err.Error(), "protected append writes") {
			t.Errorf("error %v", err)
		}
	}
	second := logs + "/" + folderNoon + "PT1H_1.json"
	a.wantContent(map[string]string{blobNoon: text(items(1, 2)...), second: ""})
	a.setFault(nil)
	deliverAll(t, r, items(3, 4))
	a.wantContent(map[string]string{blobNoon: text(items(1, 2)...), second: text(items(3, 4)...)})
}
