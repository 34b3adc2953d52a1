package server

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"reslog/service/storage"
)

// requestMetrics count the requests of all services. Observing costs one map
// lookup and takes no lock.
type requestMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	series   sync.Map // requestKey -> requestSeries
	inFlight atomic.Int64
}

// running counts the requests that are in next.
func (m *requestMetrics) running(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.inFlight.Add(1)
		defer m.inFlight.Add(-1)
		next.ServeHTTP(w, r)
	})
}

type requestKey struct {
	service   storage.Kind
	operation string
	status    int
	system    bool
}

type requestSeries struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

func newRequestMetrics() *requestMetrics {
	return &requestMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "reslog_requests_total",
			Help: "Finished requests, by HTTP status (0: none was sent) and by who made them, user or system.",
		}, []string{"service", "operation", "status", "by"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "reslog_request_seconds",
			Help:    "Time from a user's request to the end of its answer.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{"service", "operation"}),
	}
}

// observe is called at the end of every request.
func (m *requestMetrics) observe(o storage.Observation) {
	key := requestKey{o.Service, o.Operation, o.Status, o.System}
	v, ok := m.series.Load(key)
	if !ok {
		v, _ = m.series.LoadOrStore(key, m.newSeries(key))
	}
	s := v.(requestSeries)
	s.requests.Inc()
	if s.seconds != nil {
		s.seconds.Observe(o.Elapsed.Seconds())
	}
}

func (m *requestMetrics) newSeries(k requestKey) requestSeries {
	if k.system {
		return requestSeries{requests: m.requests.WithLabelValues(string(k.service), k.operation, strconv.Itoa(k.status), "system")}
	}
	return requestSeries{
		requests: m.requests.WithLabelValues(string(k.service), k.operation, strconv.Itoa(k.status), "user"),
		seconds:  m.seconds.WithLabelValues(string(k.service), k.operation),
	}
}
