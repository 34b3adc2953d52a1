package analytics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/analytics/engine"
	"reslog/kql"
)

// maintain closes what is over and drops what is past its retention.
func (w *Workspace) maintain(ctx context.Context) error {
	err := errors.Join(w.expire(ctx), w.compact(ctx))
	for _, j := range w.jobs() {
		if ctx.Err() != nil {
			break
		}
		e := w.closeDay(ctx, j)
		w.store.c.Observer.Closed(Closed{Workspace: w.id, Table: j.table.name, Err: e})
		if e != nil {
			err = errors.Join(err, fmt.Errorf("close %s of table %s: %w", dayTime(j.day).Format(time.DateOnly), j.table.name, e))
		}
	}
	return err
}

// job is a day of a table that is to be closed.
type job struct {
	table *table
	day   int
}

// maxFiles is how many files a day may have, beyond those that its rows need,
// before they are merged.
const maxFiles = 3

// jobs are the days that are over and have rows in the database.
func (w *Workspace) jobs() []job {
	over := dayOf(kql.Ticks(w.store.c.Now().Add(-w.store.c.CloseAfter)))
	w.mu.RLock()
	defer w.mu.RUnlock()
	var out []job
	for _, t := range w.tables {
		for _, p := range t.parts {
			if p.day >= over || p.state == filed || slices.Contains(out, job{t, p.day}) {
				continue
			}
			out = append(out, job{t, p.day})
		}
	}
	slices.SortFunc(out, func(a, b job) int {
		if a.day != b.day {
			return a.day - b.day
		}
		return a.table.id - b.table.id
	})
	return out
}

// closeDay writes the rows of a day into files and puts these in the place of
// what they were read from. A crash at any point leaves one or the other.
func (w *Workspace) closeDay(ctx context.Context, j job) error {
	began := w.store.c.Now()
	parts, columns, err := w.freeze(ctx, j)
	if err != nil || len(parts) == 0 {
		return err
	}
	db, age, done, err := w.store.use()
	if err != nil {
		return err
	}
	within, left := w.store.within(ctx)
	files, err := w.write1(within, db, j, parts, columns)
	left()
	done()
	if err != nil {
		w.store.broken(ctx, age, err)
		return errors.Join(err, w.discard(files))
	}
	err = w.changeStill(ctx, func() error {
		if w.tables[j.table.name] != j.table || !containsAll(j.table.parts, parts) {
			return w.discard(files) // dropped meanwhile, or read again
		}
		return w.replace(ctx, j.table, parts, files, nil, nil)
	})
	if err != nil {
		return errors.Join(err, w.discard(files))
	}
	var rows, size int64
	for _, f := range files {
		rows, size = rows+f.rows, size+f.size
	}
	w.store.c.Logger.Info("a day is closed", "workspace", w.id, "table", j.table.name, "day", dayTime(j.day).Format(time.DateOnly), "rows", rows, "bytes", size, "files", len(files), "took", w.store.c.Now().Sub(began))
	return nil
}

func containsAll(all, some []*part) bool {
	for _, p := range some {
		if !slices.Contains(all, p) {
			return false
		}
	}
	return true
}

