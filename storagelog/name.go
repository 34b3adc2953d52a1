package storagelog

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Service is a service of a storage account, as log names and records spell it.
type Service string

// The services that have classic logs.
const (
	Blob  Service = "blob"
	Queue Service = "queue"
	Table Service = "table"
)

// ParseService reads a service's name, in any case.
func ParseService(s string) (Service, error) {
	switch v := Service(strings.ToLower(s)); v {
	case Blob, Queue, Table:
		return v, nil
	}
	return "", fmt.Errorf("service %q is not known, want %s, %s or %s", s, Blob, Queue, Table)
}

// ContainerName is the container that logs lie in.
const ContainerName = "$logs"

// LogName names a log blob in its container:
//
//	blob/2011/07/31/1800/000001.log
type LogName struct {
	Service Service
	// Hour is the hour, in UTC, in which the requests in the log ended.
	Hour time.Time
	// Counter numbers the logs of an hour from 0.
	Counter int
}

// hourLayout is the folder of an hour. The two zeros are the minute, kept for a
// future that did not come.
const hourLayout = "2006/01/02/1500"

// HourFolder returns the prefix of the names of all logs of an hour.
func HourFolder(s Service, hour time.Time) string {
	return string(s) + "/" + hour.UTC().Format(hourLayout) + "/"
}

// String returns the name of the blob.
func (n LogName) String() string {
	return fmt.Sprintf("%s%06d.log", HourFolder(n.Service, n.Hour), n.Counter)
}

// ParseLogName reads the name of a log blob, with or without its container.
func ParseLogName(name string) (LogName, error) {
	rest := strings.TrimPrefix(name, ContainerName+"/")
	service, rest, ok := strings.Cut(rest, "/")
	if !ok || service == "" || len(rest) < len("2011/07/31/1800/000000.log") {
		return LogName{}, fmt.Errorf("%q is no log name", name)
	}
	folder, counter := rest[:len(hourLayout)], rest[len(hourLayout):]
	hour, err := time.Parse(hourLayout, folder)
	if err != nil {
		return LogName{}, fmt.Errorf("%q is no log name: its hour is wrong", name)
	}
	digits, ok := strings.CutPrefix(counter, "/")
	digits, ok2 := strings.CutSuffix(digits, ".log")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !ok || !ok2 || err != nil || len(digits) < 6 {
		return LogName{}, fmt.Errorf("%q is no log name: its counter is wrong", name)
	}
	return LogName{Service: Service(service), Hour: hour, Counter: int(n)}, nil
}
