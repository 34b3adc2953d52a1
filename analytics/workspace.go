package analytics

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"reslog/analytics/engine"
)

// Workspace is one workspace of a store. It is safe for concurrent use.
type Workspace struct {
	store  *Store
	id     string
	schema string // its database in the engine
	folder string

	// still is held for a checkpoint beside appends, and against one by whoever takes
	// tables away. It is taken before the engine is, and before write.
	still sync.Mutex
	// write is held by whoever changes the database: one at a time. It is taken
	// before mu.
	write sync.Mutex
	db    *engine.DB
	conn  *sql.Conn // of the writer
	feed  *feed     // rows into conn
	// advanced is how many rows there are of positions beyond one of each source,
	// about.
	advanced int
	// waiting is how many rows are in the batches that are being stored, or wait for
	// their turn.
	waiting atomic.Int64
	// sick is why the engine is to be opened again before anything is written.
	sick error
	// checkpointFailed is when a checkpoint failed; zero: the last one did not.
	checkpointFailed time.Time

	// mu guards what follows. A query holds it for reading while it begins, finds
	// out which parts there are in its transaction, and looks them up here. So what
	// a transaction adds is added here before its commit, and what it takes away is
	// taken away after it.
	mu        sync.RWMutex
	tables    map[string]*table
	positions map[string]uint64
	retention int
	nextPart  atomic.Int64
	nextTable int
	nextItem  int64
	itemKey   string // the first half of the items' ids
	failed    error  // why the workspace is not open
}

func newWorkspace(s *Store, id string) *Workspace {
	return &Workspace{store: s, id: id, schema: "w" + strings.ReplaceAll(id, "-", ""), folder: filepath.Join(s.c.Folder, id)}
}

// ID is the workspace's id, a GUID.
func (w *Workspace) ID() string { return w.id }

func (w *Workspace) days() string { return filepath.Join(w.folder, "days") }

func (w *Workspace) database() string { return filepath.Join(w.folder, "workspace.duckdb") }

func (w *Workspace) path(p *part) string { return filepath.Join(w.days(), p.file) }

// attach opens the workspace's database in the engine, makes its tables when it is
// new, and reads what it has.
func (w *Workspace) attach(ctx context.Context, db *engine.DB) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open workspace %s: %w", w.id, err), w.leave())
		}
	}()
	if err := os.MkdirAll(w.days(), 0o700); err != nil {
		return err
	}
	file := w.database()
	if strings.Contains(file, "?") {
		// The engine puts the name of its log before the question mark.
		return fmt.Errorf("%s has a question mark in it: use another folder", file)
	}
	if err := w.lost(file); err != nil {
		return err
	}
	w.db = db
	if w.conn, err = db.SQL().Conn(ctx); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, "ATTACH "+quote(file)+" AS "+w.schema); err != nil {
		return fmt.Errorf("its database %s cannot be read: put a copy back, or move the folder away to begin a new one: %w", file, err)
	}
	if w.feed, err = newFeed(w.conn); err != nil {
		return err
	}
	w.sick = nil // what was read anew is sound
	if err := w.create(ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.load(ctx); err != nil {
		return fmt.Errorf("its database %s cannot be read: put a copy back, or move the folder away to begin a new one: %w", file, err)
	}
	w.failed = nil
	return w.sweep()
}

// lost refuses a folder whose database is gone while there is more: a new one in
// its place would know nothing of the files of days, and they would be swept.
func (w *Workspace) lost(file string) error {
	if filled, err := isFilled(file); filled || err != nil {
		return err
	}
	days, err := os.ReadDir(w.days())
	if err != nil {
		return err
	}
	if log, err := isFilled(file + ".wal"); err != nil || len(days) == 0 && !log {
		return err
	}
	return fmt.Errorf("its database %s is gone or empty, and there are rows: put a copy back, or move the folder away to begin a new one", file)
}

// isFilled reports whether there is a file with something in it.
func isFilled(file string) (bool, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
}

