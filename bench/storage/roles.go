package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"reslog/bus"
	reslog "reslog/server"
)

// The environment that makes this program one of the servers.
const (
	roleVariable = "RESLOG_BENCH_ROLE"
	dataVariable = "RESLOG_BENCH_DATA"
)

// play is one of the servers until standard input ends. It prints where its services
// listen.
func play(role string) error {
	var (
		addrs string // "blob=127.0.0.1:10000 queue=…"
		stop  = func() error { return nil }
		err   error
	)
	switch role {
	case "bare":
		addrs, err = serveBare()
	default:
		addrs, stop, err = serveNode(role)
	}
	if err != nil {
		return err
	}
	fmt.Println(addrs)
	var profile *os.File
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if file, ok := strings.CutPrefix(lines.Text(), "profile "); ok {
			if profile, err = os.Create(file); err != nil {
				return err
			}
			if err = pprof.StartCPUProfile(profile); err != nil {
				return err
			}
		} else if profile != nil {
			pprof.StopCPUProfile()
			if err = errors.Join(profile.Close(), writeAllocations(profile.Name())); err != nil {
				return err
			}
			profile = nil
		}
	}
	return stop()
}

// writeAllocations writes all allocations of the process until now beside a CPU
// profile.
func writeAllocations(beside string) error {
	f, err := os.Create(strings.TrimSuffix(beside, ".pprof") + "-allocs.pprof")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

// serveNode starts a node as it would run on a developer's machine, except that
// its logs are visible after a second.
func serveNode(role string) (addrs string, stop func() error, err error) {
	cfg := reslog.Config{
		Data: os.Getenv(dataVariable), BlobAddr: "127.0.0.1:0", QueueAddr: "127.0.0.1:0", TableAddr: "127.0.0.1:0", RedisAddr: reslog.Off, SignalRAddr: reslog.Off,
		ControlAddr: reslog.Off, AdminAddr: reslog.Off, FlushInterval: time.Second,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if role == "reslog-audit" {
		cfg.Durability = bus.Audit
	}
	reslog.TuneProcess() // as reslog serve does
	n, err := reslog.New(cfg)
	if err != nil {
		return "", nil, err
	}
	if err := n.Start(context.Background()); err != nil {
		return "", nil, err
	}
	for service, url := range map[string]string{"blob": n.BlobURL(), "queue": n.QueueURL(), "table": n.TableURL()} {
		addrs += service + "=" + strings.TrimPrefix(url, "http://") + " "
	}
	return addrs, func() error { return n.Stop(context.Background()) }, nil
}

// serveBare answers every get with the bytes that a blob has.
func serveBare() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	blobs := map[string][]byte{"gets": payload(small), "getl": payload(large)}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := blobs[path.Base(path.Dir(r.URL.Path))]
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b) // a client that went away
	})
	go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}).Serve(l) }() // until the process ends
	return "blob=" + l.Addr().String(), nil
}
