package query

import (
	"context"
	"errors"
	"time"

	"reslog/kql"
	"reslog/kql/syntax"
)

// Observation is what became of a query.
type Observation struct {
	Result Result
	// Elapsed is the time from its arrival to the end of its answer, with what it
	// waited for others.
	Elapsed time.Duration
	Rows    int64 // of the answer
}

// Result is how a query ended.
type Result string

// How queries end.
const (
	ResultOK        Result = "ok"
	ResultPartial   Result = "partial"   // an answer that lacks something
	ResultRefused   Result = "refused"   // it is wrong, or asks for what is not there
	ResultMemory    Result = "memory"    // it needed more than a query may use
	ResultLimited   Result = "limited"   // too many were there already
	ResultTimeout   Result = "timeout"   // it did not end in its time
	ResultCancelled Result = "cancelled" // whoever asked has gone
	ResultFailed    Result = "failed"
)

// Results are all there are.
func Results() []Result {
	return []Result{
		ResultOK, ResultPartial, ResultRefused, ResultMemory, ResultLimited, ResultTimeout, ResultCancelled, ResultFailed,
	}
}

// resultOf is how a query with this error ended.
func resultOf(err error) Result {
	var partial *Partial
	var wrong *kql.Error
	var text *syntax.Error
	switch {
	case err == nil:
		return ResultOK
	case errors.As(err, &partial):
		return ResultPartial
	case errors.As(err, &wrong), errors.As(err, &text):
		return ResultRefused
	case errors.Is(err, ErrMemory):
		return ResultMemory
	case errors.Is(err, ErrBusy):
		return ResultLimited
	case errors.Is(err, context.DeadlineExceeded):
		return ResultTimeout
	case errors.Is(err, context.Canceled):
		return ResultCancelled
	}
	return ResultFailed
}

// Queued is how many queries wait behind others of their callers.
func (s *Server) Queued() int { return s.limits.queued() }
