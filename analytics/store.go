package analytics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/analytics/engine"
	"reslog/internal/durable"
	"reslog/internal/lockfile"
)

// Store is a folder of workspaces, open. It is safe for concurrent use.
type Store struct {
	c    Config
	lock *lockfile.Lock
	gate *gate
	// turns are those of batches and queries.
	turns turns

	// life is held for reading by whatever uses db, and for writing to replace it.
	life sync.RWMutex
	db   *engine.DB // nil: closed, or it broke and did not open again yet
	age  int        // how often db was opened
	// living ends with the engine that is open, for the reason that kill is told.
	living context.Context //nolint:containedctx // the life of the engine, and of no call
	kill   context.CancelCauseFunc
	closed bool
	heads  heads

	mu         sync.Mutex
	workspaces map[string]*Workspace

	stop context.CancelFunc
	done chan struct{}
	// working are the checkpoints beside appends. They hold beside for reading, and
	// whoever replaces db for writing, before life.
	working sync.WaitGroup
	beside  sync.RWMutex
}

// Open opens a folder of workspaces, which is made when it is missing. The caller
// closes the store.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	folder, err := filepath.Abs(c.Folder)
	if err != nil {
		return nil, fmt.Errorf("open workspaces: %w", err)
	}
	c.Folder = folder
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open workspaces: %w", err)
	}
	lock, err := lockfile.Take(filepath.Join(folder, "lock"))
	if err != nil {
		return nil, fmt.Errorf("open workspaces: %w", err)
	}
	s := &Store{c: c, lock: lock, gate: newGate(c.Queries, c.Waiting), workspaces: make(map[string]*Workspace), done: make(chan struct{})}
	if err := s.openEngine(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open workspaces: %w", err), lock.Release())
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.run(run)
	return s, nil
}

// openEngine opens the engine. What an engine left in the temporary folder is of
// nobody.
func (s *Store) openEngine(ctx context.Context) error {
	temp := filepath.Join(s.c.Folder, "temp")
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return err
	}
	db, err := engine.Open(ctx, engine.Config{
		Folders: []string{s.c.Folder}, MemoryLimit: s.c.Memory, TempFolder: temp, TempLimit: s.c.Temp, Threads: s.c.Threads,
		CheckpointThreshold: max(4*s.c.logBytes, 1<<30), KeepLog: true, Keeping: s.c.Queries,
	})
	if err != nil {
		return err
	}
	s.db = db
	s.age++
	s.living, s.kill = context.WithCancelCause(context.Background())
	return nil
}

// within is ctx until the engine is opened again: what runs then ends as if the
// engine had failed under it. The caller has use of the engine, and calls the
// function when it is through.
func (s *Store) within(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	living := s.living
	stop := context.AfterFunc(living, func() { cancel(context.Cause(living)) })
	return ctx, func() { stop(); cancel(nil) }
}

// Close stops the maintenance, waits for the calls that run, and closes every
// workspace. Later calls fail with ErrClosed.
func (s *Store) Close(context.Context) error {
	s.stop()
	<-s.done
	defer s.working.Wait()
	s.beside.Lock()
	defer s.beside.Unlock()
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, w := range s.workspaces {
		if err := w.checkpoint(); err != nil {
			s.c.Logger.Warn("the log of a workspace stays: its database cannot be written, and the next start reads it", "workspace", w.id, "error", err)
			_ = w.leave() // the engine has given the database up
			continue
		}
		errs = append(errs, w.leave())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	errs = append(errs, s.lock.Release())
	s.db = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close workspaces: %w", err)
	}
	return nil
}

// use takes the engine for an operation; the caller calls the function when it is
// through.
func (s *Store) use() (db *engine.DB, age int, done func(), err error) {
	for try := 0; ; try++ {
		s.life.RLock()
		if s.db != nil {
			return s.db, s.age, s.life.RUnlock, nil
		}
		closed, age := s.closed, s.age
		s.life.RUnlock()
		if closed || try > 0 {
			return nil, 0, nil, ErrClosed
		}
		if err := s.revive(context.Background(), age, errors.New("it is not open")); err != nil {
			return nil, 0, nil, err
		}
	}
}

// interrupt ends what runs in an engine that is to be opened again, so that nobody
// waits for it.
func (s *Store) interrupt(age int, cause error) {
	s.life.RLock()
	defer s.life.RUnlock()
	if s.age == age {
		s.kill(cause)
	}
}

