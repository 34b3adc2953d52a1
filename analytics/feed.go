package analytics

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"reslog/analytics/engine"
	"reslog/kql"
)

// source is what a column of a table is filled from: one of longs and reals,
// which have a value a row, else the value at place from of each row, else, with
// from negative, fixed, which nil makes null.
type source struct {
	kind  kql.Type
	from  int
	fixed any
	longs []int64
	reals []float64
}

// valueError is a value that is not of the type of its column.
type valueError struct {
	kind  kql.Type
	value any
}

// Error implements error.
func (e *valueError) Error() string {
	return fmt.Sprintf("a value is a %T and should be a %s", e.value, e.kind)
}

func toBool(v any) (bool, bool) { b, ok := v.(bool); return b, ok }

func toLong(v any) (int64, bool) { n, ok := v.(int64); return n, ok }

func toInt(v any) (int32, bool) {
	n, ok := v.(int64)
	return int32(n), ok && n >= math.MinInt32 && n <= math.MaxInt32
}

func toReal(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

func toValid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// failure is what the engine said, in the errors of package engine.
func failure(message string) error {
	message, _, _ = strings.Cut(message, "\n")
	switch {
	case strings.Contains(message, "Out of Memory"), strings.Contains(message, "failed to offload data block"):
		return fmt.Errorf("%w (%s)", engine.ErrMemory, message)
	case strings.Contains(message, "FATAL"), strings.Contains(message, "Cannot continue operation"), strings.Contains(message, "database has been invalidated"), strings.Contains(message, "INTERNAL"):
		return fmt.Errorf("%w: %s", engine.ErrBroken, message)
	}
	return errors.New(message)
}