// create makes the tables of the catalogue.
func (w *Workspace) create(ctx context.Context) error {
	return w.transaction(ctx, func() error {
		for _, s := range []string{
			"CREATE TABLE IF NOT EXISTS %s.meta(name VARCHAR, value VARCHAR)",
			"CREATE TABLE IF NOT EXISTS %s.tables(id INTEGER, name VARCHAR, retention INTEGER)",
			"CREATE TABLE IF NOT EXISTS %s.columns(tab INTEGER, id INTEGER, name VARCHAR, type VARCHAR)",
			"CREATE TABLE IF NOT EXISTS %s.parts(id BIGINT, tab INTEGER, day INTEGER, state VARCHAR, nrows BIGINT, bytes DOUBLE, tfirst BIGINT, tlast BIGINT, item BIGINT, file VARCHAR, size BIGINT, checksum VARCHAR, layout VARCHAR, guids VARCHAR)",
			"CREATE TABLE IF NOT EXISTS %s.positions(source VARCHAR, position UBIGINT)",
			"INSERT INTO %[1]s.meta SELECT 'version', '1' WHERE NOT EXISTS (FROM %[1]s.meta WHERE name = 'version')",
			"INSERT INTO %[1]s.meta SELECT 'items', gen_random_uuid()::VARCHAR WHERE NOT EXISTS (FROM %[1]s.meta WHERE name = 'items')",
		} {
			if err := w.exec(ctx, fmt.Sprintf(s, w.schema)); err != nil {
				return err
			}
		}
		return nil
	})
}

// exec runs a statement on the writer's connection.
func (w *Workspace) exec(ctx context.Context, query string, args ...any) error {
	_, err := w.conn.ExecContext(ctx, query, args...)
	return engine.Translate(ctx, err)
}

// transaction runs f between BEGIN and COMMIT. The caller holds write, or is the
// only one to know the workspace.
func (w *Workspace) transaction(ctx context.Context, f func() error) error {
	// A transaction that was begun is ended, whatever happens to ctx.
	ctx = context.WithoutCancel(ctx)
	if w.sick != nil {
		return w.sick
	}
	err := w.exec(ctx, "BEGIN TRANSACTION")
	if err == nil {
		if err = f(); err == nil {
			if err = w.feed.commit(); err == nil {
				return nil
			}
		}
	}
	if errors.Is(err, engine.ErrMemory) {
		// DuckDB does not always take back all of a transaction that finds no memory:
		// there were rows of nobody. What its log has is right.
		w.sick = fmt.Errorf("%w: %w", engine.ErrBroken, err)
		return w.sick
	}
	// After a failed commit there is nothing to roll back any more.
	if e := w.exec(ctx, "ROLLBACK"); e != nil && !strings.Contains(e.Error(), "no transaction is active") {
		w.sick = fmt.Errorf("%w: a transaction does not end: %w", engine.ErrBroken, errors.Join(err, e))
		return w.sick
	}
	return err
}

// checkpoint moves the log into the database, so that it opens quickly.
func (w *Workspace) checkpoint() error {
	if w.conn != nil && w.sick == nil {
		return w.exec(context.Background(), "CHECKPOINT "+w.schema)
	}
	return nil
}

