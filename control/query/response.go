package query

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"reslog/internal/ticks"
	"reslog/kql"
)

// held is how much of an answer is kept before the first byte is sent: an error
// until then is an error, and not the end of an answer.
const held = 1 << 20

// response writes an answer while rows come: it is the Sink of a query.
type response struct {
	w    http.ResponseWriter
	out  io.Writer // w, compressed where the client takes it
	zip  *gzip.Writer
	buf  bytes.Buffer
	sent bool // something was: the answer can no longer be another

	tables  int
	rows    int
	columns []kql.Column
	render  *kql.Render
	sources []Workspace
}

func newResponse(w http.ResponseWriter, compress bool) *response {
	r := &response{w: w, out: w}
	if compress {
		r.zip = gzip.NewWriter(w)
		r.out = r.zip
	}
	return r
}

// Table implements Sink.
func (r *response) Table(name string, columns []kql.Column, render *kql.Render) error {
	if r.tables > 0 {
		r.buf.WriteString("]},")
	} else {
		r.buf.WriteString(`{"tables":[`)
	}
	r.tables++
	r.rows, r.columns = 0, columns
	if r.render == nil {
		r.render = render
	}
	r.buf.WriteString(`{"name":`)
	r.text(name)
	r.buf.WriteString(`,"columns":[`)
	for i, c := range columns {
		if i > 0 {
			r.buf.WriteByte(',')
		}
		r.buf.WriteString(`{"name":`)
		r.text(c.Name)
		r.buf.WriteString(`,"type":"` + c.Type.String() + `"}`)
	}
	r.buf.WriteString(`],"rows":[`)
	return nil
}

// Row implements Sink.
func (r *response) Row(values []any) error {
	if r.rows > 0 {
		r.buf.WriteByte(',')
	}
	r.rows++
	r.buf.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			r.buf.WriteByte(',')
		}
		r.value(r.columns[i].Type, v)
	}
	r.buf.WriteByte(']')
	if r.buf.Len() < held {
		return nil
	}
	return r.flush()
}

// value writes one value as the service does: dynamic as text, times in ISO
// 8601, null for what has no value.
func (r *response) value(t kql.Type, v any) {
	b := r.buf.AvailableBuffer()
	switch v := v.(type) {
	case nil:
		if t == kql.String {
			b = append(b, `""`...)
		} else {
			b = append(b, "null"...)
		}
	case bool:
		b = strconv.AppendBool(b, v)
	case int64:
		switch t {
		case kql.Datetime:
			// FormatDate has all seven digits; the service leaves out zeros at the end.
			b = ticks.Time(v).AppendFormat(append(b, '"'), "2006-01-02T15:04:05.9999999Z")
			b = append(b, '"')
		case kql.Timespan:
			b = append(append(b, '"'), ticks.FormatSpan(v)...)
			b = append(b, '"')
		default:
			b = strconv.AppendInt(b, v, 10)
		}
	case float64:
		b = appendReal(b, t, v)
	case string:
		r.text(v)
		return
	}
	r.buf.Write(b)
}

func appendReal(b []byte, t kql.Type, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	case t == kql.Decimal:
		b = append(b, '"')
		b = strconv.AppendFloat(b, v, 'f', -1, 64)
		return append(b, '"')
	}
	n := len(b)
	b = strconv.AppendFloat(b, v, 'g', -1, 64)
	if !bytes.ContainsAny(b[n:], ".eE") {
		b = append(b, ".0"...) // a real stays one for clients that look at the text
	}
	return b
}

// text writes a JSON string.
func (r *response) text(s string) {
	data, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil { // a string always encodes
		data = []byte(`""`)
	}
	r.buf.Write(data)
}

// flush sends what is there.
func (r *response) flush() error {
	if !r.sent {
		r.sent = true
		h := r.w.Header()
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Vary", "Accept-Encoding")
		if r.zip != nil {
			h.Set("Content-Encoding", "gzip")
		}
		r.w.WriteHeader(http.StatusOK)
	}
	_, err := r.out.Write(r.buf.Bytes())
	r.buf.Reset()
	return err
}

// end writes what is behind the rows.
func (r *response) end(p prefer, stats Stats, partial *apiError) {
	if r.tables == 0 {
		r.buf.WriteString(`{"tables":[`)
	} else {
		r.buf.WriteString("]}")
	}
	r.buf.WriteByte(']')
	if p.render {
		r.property("render", renderOf(r.render))
	}
	if p.statistics {
		r.property("statistics", statisticsOf(stats))
	}
	if p.dataSources {
		r.property("dataSources", sourcesOf(r.sources))
	}
	if partial != nil {
		r.property("error", partial)
	}
	r.buf.WriteByte('}')
	// Whoever waits for the rest has gone when it cannot be written.
	_ = r.flush()
	if r.zip != nil {
		_ = r.zip.Close()
	}
}

func (r *response) property(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil { // plain fields
		return
	}
	r.buf.WriteString(`,"` + name + `":`)
	r.buf.Write(data)
}

// renderOf is the visualization that a query asks for; without one its kind is null.
func renderOf(render *kql.Render) map[string]any {
	m := map[string]any{}
	for _, name := range []string{"visualization", "title", "accumulate", "isQuerySorted", "kind", "legend", "series", "xColumn", "xTitle", "xAxis", "yAxis", "yColumns", "ySplit", "yTitle", "yMin", "yMax", "anomalyColumns"} {
		m[name] = nil
	}
	m["accumulate"], m["isQuerySorted"] = false, false
	if render == nil {
		return m
	}
	m["visualization"] = render.Kind
	for name, value := range render.Properties {
		shown := name
		for known := range m {
			if strings.EqualFold(known, name) {
				shown = known
			}
		}
		switch {
		case strings.EqualFold(name, "accumulate"):
			m[shown] = strings.EqualFold(value, "true")
		case strings.EqualFold(name, "series"), strings.EqualFold(name, "ycolumns"), strings.EqualFold(name, "anomalycolumns"):
			var list []string
			for part := range strings.SplitSeq(value, ",") {
				list = append(list, strings.TrimSpace(part))
			}
			m[shown] = list
		default:
			m[shown] = value
		}
	}
	return m
}

func span(d time.Duration) string { return ticks.FormatSpan(d.Nanoseconds() / 100) }

// statisticsOf is as "Prefer options" of the API's documentation has it.
func statisticsOf(s Stats) map[string]any {
	return map[string]any{"query": map[string]any{
		"executionTime": s.Elapsed.Seconds(),
		"resourceUsage": map[string]any{
			"cache":  map[string]any{}, // the engine does not count what it finds in memory
			"cpu":    map[string]any{"user": span(s.User), "kernel": span(s.Kernel), "total cpu": span(s.User + s.Kernel)},
			"memory": map[string]any{"peak_per_node": s.PeakMemory},
		},
		"inputDatasetStatistics": map[string]any{"rows": map[string]any{"scanned": s.ScannedRows}},
		"datasetStatistics":      []any{map[string]any{"table_row_count": s.Rows, "table_size": s.Bytes}},
	}}
}

func sourcesOf(list []Workspace) []any {
	var out []any
	for _, ws := range list {
		out = append(out, map[string]any{"resourceId": ws.Resource.String(), "customerId": ws.ID, "region": ws.Location})
	}
	return out
}
