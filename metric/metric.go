// Package metric gathers platform metrics: what a resource counted and measured in
// each minute, handed over as records of its category of metrics, one for each
// metric and minute.
package metric

import (
	"time"

	"reslog/record"
	"reslog/resource"
)

// Config is what a Recorder needs.
type Config struct {
	// Emitter takes the records. Required.
	Emitter record.Emitter
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Recorder gathers the metrics of any number of resources. It is safe for
// concurrent use; adding takes no global lock and allocates nothing.
type Recorder struct{ c Config }

// New makes a Recorder. Who makes it calls Run.
func New(c Config) *Recorder { return &Recorder{c} }

// Set is the metrics of one resource.
type Set struct{}

// Set returns the metrics of a resource, which are recorded in a category of its
// type, "Transaction" or "AllMetrics". Their names are given once, in the order of
// Add's index.
func (r *Recorder) Set(id resource.ID, c record.Category, names ...string) *Set { return &Set{} }

// Add adds a value to metric i in the minute of now.
func (s *Set) Add(i int, value float64) {}
