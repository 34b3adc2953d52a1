package partner

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"reslog/deliver"
	"reslog/internal/jsonlex"
	"reslog/record"
)

// DefaultIndex is the data stream that ElasticConfig.Index stands for. Its name is
// of the scheme type-dataset-namespace, so that Elasticsearch's own template for
// logs-*-* makes it.
const DefaultIndex = "logs-azure.{category}-default"

const (
	elasticBytes   = 10 << 20
	elasticRecords = 5000
)

// ElasticConfig says where to send logs over Elasticsearch's _bulk, and how.
type ElasticConfig struct {
	// Connection is how Elasticsearch is reached. Its Endpoint is the base URL, to
	// which /_bulk is added. MaxBytes of zero means 10 MiB, MaxRecords 5000.
	Connection Connection

	// Index is the data stream or index. {category} stands for the category of the
	// record, in lower case. Empty means DefaultIndex.
	Index string

	// APIKey is an API key, encoded as Elasticsearch gives it or as id:key. Username
	// and Password are used instead if they are set. All empty means none.
	APIKey             Secret
	Username, Password Secret
}

// elastic speaks _bulk. The _id of a record is its position on the stream: what
// comes again is answered 409 and stored once.
//
// Source: Elasticsearch reference, "Bulk API".
type elastic struct {
	sender *sender
	index  string

	body    []byte
	before  int // length before the last record
	members []member

	action   []byte // up to the _id, for records of one category
	category record.Category
}

// NewElastic returns a destination that writes to Elasticsearch, or to OpenSearch.
func NewElastic(cfg ElasticConfig) (deliver.Destination, error) {
	auth, err := cfg.auth()
	if err != nil {
		return nil, fmt.Errorf("elastic destination: %w", err)
	}
	p := &elastic{index: cfg.Index}
	if p.index == "" {
		p.index = DefaultIndex
	}
	if err := checkIndex(p.index); err != nil {
		return nil, fmt.Errorf("elastic destination: %w", err)
	}
	p.sender, err = newSender(Elastic, "Elasticsearch", cfg.Connection, "application/x-ndjson", auth)
	if err != nil {
		return nil, fmt.Errorf("elastic destination: %w", err)
	}
	// Without the rest an answer is as short as it can be.
	p.sender.url += "?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
	return newDestination(p.sender, p, elasticBytes, elasticRecords), nil
}

// auth returns the header that proves who we are.
func (c *ElasticConfig) auth() (map[string]Secret, error) {
	key := string(c.APIKey)
	switch {
	case key != "" && (c.Username != "" || c.Password != ""):
		return nil, errors.New("both an API key and a user are given: choose one")
	case key != "":
		if strings.Contains(key, ":") {
			key = base64.StdEncoding.EncodeToString([]byte(key))
		}
		return map[string]Secret{"Authorization": Secret("ApiKey " + key)}, nil
	case c.Username != "":
		if strings.Contains(string(c.Username), ":") {
			return nil, errors.New("the user has a colon in its name, which Basic authentication cannot send")
		}
		pair := string(c.Username) + ":" + string(c.Password)
		return map[string]Secret{"Authorization": Secret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))}, nil
	case c.Password != "":
		return nil, errors.New("a password without a user")
	}
	return nil, nil
}

const placeholder = "{category}"

// checkIndex refuses names that Elasticsearch would.
//
// Source: Elasticsearch reference, "Create index API", path parameters.
func checkIndex(index string) error {
	name := strings.ReplaceAll(index, placeholder, "x")
	switch {
	case name == "" || name == "." || name == "..":
		return errors.New("the index has no name")
	case len(name) > 150: // 255 with a long category
		return errors.New("the name of the index is over 150 bytes")
	case strings.ContainsAny(name[:1], "-_+"):
		return errors.New("the name of the index begins with -, _ or +")
	case strings.ToLower(name) != name:
		return errors.New("the name of the index has capital letters")
	case strings.ContainsAny(name, "\\/*?\"<>| ,#:{}") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New(`the name of the index has a space or one of \ / * ? " < > | , # : { } in it; only ` + placeholder + " is replaced")
	}
	return nil
}

