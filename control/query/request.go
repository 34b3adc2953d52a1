package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"reslog/kql"
)

// asked is a query as it was sent.
type asked struct {
	text       string
	span       kql.TimeRange
	workspaces []string
	prefer     prefer
	gzip       bool
}

// body is the JSON of a query.
type body struct {
	Query      string   `json:"query"`
	Timespan   string   `json:"timespan"`
	Workspaces []string `json:"workspaces"`
}

// prefer is the Prefer header.
type prefer struct {
	wait               time.Duration
	statistics, render bool
	dataSources        bool
	explain            bool // an extension: the SQL instead of rows
}

func (s *Server) readQuery(r *http.Request) (asked, error) {
	var b body
	params := r.URL.Query()
	if r.Method == http.MethodPost {
		data, err := readBody(r)
		if err != nil {
			return asked{}, err
		}
		if err := json.Unmarshal(data, &b); err != nil {
			return asked{}, invalid("body", "it is no JSON object of a query: %s", jsonProblem(err))
		}
	}
	if q := params.Get("query"); q != "" && b.Query == "" {
		b.Query = q
	}
	b.Workspaces = append(b.Workspaces, splitList(params, "workspaces")...)
	q, err := s.complete(b, r.Header.Get("Prefer"))
	if err != nil {
		return q, err
	}
	// A timespan may stand in the URL and the body: what is in both counts.
	span, err := parseSpan(params.Get("timespan"), s.cfg.Now())
	if err != nil {
		return q, invalid("timespan", "%s", err)
	}
	q.span = intersect(q.span, span)
	q.gzip = acceptsGzip(r.Header.Get("Accept-Encoding"))
	return q, nil
}

// complete checks a body and the preferences.
func (s *Server) complete(b body, preferences string) (asked, error) {
	q := asked{text: b.Query, workspaces: b.Workspaces}
	if strings.TrimSpace(b.Query) == "" {
		return q, invalid("query", "it is missing or empty")
	}
	var err error
	if q.span, err = parseSpan(b.Timespan, s.cfg.Now()); err != nil {
		return q, invalid("timespan", "%s", err)
	}
	q.prefer, err = s.parsePrefer(preferences)
	return q, err
}

// parsePrefer reads the Prefer header; what is not known is ignored, as HTTP
// wants it.
func (s *Server) parsePrefer(header string) (prefer, error) {
	p := prefer{wait: s.cfg.DefaultWait}
	for part := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ',' || r == ';' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		on := !strings.EqualFold(value, "false")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "wait":
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 1 {
				return p, invalid("Prefer", "wait=%.20s is no number of seconds", value)
			}
			p.wait = min(time.Duration(seconds)*time.Second, s.cfg.MaxWait)
		case "include-statistics":
			p.statistics = on
		case "include-render":
			p.render = on
		case "include-datasources":
			p.dataSources = on
		case "explain":
			p.explain = on
		}
	}
	return p, nil
}

func readBody(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "BadArgumentError", "The body of the request could not be read")
	}
	if len(data) > maxBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The body of a query has at most %d bytes", maxBody)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}

func jsonProblem(err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return "it breaks off at byte " + strconv.FormatInt(syntax.Offset, 10)
	case errors.As(err, &typ):
		return "the property " + clip(typ.Field) + " is a " + typ.Value
	}
	return "it cannot be read"
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return !slices.Contains([]string{"q=0", "q=0.0", "q=0.00", "q=0.000"}, strings.ReplaceAll(q, " ", ""))
		}
	}
	return false
}

// query runs a query and writes what it gives.
func (s *Server) query(ctx context.Context, w http.ResponseWriter, caller Caller, to route, q asked, id string) error {
	list, err := s.workspaces(ctx, caller, to, q.workspaces)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		// The logs of the resource go to no workspace: there is nothing to ask.
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, q.prefer.wait)
	defer cancel()
	o := Observation{Result: ResultOK}
	if !q.prefer.explain {
		start := time.Now()
		defer func() {
			o.Elapsed = time.Since(start)
			s.cfg.Observe(o)
		}()
	}
	leave, err := s.limits.enter(ctx, caller)
	if err != nil {
		o.Result = resultOf(err)
		return queryError(err)
	}
	defer leave()
	request := Query{Text: q.text, Span: q.span, Measure: q.prefer.statistics, MaxRows: s.cfg.MaxRows, MaxBytes: s.cfg.MaxBytes}
	if to.what == whatResource {
		request.Resource = to.resource.String()
	}
	for _, ws := range list[1:] {
		request.Others = append(request.Others, ws.Data)
	}
	if q.prefer.explain {
		return s.explain(ctx, w, list[0], request, id)
	}
	out := newResponse(w, q.gzip)
	o.Result = ResultFailed // unless it comes back
	stats, err := list[0].Data.Query(ctx, request, out)
	if o.Result, o.Rows = resultOf(err), stats.Rows; o.Result == ResultFailed && ctx.Err() != nil {
		o.Result = resultOf(ctx.Err()) // it could not be told to whoever asked
	}
	if err != nil && !out.sent {
		var partial *Partial
		if !errors.As(err, &partial) {
			return s.told(err, id)
		}
	}
	if q.prefer.dataSources {
		out.sources = list
	}
	out.end(q.prefer, stats, s.partial(err, id))
	return nil
}

// explain answers with what a query is turned into.
func (s *Server) explain(ctx context.Context, w http.ResponseWriter, ws Workspace, q Query, id string) error {
	text, err := ws.Data.Explain(ctx, q)
	if err != nil {
		return s.told(err, id)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(map[string]any{"tables": []any{}, "explain": text})
}

// told logs what the client is not told, and returns what it is.
func (s *Server) told(err error, id string) *apiError {
	e := queryError(err)
	if e.Status == http.StatusInternalServerError {
		s.cfg.Logger.Error("query failed", "id", id, "err", err)
	}
	return e
}

// partial is the error at the end of an answer whose rows are right and not all.
func (s *Server) partial(err error, id string) *apiError {
	if err == nil {
		return nil
	}
	e := &apiError{Code: "PartialError", Message: "There were some errors when processing your query.", ID: id}
	var partial *Partial
	if errors.As(err, &partial) {
		e.Details = []detail{{Code: partial.Code, Message: partial.Message}}
		return e
	}
	inner := s.told(err, id)
	e.Details = []detail{{Code: inner.Code, Message: inner.Message}}
	return e
}
