package scalar

import "reslog/internal/ticks"

// ParseDatetime reads what todatetime takes, and the text of a literal.
func ParseDatetime(s string) (int64, bool) { return ticks.ParseDate(s) }

// ParseTimespan reads what totimespan takes, and the text of a literal.
func ParseTimespan(s string) (int64, bool) { return ticks.ParseSpan(s) }

// FormatDatetime is tostring of a datetime: "2024-01-02T03:04:05.0000000Z".
func FormatDatetime(t int64) string { return ticks.FormatDate(t) }

// FormatTimespan is tostring of a timespan: "1.02:03:04.5000000".
func FormatTimespan(t int64) string { return ticks.FormatSpan(t) }
