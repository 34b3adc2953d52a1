package arm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// The activity log has two events of a change, with one correlation id:
//
//	Started     on disk before anything is changed; a change that cannot be
//	            noted is refused and not made
//	Succeeded   or Failed, on disk before the answer leaves
//
// A change that was refused before it began has only Failed. A Started without
// an end is one during which the node died, or whose end could not be noted: the
// caller was told so.

// deed is what the activity log knows of a request.
type deed struct {
	known         bool   // who asks: else there is nothing to note
	begun         bool   // Started is noted
	action, scope string // what was asked for last, with authorize
	change        change
}

// change is what a write is about to change.
type change struct {
	// resource is the ID of what is changed; "" is the request's path.
	resource string
	// properties are shown with the event. Nothing secret may be in them.
	properties map[string]string
}

// event is a line of the journal.
type event struct {
	Time          time.Time         `json:"time"`
	ID            string            `json:"id"`
	Subscription  string            `json:"subscription,omitempty"`
	Correlation   string            `json:"correlation"`
	Request       string            `json:"request"` // operationId
	Status        string            `json:"status"`  // Started, Succeeded, Failed
	HTTPStatus    int               `json:"httpStatus,omitempty"`
	Code          string            `json:"code,omitempty"` // of a refusal
	Message       string            `json:"message,omitempty"`
	Action        string            `json:"action"`
	Scope         string            `json:"scope"`
	Resource      string            `json:"resource"`
	Properties    map[string]string `json:"properties,omitempty"`
	Caller        string            `json:"caller"`
	ObjectID      string            `json:"objectId,omitempty"`
	AppID         string            `json:"appId,omitempty"`
	TenantID      string            `json:"tenantId,omitempty"`
	CallerType    string            `json:"callerType,omitempty"`
	ClientIP      string            `json:"clientIp,omitempty"`
	ClientRequest string            `json:"clientRequest,omitempty"`
	Method        string            `json:"method"`
	URI           string            `json:"uri"` // without a query
}

// Bounds of what a caller can put into an event, in bytes.
const (
	maxMessage = 2000
	maxShown   = 2048
)

func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// record notes that a change begins. Handlers call it when all is checked, right
// before the change; when it fails nothing may be changed. Only the first call
// of a request notes something.
func (s *Server) record(_ context.Context, r *request, c change) error {
	if r.deed.begun {
		return nil
	}
	r.deed.change = c
	e := s.event(r)
	e.Status = "Started"
	if err := s.note(e); err != nil {
		s.cfg.Logger.Error("change refused: the activity log cannot be written", "path", r.target.path, "request", r.id, "err", err)
		return refuse(http.StatusInternalServerError, "ActivityLogUnavailable", "The change was not made: it could not be written to the activity log.")
	}
	r.deed.begun = true
	return nil
}

// conclude notes how a write ended, and returns the error that the client is
// told.
func (s *Server) conclude(r *request, status int, err error) error {
	if !r.deed.known || !r.isWrite() {
		return err
	}
	e := s.event(r)
	e.Status, e.HTTPStatus = "Succeeded", status
	if err != nil {
		e.Status, e.HTTPStatus, e.Code = "Failed", http.StatusInternalServerError, "InternalServerError"
		var refusal *apiError
		if errors.As(err, &refusal) {
			e.HTTPStatus, e.Code, e.Message = refusal.status, refusal.code, clip(refusal.message, maxMessage)
		}
		// Whoever may do nothing must not be able to fill the log, and so to stop
		// those who may do something.
		if !r.deed.begun && s.cfg.Journal.Use() > 0.5 {
			s.cfg.Logger.Warn("refused change is not in the activity log: it is half full", "path", r.target.path, "caller", e.Caller, "code", e.Code)
			return err
		}
	}
	noteErr := s.note(e)
	if noteErr == nil {
		return err
	}
	s.cfg.Logger.Error("the end of a change is not in the activity log", "path", r.target.path, "request", r.id, "err", noteErr)
	if err != nil {
		return err
	}
	return refuse(http.StatusInternalServerError, "ActivityLogUnavailable", "The change was made, but that it succeeded could not be written to the activity log.")
}

// event is what is known of a request so far.
func (s *Server) event(r *request) *event {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	uri := r.target.path
	if r.Host != "" { // a declaration has none
		uri = s.cfg.BaseURL(r.Request) + uri
	}
	c := r.caller
	return &event{
		Time: s.cfg.Now().UTC(), ID: s.cfg.NewID(), Subscription: strings.ToLower(r.target.subscription),
		Correlation: r.correlation, Request: r.id,
		Action:   cmp.Or(r.deed.action, r.presumed()),
		Scope:    clip(cmp.Or(r.deed.scope, r.target.path), maxShown),
		Resource: clip(cmp.Or(r.deed.change.resource, r.target.subject()), maxShown), Properties: r.deed.change.properties,
		Caller: cmp.Or(c.Name, c.AppID, c.ObjectID), ObjectID: c.ObjectID, AppID: c.AppID, TenantID: c.TenantID, CallerType: c.Type,
		ClientIP: host, ClientRequest: r.clientID(), Method: r.Method, URI: clip(uri, 2*maxShown),
	}
}

// subject is the path of what an action is on, or the path.
func (t *target) subject() string {
	if !t.provided || len(t.types) == 0 {
		return t.path
	}
	return t.resourcePath()
}

// presumed is the action of a request that was refused before it was asked for.
func (r *request) presumed() string {
	t := &r.target
	verb := map[string]string{http.MethodDelete: "delete", http.MethodPost: "action"}[r.Method]
	typ := "Microsoft.Resources/subscriptions"
	switch {
	case t.provided && t.namespace != "":
		typ = clip(t.fullType(), 500)
	case t.group != "":
		typ += "/resourceGroups"
	}
	return typ + "/" + cmp.Or(verb, "write")
}

// note writes an event to the journal.
func (s *Server) note(e *event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode an event of the activity log: %w", err)
	}
	return s.cfg.Journal.Append(line)
}
