package queuestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOnce lets 16 workers put, and 16 others dequeue and delete: each message
// comes once, and those of one putter in their order.
func TestOnce(t *testing.T) {
	const workers, each = 16, 200
	s := openTest(t, Config{})
	newQueue(t, s, "q")
	ctx := context.Background()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		seen = map[string]int{}
		gone atomic.Int64
	)
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				now := time.Now()
				if _, err := s.Put(ctx, testAccount, "q", fmt.Sprintf("%d/%d", w, i), now, now, Forever); err != nil {
					t.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 0))
			end := time.Now().Add(2 * time.Minute)
			last := map[int]int{} // of each putter, as this worker sees it
			for gone.Load() < workers*each && !t.Failed() {
				now := time.Now()
				if now.After(end) {
					t.Error("not all messages came")
					return
				}
				list, err := s.Get(ctx, testAccount, "q", 1+r.IntN(32), now, now.Add(time.Hour))
				if err != nil {
					t.Error(err)
					return
				}
				for _, m := range list {
					mu.Lock()
					seen[m.Text]++
					mu.Unlock()
					var from, i int
					if _, err := fmt.Sscanf(m.Text, "%d/%d", &from, &i); err != nil {
						t.Error(err)
						return
					}
					if i+1 <= last[from] {
						t.Errorf("message %s came after %d/%d", m.Text, from, last[from]-1)
					}
					last[from] = i + 1
					if err := remove(s, "q", m, time.Now()); err != nil {
						t.Errorf("delete %s: %v", m.Text, err)
						return
					}
					gone.Add(1)
				}
			}
		})
	}
	wg.Wait()
	for text, n := range seen {
		if n != 1 {
			t.Errorf("message %s came %d times", text, n)
		}
	}
	if len(seen) != workers*each || count(t, s, "q") != 0 {
		t.Errorf("%d messages came, %d are left; %d were put", len(seen), count(t, s, "q"), workers*each)
	}
	if slots, bodies := keysOf(t, s); slots != 0 || bodies != 0 {
		t.Errorf("%d slots and %d texts are left", slots, bodies)
	}
}

// TestStorm does everything at once, deleting and making queues too. In the end
// the counts are those of what is there.
func TestStorm(t *testing.T) {
	s := openTest(t, Config{SweepEvery: time.Millisecond})
	s.open.max = 2
	ctx := context.Background()
	names := []string{"a", "b", "c"}
	accepted := []error{ErrQueueExists, ErrQueueNotFound, ErrMessageNotFound, ErrReceiptMismatch}
	check := func(what string, err error) {
		for _, e := range accepted {
			if errors.Is(err, e) {
				return
			}
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	steps := 400
	if testing.Short() {
		steps = 60
	}
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			var mine []Message
			for range steps {
				name := names[r.IntN(len(names))]
				now := time.Now()
				switch dice := r.IntN(100); {
				case dice < 5:
					_, err := s.CreateQueue(ctx, testAccount, Queue{Name: name})
					check("create", err)
				case dice < 7:
					check("delete queue", s.DeleteQueue(ctx, testAccount, name))
				case dice < 9:
					check("clear", s.Clear(ctx, testAccount, name))
				case dice < 12:
					check("update queue", s.UpdateQueue(ctx, testAccount, name, func(q *Queue) error {
						q.Metadata = append(q.Metadata[:0], Pair{"worker", fmt.Sprint(w)})
						return nil
					}))
				case dice < 50:
					_, err := s.Put(ctx, testAccount, name, fmt.Sprint(w), now, now.Add(time.Duration(r.IntN(3))*time.Millisecond), now.Add(time.Duration(1+r.IntN(2000))*time.Millisecond))
					check("put", err)
				case dice < 75:
					list, err := s.Get(ctx, testAccount, name, 1+r.IntN(4), now, now.Add(time.Duration(r.IntN(20))*time.Millisecond))
					check("get", err)
					mine = append(mine, list...)
				case dice < 80:
					_, err := s.Peek(ctx, testAccount, name, 4, now)
					check("peek", err)
				case len(mine) > 0:
					m := mine[len(mine)-1]
					if dice < 85 {
						text := "longer text"
						n, err := s.Update(ctx, testAccount, name, m.ID, m.Receipt, &text, now, now)
						check("update", err)
						if err == nil {
							mine[len(mine)-1] = n
						}
						continue
					}
					mine = mine[:len(mine)-1]
					check("delete", remove(s, name, m, now))
				}
			}
		})
	}
	wg.Wait()
	var want Usage
	for _, name := range names {
		_, err := s.CreateQueue(ctx, testAccount, Queue{Name: name})
		check("create", err)
		want.Queues++
	}
	s.stop()
	s.done.Wait()
	s.stop = nil
	slots, bodies := keysOf(t, s)
	want.Messages, want.Bytes = int64(slots), bytesOf(t, s)
	u, err := s.Usage(ctx, testAccount)
	if slots != bodies || u != want || err != nil {
		t.Errorf("%d slots, %d texts, usage %+v, want %+v (%v)", slots, bodies, u, want, err)
	}
	c := s.c
	closeTest(t, s)
	c.SweepEvery = -1
	s = openTest(t, c)
	u, err = s.Usage(ctx, testAccount)
	if u != want || err != nil {
		t.Errorf("usage after a restart %+v, want %+v (%v)", u, want, err)
	}
}
