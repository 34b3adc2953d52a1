package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"reslog/client"
)

// arrowType is how a type is written to a Parquet file. Times keep their 100 ns;
// spans, dynamic values and GUIDs are text.
func arrowType(typ string) arrow.DataType {
	switch typ {
	case "bool":
		return arrow.FixedWidthTypes.Boolean
	case "int":
		return arrow.PrimitiveTypes.Int32
	case "long":
		return arrow.PrimitiveTypes.Int64
	case "real":
		return arrow.PrimitiveTypes.Float64
	case "datetime":
		return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	}
	return arrow.BinaryTypes.String
}

// printParquet writes a table as a Parquet file.
func printParquet(out io.Writer, t client.QueryTable) error {
	fields := make([]arrow.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	w, err := pqarrow.NewFileWriter(schema, out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd)), pqarrow.DefaultWriterProps())
	if err != nil {
		return fmt.Errorf("write the Parquet file: %w", err)
	}
	for _, row := range t.Rows {
		for i, v := range row {
			if err := appendValue(b.Field(i), v); err != nil {
				return fmt.Errorf("column %s: %w", t.Columns[i].Name, err)
			}
		}
	}
	record := b.NewRecordBatch()
	defer record.Release()
	if err := w.Write(record); err != nil {
		return fmt.Errorf("write the Parquet file: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("write the Parquet file: %w", err)
	}
	return nil
}

func appendValue(b array.Builder, v any) error {
	if v == nil {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		on, _ := v.(bool)
		b.Append(on)
	case *array.Int32Builder:
		n, err := wholeNumber(v)
		if err != nil {
			return err
		}
		b.Append(int32(n)) //nolint:gosec // an int has 32 bits
	case *array.Int64Builder:
		n, err := wholeNumber(v)
		if err != nil {
			return err
		}
		b.Append(n)
	case *array.Float64Builder:
		b.Append(number(v))
	case *array.TimestampBuilder:
		at, err := time.Parse(time.RFC3339Nano, cell(v))
		if err != nil {
			return err
		}
		if at.Year() < 1678 || at.Year() > 2261 {
			return fmt.Errorf("%s cannot be counted in nanoseconds: use another form", cell(v))
		}
		b.Append(arrow.Timestamp(at.UnixNano()))
	case *array.StringBuilder:
		b.Append(cell(v))
	}
	return nil
}

func wholeNumber(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%v is no number", v)
	}
	return n.Int64()
}
