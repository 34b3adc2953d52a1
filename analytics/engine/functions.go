//go:build cgo

package engine

/*
#include <stdint.h>
#include <stdlib.h>

int reslog_assign_strings(void *vector, uint64_t first, uint64_t n, const char *text, const uint64_t *ends, const uint8_t *null);
void reslog_scalar_call(void *, void *, void *);
void reslog_scalar_drop(void *);
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/cgo"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"reslog/kql"
	"reslog/kql/scalar"
)

// register registers the Go functions by way of a connection of the driver. The
// driver's own way calls a function for a row at a time through three layers; here
// a function gets the vectors of a chunk of 2048 rows.
func register(driverConn any) error {
	conn, err := Handle(driverConn)
	if err != nil {
		return fmt.Errorf("register functions: %w", err)
	}
	for _, f := range scalar.Functions() {
		if err := registerOne(conn, f); err != nil {
			return err
		}
	}
	return nil
}

// Handle is the connection of DuckDB below one of the driver, which does not hand it
// out: its field is read by name, which fails when there is another one some day.
func Handle(driverConn any) (mapping.Connection, error) {
	if _, ok := driverConn.(*duckdb.Conn); !ok {
		return mapping.Connection{}, fmt.Errorf("the connection is a %T", driverConn)
	}
	field := reflect.ValueOf(driverConn).Elem().FieldByName("conn")
	if !field.IsValid() || field.Type() != reflect.TypeFor[mapping.Connection]() {
		return mapping.Connection{}, errors.New("this version of the driver keeps its connection elsewhere")
	}
	return mapping.Connection{Ptr: field.FieldByName("Ptr").UnsafePointer()}, nil
}

func registerOne(conn mapping.Connection, f scalar.Func) error {
	function := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&function)
	mapping.ScalarFunctionSetName(function, f.Name)
	for _, t := range f.Params {
		withType(t, func(l mapping.LogicalType) { mapping.ScalarFunctionAddParameter(function, l) })
	}
	if f.Variadic != kql.Unknown {
		withType(f.Variadic, func(l mapping.LogicalType) { mapping.ScalarFunctionSetVarargs(function, l) })
	}
	withType(f.Returns, func(l mapping.LogicalType) { mapping.ScalarFunctionSetReturnType(function, l) })
	// A function sees nulls, and decides.
	mapping.ScalarFunctionSetSpecialHandling(function)
	handle := (*cgo.Handle)(C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0)))))
	*handle = cgo.NewHandle(f)
	mapping.ScalarFunctionSetExtraInfo(function, unsafe.Pointer(handle), C.reslog_scalar_drop)
	mapping.ScalarFunctionSetFunction(function, C.reslog_scalar_call)
	if mapping.RegisterScalarFunction(conn, function) == mapping.StateError {
		return fmt.Errorf("register the function %s: the engine refuses it", f.Name)
	}
	return nil
}

// withType calls use with DuckDB's type for t.
func withType(t kql.Type, use func(mapping.LogicalType)) {
	l := mapping.CreateLogicalType(typeOf(t))
	defer mapping.DestroyLogicalType(&l)
	use(l)
}

func typeOf(t kql.Type) mapping.Type {
	switch t {
	case kql.Bool:
		return mapping.TypeBoolean
	case kql.Int:
		return mapping.TypeInteger
	case kql.Long, kql.Datetime, kql.Timespan:
		return mapping.TypeBigInt
	case kql.Real, kql.Decimal:
		return mapping.TypeDouble
	default:
		return mapping.TypeVarchar
	}
}

//export reslog_scalar_drop
func reslog_scalar_drop(p unsafe.Pointer) {
	(*cgo.Handle)(p).Delete()
	C.free(p)
}

//export reslog_scalar_call
func reslog_scalar_call(info, input, output unsafe.Pointer) {
	functionInfo := mapping.FunctionInfo{Ptr: info}
	f := (*cgo.Handle)(mapping.ScalarFunctionGetExtraInfo(functionInfo)).Value().(scalar.Func)
	defer func() {
		if r := recover(); r != nil {
			mapping.ScalarFunctionSetError(functionInfo, fmt.Sprintf("the function %s failed: %v", f.Name, r))
		}
	}()
	apply(f, mapping.DataChunk{Ptr: input}, mapping.Vector{Ptr: output})
}

// apply calls f for every row of a chunk.
func apply(f scalar.Func, in mapping.DataChunk, to mapping.Vector) {
	rows := int(mapping.DataChunkGetSize(in))
	columns := make([]reader, mapping.DataChunkGetColumnCount(in))
	for i := range columns {
		t := f.Variadic
		if i < len(f.Params) {
			t = f.Params[i]
		}
		v := mapping.DataChunkGetVector(in, mapping.IdxT(i))
		if t == kql.String && f.Texts != nil {
			columns[i] = newTexts(v, rows)
			continue
		}
		columns[i] = newReader(t, v, rows)
	}
	out := newWriter(f.Returns, to, rows)
	if f.Texts != nil {
		applyTexts(f, columns, out)
		return
	}
	args := make([]any, len(columns))
	for row := range rows {
		for i := range columns {
			args[i] = columns[i].at(row)
		}
		out.set(row, f.Call(args))
	}
	out.done()
}

// applyTexts calls what f makes of the arguments behind the first for the text of
// every row, where it is and without a copy. These arguments are the same for most
// rows, and mostly for all.
func applyTexts(f scalar.Func, columns []reader, out *writer) {
	texts, others, results := &columns[0], columns[1:], out.bools()
	args := make([]any, len(others))
	for row := 0; row < out.rows; {
		end := out.rows
		for i := range others {
			args[i], end = others[i].at(row), others[i].run(row, end)
		}
		call := f.Texts(args)
		for ; row < end; row++ {
			var t []byte
			if !texts.isNull(row) {
				t = texts.texts[row].bytes()
			}
			var known bool
			if results[row], known = call(t); !known {
				out.setNull(row)
			}
		}
	}
}

// assign sets the strings of a vector that are not null, from the one with index
// first.
func assign(v mapping.Vector, first int, text []byte, ends []uint64, null []uint8) {
	ok := C.reslog_assign_strings(v.Ptr, C.uint64_t(first), C.uint64_t(len(ends)), (*C.char)(unsafe.Pointer(unsafe.SliceData(text))),
		(*C.uint64_t)(unsafe.SliceData(ends)), (*C.uint8_t)(unsafe.SliceData(null)))
	if ok == 0 {
		panic(errNoMemory)
	}
}

// errNoMemory is what a function fails with when the engine has no memory for its
// results. The engine hands on no more than the text.
var errNoMemory = errors.New("no memory for strings")
