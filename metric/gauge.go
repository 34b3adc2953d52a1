package metric

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/resource"
)

// Gauge is metrics of a resource that are measured, not counted: its Read is asked at
// the end of each interval, if somebody asks for the category. Count is 1 in their
// records, and all other values are the one that was read.
type Gauge struct {
	Resource resource.ID
	Category record.Category
	Names    []string
	// Every is the interval, and the timeGrain of the records: whole minutes. Less
	// than a minute is a minute.
	Every time.Duration
	// Read returns the values, in the order of Names; NaN is none. It has 30 s, and
	// calls of one Gauge do not overlap. Required.
	Read func(context.Context) ([]float64, error)
}

type gauge struct {
	Gauge
	r      *Recorder
	source source
	every  int64 // minutes
	done   int64 // the last interval that was asked about, since 1970
}

// Gauge adds a Gauge. It is asked for the first time at the end of the interval that
// it is added in. remove takes it away again.
func (r *Recorder) Gauge(g Gauge) (remove func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.gauges) >= r.c.MaxSets {
		r.tellFull(g.Resource)
		return func() {}
	}
	added := &gauge{Gauge: g, r: r, source: source{g.Resource, g.Category}, every: max(int64(g.Every/time.Minute), 1)}
	added.done = minuteOf(r.c.Now())/added.every - 1
	r.gauges[added] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.gauges, added)
	}
}

// due returns the beginning of the interval that is to be asked about, now that the
// minutes up to last are over: the last one that has ended.
func (g *gauge) due(last int64) (at time.Time, due bool) {
	i := (last+1)/g.every - 1
	if i <= g.done {
		return time.Time{}, false
	}
	g.done = i
	return time.Unix(i*g.every*60, 0), true
}

// readTime is how long a Read may take.
const readTime = 30 * time.Second

// emit asks and hands over the answer.
func (g *gauge) emit(ctx context.Context, run uuid.UUID, at time.Time) error {
	if !g.r.c.Emitter.Enabled(g.Resource, g.Category) {
		return nil
	}
	asked, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	values, err := g.Read(asked)
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", g.Names[0], g.Resource, err)
	}
	for i, v := range values[:min(len(values), len(g.Names))] {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		rec := g.source.record(run, g.Names[i], at, time.Duration(g.every)*time.Minute, cell{1, v, v, v})
		if err := g.r.c.Emitter.Emit(ctx, rec); err != nil {
			return err
		}
	}
	return nil
}
