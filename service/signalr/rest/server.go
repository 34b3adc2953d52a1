package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"reslog/service/signalr/hub"
)

// The bounds of a request: of its headers, with its line, and of its body.
const (
	maxHeader = 16 << 10
	maxBody   = 1 << 20
)

// maxGroup is the length of a group's name, in characters.
const maxGroup = 1024

// api answers requests.
type api struct {
	Config
	routes []*route
}

// New makes the handler for everything below /api/.
func New(c Config) http.Handler {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &api{Config: c, routes: table()}
}

// call is a request that is answered now.
type call struct {
	*api
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context
	route *route
	query query
	// hub is the name of the hub that is meant, with its application.
	hub string
	// The parts of the path, "" where it has none.
	connection, user, group, stream string
	// answered says that the operation has written the answer.
	answered bool
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := bounds(r); f != nil {
		f.write(w)
		return
	}
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		err = bad("InvalidQuery", "", "The query string cannot be read.")
	}
	var rt *route
	var segments []string
	if err == nil {
		rt, segments, err = a.find(r, q)
	}
	if rt == nil || !rt.open {
		// Who is not known does not learn what there is.
		if refused := a.Accept(r); refused != nil {
			refused.write(w)
			return
		}
	}
	c := &call{api: a, w: w, r: r, ctx: r.Context(), route: rt, query: q}
	if err == nil {
		err = c.read(segments)
	}
	if err == nil {
		err = rt.run(c)
	}
	switch {
	case err != nil:
		c.fail(err)
	case !c.answered:
		w.WriteHeader(rt.Status)
	}
}

// bounds refuses what is too long.
func bounds(r *http.Request) *failure {
	if len(r.RequestURI) > maxHeader {
		return &failure{status: http.StatusRequestURITooLong, code: "UriTooLong", message: "The request's URL is longer than 16 KiB."}
	}
	size := 0
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	if size > maxHeader {
		return &failure{status: http.StatusRequestHeaderFieldsTooLarge, code: "HeadersTooLarge", message: "The request's headers are longer than 16 KiB."}
	}
	return nil
}

func (r *Refusal) write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.Status)
}

// read takes the names out of the path.
func (c *call) read(segments []string) error {
	p := c.route.parameters(segments)
	c.connection, c.user, c.group, c.stream = p["connection"], p["user"], p["group"], p["stream"]
	for _, name := range p {
		if !utf8.ValidString(name) {
			return bad("InvalidPath", "", "The path is not UTF-8.")
		}
	}
	name, named := p["hub"]
	if !named {
		return nil
	}
	if !validHub(name) {
		return bad("InvalidHubName", "hub", "Invalid hub name. Valid hub name should be in between 1 and 128 characters long. "+
			"The first character must be a letter, other characters can be letters, digits or the following symbols _`,.[]")
	}
	c.hub = name
	if app := c.query.get("application"); app != "" {
		if !validHub(app) {
			return bad("InvalidApplicationName", "application", "Invalid application name. It has the characters of a hub's name.")
		}
		// As the SDKs put it into the name of the hub that clients and servers connect to.
		c.hub = app + "_" + name
	}
	return checkGroup(p)
}

func checkGroup(p map[string]string) error {
	if g, ok := p["group"]; ok {
		return validGroup(g)
	}
	return nil
}

func validGroup(name string) error {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxGroup || !utf8.ValidString(name) {
		return bad("InvalidGroupName", "group", "Invalid group name. Valid group name should be in between 1 and 1024 characters long.")
	}
	return nil
}

// fail answers with an error.
func (c *call) fail(err error) {
	var f *failure
	var refused *refusedError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &refused):
		refused.refusal.write(c.w)
		return
	case errors.Is(err, hub.ErrNotFound):
		f = &failure{status: http.StatusNotFound, code: noConnection, message: "There is no such connection."}
	case errors.Is(err, hub.ErrTooManyGroups):
		f = bad("TooManyGroups", "connection", "The connection is in as many groups as it may be.")
	case errors.Is(err, hub.ErrFull):
		f = &failure{status: http.StatusTooManyRequests, code: "TooManyRequests", message: "The hub holds as much as it may. Try again later."}
	case errors.Is(err, hub.ErrTooLarge):
		f = tooLarge()
	case errors.Is(err, hub.ErrPeers):
		c.Logger.Warn("a request of the REST API was not answered by all nodes", "request", c.route.Name, "hub", c.hub, "error", err)
		f = &failure{status: http.StatusServiceUnavailable, code: "ServiceUnavailable", message: "Not all nodes have answered. Try again."}
	default:
		if c.ctx.Err() == nil {
			c.Logger.Error("a request of the REST API failed", "request", c.route.Name, "hub", c.hub, "error", err)
		}
		f = internal()
	}
	f.write(c.w)
}

// integer reads a query parameter, absent if it is not there.
func (c *call) integer(name string, low, high int64) (n int64, there bool, err error) {
	text := c.query.get(name)
	if text == "" {
		return 0, false, nil
	}
	n, ok := parseInteger(text)
	if !ok || n < low || n > high {
		return 0, true, bad("InvalidParameter", name, "The query parameter "+name+" is not a number in its range.")
	}
	return n, true, nil
}
