package storage

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// defaultTimeout is the longest a request takes when its operation says
// nothing, as the REST API reference documents.
const defaultTimeout = 30 * time.Second

// exchange is a request and its answer on their way through a Front: one
// allocation that everything about them lives in.
type exchange struct {
	front   *Front
	call    Call
	req     http.Request // a copy, whose body counts
	rw      ResponseWriter
	body    requestBody
	context callContext
	control http.ResponseController
	kept    *namesConn // the connection; nil when nobody keeps it, and of a request inside another

	address  address
	info     *accountInfo // nil until the account is known
	sas      *signature   // the verified signature, if there is one
	roles    []decision   // what the Authority was asked
	throttle bool         // refused by the Throttle

	started time.Time     // by the real clock
	limit   time.Duration // what the client's timeout allows, 0 when it said none
	closes  bool          // net/http will close the connection after the answer
	unread  bool          // because much of the body was not read
	ended   time.Time     // when the answer had left, if not just now
	head    int64         // what headSize says, 0 until somebody asks
	proved  bool          // authentication did not fail
	values  [3]string     // of headers that every answer has
	became  outcome       // of the request, once it is over
	announced
}

// newExchange sets what every answer needs, even to a request that names
// nothing.
func (f *Front) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{front: f, req: *r, started: time.Now()}
	c := &x.call
	c.Now = f.Now()
	c.Received = c.Now
	c.Service = f.kind
	c.Request, c.Response, c.ctx = &x.req, &x.rw, &x.context
	c.RequestID = f.NewRequestID()
	c.ClientRequestID = cut(first(r.Header, "X-Ms-Client-Request-Id"), maxLoggedHeader)
	x.control = *http.NewResponseController(w) // a copy, which is not allocated
	x.context.parent = r.Context()
	x.context.deadline = x.started.Add(defaultTimeout)
	x.body = requestBody{rc: r.Body, control: &x.control, ctx: &x.context, limit: 0}
	if r.Body == nil || r.Body == http.NoBody {
		x.body.rc, x.body.eof = http.NoBody, true
	}
	x.req.Body = &x.body
	x.rw.w, x.rw.call = w, x
	x.closes = r.ProtoAtLeast(1, 1) && headerHas(r.Header["Connection"], "close")
	if kept, _ := r.Context().Value(namesKey{}).(*namesConn); kept != nil {
		if x.req.TLS == nil {
			x.req.TLS = kept.tlsState()
		}
		if kept.begin() {
			x.kept = kept
		}
	}
	x.baseHeaders()
	return x
}

// baseHeaders sets the headers of every answer; the version is not known yet
// when it is called first.
func (x *exchange) baseHeaders() {
	h := x.rw.w.Header()
	x.values = [3]string{x.call.RequestID, string(x.call.Version), x.call.ClientRequestID}
	h["Server"] = x.front.serverHeader
	h["Date"] = x.front.dateHeader(x.call.Now)
	h["X-Ms-Request-Id"] = x.values[0:1:1]
	if x.values[1] != "" {
		h["X-Ms-Version"] = x.values[1:2:2]
	}
	if x.values[2] != "" && echoable(first(x.req.Header, "X-Ms-Client-Request-Id")) {
		h["X-Ms-Client-Request-Id"] = x.values[2:3:3]
	}
}