// leave gives the workspace's database back to the system. One that is sick stays
// in the engine until that is opened again.
func (w *Workspace) leave() error {
	if w.conn == nil {
		return nil
	}
	if w.feed != nil {
		w.feed.close()
	}
	var err error
	if w.sick == nil {
		err = errors.Join(w.exec(context.Background(), "DETACH DATABASE IF EXISTS "+w.schema), w.conn.Close())
	} else {
		// Its transaction may be open, and nobody else is to get into that: the pool
		// closes the connection.
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	w.conn, w.feed = nil, nil
	return err
}

// remove closes the workspace for good. It fails with engine.ErrBroken when that
// needs another engine.
func (w *Workspace) remove() error {
	w.write.Lock()
	defer w.write.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = ErrClosed
	return errors.Join(w.sick, w.leave())
}

// begin takes the right to write. The caller calls the function when it is through.
// age is that of the engine, also with an error that is of the workspace.
func (w *Workspace) begin() (age int, done func(), err error) {
	db, age, end, err := w.store.use()
	if err != nil {
		return 0, nil, err
	}
	w.write.Lock()
	if err := w.reopen(db); err != nil {
		w.write.Unlock()
		end()
		return age, nil, err
	}
	return age, func() { w.write.Unlock(); end() }, nil
}

// reopen opens the workspace when it did not open again after the engine failed, as
// there was no room for it on the disk. An engine that is broken again is for the
// caller, who holds write, to open anew.
func (w *Workspace) reopen(db *engine.DB) error {
	w.mu.RLock()
	err := w.failed
	w.mu.RUnlock()
	if err == nil || errors.Is(err, ErrClosed) || errors.Is(err, engine.ErrBroken) {
		return err
	}
	if err := w.attach(context.Background(), db); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = err
		return err
	}
	w.store.c.Logger.Info("a workspace is open again", "workspace", w.id)
	return nil
}

// change runs f with the right to write, again if the engine had to be revived. It
// leaves no engine behind in which queries might see what was not stored.
func (w *Workspace) change(ctx context.Context, f func() error) error {
	for try := 0; ; try++ {
		age, done, err := w.begin()
		if err == nil {
			err = f()
			done()
		}
		if err == nil || !w.store.broken(ctx, age, err) || try > 0 {
			return err
		}
	}
}

// changeStill is change for what takes tables away, for which the engine would wait
// for the end of a checkpoint: it waits before it takes the right to write.
func (w *Workspace) changeStill(ctx context.Context, f func() error) error {
	w.still.Lock()
	defer w.still.Unlock()
	return w.change(ctx, f)
}

// load reads the catalogue. The caller holds mu.
func (w *Workspace) load(ctx context.Context) error {
	old := w.tables
	w.tables, w.positions = make(map[string]*table), make(map[string]uint64)
	w.retention, w.nextTable, w.advanced = w.store.c.Retention, 1, 0
	w.nextPart.Store(1)
	byID := make(map[int]*table)
	if err := w.each(ctx, "SELECT name, value FROM %s.meta", func(scan func(...any) error) error {
		var name, value string
		if err := scan(&name, &value); err != nil {
			return err
		}
		switch name {
		case "version":
			if value != "1" {
				return fmt.Errorf("it has the format %s, made by a newer reslog", value)
			}
		case "items":
			w.itemKey = value[:19]
		case "retention":
			_, err := fmt.Sscan(value, &w.retention)
			return err
		}
		return nil
	}); err != nil {
		return err
	}
	if err := w.each(ctx, "SELECT id, name, retention FROM %s.tables ORDER BY id", func(scan func(...any) error) error {
		t := &table{}
		if err := scan(&t.id, &t.name, &t.retention); err != nil {
			return err
		}
		byID[t.id], w.tables[t.name] = t, t
		w.nextTable = max(w.nextTable, t.id+1)
		return nil
	}); err != nil {
		return err
	}
	if err := w.each(ctx, "SELECT tab, id, name, type FROM %s.columns ORDER BY tab, id", func(scan func(...any) error) error {
		var tab int
		var c column
		var kind string
		if err := scan(&tab, &c.id, &c.Name, &kind); err != nil {
			return err
		}
		return byID[tab].load(c, kind)
	}); err != nil {
		return err
	}
	if err := w.each(ctx, "SELECT source, max(position), count(*) FROM %s.positions GROUP BY source", func(scan func(...any) error) error {
		var source string
		var position uint64
		var n int
		err := scan(&source, &position, &n)
		w.advanced += n - 1
		w.positions[source] = position
		return err
	}); err != nil {
		return err
	}
	return w.loadParts(ctx, byID, old)
}

