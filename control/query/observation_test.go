package query

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"reslog/kql"
)

// TestObservations: every way in which a query ends is told, once.
func TestObservations(t *testing.T) {
	failing := func(err error) func(context.Context, Query, Sink) (Stats, error) {
		return func(context.Context, Query, Sink) (Stats, error) { return Stats{Rows: 3}, err }
	}
	untilEnd := func(ctx context.Context, _ Query, _ Sink) (Stats, error) {
		<-ctx.Done()
		return Stats{}, context.Cause(ctx)
	}
	for name, c := range map[string]struct {
		run  func(context.Context, Query, Sink) (Stats, error)
		want Result
	}{
		"answered":  {oneRow, ResultOK},
		"cut":       {failing(&Partial{Code: "E_QUERY_RESULT_SET_TOO_LARGE"}), ResultPartial},
		"wrong":     {failing(&kql.Error{}), ResultRefused},
		"greedy":    {failing(ErrMemory), ResultMemory},
		"too many":  {failing(ErrBusy), ResultLimited},
		"too late":  {untilEnd, ResultTimeout},
		"failed":    {failing(errors.New("the disk is gone")), ResultFailed},
		"panicking": {func(context.Context, Query, Sink) (Stats, error) { panic("it is not there") }, ResultFailed},
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan Observation, 10)
			srv := start(t, &fake{run: c.run}, func(cfg *Config) {
				cfg.Observe = func(o Observation) { told <- o }
				cfg.MaxWait = 10 * time.Millisecond
			})
			send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T"}`, "reader", "Prefer", "wait=1")
			if o := <-told; o.Result != c.want || c.want != ResultLimited && o.Elapsed <= 0 {
				t.Errorf("observed %+v, want %s", o, c.want)
			}
			if len(told) > 0 {
				t.Errorf("also observed %+v", <-told)
			}
		})
	}
}

// TestCancelledIsObserved: a client that goes away is not a failure.
func TestCancelledIsObserved(t *testing.T) {
	told, begun := make(chan Observation, 1), make(chan bool)
	srv := start(t, &fake{run: func(ctx context.Context, _ Query, _ Sink) (Stats, error) {
		close(begun)
		<-ctx.Done()
		return Stats{}, errors.New("broken pipe")
	}}, func(cfg *Config) { cfg.Observe = func(o Observation) { told <- o } })
	ctx, cancel := context.WithCancel(t.Context())
	r := mustRequest(srv.URL + "/v1/workspaces/" + wsID + "/query?query=T").WithContext(ctx)
	r.Header.Set("Authorization", "Bearer reader")
	gone := make(chan bool)
	go func() {
		defer close(gone)
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-begun
	cancel()
	<-gone
	if o := <-told; o.Result != ResultCancelled {
		t.Errorf("observed %+v", o)
	}
}

// TestLimitedIsObserved: those over the rate are counted, and nothing else is of a
// query that is not one.
func TestLimitedIsObserved(t *testing.T) {
	told := make(chan Observation, 10)
	srv := start(t, &fake{run: oneRow}, func(cfg *Config) {
		cfg.Observe = func(o Observation) { told <- o }
		cfg.Rate = 2
	})
	send(t, srv, "GET", "/v1/workspaces/"+wsID+"/metadata", "", "reader")
	send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T"}`, "reader", "Prefer", "explain")
	send(t, srv, "POST", "/v1/workspaces/"+wsID+"/query", `{"query":"T"}`, "reader")
	if o := <-told; o.Result != ResultLimited || len(told) > 0 {
		t.Errorf("observed %+v and %d more", o, len(told))
	}
}
