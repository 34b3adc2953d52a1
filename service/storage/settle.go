package storage

import (
	"context"
	"io"
	"net/http"
	"time"

	"reslog/record"
)

var (
	errDeadline = context.DeadlineExceeded
	errCanceled = context.Canceled
)

// announced is what a request in audit mode told the Emitter beforehand.
type announced struct {
	began   bool
	unknown record.Record
}

// announce puts the intent of the operation on disk, in audit mode.
func (x *exchange) announce() error {
	if !x.front.Audit || !x.wanted() {
		return nil
	}
	x.unknown = x.record(outcome{result: resultUnknown})
	if err := x.front.Emitter.Begin(&x.context, x.unknown); err != nil {
		if x.timedOut(err) || x.clientGone(err) {
			return err // the disk is slow, and whoever asked does not wait for it
		}
		x.front.Logger.Error("intent not recorded; the operation was not run", "operation", x.operation(),
			"request_id", x.call.RequestID, "error", err)
		return ErrInternalError
	}
	x.began = true
	return nil
}

// wanted reports whether anybody asks for the record of this request.
func (x *exchange) wanted() bool {
	return x.info != nil && x.call.Identity.Type != System && x.proved &&
		x.front.Emitter.Enabled(x.info.service, x.class().Category())
}

// settle answers and logs. err is what became of the operation.
func (x *exchange) settle(err error) {
	var refusal *Error
	if err != nil {
		refusal = x.refuse(err)
	}
	x.drain()
	abort := err != nil && (refusal == nil || x.rw.begun)
	if refusal != nil && !x.rw.begun {
		x.writeError(refusal)
	}
	if abort {
		x.emit(x.outcome(refusal, true)) //nolint:errcheck // there is nobody to tell
		panic(http.ErrAbortHandler)
	}
	held := x.rw.hold
	if held {
		x.rw.complete()
		x.rw.prepare() // for the record says how long the header is
		if x.emit(x.outcome(refusal, false)) != nil {
			x.rw.reset()
			x.rw.hold = false
			x.baseHeaders()
			x.writeError(ErrInternalError)
			x.became = x.outcome(ErrInternalError, false)
			x.rw.finish()
			x.linger()
			return
		}
	}
	x.rw.finish()
	var unkept error // why the record of an answer that has left was not kept
	if !held {
		unkept = x.emit(x.outcome(refusal, false))
	}
	if x.rw.broken != nil || unkept != nil && x.began {
		panic(http.ErrAbortHandler) // what was sent is not the answer
	}
	x.linger()
}

// drain reads what an operation left of a request body, as net/http would, and
// finds out whether net/http is going to close the connection for it.
func (x *exchange) drain() {
	if x.rw.begun || x.body.eof || x.closes {
		return
	}
	if headerHas(x.req.Header["Expect"], "100-continue") && x.body.read == 0 {
		x.closes, x.unread = true, true // it was never told to go on, but may have lost patience
		return
	}
	if left := x.req.ContentLength - x.body.read; x.req.ContentLength > 0 && left >= 256<<10 || !x.body.discard() {
		x.closes, x.unread = true, true
	}
}

// How long, and for how many bytes, a client may go on sending a body that was
// refused.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 64 << 20
)

// linger reads on, after the answer has left, what a client still sends. Closing
// the connection under it would reset it, and many clients then report a broken
// connection, and try again, instead of reading the answer.
func (x *exchange) linger() {
	if !x.unread || x.rw.broken != nil || x.body.timeout || x.body.broken != nil {
		return
	}
	x.ended = time.Now()
	if x.control.SetReadDeadline(x.ended.Add(lingerTime)) != nil {
		return // no network
	}
	io.CopyN(io.Discard, x.body.rc, lingerBytes) //nolint:errcheck // it ends when it ends
}

// emit hands over the record of the request, if it is one that is logged and
// anybody asks for it.
func (x *exchange) emit(o outcome) error {
	x.became = o
	wanted := x.wanted() // the operation may have turned out to be one of another class
	if !wanted && !x.began {
		return nil
	}
	ctx := context.WithoutCancel(x.req.Context())
	if !wanted || !x.logged(o) {
		if x.began {
			return x.report(x.front.Emitter.Withdraw(ctx, x.unknown))
		}
		return nil
	}
	return x.report(x.front.Emitter.Emit(ctx, x.record(o)))
}

func (x *exchange) report(err error) error {
	if err != nil {
		x.front.Logger.Error("record not kept", "operation", x.operation(), "request_id", x.call.RequestID, "error", err)
	}
	return err
}
