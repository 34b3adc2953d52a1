package partner

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"reslog/deliver"
	"reslog/record"
	"reslog/resource"
)

// Limits of the log intake.
//
// Source: Datadog API reference, "Send logs".
const (
	datadogBytes   = 5_000_000 // of a request, uncompressed
	datadogOne     = 1_000_000 // of a log; Datadog cuts off what is beyond
	datadogRecords = 1000      // of a request
	// datadogAge is how old a timestamp may be, 18 hours, with some time to get there.
	datadogAge = 17*time.Hour + 30*time.Minute
)

// DatadogConfig says where to send logs over Datadog's log intake, and how.
type DatadogConfig struct {
	// Connection is how the intake is reached. Its Endpoint is
	// https://http-intake.logs.{site}, to which /api/v2/logs is added.
	Connection Connection

	// APIKey is the key of the organisation. Required.
	APIKey Secret

	// Service is the service of all logs. Empty means "azure".
	Service string

	// Tags are added to the tags of all logs, as "env:test".
	Tags []string
}

// datadog speaks the log intake v2.
type datadog struct {
	sender  *sender
	service string
	tags    string // those of the configuration

	body   []byte
	before int // length before the last record

	members, properties []member
	own                 []byte // what we add, for records of one resource and category
	ownResource         resource.ID
	ownCategory         record.Category
}

// NewDatadog returns a destination that sends to Datadog, or what takes logs as
// Datadog does.
func NewDatadog(cfg DatadogConfig) (deliver.Destination, error) {
	if cfg.APIKey == "" {
		return nil, errors.New("datadog destination: no API key")
	}
	for _, tag := range cfg.Tags {
		if tag == "" || len(tag) > 200 || strings.ContainsAny(tag, ",\n") {
			return nil, errors.New("datadog destination: a tag is empty, over 200 bytes or has a comma in it")
		}
	}
	s, err := newSender(Datadog, "Datadog", cfg.Connection, "application/json", map[string]Secret{"DD-API-KEY": cfg.APIKey})
	if err != nil {
		return nil, fmt.Errorf("datadog destination: %w", err)
	}
	p := &datadog{sender: s, service: cfg.Service, tags: strings.Join(cfg.Tags, ",")}
	if p.service == "" {
		p.service = "azure"
	}
	d := newDestination(s, p, datadogBytes, datadogRecords)
	d.maxBytes, d.maxRecords = min(d.maxBytes, datadogBytes), min(d.maxRecords, datadogRecords)
	d.limit = d.maxRecords
	return d, nil
}

func (p *datadog) begin() { p.body = append(p.body[:0], '[') }

func (p *datadog) add(it *deliver.Item) (int, error) {
	p.before = len(p.body)
	if p.before > len("[") {
		p.body = append(p.body, ',')
	}
	at := len(p.body)
	p.body = p.appendLog(p.body, it)
	if n := len(p.body) - at; n > datadogOne {
		p.body = p.body[:p.before]
		return 0, fmt.Errorf("a log of %d bytes: Datadog cuts off what is beyond %d", n, datadogOne)
	}
	return len(p.body) + len("]"), nil
}

func (p *datadog) release() { p.body, p.members, p.properties = nil, nil, nil }

func (p *datadog) undo() { p.body = p.body[:p.before] }

func (p *datadog) encode() ([]byte, error) {
	p.body = append(p.body, ']')
	return p.body, nil
}

// judge implements protocol.
func (p *datadog) judge(a *answer, _ int) judgement {
	isJSON := a.mediaType == "application/json"
	switch {
	case a.status == http.StatusAccepted || a.status == http.StatusOK:
		if a.truncated || len(a.body) > 0 && (!isJSON || !json.Valid(a.body)) {
			return judgement{failed, p.sender.garbage(a, "is not Datadog's"), nil}
		}
		return judgement{verdict: stored}
	case a.status == http.StatusRequestEntityTooLarge:
		return judgement{tooLarge, p.sender.refusal(a, datadogReason(a)), nil}
	case a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests || a.status >= 500:
		return judgement{failed, p.sender.later(a, datadogReason(a)), nil}
	case a.status == http.StatusBadRequest && isJSON && json.Valid(a.body):
		return judgement{refused, p.sender.refusal(a, datadogReason(a)), nil}
	}
	return judgement{failed, p.sender.misconfigured(a, datadogReason(a)), nil}
}

// datadogReason returns what the answer's errors say: objects in version 2,
// strings in what is older.
func datadogReason(a *answer) string {
	var body struct {
		Errors []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(a.body, &body) != nil || len(body.Errors) == 0 {
		return string(a.body)
	}
	var e struct{ Title, Detail string }
	if json.Unmarshal(body.Errors[0], &e) != nil {
		return string(body.Errors[0])
	}
	return strings.TrimSpace(e.Title + " " + e.Detail)
}
