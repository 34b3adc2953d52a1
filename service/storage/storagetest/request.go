package storagetest

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"reslog/service/storage"
)

// Request is one request of a test. Path is below the account and may have a
// query; headers are "Name: value" lines.
type Request struct {
	Method    string
	Path      string
	Headers   []string
	Body      string
	Anonymous bool   // not signed: the query has a signature, or nobody asks
	Account   string // "" is Account
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Code is the code of an error, from the header.
func (a *Answer) Code() string { return a.Header.Get("X-Ms-Error-Code") }

// NewRequest makes a request, signed with the account's key unless anonymous.
func (s *Server) NewRequest(r Request) *http.Request {
	s.T.Helper()
	name := Account
	if r.Account != "" {
		name = r.Account
	}
	req, err := http.NewRequestWithContext(s.T.Context(), r.Method, s.Base+"/"+name+r.Path, strings.NewReader(r.Body))
	if err != nil {
		s.T.Fatal(err)
	}
	if r.Body == "" {
		req.Body = http.NoBody
	}
	for _, line := range r.Headers {
		k, v, _ := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(k, "x-ms-meta-"):
			req.Header[k] = append(req.Header[k], v) // in its own case
		case k == "Content-Type":
			req.Header.Set(k, v) // the last one counts
		default:
			req.Header.Add(k, v)
		}
	}
	if req.Header.Get("X-Ms-Version") == "" {
		req.Header.Set("X-Ms-Version", s.Version)
	}
	if s.Prepare != nil {
		s.Prepare(r, req.Header)
	}
	if !r.Anonymous {
		Sign(s.Kind, req, s.Accounts[name], s.Clock.Now())
	}
	return req
}

// Do sends a request.
func (s *Server) Do(r Request) *Answer {
	s.T.Helper()
	return s.do(http.DefaultTransport, r)
}

// AsSystem sends a request as the node itself.
func (s *Server) AsSystem(r Request) *Answer {
	s.T.Helper()
	r.Anonymous = true
	return s.do(storage.InProcess(s.Front), r)
}

func (s *Server) do(by http.RoundTripper, r Request) *Answer {
	s.T.Helper()
	res, err := by.RoundTrip(s.NewRequest(r))
	if err != nil {
		s.T.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	return s.Read(res)
}

// Read reads an answer whole.
func (s *Server) Read(res *http.Response) *Answer {
	s.T.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatalf("read answer: %v", err)
	}
	return &Answer{res.StatusCode, res.Header, string(body)}
}

// Want sends a request and demands a status, and an error code unless "".
func (s *Server) Want(status int, code string, r Request) *Answer {
	s.T.Helper()
	a := s.Do(r)
	if a.Status != status || a.Code() != code {
		s.T.Fatalf("%s %s %v: got %d %q, want %d %q\n%s", r.Method, r.Path, r.Headers, a.Status, a.Code(), status, code, a.Body)
	}
	if code != "" && s.CheckRefusal != nil {
		s.CheckRefusal(r, code, a)
	}
	return a
}

// OK sends a request and demands a status of success.
func (s *Server) OK(status int, method, path, body string, headers ...string) *Answer {
	s.T.Helper()
	return s.Want(status, "", Request{Method: method, Path: path, Body: body, Headers: headers})
}

// Refused sends a request and demands a refusal.
func (s *Server) Refused(status int, code, method, path, body string, headers ...string) *Answer {
	s.T.Helper()
	return s.Want(status, code, Request{Method: method, Path: path, Body: body, Headers: headers})
}

// WantHeader demands a header of an answer.
func (a *Answer) WantHeader(t testing.TB, name, want string) {
	t.Helper()
	if got := a.Header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}
