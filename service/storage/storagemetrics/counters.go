package storagemetrics

import (
	"math"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// counters are what a row is made of.
type counters struct {
	status          [statuses]int64
	ingress, egress int64
	// endToEnd and server are the latencies of the successful requests, added up.
	endToEnd, server time.Duration
}

// add counts a request.
func (c *counters) add(o *storage.Observation, s status) {
	c.status[s]++
	c.ingress += o.Ingress
	c.egress += o.Egress
	if s.outcome() == success {
		c.endToEnd += o.EndToEnd
		c.server += o.Server
	}
}

func (c *counters) merge(o *counters) {
	for i, n := range o.status {
		c.status[i] += n
	}
	c.ingress += o.ingress
	c.egress += o.egress
	c.endToEnd += o.endToEnd
	c.server += o.server
}

// sum adds up the counters that which says yes to.
func (c *counters) sum(which func(status) bool) (n int64) {
	for i, v := range c.status {
		if which(status(i)) {
			n += v
		}
	}
	return n
}

func (c *counters) requests() int64 { return c.sum(func(status) bool { return true }) }

func (c *counters) of(outcomes ...outcome) int64 {
	return c.sum(func(s status) bool {
		for _, o := range outcomes {
			if s.outcome() == o {
				return true
			}
		}
		return false
	})
}

// Columns that are added up again when a row is read.
const (
	columnIngress  = "TotalIngress"
	columnEgress   = "TotalEgress"
	columnEndToEnd = "AverageE2ELatency"
	columnServer   = "AverageServerLatency"
)

// properties are the columns of a row.
//
// Source: "Storage Analytics Metrics Table Schema": their names, types, order and
// meaning. An interval without requests was available.
func (c *counters) properties() []tablestore.Property {
	requests, billable := c.requests(), c.sum(status.billable)
	percent := func(n, of int64, none float64) float64 {
		if of == 0 {
			return none
		}
		return 100 * float64(n) / float64(of)
	}
	average := func(d time.Duration) float64 {
		n := c.of(success)
		if n == 0 {
			return 0
		}
		return float64(d) / float64(time.Millisecond) / float64(n)
	}
	p := make([]tablestore.Property, 0, 14+statuses)
	p = append(p,
		long(columnIngress, c.ingress),
		long(columnEgress, c.egress),
		long("TotalRequests", requests),
		long("TotalBillableRequests", billable),
		double("Availability", percent(billable, c.sum(status.applicable), 100)),
		double(columnEndToEnd, average(c.endToEnd)),
		double(columnServer, average(c.server)),
		double("PercentSuccess", percent(c.of(success), requests, 0)),
		double("PercentThrottlingError", percent(c.of(throttling), requests, 0)),
		double("PercentTimeoutError", percent(c.of(clientTimeout, serverTimeout), requests, 0)),
		double("PercentServerOtherError", percent(c.of(serverOther), requests, 0)),
		double("PercentClientOtherError", percent(c.of(clientOther), requests, 0)),
		double("PercentAuthorizationError", percent(c.of(authorization), requests, 0)),
		double("PercentNetworkError", percent(c.of(network), requests, 0)),
	)
	for s := range status(statuses) {
		p = append(p, long(s.name(), c.status[s]))
	}
	return p
}

// read adds up the columns of a row again. The latencies are exact as long as they
// add up to less than a hundred days.
func (c *counters) read(row []tablestore.Property) {
	var endToEnd, server float64
	for _, p := range row {
		switch p.Name {
		case columnIngress:
			c.ingress = p.Number
		case columnEgress:
			c.egress = p.Number
		case columnEndToEnd:
			endToEnd = math.Float64frombits(uint64(p.Number))
		case columnServer:
			server = math.Float64frombits(uint64(p.Number))
		default:
			for s := range status(statuses) {
				if s.name() == p.Name {
					c.status[s] = p.Number
				}
			}
		}
	}
	n := float64(c.of(success))
	c.endToEnd = time.Duration(math.Round(endToEnd * n * float64(time.Millisecond)))
	c.server = time.Duration(math.Round(server * n * float64(time.Millisecond)))
}

func long(name string, v int64) tablestore.Property {
	return tablestore.Property{Name: name, Type: tablestore.Int64, Number: v}
}

func double(name string, v float64) tablestore.Property {
	return tablestore.Property{Name: name, Type: tablestore.Double, Number: int64(math.Float64bits(v))}
}
