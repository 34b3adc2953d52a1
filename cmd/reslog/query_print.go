package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"reslog/client"
)

// outputForms are the forms in which rows are printed.
func outputForms() []string { return []string{"table", "csv", "tsv", "json", "jsonl", "parquet"} }

// print writes a result in the form that was asked for.
func (f *queryFlags) print(out io.Writer, result client.QueryResult) (err error) {
	if f.output == "parquet" && len(result.Tables) != 1 {
		return fmt.Errorf("a Parquet file has one table and the query gives %d: ask for one", len(result.Tables))
	}
	if f.outFile != "" {
		file, createErr := os.Create(f.outFile)
		if createErr != nil {
			return fmt.Errorf("write the rows: %w", createErr)
		}
		defer func() {
			if closeErr := file.Close(); err == nil && closeErr != nil {
				err = fmt.Errorf("write the rows: %w", closeErr)
			}
		}()
		out = file
	}
	buffered := bufio.NewWriterSize(out, 64<<10)
	for i, t := range result.Tables {
		if i > 0 && f.output != "jsonl" {
			fmt.Fprintln(buffered)
		}
		if err := f.printTable(buffered, t, result.Render); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func (f *queryFlags) printTable(out *bufio.Writer, t client.QueryTable, render *client.QueryRender) error {
	switch f.output {
	case "csv":
		return printSeparated(out, t, ',')
	case "tsv":
		return printSeparated(out, t, '\t')
	case "json":
		return printObjects(out, t, false)
	case "jsonl":
		return printObjects(out, t, true)
	case "parquet":
		return printParquet(out, t)
	}
	if !f.noChart && render != nil && drawChart(out, t, render) {
		return nil
	}
	return printAligned(out, t)
}

// cell is a value as text.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(v)
}

func printSeparated(out io.Writer, t client.QueryTable, separator rune) error {
	w := csv.NewWriter(out)
	w.Comma = separator
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.Name
	}
	if err := w.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, v := range row {
			record[i] = cell(v)
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// printObjects prints rows as JSON objects, the columns in their order; dynamic
// values are JSON.
func printObjects(out io.Writer, t client.QueryTable, lines bool) error {
	before, between, after := "[\n ", ",\n ", "\n]\n"
	if lines {
		before, between, after = "", "\n", "\n"
	}
	var b bytes.Buffer
	for n, row := range t.Rows {
		b.Reset()
		if n == 0 {
			b.WriteString(before)
		} else {
			b.WriteString(between)
		}
		if err := appendObject(&b, t.Columns, row); err != nil {
			return err
		}
		if _, err := out.Write(b.Bytes()); err != nil {
			return err
		}
	}
	switch {
	case len(t.Rows) > 0:
	case lines:
		return nil
	default:
		after = "[]\n"
	}
	_, err := io.WriteString(out, after)
	return err
}

func appendObject(b *bytes.Buffer, columns []client.QueryColumn, row []any) error {
	b.WriteByte('{')
	for i, v := range row {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(columns[i].Name)
		if err != nil {
			return err
		}
		b.Write(name)
		b.WriteByte(':')
		if text, isText := v.(string); isText && columns[i].Type == "dynamic" && json.Valid([]byte(text)) {
			b.WriteString(text)
			continue
		}
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return nil
}

// maxWidth is how wide a column of a table gets before its values are cut.
const maxWidth = 60

// printAligned prints a table for people: numbers at the right, long values cut.
func printAligned(out io.Writer, t client.QueryTable) error {
	texts := make([][]string, 0, len(t.Rows)+1)
	header := make([]string, len(t.Columns))
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		header[i] = plain(c.Name)
		widths[i] = utf8.RuneCountInString(header[i])
	}
	for _, row := range t.Rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = shorten(plain(cell(v)), max(maxWidth, utf8.RuneCountInString(header[i])))
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
		texts = append(texts, line)
	}
	write := func(line []string) error {
		var b strings.Builder
		for i, text := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if isNumeric(t.Columns[i].Type) {
				text, pad = pad, text
			}
			b.WriteString(text + pad)
			if i < len(line)-1 {
				b.WriteString("  ")
			}
		}
		_, err := fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
		return err
	}
	if err := write(header); err != nil {
		return err
	}
	rules := make([]string, len(widths))
	for i, w := range widths {
		rules[i] = strings.Repeat("-", w)
	}
	if err := write(rules); err != nil {
		return err
	}
	for _, line := range texts {
		if err := write(line); err != nil {
			return err
		}
	}
	return nil
}

func isNumeric(typ string) bool {
	return typ == "int" || typ == "long" || typ == "real" || typ == "decimal"
}

func shorten(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}
