package faulttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"reslog/bus"
	"reslog/server"
)

// The environment that makes this program a node.
const (
	dataVariable       = "RESLOG_FAULTTEST_DATA"
	durabilityVariable = "RESLOG_FAULTTEST_DURABILITY"
	diskVariable       = "RESLOG_FAULTTEST_DISK"    // size of a file system of its own for the data
	placeVariable      = "RESLOG_FAULTTEST_PLACE"   // the folder of the data that has it; all of it if empty
	fileVariable       = "RESLOG_FAULTTEST_FILE"    // bootstrap file, if there is one
	memoryVariable     = "RESLOG_FAULTTEST_MEMORY"  // for queries, and that there is a control address; in bytes
	levelVariable      = "RESLOG_FAULTTEST_LEVEL"   // of what is logged; that of logLevel if empty
	redisVariable      = "RESLOG_FAULTTEST_REDIS"   // the Redis server behind the node, and that there is a Redis address
	signalRVariable    = "RESLOG_FAULTTEST_SIGNALR" // units of its service, and that there is a SignalR address; 0 for the Free tier
)

func TestMain(m *testing.M) {
	if data := os.Getenv(dataVariable); data != "" {
		if err := smallDisk(place(data), os.Getenv(diskVariable)); err != nil {
			fmt.Fprintln(os.Stderr, "small disk:", err)
			os.Exit(1)
		}
		cfg, err := config(data, bus.Durability(os.Getenv(durabilityVariable)), os.Getenv(fileVariable))
		if err == nil {
			err = node(cfg)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// place is the folder with a file system of its own.
func place(data string) string { return filepath.Join(data, os.Getenv(placeVariable)) }

// flushInterval is short, so that kills hit the writing of logs as well.
const flushInterval = 100 * time.Millisecond

// config is that of every node on a data folder.
func config(data string, d bus.Durability, file string) (server.Config, error) {
	level := logLevel
	if text := os.Getenv(levelVariable); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return server.Config{}, err
		}
	}
	cfg := server.Config{
		Data: data, Durability: d, BlobAddr: "127.0.0.1:0", QueueAddr: "127.0.0.1:0", TableAddr: "127.0.0.1:0", ControlAddr: server.Off, AdminAddr: "127.0.0.1:0", RedisAddr: server.Off, SignalRAddr: server.Off, FlushInterval: flushInterval,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	if text := os.Getenv(memoryVariable); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return cfg, err
		}
		cfg.ControlAddr, cfg.QueryMemory = "127.0.0.1:0", n
	}
	if upstream := os.Getenv(redisVariable); upstream != "" {
		cfg.RedisAddr, cfg.RedisUpstream, cfg.RedisDetails = "127.0.0.1:0", upstream, true
	}
	if text := os.Getenv(signalRVariable); text != "" {
		units, err := strconv.Atoi(text)
		if err != nil {
			return cfg, err
		}
		withSignalRUnits(&cfg, units)
	}
	if file == "" {
		return cfg, nil
	}
	return cfg, cfg.ReadFile(file)
}

// logLevel leaves out the warnings of what the tests do on purpose, again and again.
const logLevel = slog.LevelError

// node runs a node until it is killed, or until standard input ends, so that
// none outlives a test that dies. It prints its addresses. A line of input
// restarts the node in the same process, or makes a small disk full or not.
func node(cfg server.Config) error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	for more := true; more; {
		n, err := server.New(cfg)
		if err != nil {
			return err
		}
		if err := n.Start(context.Background()); err != nil {
			return err
		}
		fmt.Println(n.BlobURL(), n.AdminURL(), n.QueueURL(), n.TableURL(), n.RedisAddr(), n.SignalRURL())
		for line := ""; more && line != restart; {
			if line, more = <-lines; line == makeRoom || line == makeFull {
				fmt.Println(balance(place(cfg.Data), line == makeFull))
			}
		}
		if err := n.Stop(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// The lines that a node understands: makeRoom removes the ballast, makeFull adds
// to it until nothing more fits.
const (
	restart  = "restart"
	makeRoom = "room"
	makeFull = "full"
)

// ballast is a file that takes up room on a small disk until it is removed.
func ballast(folder string) string { return filepath.Join(folder, "ballast") }

// balance makes the ballast take all that is left, or nothing.
func balance(folder string, full bool) error {
	if !full {
		return os.Remove(ballast(folder))
	}
	f, err := os.OpenFile(ballast(folder), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	return f.Close()
}

// victim is a node in a process of its own.
type victim struct {
	url, admin   string // of the blob service, and of health and metrics
	queue, table string // of these services
	redis        string // where its clients connect, if there is a server behind it
	signalR      string // where clients of SignalR connect, if they may

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// withFile lets a node read a bootstrap file.
func withFile(path string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, fileVariable+"="+path) }
}

// start starts a node on data and waits until it serves.
func start(t *testing.T, data string, d bus.Durability, options ...func(*exec.Cmd)) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{cmd: exec.CommandContext(t.Context(), self)}
	v.cmd.Env = append(os.Environ(), dataVariable+"="+data, durabilityVariable+"="+string(d))
	v.cmd.Stderr = os.Stderr
	for _, option := range options {
		option(v.cmd)
	}
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.out = bufio.NewReader(out)
	v.readURL(t)
	return v
}

// readURL waits until the node serves.
func (v *victim) readURL(t *testing.T) {
	t.Helper()
	line, err := v.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the node did not start: %v, %v", err, v.cmd.Wait())
	}
	if _, err := fmt.Sscan(line, &v.url, &v.admin, &v.queue, &v.table); err != nil {
		t.Fatalf("the node says %q: %v", line, err)
	}
	for _, word := range strings.Fields(line)[4:] {
		if strings.Contains(word, "://") {
			v.signalR = word
		} else {
			v.redis = word
		}
	}
}

// disk makes the small disk full, or makes room on it.
func (v *victim) disk(t *testing.T, order string) {
	t.Helper()
	if _, err := fmt.Fprintln(v.in, order); err != nil {
		t.Fatal(err)
	}
	if line, err := v.out.ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Fatalf("make the disk have %s: %q, %v", order, line, err)
	}
}

// restart stops the node and starts it again in its process.
func (v *victim) restart(t *testing.T) {
	t.Helper()
	if _, err := fmt.Fprintln(v.in, restart); err != nil {
		t.Fatal(err)
	}
	v.readURL(t)
}

// stop ends the node in an orderly way.
func (v *victim) stop(t *testing.T) {
	t.Helper()
	if err := errors.Join(v.in.Close(), v.cmd.Wait()); err != nil {
		t.Errorf("stop the node: %v", err)
	}
}

// kill ends the node with SIGKILL and returns the moment before it did.
func (v *victim) kill(t *testing.T) time.Time {
	t.Helper()
	at := time.Now()
	if err := v.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = v.cmd.Wait() // says "signal: killed"
	return at
}
