// Package report is what the benches have in common: where their result goes, and
// what they say of the machine.
package report

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
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

// Arguments are the flags that were given, as a command line has them, but for those
// that say where results go.
func Arguments(flags *flag.FlagSet, but ...string) string {
	var line string
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(but, f.Name) {
			return
		}
		line += " -" + f.Name
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			line += " " + f.Value.String()
		}
	})
	return line
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

// Middle returns the middle of numbers, the mean of both for an even number of them; 0
// for none.
func Middle(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// Median returns the Middle of what of says of each.
func Median[T any](s []T, of func(T) float64) float64 {
	v := make([]float64, len(s))
	for i := range s {
		v[i] = of(s[i])
	}
	return Middle(v)
}

// Paired returns the Middle of the ratios within each round: what slows down the
// machine for a while slows down both sides of a ratio.
func Paired[T any](s, base []T, of func(T) float64) float64 {
	var ratios []float64
	for i := range min(len(s), len(base)) {
		ratios = append(ratios, of(s[i])/of(base[i]))
	}
	return Middle(ratios)
}
