package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"reslog/service/storage"
)

// Limits of the listeners.
const (
	maxHeaderBytes    = 64 << 10
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	// forcedClose is what is kept of a stop's time for closing what would not
	// finish by itself.
	forcedClose = time.Second
)

// listener is an address that was taken.
type listener struct {
	net.Listener
	name string
	tls  bool
}

func (l *listener) url() string {
	if l == nil {
		return ""
	}
	if l.tls {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// bind takes an address, so that it is known to the parts that are built next;
// who connects waits until it is served. It returns nil for Off.
func (n *Node) bind(name, addr string, tlsConfig *tls.Config) (*listener, error) {
	if addr == Off {
		return nil, nil //nolint:nilnil // what is off has no listener
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on the %s address: %w", name, err)
	}
	n.onStop(name+" address", func(context.Context) error {
		if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	l := &listener{Listener: ln, name: name, tls: tlsConfig != nil}
	if l.tls {
		l.Listener = tls.NewListener(ln, tlsConfig)
	}
	return l, nil
}

// serve serves h until Stop: then it stops accepting, lets the running requests
// finish, and closes what does not finish in time. A nil l is not served.
func (n *Node) serve(l *listener, h http.Handler) {
	if l == nil {
		return
	}
	base, cancel := context.WithCancel(context.Background())
	srv := n.httpServer(l, h)
	srv.BaseContext = func(net.Listener) context.Context { return base }
	srv.ConnContext = storage.WithNames
	// Streams end when the server is told to stop, requests when they are done.
	srv.RegisterOnShutdown(func() {
		if l.name == "control" {
			cancel()
		}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(storage.KeepNames(l)); !errors.Is(err, http.ErrServerClosed) {
			n.fail(fmt.Errorf("serve %s: %w", l.name, err))
		}
	}()
	n.onStop(l.name+" listener", func(ctx context.Context) error {
		defer cancel()
		grace := ctx
		if deadline, ok := ctx.Deadline(); ok {
			var stop context.CancelFunc
			grace, stop = context.WithDeadline(ctx, deadline.Add(-forcedClose))
			defer stop()
		}
		err := srv.Shutdown(grace)
		if err != nil {
			err = errors.Join(fmt.Errorf("requests did not finish in time: %w", err), srv.Close())
		}
		<-done
		return err
	})
}

// httpServer has what all listeners have in common.
func (n *Node) httpServer(l *listener, h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // the services count bytes as HTTP/1.1 sends them
	return &http.Server{
		Handler:           h,
		Protocols:         &protocols,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(n.cfg.Logger.With("part", l.name).Handler(), slog.LevelDebug),
	}
}

// storageTLS returns how the storage ports speak TLS, nil when they do not.
func (n *Node) storageTLS() (*tls.Config, error) {
	switch {
	case n.cfg.CertFile != "":
		return loadTLS(n.cfg.CertFile, n.cfg.KeyFile)
	case n.cfg.TLS:
		return n.ownTLS(), nil
	}
	return nil, nil //nolint:nilnil // no TLS is not an error
}

// controlTLS returns how the control port speaks TLS.
func (n *Node) controlTLS() (*tls.Config, error) {
	if n.cfg.CertFile != "" {
		return loadTLS(n.cfg.CertFile, n.cfg.KeyFile)
	}
	return n.ownTLS(), nil
}

// ownTLS has a certificate of the node's own authority.
func (n *Node) ownTLS() *tls.Config {
	return &tls.Config{GetCertificate: n.ca.GetCertificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
}

func loadTLS(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}
