package partner

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	logs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"reslog/deliver"
)

// OTLPConfig says where to send logs over OTLP/HTTP, and how.
type OTLPConfig struct {
	// Connection is how the receiver is reached. Its Endpoint is the base URL, to
	// which /v1/logs is added, or the URL of the logs itself. MaxBytes of zero means
	// 4 MiB, MaxRecords of zero no limit.
	Connection Connection

	// JSON sends the JSON encoding instead of protobuf: for receivers that know no
	// other.
	JSON bool

	// OnRejected, if set, is told by Deliver when a receiver that accepted a request
	// has rejected records of it: how many, of how many, and why. It is what the
	// ledger cannot know: there all records of the request are dead letters.
	OnRejected func(rejected int64, of int, why string)
}

// otlp speaks OTLP/HTTP 1.x, the logs signal.
//
// Source: OpenTelemetry Protocol Specification, "OTLP/HTTP".
type otlp struct {
	request
	sender *sender
	cfg    OTLPConfig
	dest   *destination
	warned string // the last remark of the receiver
}

// NewOTLP returns a destination that sends to an OpenTelemetry receiver.
func NewOTLP(cfg OTLPConfig) (deliver.Destination, error) {
	contentType := "application/x-protobuf"
	if cfg.JSON {
		contentType = "application/json"
	}
	s, err := newSender(OTLP, "the OTLP receiver", cfg.Connection, contentType, nil)
	if err != nil {
		return nil, fmt.Errorf("otlp destination: %w", err)
	}
	const many = 1 << 30
	p := &otlp{sender: s, cfg: cfg}
	p.dest = newDestination(s, p, 4<<20, many)
	return p.dest, nil
}

func (p *otlp) add(it *deliver.Item) (int, error) { return p.request.add(it), nil }

func (p *otlp) encode() ([]byte, error) {
	body := p.request.encode()
	if !p.cfg.JSON {
		return body, nil
	}
	// The one mapping serves both encodings; this way is slower, and rarely taken.
	var m logs.ExportLogsServiceRequest
	if err := proto.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("encode for the OTLP receiver: %w", err)
	}
	body, err := protojson.MarshalOptions{UseEnumNumbers: true}.Marshal(&m)
	if err != nil {
		return nil, fmt.Errorf("encode for the OTLP receiver: %w", err)
	}
	return body, nil
}

// judge implements protocol. The specification lets a client repeat after 429,
// 502, 503 and 504 only. Any other failure is final, if it is a receiver's: an
// answer that has not its form comes from something in between, or something
// else, and is waited out.
func (p *otlp) judge(a *answer, n int) judgement {
	isProto, isJSON := a.mediaType == "application/x-protobuf", a.mediaType == "application/json"
	switch {
	case a.status/100 == 2:
		return p.accepted(a, n, isJSON, isProto)
	case a.status == http.StatusRequestEntityTooLarge:
		return judgement{tooLarge, p.sender.refusal(a, reasonOf(a, isProto)), nil}
	case a.status == http.StatusTooManyRequests || a.status >= 502 && a.status <= 504:
		return judgement{failed, p.sender.later(a, reasonOf(a, isProto)), nil}
	case (isProto || isJSON) && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity || a.status >= 500):
		return judgement{refused, p.sender.refusal(a, reasonOf(a, isProto)), nil}
	}
	return judgement{failed, p.sender.misconfigured(a, reasonOf(a, isProto)), nil}
}

// accepted reads the answer to a request that was accepted, at least in part.
func (p *otlp) accepted(a *answer, n int, isJSON, isProto bool) judgement {
	if len(a.body) == 0 {
		return p.clean(n) // the empty message, in protobuf
	}
	var res logs.ExportLogsServiceResponse
	var err error
	switch {
	case a.truncated:
		err = errors.New("is too long")
	case isProto:
		err = proto.Unmarshal(a.body, &res)
	case isJSON:
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(a.body, &res)
	default:
		err = errors.New("has another content type")
	}
	rejected := res.GetPartialSuccess().GetRejectedLogRecords()
	if err != nil || rejected < 0 {
		return judgement{failed, p.sender.garbage(a, "is not OTLP's"), nil}
	}
	why := p.sender.say([]byte(res.GetPartialSuccess().GetErrorMessage()))
	if rejected == 0 {
		if why != "" && why != p.warned {
			p.warned = why
			p.sender.cfg.Logger.Warn("the OTLP receiver remarks", slog.String("remark", why))
		}
		return p.clean(n)
	}
	return p.partial(rejected, n, why)
}

// clean is the judgement of a request that was taken whole.
func (p *otlp) clean(n int) judgement {
	if n == p.dest.limit && p.dest.limit < p.dest.maxRecords {
		p.dest.limit++
	}
	return judgement{verdict: stored}
}

// partial is the judgement of a request of which records were rejected. OTLP says
// how many, not which, and forbids to send any of them again. So none of the
// request can be called delivered: all are dead letters, with the numbers in the
// reason, unless all were rejected anyway. Requests become much smaller, so that
// this hits few of those that are stored, and grow again by a record at a time.
func (p *otlp) partial(rejected int64, n int, why string) judgement {
	if p.cfg.OnRejected != nil {
		p.cfg.OnRejected(min(rejected, int64(n)), n, why)
	}
	why = cmp.Or(why, "it does not say why")
	p.sender.cfg.Logger.Warn("the OTLP receiver rejected records", slog.Int64("rejected", rejected),
		slog.Int("of", n), slog.String("why", why))
	p.dest.limit = max(1, int(int64(n)/(8*min(rejected, int64(n)))))
	if rejected >= int64(n) {
		return judgement{unclear, fmt.Errorf("the OTLP receiver at %s rejected it: %s", p.sender.place, why), nil}
	}
	return judgement{unclear, fmt.Errorf(
		"the OTLP receiver at %s rejected %d of %d records and stored the others, and does not say which: %s",
		p.sender.place, rejected, n, why), nil}
}

// reasonOf returns the message of a google.rpc.Status, or else what is there.
func reasonOf(a *answer, isProto bool) string {
	if !isProto {
		var status struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(a.body, &status) == nil && status.Message != "" {
			return status.Message
		}
		return string(a.body)
	}
	for b := a.body; len(b) > 0; {
		field, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			break
		}
		b = b[n:]
		if field == 2 && typ == protowire.BytesType {
			message, n := protowire.ConsumeBytes(b)
			if n < 0 {
				break
			}
			return string(message)
		}
		if n = protowire.ConsumeFieldValue(field, typ, b); n < 0 {
			break
		}
		b = b[n:]
	}
	return "no reason, " + strconv.Itoa(len(a.body)) + " bytes"
}