// each runs a query on the catalogue, in which %s is the schema.
func (w *Workspace) each(ctx context.Context, query string, row func(scan func(...any) error) error) error {
	rows, err := w.conn.QueryContext(ctx, strings.ReplaceAll(query, "%s", w.schema))
	if err != nil {
		return engine.Translate(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return engine.Translate(ctx, rows.Err())
}

// loadParts reads the parts. What was known of their files before the engine was
// opened again is kept: which are damaged, and their indexes.
func (w *Workspace) loadParts(ctx context.Context, byID map[int]*table, old map[string]*table) error {
	held := make(map[int64]*part)
	for _, t := range old {
		for _, p := range t.parts {
			held[p.id] = p
		}
	}
	var tables []*part
	if err := w.each(ctx, "SELECT id, tab, day, state, nrows, bytes, tfirst, tlast, item, file, size, checksum, layout, guids FROM %s.parts ORDER BY day, id", func(scan func(...any) error) error {
		p := &part{}
		var tab int
		var text string
		if err := scan(&p.id, &tab, &p.day, &p.state, &p.rows, &p.bytes, &p.first, &p.last, &p.lastItem, &p.file, &p.size, &p.sum, &text, &p.indexSum); err != nil {
			return err
		}
		if h := held[p.id]; h != nil && h.state == filed && p.state == filed {
			p = h
		} else if p.state == filed {
			if err := p.layout.parse(text); err != nil {
				return err
			}
			p.check(w.path(p))
			p.weigh(w.path(p))
			if p.broken.Load() != nil {
				w.store.c.Logger.Error("the file of a day cannot be read: put a copy back", "workspace", w.id, "table", byID[tab].name, "day", dayTime(p.day).Format("2006-01-02"), "file", w.path(p), "error", p.broken.Load().error)
			}
		} else {
			tables = append(tables, p)
		}
		t := byID[tab]
		t.parts = append(t.parts, p)
		w.nextPart.Store(max(w.nextPart.Load(), p.id+1))
		w.nextItem = max(w.nextItem, p.lastItem+1)
		return nil
	}); err != nil {
		return err
	}
	for _, p := range tables {
		if err := w.loadTable(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// loadTable finds out what a part in the database has.
func (w *Workspace) loadTable(ctx context.Context, p *part) error {
	p.columns = make(map[int]bool)
	p.rows, p.bytes = 0, 0
	if err := w.each(ctx, "SELECT column_name FROM duckdb_columns() WHERE database_name = '%s' AND table_name = "+quote(p.table()), func(scan func(...any) error) error {
		var name string
		var id int
		if err := scan(&name); err != nil {
			return err
		}
		_, err := fmt.Sscanf(name, "c%d", &id)
		p.columns[id] = true
		return err
	}); err != nil {
		return err
	}
	return w.each(ctx, "SELECT count(*), coalesce(sum(c6), 0), coalesce(min(c1), 0), coalesce(max(c1), 0), coalesce(max(c3), 0) FROM %s."+p.table(), func(scan func(...any) error) error {
		var rows, first, last, item int64
		var bytes float64
		if err := scan(&rows, &bytes, &first, &last, &item); err != nil {
			return err
		}
		if rows > 0 {
			p.note(rows, bytes, first, last, item)
		}
		w.nextItem = max(w.nextItem, item+1)
		return nil
	})
}

// sweep deletes the files in the folder of days that no part is, which a crash
// leaves behind. The caller holds mu.
func (w *Workspace) sweep() error {
	var known []string
	for _, t := range w.tables {
		for _, p := range t.parts {
			if p.state == filed {
				known = append(known, p.file, p.file+indexSuffix)
			}
		}
	}
	found, err := os.ReadDir(w.days())
	if err != nil {
		return err
	}
	for _, f := range found {
		if slices.Contains(known, f.Name()) {
			continue
		}
		if err := removeFile(filepath.Join(w.days(), f.Name())); err != nil {
			w.store.c.Logger.Warn("a file that nothing refers to cannot be deleted", "file", f.Name(), "error", err)
		}
	}
	return nil
}
