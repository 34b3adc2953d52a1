package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"reslog/control/arm"
	"reslog/resource"
)

// changes are the news of workspaces and their tables that what is held has not
// followed yet: what replaces something that waits takes its place, so there are
// at most as many as resources, and as workspaces that were deleted.
type changes struct {
	kick chan struct{} // there are some

	mu   sync.Mutex
	list []changed
}

// changed is news of a resource.
type changed struct {
	resource resource.Resource
	exists   bool
}

func newChanges() *changes { return &changes{kick: make(chan struct{}, 1)} }

// replaces reports whether news c make older ones of no use. A workspace that is
// deleted is to be removed whatever is made in its place.
func (c changed) replaces(older changed) bool {
	return c.resource.ID.Equal(older.resource.ID) && (older.exists || strings.EqualFold(older.resource.ID.Type(), tableType))
}

// add takes news.
func (q *changes) add(c changed) {
	q.mu.Lock()
	q.list = append(slices.DeleteFunc(q.list, c.replaces), c)
	q.mu.Unlock()
	select {
	case q.kick <- struct{}{}:
	default: // whoever takes them has not looked yet
	}
}

// again puts news back that could not be followed, before those that came since.
func (q *changes) again(failed []changed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	failed = slices.DeleteFunc(failed, func(older changed) bool {
		return slices.ContainsFunc(q.list, func(c changed) bool { return c.replaces(older) })
	})
	q.list = append(failed, q.list...)
}

func (q *changes) take() []changed {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// changed takes news of a resource; it must not wait. Those of tables count only at
// the start: from then on the Resource Manager has them applied before it answers,
// and what came after could be undone by older news.
func (w *workspaces) changed(r resource.Resource, exists bool) {
	if typ := r.ID.Type(); strings.EqualFold(typ, workspaceType) || strings.EqualFold(typ, tableType) && !w.started.Load() {
		w.changes.add(changed{r, exists})
	}
}

// How long it is until what could not be followed is tried again.
const (
	followAgain   = 500 * time.Millisecond
	followAtLeast = time.Minute
)

// follow applies what resources say to what is held. A full disk, or a workspace
// that cannot be read, holds up nothing but itself.
func (w *workspaces) follow(ctx context.Context) error {
	wait := followAgain
	said := map[resource.Key]string{} // the errors that the log has
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.changes.kick:
			wait = followAgain
		case <-retry.C:
			wait = min(2*wait, followAtLeast)
		}
		var failed []changed
		for _, c := range w.changes.take() {
			err := w.apply(ctx, c)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			key := c.resource.ID.Key()
			if err == nil {
				delete(said, key)
				continue
			}
			if said[key] != err.Error() {
				w.logger.Error("a workspace does not follow its resource; trying again", "resource", c.resource.ID.String(), "exists", c.exists, "err", err)
				said[key] = err.Error()
			}
			failed = append(failed, c)
		}
		w.changes.again(failed)
		if len(failed) == 0 {
			clear(said)
			continue
		}
		retry.Reset(wait)
	}
}

// ownerless tells of what is held of workspaces that no resource is: a node that
// died between the two leaves it behind, and so does a data folder that was put
// together by hand. It is not for a node to guess which.
func (w *workspaces) ownerless(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("list the workspaces: %w", err)
	}
	owned := map[string]bool{}
	for _, r := range w.resources.List(workspaceType) {
		if props, err := arm.WorkspaceOf(r); err == nil {
			owned[strings.ToLower(props.CustomerID)] = true
		}
	}
	for _, e := range entries {
		if _, err := uuid.Parse(e.Name()); err == nil && e.IsDir() && !owned[strings.ToLower(e.Name())] {
			w.logger.Warn("there are rows of a workspace that does not exist: delete the folder if they are not wanted", "folder", filepath.Join(folder, e.Name()))
		}
	}
	return nil
}
