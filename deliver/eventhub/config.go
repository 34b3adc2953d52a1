package eventhub

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Defaults of Config.
const (
	// DefaultMaxMessage leaves room for what the protocol adds: a namespace
	// closes the connection at a request of more than 1,046,528 bytes
	// ("Recommended configurations for Apache Kafka clients", Azure Event Hubs).
	DefaultMaxMessage = 1<<20 - 4<<10
	DefaultTimeout    = 30 * time.Second
	// DefaultPartitions is how many Azure Monitor recommends at the least.
	DefaultPartitions = 4
)

// What a message costs besides its value, with room to spare: in a batch of
// records, the headers of batch and record; in a request, the topic's name and
// the client's.
const (
	batchOverhead   = 512
	requestOverhead = 1024
)

// Bounds of MaxMessage.
const (
	leastMaxMessage = 1 << 10
	mostMaxMessage  = 64 << 20
)

// Config says what a Destination sends to.
type Config struct {
	// ConnectionString authenticates at a namespace, see ParseConnectionString.
	// It is a secret. Empty means that the brokers ask for no credential.
	ConnectionString string

	// Brokers are the addresses to begin with, host:port. Empty means the
	// endpoint of the ConnectionString.
	Brokers []string

	// TLS is how connections are secured. Nil means the system's certificates
	// with a ConnectionString, which is never sent in the clear except to the
	// emulator, and no TLS without.
	TLS *tls.Config

	// Hub is the event hub that all records go to. Empty means the EntityPath of
	// the ConnectionString, and without one a hub for each category, see catalog.SinkName.
	Hub string

	// Partitions is how many a hub has that has to be created. 0 means 4.
	Partitions int32

	// MaxMessage is the size of the largest message, in bytes of its JSON. A hub
	// that takes less is found out by its refusals. 0 means 1 MiB less 4 KiB.
	MaxMessage int

	// Gzip compresses messages. Event Hubs takes no other compression.
	Gzip bool

	// Timeout bounds one call of Deliver, with all that is tried again within
	// it. 0 means 30 s.
	Timeout time.Duration

	// Logger gets what an operator should know; nil discards it.
	Logger *slog.Logger
}

// settings is a Config that was checked.
type settings struct {
	Config
	conn ConnectionString // zero without one
}

// check returns c with its zero fields filled in.
func (c Config) check() (settings, error) {
	s := settings{Config: c}
	if c.ConnectionString != "" {
		conn, err := ParseConnectionString(c.ConnectionString)
		if err != nil {
			return s, fmt.Errorf("event hub: %w", err)
		}
		s.conn = conn
		if err := s.connected(); err != nil {
			return s, err
		}
	}
	switch {
	case len(s.Brokers) == 0:
		return s, errors.New("event hub: neither brokers nor a connection string: set one of them")
	case s.Hub != "" && !validHub(s.Hub):
		return s, fmt.Errorf("event hub: %q is no name of an event hub: want up to %d letters, digits, dots, hyphens and underscores", s.Hub, maxHubName)
	case s.Partitions < 0:
		return s, fmt.Errorf("event hub: %d partitions", s.Partitions)
	case s.Timeout < 0:
		return s, fmt.Errorf("event hub: a timeout of %s", s.Timeout)
	}
	for _, b := range s.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			return s, fmt.Errorf("event hub: broker %q is not of the form host:port", b)
		}
	}
	if s.MaxMessage == 0 {
		s.MaxMessage = DefaultMaxMessage
	}
	if s.MaxMessage < leastMaxMessage || s.MaxMessage > mostMaxMessage {
		return s, fmt.Errorf("event hub: MaxMessage is %d, want %d to %d", s.MaxMessage, leastMaxMessage, mostMaxMessage)
	}
	if s.Partitions == 0 {
		s.Partitions = DefaultPartitions
	}
	if s.Timeout == 0 {
		s.Timeout = DefaultTimeout
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// connected fills in what a connection string says.
func (s *settings) connected() error {
	if len(s.Brokers) == 0 {
		s.Brokers = []string{s.conn.Broker()}
	}
	if s.TLS == nil && !s.conn.Emulator {
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	switch {
	case s.Hub == "":
		s.Hub = s.conn.EntityPath
	case s.conn.EntityPath != "" && s.conn.EntityPath != s.Hub:
		return fmt.Errorf("event hub: the connection string is for hub %q, the setting names %q: use a key of the namespace or the same hub", s.conn.EntityPath, s.Hub)
	}
	return nil
}