// freeze stops the hot part of a day from getting rows, and returns what is to be
// rewritten: what is in the database, and the files too when these are many or
// small beside it.
func (w *Workspace) freeze(ctx context.Context, j job) (parts []*part, columns []column, err error) {
	err = w.change(ctx, func() error {
		parts = nil
		var files, old []*part
		var rows, filedRows int64
		for _, p := range j.table.parts {
			switch {
			case p.day != j.day:
			case p.state == filed:
				if p.broken.Load() == nil {
					files, filedRows = append(files, p), filedRows+p.rows
				}
			default:
				parts, rows = append(parts, p), rows+p.rows
				if p.state == hot {
					old = append(old, p)
				}
			}
		}
		columns = slices.Clone(j.table.columns)
		if len(old) > 0 {
			if err := w.transaction(ctx, func() error {
				for _, p := range old {
					if err := w.exec(ctx, fmt.Sprintf("INSERT INTO %s.parts SELECT * REPLACE ('frozen' AS state) FROM %[1]s.parts WHERE id = ?", w.schema), p.id); err != nil {
						return err
					}
					if err := w.exec(ctx, "DELETE FROM "+w.schema+".parts WHERE id = ? AND state = 'hot'", p.id); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
			w.mu.Lock()
			for _, p := range old {
				p.state = frozen
			}
			w.mu.Unlock()
		}
		need := int(filedRows/w.store.c.FileRows) + 1
		if len(files)-need >= maxFiles || rows > filedRows/4 {
			parts = append(parts, files...)
		}
		return nil
	})
	return parts, columns, err
}

// write1 writes the rows of parts, sorted by resource and time, into as many files
// as they need. What it returns with an error is to be discarded.
func (w *Workspace) write1(ctx context.Context, db *engine.DB, j job, parts []*part, columns []column) (files []*part, err error) {
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var rows int64
	first, last := int64(0), int64(0)
	for i, p := range parts {
		if i == 0 || p.first < first {
			first = p.first
		}
		last, rows = max(last, p.last), rows+p.rows
	}
	if rows == 0 {
		return nil, nil
	}
	present := columns[:0:0]
	for _, c := range columns {
		if slices.ContainsFunc(parts, func(p *part) bool { return p.has(c.id) }) {
			present = append(present, c)
		}
	}
	for _, p := range parts {
		if p.state == filed {
			p.refs.hold()
			defer p.refs.release()
		}
	}
	bounds, err := w.slices(ctx, conn, parts, rows, first, last)
	if err != nil {
		return nil, err
	}
	for i := range len(bounds) - 1 {
		f, err := w.writeFile(ctx, conn, j, w.union(parts, present, bounds[i], bounds[i+1]), present)
		if f != nil {
			files = append(files, f)
		}
		if err != nil {
			return files, err
		}
	}
	var written int64
	for _, f := range files {
		written += f.rows
	}
	if written != rows {
		return files, fmt.Errorf("%d rows were written of %d: nothing is changed", written, rows)
	}
	return files, nil
}

// has reports whether the part stores a column.
func (p *part) has(id int) bool {
	if p.state == filed {
		_, ok := p.layout.find(id)
		return ok
	}
	return p.columns[id]
}

// union is a relation of the rows of parts with a time in a half open range, with a
// column c<id> for each of columns, strings as null where they are empty.
func (w *Workspace) union(parts []*part, columns []column, from, to int64) string {
	selects := make([]string, len(parts))
	for i, p := range parts {
		items := make([]string, len(columns))
		for k, c := range columns {
			items[k] = p.stored(c) + " AS " + c.name()
		}
		selects[i] = "SELECT " + strings.Join(items, ", ") + " FROM " + w.relation(p) + fmt.Sprintf(" WHERE c%d >= %d AND c%[1]d < %[3]d", idTime, from, to)
	}
	return "(" + strings.Join(selects, " UNION ALL ") + ")"
}

// stored is a column of the part as its table in the database has it.
func (p *part) stored(c column) string {
	null := "CAST(NULL AS " + physical(c) + ")"
	if !p.has(c.id) {
		return null
	}
	if p.state != filed {
		return c.name()
	}
	e, _ := p.layout.find(c.id)
	if c.Type == kql.String && c.id != idItem {
		return "nullif(" + p.layout.read(e, c.Type) + ", '')"
	}
	return p.layout.read(e, kql.Unknown)
}

// relation is what a part is read from.
func (w *Workspace) relation(p *part) string {
	if p.state == filed {
		return "read_parquet(" + quote(w.path(p)) + ")"
	}
	return w.schema + "." + p.table()
}

// slices are the times that cut a day into pieces of at most FileRows rows, from
// the first to behind the last.
func (w *Workspace) slices(ctx context.Context, conn queryer, parts []*part, rows, first, last int64) ([]int64, error) {
	n := (rows + w.store.c.FileRows - 1) / w.store.c.FileRows
	if n <= 1 {
		return []int64{first, last + 1}, nil
	}
	cuts := make([]string, 0, n-1)
	for i := int64(1); i < n; i++ {
		cuts = append(cuts, fmt.Sprintf("approx_quantile(c%d, %g)", idTime, float64(i)/float64(n)))
	}
	targets := make([]any, len(cuts))
	times := make([]int64, len(cuts))
	for i := range times {
		targets[i] = &times[i]
	}
	row := conn.QueryRowContext(ctx, "SELECT "+strings.Join(cuts, ", ")+" FROM "+w.union(parts, standard()[:1], first, last+1))
	if err := row.Scan(targets...); err != nil {
		return nil, engine.Translate(ctx, err)
	}
	times = slices.Concat([]int64{first}, times, []int64{last + 1})
	slices.Sort(times)
	return slices.Compact(times), nil
}

// writeFile writes the rows of a relation into a file of a day, durably. The part
// it returns with an error is to be discarded.
func (w *Workspace) writeFile(ctx context.Context, conn queryer, j job, from string, columns []column) (*part, error) {
	l, err := choose(ctx, conn, columns, from)
	if err != nil {
		return nil, err
	}
	p := &part{id: w.nextPart.Add(1), day: j.day, state: filed, layout: l}
	p.file = fmt.Sprintf("%d-%s-%d.parquet", j.table.id, dayTime(j.day).Format("20060102"), p.id)
	var items []string
	for _, e := range l {
		items = append(items, e.write(e.name())...)
	}
	temp := w.path(p) + ".tmp"
	if _, err := conn.ExecContext(ctx, "COPY (SELECT "+strings.Join(items, ", ")+" FROM "+from+fmt.Sprintf(" ORDER BY c%d, c%d) TO ", idResource, idTime)+quote(temp)+" (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, PARQUET_VERSION V2, ROW_GROUP_SIZE "+strconv.Itoa(rowGroup)+")"); err != nil {
		return p, engine.Translate(ctx, err)
	}
	row := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), coalesce(sum(c%d), 0), min(c%d), max(c%[2]d), max(c%[3]d) FROM ", idBilled, idTime, idItem)+"read_parquet("+quote(temp)+")")
	if err := row.Scan(&p.rows, &p.bytes, &p.first, &p.last, &p.lastItem); err != nil {
		return p, engine.Translate(ctx, err)
	}
	if p.sum, p.size, err = sumOf(temp); err != nil {
		return p, err
	}
	if p.indexSum, err = w.writeIndex(ctx, conn, p, temp, w.path(p)+indexSuffix); err != nil {
		return p, err
	}
	p.weigh(w.path(p))
	if err := os.Rename(temp, w.path(p)); err != nil {
		return p, err
	}
	return p, syncFile(w.path(p))
}

// sumOf is the checksum and the size of a file.
func sumOf(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// check looks whether the file is there and has its size; why not is in broken.
func (p *part) check(path string) {
	i, err := os.Stat(path)
	switch {
	case err != nil:
		p.broken.Store(&damage{err})
	case i.Size() != p.size:
		p.broken.Store(&damage{fmt.Errorf("it has %d bytes and should have %d", i.Size(), p.size)})
	}
}

// weigh finds out the size of the index; one that is missing has none.
func (p *part) weigh(path string) {
	if p.indexSum == "" {
		return
	}
	if i, err := os.Stat(path + indexSuffix); err == nil {
		p.indexSize = i.Size()
	}
}

// discard deletes files that were written for nothing.
func (w *Workspace) discard(files []*part) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, removeFile(w.path(f)), removeFile(w.path(f)+".tmp"), removeFile(w.path(f)+indexSuffix))
	}
	return errors.Join(errs...)
}

