package eventhub

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Ports of the Kafka endpoint of a namespace, and of the emulator's.
const (
	namespacePort = "9093"
	emulatorPort  = "9092"
)

// maxConnectionString bounds what ParseConnectionString reads, in bytes.
const maxConnectionString = 4096

// ConnectionString is the connection string of an event hub namespace, or of
// one hub in it, as the portal shows it:
//
//	Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=name;SharedAccessKey=key;EntityPath=hub
//
// It holds a secret. Printing or logging it does not show the key.
type ConnectionString struct {
	// Host and Port are those of the endpoint; Port is empty when it names none.
	Host, Port string
	// KeyName and Key are the shared access rule and its key.
	KeyName, Key string
	// EntityPath is the hub that the rule belongs to; empty for a rule of the
	// whole namespace.
	EntityPath string
	// Emulator says that the endpoint is the development emulator, which has no
	// TLS.
	Emulator bool

	raw string
}

// ParseConnectionString reads a connection string. Names are compared without
// regard to case, unknown ones are passed over, as Azure's own clients do. The
// error never quotes any part of s.
func ParseConnectionString(s string) (ConnectionString, error) {
	c := ConnectionString{raw: strings.TrimSpace(s)}
	if len(c.raw) > maxConnectionString {
		return ConnectionString{}, fmt.Errorf("read the connection string: it has %d bytes, at most %d", len(c.raw), maxConnectionString)
	}
	if err := c.parse(); err != nil {
		return ConnectionString{}, fmt.Errorf("read the connection string: %w", err)
	}
	return c, nil
}

func (c *ConnectionString) parse() error {
	seen := make(map[string]bool)
	for i, part := range strings.Split(c.raw, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("part %d is not of the form name=value", i+1)
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if seen[name] {
			return fmt.Errorf("part %d has the name of an earlier part", i+1)
		}
		seen[name] = true
		if err := c.set(name, value); err != nil {
			return err
		}
	}
	switch {
	case c.Host == "":
		return errors.New("it has no Endpoint")
	case c.KeyName == "":
		return errors.New("it has no SharedAccessKeyName")
	case c.Key == "":
		return errors.New("it has no SharedAccessKey")
	}
	return nil
}

func (c *ConnectionString) set(name, value string) error {
	switch name {
	case "endpoint":
		return c.setEndpoint(value)
	case "sharedaccesskeyname":
		c.KeyName = value
	case "sharedaccesskey":
		c.Key = value
	case "sharedaccesssignature":
		return errors.New("it has a SharedAccessSignature, which the Kafka endpoint does not take: use a SharedAccessKeyName and SharedAccessKey")
	case "entitypath":
		if value != "" && !validHub(value) {
			return errors.New("its EntityPath is no name of an event hub")
		}
		c.EntityPath = value
	case "usedevelopmentemulator":
		c.Emulator = strings.EqualFold(value, "true")
		if !c.Emulator && !strings.EqualFold(value, "false") {
			return errors.New("its UseDevelopmentEmulator is neither true nor false")
		}
	}
	return nil
}

func (c *ConnectionString) setEndpoint(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil: // the error of url.Parse quotes the value
		return errors.New("its Endpoint is no URL")
	case !strings.EqualFold(u.Scheme, "sb"):
		return errors.New("its Endpoint does not begin with sb://")
	case u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return errors.New("its Endpoint is not of the form sb://host/")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return errors.New("its Endpoint has no valid port")
		}
		c.Port = p
	}
	c.Host = u.Hostname()
	return nil
}

// Broker returns host and port of the Kafka endpoint: the port that the
// Endpoint names, else 9093, or 9092 for the emulator.
func (c ConnectionString) Broker() string {
	port := c.Port
	switch {
	case port != "":
	case c.Emulator:
		port = emulatorPort
	default:
		port = namespacePort
	}
	return net.JoinHostPort(c.Host, port)
}

// String returns the connection string without its key.
func (c ConnectionString) String() string {
	s := "Endpoint=sb://" + c.Host
	if c.Port != "" {
		s = "Endpoint=sb://" + net.JoinHostPort(c.Host, c.Port)
	}
	s += "/;SharedAccessKeyName=" + c.KeyName + ";SharedAccessKey=(hidden)"
	if c.EntityPath != "" {
		s += ";EntityPath=" + c.EntityPath
	}
	if c.Emulator {
		s += ";UseDevelopmentEmulator=true"
	}
	return s
}

// GoString returns what String does, for %#v.
func (c ConnectionString) GoString() string { return c.String() }

// LogValue returns what String does, for slog.
func (c ConnectionString) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String does, so that no encoding shows the key.
func (c ConnectionString) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
