package eventhub

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// saslUser is the user name that says that the password is a connection string.
const saslUser = "$ConnectionString"

// connect opens a client, unless there is one. It waits for a producer id: so
// the brokers are known to answer, and whether they refuse one.
func (d *Destination) connect(ctx context.Context) error {
	for d.client == nil {
		client, err := kgo.NewClient(d.options()...)
		if err != nil {
			return err
		}
		_, _, err = client.ProducerID(ctx)
		if err == nil {
			d.client = client
			return nil
		}
		client.Close()
		answer := answerOf(err)
		if d.plain || answer == nil || answer.Retriable || refusesCredential(err) {
			return &connectError{err}
		}
		d.plain = true
		d.cfg.Logger.Warn("the broker refuses a producer id: it cannot recognise messages that are repeated after a lost answer, so some may be doubled",
			slog.String("answer", answer.Message))
	}
	return nil
}

// drop closes the client, with everything that is on its way.
func (d *Destination) drop() {
	if d.client == nil {
		return
	}
	d.client.Close()
	d.client = nil
	// The closed client may still read what it was given.
	d.msgs = nil
	if d.only != nil {
		d.only.found = false
	}
	for _, h := range d.hubs {
		h.found = false
	}
}

// options are those of a new client.
func (d *Destination) options() []kgo.Opt {
	limits := d.limits()
	opts := []kgo.Opt{
		kgo.SeedBrokers(d.cfg.Brokers...),
		kgo.ClientID("reslog"),
		kgo.WithHooks(&d.dials),
		kgo.DisableClientMetrics(),
		// A namespace closes connections that are idle for 240 s, and wants
		// metadata to be younger than that.
		kgo.MetadataMaxAge(3 * time.Minute),
		kgo.MetadataMinAge(time.Second),
		kgo.DialTimeout(min(10*time.Second, d.cfg.Timeout)),
		kgo.RequestRetries(2),
		kgo.RetryBackoffFn(backoff),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		// Within a call the client tries again, as itself: what it repeats the
		// broker can recognise. How long is bounded by the context of the call.
		kgo.AllowIdempotentProduceCancellation(),
		kgo.ProducerLinger(0),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(byID)),
		kgo.ProducerBatchMaxBytesFn(func(topic string) int32 {
			if n, ok := limits[topic]; ok {
				return int32(n + batchOverhead)
			}
			return int32(d.cfg.MaxMessage + batchOverhead)
		}),
		kgo.BrokerMaxWriteBytes(int32(d.cfg.MaxMessage + requestOverhead)),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	}
	if d.cfg.Gzip {
		opts = append(opts, kgo.ProducerBatchCompression(kgo.GzipCompression(), kgo.NoCompression()))
	}
	if d.plain {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	if d.cfg.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(d.cfg.TLS.Clone()))
	}
	if d.cfg.ConnectionString != "" {
		opts = append(opts, kgo.SASL(plain.Auth{User: saslUser, Pass: d.cfg.conn.raw}.AsMechanism()))
	}
	return opts
}

// limits are the limits of hubs that take less than MaxMessage.
func (d *Destination) limits() map[string]int {
	limits := make(map[string]int)
	note := func(h *hub) {
		if h != nil && h.limit < d.cfg.MaxMessage {
			limits[h.name] = h.limit
		}
	}
	note(d.only)
	for _, h := range d.hubs {
		note(h)
	}
	return limits
}

// backoff is how long the client waits before it tries again.
func backoff(fails int) time.Duration {
	return min(50*time.Millisecond<<min(fails, 10), 2*time.Second)
}

// byID chooses the partition of a message by its id.
func byID(string) func(*kgo.Record, int) int {
	return func(r *kgo.Record, n int) int {
		// FNV-1a, folded so that the low bits depend on all.
		h := uint64(14695981039346656037)
		for _, c := range r.Headers[0].Value {
			h = (h ^ uint64(c)) * 1099511628211
		}
		h ^= h >> 32
		return int(h % uint64(n))
	}
}

// dials notes how the last connection was made.
type dials struct{ failed atomic.Pointer[error] }

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (d *dials) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		d.failed.Store(nil)
		return
	}
	d.failed.Store(&err)
}

// last returns why the last connection could not be made, and nil if it could.
func (d *dials) last() error {
	if err := d.failed.Load(); err != nil {
		return *err
	}
	return nil
}
