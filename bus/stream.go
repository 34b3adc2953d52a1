package bus

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamName    = "RECORDS"
	streamSubject = "reslog.records"
	epochKey      = "reslog-epoch"
)

// openStream makes the stream of records or opens it, and returns its epoch.
func openStream(ctx context.Context, js jetstream.JetStream, cfg Config) (jetstream.Stream, uint64, error) {
	want := jetstream.StreamConfig{
		Name:         streamName,
		Description:  "log records of the node, packed in frames",
		Subjects:     []string{streamSubject},
		Retention:    jetstream.LimitsPolicy,
		Discard:      jetstream.DiscardOld,
		MaxBytes:     cfg.MaxBytes,
		MaxAge:       0, // the trimmer's: it keeps the last message and open intents
		Storage:      jetstream.FileStorage,
		Replicas:     1,
		AllowDirect:  true,
		DenyDelete:   true,
		Duplicates:   100 * time.Millisecond, // messages have no ids: nothing to remember
		MaxConsumers: -1,
	}
	s, err := js.Stream(ctx, streamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		var b [8]byte
		_, _ = rand.Read(b[:])
		want.Metadata = map[string]string{epochKey: strconv.FormatUint(binary.LittleEndian.Uint64(b[:])|1, 16)}
		s, err = js.CreateStream(ctx, want)
	case err == nil:
		want.Metadata = s.CachedInfo().Config.Metadata
		if s.CachedInfo().Config.MaxBytes != want.MaxBytes {
			s, err = js.UpdateStream(ctx, want)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open the record stream: %w", err)
	}
	epoch, err := strconv.ParseUint(s.CachedInfo().Config.Metadata[epochKey], 16, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("open the record stream: its %s is not readable: %w", epochKey, err)
	}
	return s, epoch, nil
}

// message is one stored frame.
type message struct {
	seq   uint64
	stamp string // when it was stored, RFC 3339
	data  []byte
}

// stored returns when the message was put on the stream, the zero time when the
// server did not say.
func (m *message) stored() time.Time {
	t, err := time.Parse(time.RFC3339Nano, m.stamp)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Limits of one fetch.
const (
	fetchMessages = 256
	fetchBytes    = 1 << 20
)

// fetcher reads messages by sequence. It keeps no state at the server, so there
// is nothing to recover when the server is opened again. It belongs to one
// goroutine.
type fetcher struct {
	nc    *nats.Conn
	sub   *nats.Subscription
	inbox string
	calls uint64
}

func newFetcher(nc *nats.Conn) (*fetcher, error) {
	inbox := nats.NewInbox()
	sub, err := nc.SubscribeSync(inbox + ".*")
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	// What arrives is bounded by what was asked for.
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return &fetcher{nc: nc, sub: sub, inbox: inbox}, nil
}

func (f *fetcher) close() { _ = f.sub.Unsubscribe() }

// fetch returns messages from sequence seq on, as many as one answer holds;
// none when there are none.
func (f *fetcher) fetch(ctx context.Context, seq uint64) ([]message, error) {
	return f.get(ctx, fmt.Appendf(nil, `{"seq":%d,"batch":%d,"max_bytes":%d}`, max(seq, 1), fetchMessages, fetchBytes))
}

// since returns the first message stored at t or later.
func (f *fetcher) since(ctx context.Context, t time.Time) ([]message, error) {
	return f.get(ctx, fmt.Appendf(nil, `{"start_time":%q,"next_by_subj":%q,"batch":1}`,
		t.UTC().Format(time.RFC3339Nano), streamSubject))
}

func (f *fetcher) get(ctx context.Context, request []byte) ([]message, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	f.calls++
	reply := f.inbox + "." + strconv.FormatUint(f.calls, 36)
	if err := f.nc.PublishRequest("$JS.API.DIRECT.GET."+streamName, reply, request); err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	var msgs []message
	for {
		m, err := f.sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		if m.Subject != reply {
			continue // of a call that was given up
		}
		switch status := m.Header.Get("Status"); status {
		case "":
		case "204", "404": // the end of the answer; nothing there
			return msgs, nil
		default:
			return nil, fmt.Errorf("read records: %s %s", status, m.Header.Get("Description"))
		}
		seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read records: answer without a sequence: %w", err)
		}
		msgs = append(msgs, message{seq: seq, stamp: m.Header.Get("Nats-Time-Stamp"), data: m.Data})
	}
}