// admit does all that comes before the operation: address, version, identity,
// routing, permission, rate.
func (x *exchange) admit() error {
	f, c := x.front, &x.call
	var err error
	if x.address, err = f.locate(&x.req); err != nil {
		return err
	}
	x.info = f.info(x.address.account)
	c.Account, c.PathStyle, c.secondary = x.address.account, x.address.pathStyle, x.address.secondary
	c.Container, c.Name, c.ObjectKey = x.address.container, x.address.name, x.address.objectKey
	c.Path = x.address.below
	if c.Query, err = parseQuery(x.req.URL.RawQuery); err != nil {
		return err
	}
	if c.Version, err = x.negotiate(&x.context); err != nil {
		return err
	}
	x.values[1] = string(c.Version)
	x.rw.w.Header()["X-Ms-Version"] = x.values[1:2:2]
	if x.req.Method == http.MethodOptions {
		c.Op, x.proved = f.preflightOp, true
		return nil
	}
	if err = x.authenticate(&x.context); err != nil {
		return err
	}
	x.proved = true
	f.cors(c)
	op, err := f.Service.Route(c)
	if err != nil {
		return err
	}
	c.Op = op
	if err = x.authorize(&x.context); err != nil {
		return err
	}
	if t := f.Throttle; t != nil && c.Identity.Type != System && !t.Allow(c.Account.Name, c.Container == "$logs") {
		x.throttle = true
		return ErrAccountBusy
	}
	return x.allowance()
}

// allowance sets how much the operation may read and how long it may take.
func (x *exchange) allowance() error {
	op := x.call.Op
	if v := x.call.Query.Get("timeout"); v != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil || n == 0 {
			return InvalidQuery("timeout", v, "The timeout is a number of seconds from 1.")
		}
		x.limit = time.Duration(n) * time.Second
	}
	length := x.req.ContentLength
	if op.MaxBody > 0 {
		if length < 0 || length == 0 && x.req.Header["Content-Length"] == nil && x.call.Identity.Type != System {
			return ErrMissingContentLengthHeader
		}
		if length > op.MaxBody {
			return ErrRequestBodyTooLarge.With("MaxLimit", itoa(op.MaxBody))
		}
		x.body.limit = op.MaxBody
	}
	x.extend(max(length, 0))
	return nil
}

// extend sets the deadline for a body of n bytes, in either direction.
func (x *exchange) extend(n int64) {
	op := x.call.Op
	if op == nil {
		return
	}
	d := op.Timeout
	if d == 0 {
		d = defaultTimeout
	}
	const mib = 1 << 20
	d += op.PerMiB * time.Duration((n+mib-1)/mib)
	if x.limit > 0 {
		d = min(d, x.limit)
	}
	if to := x.started.Add(d); to.After(x.context.deadline) || !x.rw.begun {
		x.context.extend(to)
	}
}

// run runs the operation. A panic is an internal error, like any other.
func (x *exchange) run() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s panicked: %v\n%s", x.call.Op.Name, p, debug.Stack())
		}
	}()
	x.rw.hold = x.front.Audit && x.began
	return x.call.Op.Run(&x.call)
}

// refuse is the service error that an error is answered with; nil when there is
// nobody to answer, because the client is gone.
func (x *exchange) refuse(err error) *Error {
	switch {
	case x.timedOut(err):
		return ErrOperationTimedOut
	case x.clientGone(err):
		return nil
	}
	if e := asError(err); e != nil {
		return e
	}
	x.front.Logger.Error("request failed", "service", string(x.front.kind), "operation", x.operation(),
		"request_id", x.call.RequestID, "error", err)
	return ErrInternalError
}

// timedOut reports whether err is because the time was up.
func (x *exchange) timedOut(err error) bool {
	if x.body.timeout || x.rw.timeout {
		return true
	}
	return errors.Is(err, errDeadline) && errors.Is(x.context.Err(), errDeadline)
}

// clientGone reports whether err is because the connection failed.
func (x *exchange) clientGone(err error) bool {
	return x.body.broken != nil || x.rw.broken != nil || errors.Is(err, errCanceled) && x.req.Context().Err() != nil
}

// operation is the name of the operation in the logs.
func (x *exchange) operation() string {
	if x.call.Op == nil {
		return "Unknown"
	}
	return x.call.Op.Name
}

// asError returns the service error in err, or nil.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// echoable reports whether a client request id is short and plain enough to be
// sent back.
func echoable(s string) bool {
	return len(s) <= maxLoggedHeader && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// cut returns at most n bytes of s, not splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
