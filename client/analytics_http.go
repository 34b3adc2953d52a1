package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"reslog/internal/urlerr"
)

// analyticsAPI is the x-ms-version the settings are read and written with: the
// first that has them, and every account still accepts it.
const analyticsAPI = "2009-09-19"

// GetAnalytics returns the logging and metrics settings of a service.
func (a *Account) GetAnalytics(ctx context.Context, service Service) (*AnalyticsSettings, error) {
	body, err := a.serviceProperties(ctx, service, propertiesCall{http.MethodGet, analyticsAPI, nil, http.StatusOK})
	if err != nil {
		return nil, fmt.Errorf("get %s service properties: %w", service, err)
	}
	return Deserialize(body)
}

// SetAnalytics replaces the logging and metrics settings of a service. The
// settings it does not speak of, such as CORS rules, stay.
func (a *Account) SetAnalytics(ctx context.Context, service Service, s *AnalyticsSettings) error {
	body, err := s.Serialize()
	if err != nil {
		return fmt.Errorf("set %s service properties: %w", service, err)
	}
	if _, err := a.serviceProperties(ctx, service, propertiesCall{http.MethodPut, analyticsAPI, body, http.StatusAccepted}); err != nil {
		return fmt.Errorf("set %s service properties: %w", service, err)
	}
	return nil
}

// propertiesCall is a request about service properties.
type propertiesCall struct {
	method  string
	version string // x-ms-version
	body    []byte
	want    int // HTTP status
}

// serviceProperties sends one request, signed with Shared Key, or Shared Key
// Lite for tables, or carrying the shared access signature.
func (a *Account) serviceProperties(ctx context.Context, service Service, c propertiesCall) ([]byte, error) {
	endpoint, ok := a.Endpoints[service]
	if !ok {
		return nil, fmt.Errorf("the connection string names no %s endpoint", service)
	}
	query := "?comp=properties&restype=service&timeout=30"
	if a.SAS != "" {
		query += "&" + a.SAS
	}
	r, err := http.NewRequestWithContext(ctx, c.method, endpoint+"/"+query, bytes.NewReader(c.body))
	if err != nil {
		return nil, errors.New("the endpoint is not a URL")
	}
	r.Header.Set("x-ms-version", c.version)
	r.Header.Set("x-ms-date", a.now().UTC().Format(http.TimeFormat))
	if c.body != nil {
		r.Header.Set("Content-Type", "application/xml")
		r.Header.Set("Content-Length", strconv.Itoa(len(c.body)))
	} else {
		r.Body = http.NoBody
	}
	switch {
	case a.SAS != "":
	case service == Table:
		a.signLite(r)
	default:
		a.sign(r)
	}
	resp, err := a.http().Do(r)
	if err != nil {
		return nil, urlerr.Cause(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxPropertiesSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != c.want {
		return nil, newServiceError(resp, answer)
	}
	return answer, nil
}

// ServiceError is a refusal by a storage service.
type ServiceError struct {
	Status    int    // HTTP status
	Code      string // "AuthenticationFailed"; "" when the answer has none
	Reason    string // what the service adds to its message; may be ""
	RequestID string
}

func (e *ServiceError) Error() string {
	code := e.Code
	if code == "" {
		code = http.StatusText(e.Status)
	}
	text := fmt.Sprintf("the service answered %d %s", e.Status, code)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

func newServiceError(resp *http.Response, body []byte) *ServiceError {
	e := &ServiceError{
		Status:    resp.StatusCode,
		Code:      resp.Header.Get("x-ms-error-code"),
		RequestID: resp.Header.Get("x-ms-request-id"),
	}
	var x struct {
		Code   string `xml:"Code"`
		OData  string `xml:"code"`
		Reason string `xml:"Reason"`
		Detail string `xml:"AuthenticationErrorDetail"`
	}
	// A body that is no XML leaves the status, which is enough.
	if err := xml.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &x); err == nil {
		for _, code := range []string{x.Code, x.OData} {
			if e.Code == "" {
				e.Code = code
			}
		}
		e.Reason = x.Reason
		if e.Reason == "" {
			// What follows the first sentence is the text that was to be signed.
			e.Reason, _, _ = strings.Cut(x.Detail, " Server used following")
		}
	}
	return e
}
