package ingest

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"reslog/analytics/rows"
	"reslog/internal/httpapi"
	"reslog/kql"
	"reslog/resource"
)

// post is the Logs Ingestion API.
func (s *Server) post(w http.ResponseWriter, r *http.Request) error {
	parts := strings.Split(r.URL.Path[len(rulesPrefix):], "/")
	if len(parts) != 3 || !strings.EqualFold(parts[1], "streams") || parts[0] == "" || parts[2] == "" {
		return refuse(http.StatusNotFound, "NotFound", "The path leads nowhere: /dataCollectionRules/{immutableId}/streams/{stream} does.")
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method must be POST.")
	}
	rule, err := s.admit(r, parts[0])
	if err != nil {
		return err
	}
	switch version := r.URL.Query().Get("api-version"); {
	case version == "":
		return refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case version != "2023-01-01" && version != "2021-11-01-preview":
		return refuse(http.StatusBadRequest, "UnsupportedApiVersion", "The api-version '%.40s' is not supported: 2023-01-01 is.", version)
	}
	columns, flows, ok := rule.Stream(parts[2])
	if !ok {
		return refuse(http.StatusBadRequest, "InvalidStream", "The stream '%.100s' is not configured in the data collection rule '%s'.", parts[2], parts[0])
	}
	if mediaType(r) != "application/json" {
		return refuse(http.StatusBadRequest, "InvalidContentType", "The Content-Type must be application/json.")
	}
	leave, err := s.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	body, err := readBody(r, maxPost)
	if errors.Is(err, errTooLong) {
		return refuse(http.StatusRequestEntityTooLarge, "ContentLengthLimitExceeded", "Maximum allowed content length: %d bytes (1 MB), before compression.", maxPost)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidContent", "%s.", err)
	}
	for _, f := range flows {
		if err := s.flow(r, f, columns, body); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// admit authenticates a request and finds its rule.
func (s *Server) admit(r *http.Request, id string) (Rule, error) {
	deny := func(message string) (Rule, error) {
		e := refuse(http.StatusUnauthorized, "InvalidToken", "%s", message)
		e.challenge = true
		return Rule{}, e
	}
	token, ok := httpapi.BearerToken(r.Header.Get("Authorization"))
	if !ok {
		return deny("The request has no bearer token.")
	}
	caller, err := s.cfg.Auth.Authenticate(r.Context(), token)
	if err != nil {
		return deny("The access token is not valid: " + strings.TrimSuffix(err.Error(), ".") + ".")
	}
	rule, err := s.cfg.Rules.Rule(r.Context(), id)
	if errors.Is(err, resource.ErrNotFound) {
		return rule, refuse(http.StatusNotFound, "NotFound", "Data collection rule with immutable Id '%.100s' not found.", id)
	}
	if err != nil {
		return rule, err
	}
	if !s.cfg.Auth.MayPost(caller, rule.ID) {
		return rule, refuse(http.StatusForbidden, "OperationFailed",
			"The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '%.100s'. Assign the role Monitoring Metrics Publisher on the rule.", id)
	}
	return rule, nil
}

// flow stores the objects of a body in one table.
func (s *Server) flow(r *http.Request, f Flow, columns []kql.Column, body []byte) error {
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) == 0 || text[0] != '[' {
		return refuse(http.StatusBadRequest, "InvalidContent", "The body must be a JSON array of objects.")
	}
	b := rows.NewBuilder(rows.Config{Dedicated: true, Now: s.cfg.Now})
	stream := b.Stream(f.Table, columns)
	if err := rows.Elements(body, stream.Add); err != nil {
		return refuse(http.StatusBadRequest, "InvalidContent", "The body must be a JSON array of objects: %s.", err)
	}
	batch := b.Take()
	if f.Transform != "" && strings.TrimSpace(f.Transform) != "source" {
		var wrong *kql.Error
		out, err := f.To.Transform(r.Context(), f.Transform, f.Table, batch)
		if errors.As(err, &wrong) {
			return refuse(http.StatusBadRequest, "InvalidTransformOutput", "The transformation of the rule failed: %s.", err)
		}
		if err != nil {
			return err
		}
		batch = out
	}
	if len(batch) == 0 {
		return nil
	}
	return f.To.Append(r.Context(), batch)
}