// revive opens the engine again after it broke, unless somebody did already. age
// is that of the engine that broke. Nothing that was committed is lost by it.
func (s *Store) revive(ctx context.Context, age int, cause error) error {
	s.interrupt(age, cause)
	s.beside.Lock()
	defer s.beside.Unlock()
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.age != age {
		return nil
	}
	s.c.Logger.Error("the database engine failed and is opened again", "error", cause)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workspaces {
		_ = w.leave() // of a broken engine nothing is expected
	}
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			s.c.Logger.Warn("the failed engine does not close", "error", err)
		}
		s.db = nil
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.openEngine(ctx); err != nil {
		return fmt.Errorf("open the database engine again: %w", err)
	}
	for _, w := range s.workspaces {
		if err := w.attach(ctx, s.db); err != nil {
			s.c.Logger.Error("a workspace does not open again", "workspace", w.id, "error", err)
			w.failed = err
		}
	}
	return nil
}

// Workspace returns the workspace with this id, a GUID, opened or made.
func (s *Store) Workspace(ctx context.Context, id string) (*Workspace, error) {
	id, err := checkID(id)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		w, age, err := s.workspace(ctx, id)
		if err == nil || !s.broken(ctx, age, err) || try > 0 {
			return w, err
		}
	}
}

func (s *Store) workspace(ctx context.Context, id string) (w *Workspace, age int, err error) {
	db, age, done, err := s.use()
	if err != nil {
		return nil, 0, err
	}
	defer done()
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.workspaces[id]; w != nil {
		return w, age, nil
	}
	w = newWorkspace(s, id)
	if err := w.attach(context.WithoutCancel(ctx), db); err != nil {
		return nil, age, err
	}
	s.workspaces[id] = w
	return w, age, nil
}

// Remove deletes a workspace with all of its rows; there need be none.
func (s *Store) Remove(ctx context.Context, id string) error {
	id, err := checkID(id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	w := s.workspaces[id]
	s.mu.Unlock()
	age, err := s.forget(id, w)
	if errors.Is(err, ErrClosed) {
		return err
	}
	if s.broken(ctx, age, err) {
		err = nil // the engine that did not give the database back is gone
	}
	folder := filepath.Join(s.c.Folder, id)
	// What cannot be deleted while it is open is deleted at the next try.
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		return fmt.Errorf("remove workspace %s: %w", id, err)
	}
	return durable.Folder(s.c.Folder)
}

// forget closes a workspace that is open, nil when it is not, without a checkpoint
// beside.
func (s *Store) forget(id string, w *Workspace) (age int, err error) {
	if w != nil {
		w.still.Lock()
		defer w.still.Unlock()
	}
	_, age, done, err := s.use()
	if err != nil {
		return 0, err
	}
	defer done()
	s.mu.Lock()
	w = s.workspaces[id]
	delete(s.workspaces, id)
	s.mu.Unlock()
	if w == nil {
		return age, nil
	}
	return age, w.remove()
}

func checkID(id string) (string, error) {
	u, err := uuid.Parse(id)
	if err != nil || len(id) != 36 {
		return "", fmt.Errorf("workspace id %q: a GUID is expected", clip(id))
	}
	return u.String(), nil
}

// open are the workspaces that are open, by id.
func (s *Store) open() []*Workspace {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.workspaces), func(a, b *Workspace) int { return strings.Compare(a.id, b.id) })
}

// run maintains the workspaces until it is stopped.
func (s *Store) run(ctx context.Context) {
	defer close(s.done)
	if s.c.Maintain < 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(s.c.Maintain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Maintain(ctx); err != nil && ctx.Err() == nil {
				s.c.Logger.Error("maintenance of the workspaces failed and is tried again", "error", err)
			}
		}
	}
}

// Maintain closes the days that are over and drops those whose retention has
// ended, in every open workspace. The store does it by itself, see Config.
func (s *Store) Maintain(ctx context.Context) error {
	var errs []error
	for _, w := range s.open() {
		if err := w.maintain(ctx); err != nil {
			errs = append(errs, fmt.Errorf("workspace %s: %w", w.id, err))
		}
	}
	return errors.Join(errs...)
}

// broken revives the engine when err says that it failed, and reports whether the
// operation may be tried again.
func (s *Store) broken(ctx context.Context, age int, err error) bool {
	if !errors.Is(err, engine.ErrBroken) {
		return false
	}
	if err := s.revive(ctx, age, err); err != nil {
		s.c.Logger.Error("the database engine does not come back", "error", err)
		return false
	}
	return true
}
