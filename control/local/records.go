package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"reslog/bus"
	"reslog/catalog"
	"reslog/record"
	"reslog/resource"
)

// records streams live records until the client goes: one JSON object a line,
// {"resource":…,"category":…,"id":…,"record":{…}} or, where the client was too
// slow, {"missed":n}. The answer's head leaves when the stream has begun, so
// whatever is recorded after the client saw it arrives.
func (s *server) records(w http.ResponseWriter, r *http.Request) {
	f, err := newFilter(r.URL.Query())
	if err != nil {
		s.fail(w, err)
		return
	}
	reader, err := s.cfg.Records.Tail(r.Context(), f.want)
	if err != nil {
		s.fail(w, err)
		return
	}
	defer reader.Close()
	s.cfg.Following.Add(1)
	defer s.cfg.Following.Add(-1)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for err = out.Flush(); err == nil; {
		var batch bus.Batch
		if batch, err = reader.Next(r.Context()); err != nil {
			break
		}
		if lines := f.render(batch); len(lines) > 0 {
			if _, err = w.Write(lines); err == nil {
				err = out.Flush()
			}
		}
	}
	// The client or the node going away is how a stream ends.
	if r.Context().Err() == nil && !errors.Is(err, context.Canceled) && !errors.Is(err, bus.ErrClosed) {
		s.cfg.Logger.Debug("stream of records ended", "err", err)
	}
}

// filter selects records; empty fields select all.
type filter struct {
	resource  string // a part of the resource ID, or an account name, lower case
	service   string // the segment before the name of a storage service, "/queueservices/"
	category  record.Category
	operation string
	status    string // "404", "4xx", "BlobNotFound"
	text      []byte
}

func newFilter(q url.Values) (*filter, error) {
	f := &filter{}
	for name, values := range q {
		v := values[0]
		switch name {
		case "resource":
			f.resource = strings.ToLower(v)
		case "service":
			switch v = strings.ToLower(v); v {
			case "":
			case "blob", "queue", "table":
				f.service = "/" + v + "services/"
			default:
				return nil, &apiError{http.StatusBadRequest, "InvalidService", "service " + strconv.Quote(v) + " is not known: want one of blob, queue, table"}
			}
		case "category":
			c, ok := catalog.FindCategory(v)
			if v != "" && !ok {
				return nil, &apiError{http.StatusBadRequest, "InvalidCategory", "category " + strconv.Quote(v) + " is not known: want one of " + strings.Join(catalog.CategoryNames(), ", ")}
			}
			f.category = c
		case "operation":
			f.operation = v
		case "status":
			f.status = v
		case "text":
			f.text = []byte(v)
		default:
			return nil, &apiError{http.StatusBadRequest, "InvalidParameter", "parameter " + strconv.Quote(name) + " is not known"}
		}
	}
	return f, nil
}

// want is asked before a record is decoded.
func (f *filter) want(key resource.Key, c record.Category) bool {
	if f.category != "" && f.category != c {
		return false
	}
	if f.service != "" && !strings.Contains(string(key), f.service) {
		return false
	}
	return f.resource == "" || strings.Contains(string(key), f.resource)
}

// matches is asked with the record at hand.
func (f *filter) matches(line []byte) bool {
	if len(f.text) > 0 && !bytes.Contains(line, f.text) {
		return false
	}
	if f.operation == "" && f.status == "" {
		return true
	}
	var r struct {
		OperationName string          `json:"operationName"`
		StatusCode    json.RawMessage `json:"statusCode"`
		StatusText    string          `json:"statusText"`
	}
	if json.Unmarshal(line, &r) != nil {
		return false
	}
	if f.operation != "" && !strings.EqualFold(f.operation, r.OperationName) {
		return false
	}
	return f.status == "" || statusMatches(f.status, strings.Trim(string(r.StatusCode), `"`), r.StatusText)
}

// statusMatches takes a code ("404"), a class ("4xx") or a text ("BlobNotFound").
func statusMatches(want, code, text string) bool {
	if strings.EqualFold(want, code) || strings.EqualFold(want, text) {
		return true
	}
	return len(want) == 3 && len(code) == 3 && strings.EqualFold(want[1:], "xx") && want[0] == code[0]
}

func (f *filter) render(batch bus.Batch) []byte {
	var lines []byte
	if batch.Missed > 0 {
		lines = append(lines, `{"missed":`...)
		lines = strconv.AppendUint(lines, batch.Missed, 10)
		lines = append(lines, "}\n"...)
	}
	for _, e := range batch.Entries {
		r := &e.Record
		if !f.matches(r.Line) {
			continue
		}
		line, err := json.Marshal(struct {
			Resource resource.ID     `json:"resource"`
			Category record.Category `json:"category"`
			ID       string          `json:"id"`
			Record   json.RawMessage `json:"record"`
		}{r.Resource, r.Category, r.ID, r.Line})
		if err != nil {
			continue // a line that is no JSON: the deliveries report it
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines
}
