package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// maxPayload is above the largest frame: frameTarget, a record of
	// maxRecordLimit and their index.
	maxPayload = 8 << 20
	// apiTimeout bounds one request to the server.
	apiTimeout = 10 * time.Second
	// reconnectWait is how soon the connection tries again while the server is
	// being opened anew.
	reconnectWait = 20 * time.Millisecond
)

// host runs the embedded server and lends connections to it. A server whose
// store met a write error refuses everything until it is opened again; reopen
// does so, and connections come back by themselves.
type host struct {
	dir string
	log *slog.Logger

	// making is held, to read, while a bucket is made: its folder is there before
	// the server knows it, which looks like one that could not be read.
	making sync.RWMutex

	mu     sync.Mutex
	server *server.Server // nil while there is none

	nc *nats.Conn
	js jetstream.JetStream
}

func startHost(ctx context.Context, dir string, log *slog.Logger) (*host, error) {
	h := &host{dir: dir, log: log}
	if err := h.start(ctx); err != nil {
		return nil, err
	}
	nc, err := nats.Connect("", nats.InProcessServer(h),
		nats.Name("reslog bus"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(0, 0),
		nats.ReconnectBufSize(-1), // fail at once while there is no server: the writer decides
		nats.DisconnectErrHandler(func(*nats.Conn, error) {}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("bus connection", "error", err)
		}),
	)
	if err == nil {
		h.nc = nc
		h.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(apiTimeout))
	}
	if err != nil {
		h.close()
		return nil, fmt.Errorf("connect to the embedded server: %w", err)
	}
	return h, nil
}

// start opens a server on the folder.
func (h *host) start(ctx context.Context) error {
	ns, err := server.NewServer(&server.Options{
		ServerName:             "reslog",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               h.dir,
		SyncAlways:             true,
		MaxPayload:             maxPayload,
		JetStreamMaxMemory:     -1,
		JetStreamMaxStore:      math.MaxInt64 / 4, // MinFree and MaxBytes are what bounds
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return fmt.Errorf("make the embedded server: %w", err)
	}
	ns.SetLoggerV2(serverLog{h.log}, false, false, false)
	ns.Start()
	if err := waitReady(ctx, ns); err != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
		return err
	}
	h.mu.Lock()
	h.server = ns
	h.mu.Unlock()
	return nil
}

func waitReady(ctx context.Context, ns *server.Server) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("start the embedded server: %w", err)
	}
	if !ns.ReadyForConnections(30 * time.Second) {
		return errors.New("start the embedded server: it is not ready after 30s")
	}
	if !ns.JetStreamEnabled() {
		return errors.New("start the embedded server: its store could not be opened, see the log")
	}
	return nil
}

// InProcessConn lets the client connect, now and after every reopening.
func (h *host) InProcessConn() (net.Conn, error) {
	h.mu.Lock()
	ns := h.server
	h.mu.Unlock()
	if ns == nil {
		return nil, errors.New("the embedded server is being opened again")
	}
	return ns.InProcessConn()
}

// reopen closes the server and opens it again, which clears a write error.
func (h *host) reopen(ctx context.Context) error {
	h.stop()
	// What is sent before the client has noticed would be lost without an answer.
	if err := h.awaitConnected(ctx, false); err != nil {
		return err
	}
	if err := h.start(ctx); err != nil {
		return err
	}
	return h.awaitConnected(ctx, true)
}

func (h *host) awaitConnected(ctx context.Context, connected bool) error {
	for h.nc.IsConnected() != connected {
		select {
		case <-ctx.Done():
			return fmt.Errorf("connect to the embedded server again: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// fault returns the error by which the store of a stream, or of any if stream is
// empty, stopped writing. The server answers nothing to a message it could not write, and goes on refusing
// until it is opened again: this is how it is found out.
func (h *host) fault(stream string) error {
	h.mu.Lock()
	ns := h.server
	h.mu.Unlock()
	if ns == nil {
		return nil
	}
	if !ns.JetStreamEnabled() {
		return fmt.Errorf("%w: it is switched off", errStore)
	}
	for _, e := range ns.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if e.Stream != "" && (stream == "" || e.Stream == stream) {
			return fmt.Errorf("%w: %s", errStore, e.Error)
		}
	}
	return nil
}

var errStore = errors.New("the store does not write")

func (h *host) stop() {
	h.mu.Lock()
	ns := h.server
	h.server = nil
	h.mu.Unlock()
	if ns != nil {
		ns.Shutdown()
		ns.WaitForShutdown()
	}
}

func (h *host) close() {
	if h.nc != nil {
		h.nc.Close()
	}
	h.stop()
}

// serverLog gives the server's own messages to a slog.Logger. What it calls a
// notice is detail here; a fatal error of it is not ours to exit by.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l serverLog) Debugf(format string, v ...any)  { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l serverLog) Tracef(format string, v ...any)  {}
func (l serverLog) Warnf(format string, v ...any)   { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l serverLog) Errorf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l serverLog) Fatalf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
