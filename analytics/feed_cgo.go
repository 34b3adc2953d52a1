//go:build cgo

package analytics

import (
	"database/sql"
	"fmt"
	"runtime"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"reslog/analytics/engine"
	"reslog/kql"
)

// feed puts rows into tables of a connection.
//
// It writes DuckDB's vectors itself: a call into C for every string costs more
// than the rest of the way to the table. Strings of more than 12 bytes are
// pointers into blocks of memory that the runtime does not move or free while
// DuckDB copies from them.
type feed struct {
	conn   mapping.Connection
	blocks [][]byte
	pins   runtime.Pinner
	at     int // the block that is written, and how far
	used   int
}

// vectorSize is how many rows DuckDB takes at once.
const vectorSize = 2048

const blockSize = 1 << 20

// newFeed makes the feed of a connection, which stays in use by its owner.
func newFeed(conn *sql.Conn) (*feed, error) {
	if n := int(mapping.VectorSize()); n != vectorSize {
		return nil, fmt.Errorf("the engine's vectors have %d rows", n)
	}
	f := &feed{}
	if err := conn.Raw(func(c any) (err error) {
		f.conn, err = engine.Handle(c)
		return err
	}); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *feed) close() { f.pins.Unpin() }

// commit ends a transaction.
func (f *feed) commit() error { return f.run("COMMIT") }

// run runs a statement that has no result and may run long in a thread of the
// engine, while the caller's would turn in a loop: here it sleeps.
func (f *feed) run(query string) error {
	var statement mapping.PreparedStatement
	defer mapping.DestroyPrepare(&statement)
	if mapping.Prepare(f.conn, query, &statement) == mapping.StateError {
		return failure(mapping.PrepareError(statement))
	}
	var pending mapping.PendingResult
	defer mapping.DestroyPending(&pending)
	if mapping.PendingPrepared(statement, &pending) == mapping.StateError {
		return failure(mapping.PendingError(pending))
	}
	for wait := 20 * time.Microsecond; ; {
		state := mapping.PendingExecuteTask(pending)
		if state == mapping.PendingStateError {
			return failure(mapping.PendingError(pending))
		}
		if mapping.PendingExecutionIsFinished(state) {
			break
		}
		if state == mapping.PendingStateNoTasksAvailable {
			time.Sleep(wait)
			wait = min(2*wait, time.Millisecond)
		}
	}
	var result mapping.Result
	defer mapping.DestroyResult(&result)
	if mapping.ExecutePending(pending, &result) == mapping.StateError {
		return failure(mapping.ResultError(&result))
	}
	return nil
}

// append adds rows to a table, whose columns are those of sources, in the
// transaction of the connection.
func (f *feed) append(schema, table string, sources []source, rows [][]any) (err error) {
	var appender mapping.Appender
	defer func() {
		// It flushes what is left, of which there is nothing when all went well.
		if mapping.AppenderDestroy(&appender) == mapping.StateError && err == nil {
			err = failure("the rows cannot be added")
		}
	}()
	if mapping.AppenderCreateExt(f.conn, schema, "main", table, &appender) == mapping.StateError {
		return failure(mapping.AppenderError(appender))
	}
	if n := int(mapping.AppenderColumnCount(appender)); n != len(sources) {
		return fmt.Errorf("the table %s has %d columns and should have %d", table, n, len(sources))
	}
	types := make([]mapping.LogicalType, len(sources))
	for i := range types {
		types[i] = mapping.AppenderColumnType(appender, mapping.IdxT(i))
	}
	defer func() {
		for i := range types {
			mapping.DestroyLogicalType(&types[i])
		}
	}()
	chunk := mapping.CreateDataChunk(types)
	defer mapping.DestroyDataChunk(&chunk)
	for from := 0; from < len(rows); from += vectorSize {
		some := rows[from:min(from+vectorSize, len(rows))]
		mapping.DataChunkReset(chunk)
		f.at, f.used = 0, 0
		for i, s := range sources {
			if err := f.fill(mapping.DataChunkGetVector(chunk, mapping.IdxT(i)), s, some, from); err != nil {
				return err
			}
		}
		mapping.DataChunkSetSize(chunk, mapping.IdxT(len(some)))
		if mapping.AppendDataChunk(appender, chunk) == mapping.StateError {
			return failure(mapping.AppenderError(appender))
		}
	}
	if mapping.AppenderFlush(appender) == mapping.StateError {
		return failure(mapping.AppenderError(appender))
	}
	return nil
}

