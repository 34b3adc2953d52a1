package signalr

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"reslog/metric"
	"reslog/record"
	"reslog/service/signalr/event"
)

// metricCategory is that of the platform metrics.
const metricCategory record.Category = "AllMetrics"

// metricNames are what is counted, sampled every second, so that the maximum of a
// record is that of a second. ServerLoad is that of the process, whatever it does: what
// exactly the service measures is not published. ServerConnectionLatency is not among
// them: nothing here measures it.
//
// Source: "Supported metrics for Microsoft.SignalRService/SignalR".
var metricNames = []string{
	connectionCount:      "ConnectionCount",            // maximum, average
	connectionOpenCount:  "ConnectionOpenCount",        // total
	connectionCloseCount: "ConnectionCloseCount",       // total
	quotaUtilization:     "ConnectionQuotaUtilization", // percent
	messageCount:         "MessageCount",               // total, 2 KiB each
	inboundTraffic:       "InboundTraffic",             // total, bytes
	outboundTraffic:      "OutboundTraffic",            // total, bytes
	serverLoad:           "ServerLoad",                 // percent
}

// The places of metrics in metricNames.
const (
	connectionCount = iota
	connectionOpenCount
	connectionCloseCount
	quotaUtilization
	messageCount
	inboundTraffic
	outboundTraffic
	serverLoad
)

// errorNames are read at the end of each minute: of what was done in it, how many
// percent failed by the service's fault, and by others'.
var errorNames = []string{"SystemErrors", "UserErrors"}

// figures are what a service has counted since it began.
type figures struct {
	opened, closed, received, messages, inbound, outbound atomic.Int64
	calls, userErrors, systemErrors                       atomic.Int64
	throttled, unauthorized                               atomic.Int64

	mu      sync.Mutex
	reasons map[string]int64 // of ends
}

// ended counts the end of a client.
func (f *figures) ended(reason string) {
	f.closed.Add(1)
	switch reason {
	case event.ReasonTransient:
		f.systemErrors.Add(1)
	case event.ReasonClosedByClient, event.ReasonClosedByAPI, event.ReasonTokenExpired, event.ReasonReloading, event.ReasonServerClosed:
	default:
		f.userErrors.Add(1)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.reasons == nil {
		f.reasons = make(map[string]int64)
	}
	f.reasons[reason]++
}

// count counts an event that is not a client's.
func (f *figures) count(e *event.Event) {
	switch e.Collection {
	case event.Throttling:
		f.throttled.Add(1)
	case event.Authorization:
		f.unauthorized.Add(1)
	}
	if e.Side == event.Server {
		switch e.Operation {
		case event.ConnectionStarted:
			f.opened.Add(1)
		case event.ConnectionEnded, event.ConnectionAborted:
			f.closed.Add(1)
		}
	}
}

// operations are all that can fail.
func (f *figures) operations() int64 {
	return f.opened.Load() + f.closed.Load() + f.received.Load() + f.messages.Load() + f.calls.Load() + f.unauthorized.Load() + f.throttled.Load()
}

// metrics hands the figures of a service over.
type metrics struct {
	v      *service
	set    *metric.Set
	remove func()

	mu   sync.Mutex
	at   time.Time
	last [sampled]int64
	// The figures at the end of the last minute.
	operations, system, user int64
}

const sampled = serverLoad + 1

func newMetrics(v *service, r *metric.Recorder) *metrics {
	m := &metrics{v: v, set: r.Set(v.id, metricCategory, metricNames...), at: v.now()}
	m.remove = r.Gauge(metric.Gauge{Resource: v.id, Category: metricCategory, Names: errorNames, Every: time.Minute, Read: m.errors})
	return m
}

// noLoad says that the load is not known.
const noLoad = -1

// sample adds what has happened since the last sample. load is that of the process, in
// percent.
func (m *metrics) sample(now time.Time, load float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.v.figures
	clients, servers, most := m.v.limits.counts()
	total := [sampled]int64{
		connectionOpenCount:  f.opened.Load(),
		connectionCloseCount: f.closed.Load(),
		messageCount:         f.messages.Load(),
		inboundTraffic:       f.inbound.Load(),
		outboundTraffic:      f.outbound.Load(),
	}
	samples := make([]metric.Sample, 0, len(total))
	for i, n := range total {
		v := float64(n - m.last[i])
		switch i {
		case connectionCount:
			v = float64(clients + servers)
		case quotaUtilization:
			v = 100 * float64(clients+servers) / float64(max(most, 1))
		case serverLoad:
			if v = load; v == noLoad {
				continue
			}
		}
		samples = append(samples, metric.Sample{Metric: i, Value: v})
	}
	m.set.Add(m.at, samples...)
	m.at, m.last = now, total
}

// errors is a metric.Gauge's Read.
func (m *metrics) errors(context.Context) ([]float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.v.figures
	operations, system, user := f.operations(), f.systemErrors.Load(), f.userErrors.Load()
	done := float64(max(operations-m.operations, system-m.system+user-m.user, 1))
	values := []float64{100 * float64(system-m.system) / done, 100 * float64(user-m.user) / done}
	m.operations, m.system, m.user = operations, system, user
	return values, nil
}

func (m *metrics) close() {
	m.sample(m.v.now(), noLoad)
	m.set.Close()
	m.remove()
}
