package tablestore

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

// TestCounter counts with the ETag from many goroutines: no update is lost.
func TestCounter(t *testing.T) {
	s, ctx := openMem(t), context.Background()
	newTable(t, s, "t")
	write(t, s, "t", Write{Entity: entity("p", "r", number("n", 0))})
	const workers, each = 8, 50
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for done := 0; done < each; {
				e, err := s.Get(ctx, account, "t", Key{"p", "r"})
				if err != nil {
					t.Error(err)
					return
				}
				w := Write{Kind: Merge, Match: e.Timestamp, Entity: entity("p", "r", number("n", e.Properties[0].Number+1))}
				_, err = s.Write(ctx, account, "t", at, []Write{w})
				switch {
				case err == nil:
					done++
				case !errors.Is(err, ErrCondition):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := get(t, s, "t", "p", "r").Properties[0].Number; n != workers*each {
		t.Errorf("counted to %d, want %d", n, workers*each)
	}
}

// TestCrossing writes batches of the same entities in all orders, without a
// deadlock, while readers must see whole ones.
func TestCrossing(t *testing.T) {
	s, ctx := openMem(t), context.Background()
	newTable(t, s, "t")
	const size = 20
	all := func(n int64) (list []Write) {
		for _, i := range rand.Perm(size) {
			list = append(list, Write{Kind: InsertOrReplace, Entity: entity("p", fmt.Sprint(i), number("n", n))})
		}
		return list
	}
	write(t, s, "t", all(0)...)
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	for w := range 4 {
		writers.Go(func() {
			for i := range 50 {
				if _, err := s.Write(ctx, account, "t", at, all(int64(w*1000+i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				p, err := s.Query(ctx, account, "t", Query{})
				if err != nil || len(p.Entities) != size {
					t.Errorf("%d entities, %v", len(p.Entities), err)
					return
				}
				for _, e := range p.Entities {
					if e.Properties[0].Number != p.Entities[0].Properties[0].Number {
						t.Errorf("a page of two batches: %v", p.Entities)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	wantUsage(t, s, Usage{1, size, usageOf(query(t, s, "t", Query{}))})
}

func usageOf(p Page) (n int64) {
	for _, e := range p.Entities {
		n += int64(e.Size())
	}
	return n
}

// TestOneInserts lets many insert the same entity: one succeeds.
func TestOneInserts(t *testing.T) {
	s := openMem(t)
	newTable(t, s, "t")
	for round := range 30 {
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := s.Write(context.Background(), account, "t", at, []Write{{Entity: entity("p", fmt.Sprint(round))}})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrEntityExists):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%d inserts of one entity succeeded", n)
		}
	}
}

// TestTableUnderReaders deletes and makes a table while it is read, written and
// changed: no entity of one comes into the next, and the counters are right.
func TestTableUnderReaders(t *testing.T) {
	s, ctx := openMem(t), context.Background()
	var done atomic.Bool
	var wg sync.WaitGroup
	defer wg.Wait()
	defer done.Store(true)
	use := func(fn func() error) {
		wg.Go(func() {
			for !done.Load() {
				if err := fn(); err != nil && !errors.Is(err, ErrTableNotFound) {
					t.Error(err)
					return
				}
			}
		})
	}
	use(func() error {
		p, err := s.Query(ctx, account, "t", Query{})
		for _, e := range p.Entities {
			if e.Properties[0].Number != p.Entities[0].Properties[0].Number {
				return fmt.Errorf("entities of two tables: %v", p.Entities)
			}
		}
		return err
	})
	use(func() error {
		_, _, err := s.Tables(ctx, account, "", 0)
		return err
	})
	use(func() error {
		return s.UpdateTable(ctx, account, "t", func(is *Table) error { is.Policies = []Policy{{ID: "p"}}; return nil })
	})
	for n := range int64(30) {
		if err := s.CreateTable(ctx, account, Table{Name: "t"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(ctx, account, "t", at, []Write{{Entity: entity("p", "first", number("n", n))}}); err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for w := range 3 {
			writers.Go(func() {
				_, err := s.Write(ctx, account, "t", at, []Write{{Entity: entity("p", fmt.Sprint(w), number("n", n))}})
				if err != nil && !errors.Is(err, ErrTableNotFound) {
					t.Error(err)
				}
			})
		}
		if n%3 == 0 {
			if err := s.DeleteRange(ctx, account, "t", Range{From: &Key{"p", "0"}, To: &Key{"p", "9"}}); err != nil {
				t.Error(err)
			}
		}
		if err := s.DeleteTable(ctx, account, "t"); err != nil {
			t.Fatal(err)
		}
		writers.Wait()
		wantUsage(t, s, Usage{})
	}
}

// TestNeverEmpty deletes a table that has always had an entity while it was called
// so: a reader finds the entity or no table.
func TestNeverEmpty(t *testing.T) {
	s, ctx := openMem(t), context.Background()
	deadline := time.Now().Add(10 * time.Second)
	for round := 0; round < 200 && time.Now().Before(deadline); round++ {
		newTable(t, s, "t")
		write(t, s, "t", Write{Entity: entity("p", "r")})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					p, err := s.Query(ctx, account, "t", Query{})
					if errors.Is(err, ErrTableNotFound) {
						return
					}
					if err != nil || len(p.Entities) != 1 {
						t.Errorf("%d entities, %v", len(p.Entities), err)
						return
					}
					if _, err := s.Get(ctx, account, "t", Key{"p", "r"}); err != nil && !errors.Is(err, ErrTableNotFound) {
						t.Error(err)
						return
					}
				}
			})
		}
		if err := s.DeleteTable(ctx, account, "t"); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
}
