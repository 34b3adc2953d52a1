// Package report is what the benches have in common: where their result goes, and
// what they say of the machine.
package report

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// Open returns a writer to standard output and, if there is one, the file of a
// result.
func Open(path string) (io.WriteCloser, error) {
	if path == "" {
		return output{Writer: os.Stdout}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return output{io.MultiWriter(os.Stdout, f), f}, nil
}

type output struct {
	io.Writer
	file *os.File // nil for none
}

// Close implements io.Closer.
func (o output) Close() error {
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}

// Machine says what a measurement runs on, and when.
func Machine() string {
	return fmt.Sprintf("%s, %d CPUs, %s", runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"))
}

// Load says how busy the machine was before, where that can be asked.
func Load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := strings.Cut(string(b), " ")
	return " Load average before the run: " + one + "."
}

// Quantile returns that of sorted durations, in milliseconds.
func Quantile(sorted []time.Duration, q float64) float64 {
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}
