package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"reslog/analytics/engine"
)

// What is appended is in the log of the workspace's database, which is read again
// at a start, and in memory as it came. A checkpoint moves it into the database,
// compressed, which takes a second for a hundred thousand rows. The engine commits
// beside a checkpoint, on two conditions.
//
// The first is about the table that a checkpoint writes just then, to which it does
// not append. So a day that gets many rows has two tables: one takes rows while the
// other is written.
//
// The second is about tidying: a checkpoint that nobody reads beside removes what
// was deleted, and nobody appends meanwhile. So there is a transaction that reads.

// checkpoint is one that is made beside appends.
type checkpoint struct {
	w      *Workspace
	conn   *sql.Conn // writes
	reader *sql.Conn // is in a transaction
	// logged are the tables that rest, with how many of their rows are in the log.
	logged map[*part]int64
}

// beforeAppend prepares a checkpoint when the log is long, nil when it is not. What
// fails is tried again, with the next batch or later. The caller has the right to
// write, and calls begin or end.
func (w *Workspace) beforeAppend(ctx context.Context) *checkpoint {
	log, err := os.Stat(w.database() + ".wal")
	if err != nil || log.Size() < w.store.c.logBytes {
		return nil
	}
	if free, ok := freeSpace(w.folder); ok && free < spare*log.Size() {
		return nil
	}
	if d := w.store.c.Now().Sub(w.checkpointFailed); d >= 0 && d < checkpointAgain || !w.still.TryLock() {
		return nil
	}
	if !w.store.beside.TryRLock() {
		w.still.Unlock()
		return nil
	}
	c := &checkpoint{w: w, logged: make(map[*part]int64)}
	if err = w.turn(ctx); err == nil {
		err = c.prepare(context.WithoutCancel(ctx))
	}
	if err != nil {
		w.store.c.Logger.Warn("a checkpoint cannot be prepared and is tried again", "workspace", w.id, "error", err)
		c.end()
		return nil
	}
	return c
}

// prepare makes the connections. The transaction that reads is older than the
// commit of the batch that follows: that is what the engine looks at.
func (c *checkpoint) prepare(ctx context.Context) (err error) {
	for _, t := range c.w.tables {
		for _, p := range t.parts {
			if p.resting {
				c.logged[p] = p.logged
			}
		}
	}
	if c.conn, err = c.w.db.SQL().Conn(ctx); err != nil {
		return err
	}
	if c.reader, err = c.w.db.SQL().Conn(ctx); err != nil {
		return err
	}
	for _, s := range []string{"BEGIN TRANSACTION READ ONLY", "SELECT count(*) FROM " + c.w.schema + ".meta"} {
		if _, err := c.reader.ExecContext(ctx, s); err != nil {
			return engine.Translate(ctx, err)
		}
	}
	return nil
}

// end gives back what a checkpoint holds.
func (c *checkpoint) end() {
	if c.reader != nil {
		// A connection that cannot be rolled back is closed by the pool.
		_, _ = c.reader.ExecContext(context.Background(), "ROLLBACK")
		_ = c.reader.Close()
	}
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.w.store.beside.RUnlock()
	c.w.still.Unlock()
}

// begin lets the checkpoint run. age is that of the engine.
func (c *checkpoint) begin(ctx context.Context, age int) {
	s := c.w.store
	s.working.Go(func() {
		err := c.run()
		c.end()
		s.broken(context.WithoutCancel(ctx), age, err)
	})
}

// run makes the checkpoint. Its error is that of an engine that must be opened
// again.
func (c *checkpoint) run() error {
	w, began := c.w, time.Now()
	err := c.write()
	if isOccupied(err) {
		return nil
	}
	if err != nil {
		return c.failed(err)
	}
	w.write.Lock()
	defer w.write.Unlock()
	for p, n := range c.logged {
		p.logged -= n
	}
	w.store.c.Logger.Debug("the log of a workspace is in its database", "workspace", w.id, "took", time.Since(began))
	return nil
}

// failed notes that a checkpoint failed. The engine gives up the database; what its
// log has is right.
func (c *checkpoint) failed(err error) error {
	w := c.w
	w.write.Lock()
	defer w.write.Unlock()
	w.sick = fmt.Errorf("%w: checkpoint of workspace %s: %w", engine.ErrBroken, w.id, err)
	w.checkpointFailed = w.store.c.Now()
	return w.sick
}

// write is the work, after some time for those who are in its way.
func (c *checkpoint) write() error {
	f, err := newFeed(c.conn)
	if err != nil {
		return err
	}
	defer f.close()
	for wait := time.Millisecond; ; wait *= 2 {
		err := f.run("CHECKPOINT " + c.w.schema)
		if !isOccupied(err) || wait > 100*time.Millisecond {
			return err
		}
		time.Sleep(wait)
	}
}

// isOccupied reports whether a checkpoint was not begun: somebody changes the
// catalogue, or reads what was before a change.
func isOccupied(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Cannot CHECKPOINT")
}

// spare is how many times the size of the log must be free for a checkpoint: it
// writes most of a log, rows go on into a second one, and if it fails for want of
// room the engine needs that of both to open the database again.
const spare = 4

// checkpointAgain is how long after one that failed a checkpoint is tried again: the
// engine is opened anew each time, and a full disk stays full for a while.
const checkpointAgain = time.Minute

// turn lets the tables rest that have many rows in the log, each for another one of
// its day, which is made when there is none.
func (w *Workspace) turn(ctx context.Context) error {
	rest := make(map[*part]*part)
	owner := make(map[*part]*table)
	for _, t := range w.tables {
		for _, p := range t.parts {
			if p.state != hot || p.resting || p.logged < w.store.c.restRows {
				continue
			}
			i := slices.IndexFunc(t.parts, func(o *part) bool { return o.state == hot && o.day == p.day && o != p })
			switch {
			case i < 0:
				rest[p], owner[p] = nil, t
			case t.parts[i].logged < w.store.c.restRows:
				rest[p] = t.parts[i]
			}
		}
	}
	if err := w.twin(ctx, rest, owner); err != nil {
		return err
	}
	for p, other := range rest {
		p.resting, other.resting = true, false
	}
	return nil
}

// twin makes the tables that are missing in rest.
func (w *Workspace) twin(ctx context.Context, rest map[*part]*part, owner map[*part]*table) error {
	if len(owner) == 0 {
		return nil
	}
	made := make(map[*table][]*part)
	err := w.transaction(ctx, func() error {
		for p, t := range owner {
			other, err := w.createPart(ctx, t, p.day)
			if err != nil {
				return err
			}
			rest[p], made[t] = other, append(made[t], other)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for t, parts := range made {
			for _, p := range parts {
				t.add(p)
			}
		}
		return nil
	})
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		for t, parts := range made {
			t.remove(parts)
		}
	}
	return err
}