// replace puts new parts in the place of old ones of a table, in one transaction
// with what also does. Then memory follows. The caller has the right to write.
func (w *Workspace) replace(ctx context.Context, t *table, old, added []*part, also func() error, follow func()) error {
	old = slices.Clone(old)
	w.mu.Lock()
	for _, p := range added {
		t.add(p)
	}
	w.mu.Unlock()
	err := w.transaction(ctx, func() error {
		for _, p := range old {
			if err := w.exec(ctx, "DELETE FROM "+w.schema+".parts WHERE id = ?", p.id); err != nil {
				return err
			}
			if p.state != filed {
				if err := w.exec(ctx, "DROP TABLE "+w.schema+"."+p.table()); err != nil {
					return err
				}
			}
		}
		for _, p := range added {
			if err := w.exec(ctx, "INSERT INTO "+w.schema+".parts VALUES (?, ?, ?, 'file', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				p.id, t.id, p.day, p.rows, p.bytes, p.first, p.last, p.lastItem, p.file, p.size, p.sum, p.layout.String(), p.indexSum); err != nil {
				return err
			}
		}
		if also != nil {
			return also()
		}
		return nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		t.remove(added)
		return err
	}
	t.remove(old)
	if follow != nil {
		follow()
	}
	for _, p := range old {
		if p.state != filed {
			continue
		}
		path := filepath.Clean(w.path(p))
		p.refs.then(func() {
			if err := errors.Join(removeFile(path), removeFile(path+indexSuffix)); err != nil {
				w.store.c.Logger.Warn("the file of a dropped day cannot be deleted and goes at the next start", "file", path, "error", err)
			}
		})
	}
	return nil
}