// indexOf is the index for a category. What cannot be in a name, or would part
// the name of a data stream, becomes "_".
func (p *elastic) indexOf(c record.Category) string {
	const longest = 100
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '.', r == '_':
			return r
		}
		return '_'
	}, strings.ToLower(string(c)))
	if name == "" {
		name = "platformlogs" // as Elastic's own integration calls records of any kind
	}
	return strings.ReplaceAll(p.index, placeholder, name[:min(len(name), longest)])
}

func (p *elastic) begin() { p.body = p.body[:0] }

func (p *elastic) add(it *deliver.Item) (int, error) {
	p.before = len(p.body)
	if c := it.Record.Category; len(p.action) == 0 || c != p.category {
		p.action = append(append(p.action[:0], `{"create":{"_index":`...), appendQuoted(nil, []byte(p.indexOf(c)))...)
		p.action, p.category = append(p.action, `,"_id":"`...), c
	}
	b := appendPosition(append(p.body, p.action...), it.Position)
	b = append(b, "\"}}\n"...)
	p.body = append(p.appendSource(b, it), '\n')
	return len(p.body), nil
}

func (p *elastic) release() { p.body, p.members = nil, nil }

func (p *elastic) undo() { p.body = p.body[:p.before] }

func (p *elastic) encode() ([]byte, error) { return p.body, nil }

// appendSource appends the document: the line as it is, with @timestamp in front
// unless it has one.
func (p *elastic) appendSource(b []byte, it *deliver.Item) []byte {
	line := it.Record.Line
	members, isObject := parseObject(p.members[:0], line)
	p.members = members
	b = append(b, '{')
	if !isObject {
		b = appendStamp(b, it)
		b = append(b, `,"message":`...)
		b = appendQuoted(b, line)
		return append(b, '}')
	}
	stamped := false
	for _, m := range p.members {
		stamped = stamped || m.name.is("@timestamp")
	}
	if !stamped {
		b = appendStamp(b, it)
		if len(p.members) > 0 {
			b = append(b, ',')
		}
	}
	return appendLine(b, line[jsonlex.SkipSpace(line, 0)+1:])
}

func appendStamp(b []byte, it *deliver.Item) []byte {
	t := it.Record.Time
	if t.IsZero() {
		t = it.Record.Ended
	}
	if t.IsZero() {
		t = time.Unix(0, 0) // data streams take nothing without a time
	}
	b = appendTime(append(b, `"@timestamp":"`...), t)
	return append(b, '"')
}

// judge implements protocol.
func (p *elastic) judge(a *answer, n int) judgement {
	isJSON := strings.HasSuffix(a.mediaType, "json") // "application/vnd.elasticsearch+json", too
	switch {
	case a.status == http.StatusOK && a.truncated && n > 1:
		// A reason for each record can be longer than an answer may be.
		return judgement{tooLarge, p.sender.garbage(a, "is too long"), nil}
	case a.status == http.StatusOK && isJSON && !a.truncated:
		return p.items(a, n)
	case a.status/100 == 2:
		return judgement{failed, p.sender.garbage(a, "is not Elasticsearch's"), nil}
	case a.status == http.StatusRequestEntityTooLarge:
		return judgement{tooLarge, p.sender.refusal(a, cmp.Or(elasticReason(a), string(a.body))), nil}
	case a.status == http.StatusTooManyRequests || a.status >= 500:
		return judgement{failed, p.sender.later(a, cmp.Or(elasticReason(a), string(a.body))), nil}
	case a.status == http.StatusBadRequest && isJSON && elasticReason(a) != "":
		return judgement{refused, p.sender.refusal(a, elasticReason(a)), nil}
	}
	return judgement{failed, p.sender.misconfigured(a, cmp.Or(elasticReason(a), string(a.body))), nil}
}
