package metric

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"reslog/record"
	"reslog/resource"
)

// source is whose metrics they are, and where they belong.
type source struct {
	id       resource.ID
	category record.Category
}

// timeLayout is the form of times in records, to 100 ns.
const timeLayout = "2006-01-02T15:04:05.0000000Z"

// record describes the samples of a metric in the interval from at on.
//
// Source: "Create diagnostic settings", metrics in a storage account: one object for
// each metric and minute with count, total, minimum, maximum, average, resourceId,
// time, metricName and timeGrain.
func (s source) record(run uuid.UUID, name string, at time.Time, grain time.Duration, c cell) record.Record {
	b := make([]byte, 0, 320)
	b = strconv.AppendInt(append(b, `{"count":`...), c.count, 10)
	b = appendValue(append(b, `,"total":`...), c.total)
	b = appendValue(append(b, `,"minimum":`...), c.least)
	b = appendValue(append(b, `,"maximum":`...), c.most)
	b = appendValue(append(b, `,"average":`...), c.total/float64(c.count))
	b = strconv.AppendQuote(append(b, `,"resourceId":`...), s.id.Upper()) // IDs are printable ASCII
	b = at.UTC().AppendFormat(append(b, `,"time":"`...), timeLayout)
	b = strconv.AppendQuote(append(b, `","metricName":`...), name)
	b = append(appendGrain(append(b, `,"timeGrain":"`...), grain), `"}`...)
	return record.Record{
		Resource: s.id,
		Category: s.category,
		Time:     at.UTC(),
		Ended:    at.Add(grain).UTC(),
		ID:       s.recordID(run, name, at),
		Line:     b,
	}
}

// appendValue appends a number as people write it: without an exponent, whole ones
// without a point.
func appendValue(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', -1, 64) }

// appendGrain appends an interval of whole minutes in the form of ISO 8601: PT1M, PT1H.
func appendGrain(b []byte, d time.Duration) []byte {
	b = append(b, "PT"...)
	if hours := int64(d / time.Hour); hours > 0 {
		b = append(strconv.AppendInt(b, hours, 10), 'H')
	}
	if minutes := int64(d % time.Hour / time.Minute); minutes > 0 {
		b = append(strconv.AppendInt(b, minutes, 10), 'M')
	}
	return b
}

// recordID is the ID of the record of a metric and an interval in a run.
func (s source) recordID(run uuid.UUID, name string, at time.Time) string {
	b := make([]byte, 0, 320)
	for _, part := range [...]string{string(s.id.Key()), string(s.category), name} {
		b = append(append(b, part...), 0)
	}
	return uuid.NewSHA1(run, strconv.AppendInt(b, at.Unix(), 10)).String()
}
