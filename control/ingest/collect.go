package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"reslog/analytics/rows"
	"reslog/resource"
)

// clockSkew is how old a signature may be, and how far ahead.
const clockSkew = 15 * time.Minute

// logTypeForm are the names that Log-Type may have.
var logTypeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)

// collect is the HTTP Data Collector API.
func (s *Server) collect(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method must be POST.")
	}
	version := r.URL.Query().Get("api-version")
	switch {
	case version == "":
		return refuse(http.StatusBadRequest, "MissingApiVersion", "The API version wasn't specified.")
	case version != "2016-04-01":
		return refuse(http.StatusBadRequest, "InvalidApiVersion", "The specified API version wasn't recognized by the service.")
	case r.Header.Get("Content-Type") == "":
		return refuse(http.StatusBadRequest, "MissingContentType", "The content type wasn't specified.")
	case mediaType(r) != "application/json":
		return refuse(http.StatusBadRequest, "UnsupportedContentType", "The content type wasn't set to application/json.")
	}
	to, err := s.signed(r)
	if err != nil {
		return err
	}
	logType := r.Header.Get("Log-Type")
	switch {
	case logType == "":
		return refuse(http.StatusBadRequest, "MissingLogType", "The value required for the Log-Type header wasn't specified.")
	case !logTypeForm.MatchString(logType):
		return refuse(http.StatusBadRequest, "InvalidLogType", "The specified log type contained special characters or numerics: it has letters, digits and underscores, at most 100, and begins with a letter.")
	}
	leave, err := s.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	body, err := readBody(r, maxCollected)
	if errors.Is(err, errTooLong) {
		return refuse(http.StatusRequestEntityTooLarge, "InvalidDataFormat", "The body has more than %d bytes.", maxCollected)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidDataFormat", "Invalid JSON was submitted: %s.", err)
	}
	if err := s.store(r, to, logType, body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// store makes rows of a body and appends them.
func (s *Server) store(r *http.Request, to Workspace, logType string, body []byte) error {
	var of resource.ID
	if id := r.Header.Get("x-ms-AzureResourceId"); id != "" {
		var err error
		if of, err = resource.Parse(id); err != nil {
			return refuse(http.StatusBadRequest, "InvalidResourceId", "The header x-ms-AzureResourceId is not the ID of a resource.")
		}
	}
	b := rows.NewBuilder(rows.Config{Now: s.cfg.Now})
	c := b.Collector(logType, rows.CollectorOptions{
		TimeField: r.Header.Get("time-generated-field"), Resource: of, Columns: to.Columns(logType + "_CL"),
	})
	if err := rows.Elements(body, c.Add); err != nil {
		return refuse(http.StatusBadRequest, "InvalidDataFormat", "Invalid JSON was submitted: %s.", err)
	}
	return to.Append(r.Context(), b.Take())
}

// signed verifies the signature of a request, which is over its length, type and
// date, and returns the workspace whose key made it.
func (s *Server) signed(r *http.Request) (Workspace, error) {
	denied := refuse(http.StatusForbidden, "InvalidAuthorization",
		"The service failed to authenticate the request. Verify that the workspace ID and connection key are valid, and that x-ms-date is the time of the request.")
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	id, signature, ok := strings.Cut(strings.TrimSpace(credential), ":")
	if !strings.EqualFold(scheme, "SharedKey") || !ok || len(id) > 64 || len(signature) > 128 {
		return nil, denied
	}
	sent, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return nil, denied
	}
	date := r.Header.Get("x-ms-date")
	at, err := http.ParseTime(date)
	if age := s.cfg.Now().Sub(at); err != nil || age > clockSkew || age < -clockSkew {
		return nil, denied
	}
	to, keys, err := s.cfg.Workspaces.Workspace(r.Context(), id)
	if errors.Is(err, resource.ErrNotFound) {
		return nil, denied // who has no key does not learn which workspaces there are
	}
	if err != nil {
		return nil, err
	}
	text := "POST\n" + strconv.FormatInt(r.ContentLength, 10) + "\n" + r.Header.Get("Content-Type") + "\nx-ms-date:" + date + "\n" + collectorPath
	for _, key := range keys {
		secret, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(secret) == 0 {
			continue
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		if hmac.Equal(mac.Sum(nil), sent) {
			return to, nil
		}
	}
	return nil, denied
}