// text is DuckDB's string_t: a length, then the bytes, up to 12, or their first
// four and a pointer.
type text struct {
	length uint32
	bytes  [12]byte
}

// fill writes the vector of a column; from is the place of the first row.
func (f *feed) fill(v mapping.Vector, s source, rows [][]any, from int) error {
	mapping.VectorEnsureValidityWritable(v)
	valid := unsafe.Slice((*uint64)(mapping.VectorGetValidity(v)), (len(rows)+63)/64)
	data := mapping.VectorGetData(v)
	switch {
	case s.longs != nil:
		copy(unsafe.Slice((*int64)(data), len(rows)), s.longs[from:])
	case s.reals != nil:
		copy(unsafe.Slice((*float64)(data), len(rows)), s.reals[from:])
	case s.from < 0 && s.fixed == nil:
		clear(valid)
	case s.kind == kql.String || s.kind == kql.Dynamic || s.kind == kql.Guid || s.kind == kql.Unknown:
		return f.texts(unsafe.Slice((*text)(data), len(rows)), valid, s, rows)
	case s.kind == kql.Bool:
		return values(unsafe.Slice((*bool)(data), len(rows)), valid, s, rows, toBool)
	case s.kind == kql.Int:
		return values(unsafe.Slice((*int32)(data), len(rows)), valid, s, rows, toInt)
	case s.kind == kql.Real || s.kind == kql.Decimal:
		return values(unsafe.Slice((*float64)(data), len(rows)), valid, s, rows, toReal)
	default:
		return values(unsafe.Slice((*int64)(data), len(rows)), valid, s, rows, toLong)
	}
	return nil
}

func values[T any](to []T, valid []uint64, s source, rows [][]any, convert func(any) (T, bool)) error {
	for i, row := range rows {
		v := s.fixed
		if s.from >= 0 {
			v = row[s.from]
		}
		if v == nil {
			valid[i/64] &^= 1 << (i % 64)
			continue
		}
		var ok bool
		if to[i], ok = convert(v); !ok {
			return &valueError{s.kind, v}
		}
	}
	return nil
}

func (f *feed) texts(to []text, valid []uint64, s source, rows [][]any) error {
	for i, row := range rows {
		v := s.fixed
		if s.from >= 0 {
			v = row[s.from]
		}
		t, ok := v.(string)
		if !ok && v != nil {
			return &valueError{s.kind, v}
		}
		if t == "" {
			valid[i/64] &^= 1 << (i % 64)
			continue
		}
		if !utf8.ValidString(t) {
			t = toValid(t) // the engine relies on it
		}
		d := &to[i]
		d.length, d.bytes = uint32(len(t)), [12]byte{}
		if len(t) <= len(d.bytes) {
			copy(d.bytes[:], t)
			continue
		}
		place := f.room(len(t))
		copy(place, t)
		copy(d.bytes[:4], t)
		*(*uintptr)(unsafe.Pointer(&d.bytes[4])) = uintptr(unsafe.Pointer(&place[0]))
	}
	return nil
}

// room is memory for a string until the chunk is taken.
func (f *feed) room(n int) []byte {
	for ; f.at < len(f.blocks); f.at, f.used = f.at+1, 0 {
		if b := f.blocks[f.at]; f.used+n <= len(b) {
			f.used += n
			return b[f.used-n : f.used]
		}
	}
	b := make([]byte, max(n, blockSize))
	f.pins.Pin(&b[0])
	f.blocks, f.used = append(f.blocks, b), n
	return b[:n]
}
