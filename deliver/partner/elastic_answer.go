package partner

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// bulkAnswer is the answer to _bulk, as far as filter_path lets it through.
type bulkAnswer struct {
	Errors *bool      `json:"errors"`
	Items  []bulkItem `json:"items"`
}

type bulkItem struct {
	Create struct {
		Status int          `json:"status"`
		Error  elasticError `json:"error"`
	} `json:"create"`
}

type elasticError struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

func (e elasticError) String() string {
	if e.Reason == "" {
		return e.Type
	}
	return e.Type + ": " + e.Reason
}

// items reads what became of each record of a request.
func (p *elastic) items(a *answer, n int) judgement {
	var res bulkAnswer
	if err := json.Unmarshal(a.body, &res); err != nil || res.Errors == nil || len(res.Items) != n {
		return judgement{failed, p.sender.garbage(a, fmt.Sprintf("does not say what became of %d records", n)), nil}
	}
	j := judgement{verdict: mixed, each: make([]single, n)}
	all := true
	for i := range res.Items {
		j.each[i] = p.item(&res.Items[i])
		all = all && j.each[i].verdict == stored
		var status *StatusError
		if j.each[i].verdict == failed && j.err == nil && errors.As(j.each[i].err, &status) && status.Advice != "" {
			j.err = status // sending it again at once is no use
		}
	}
	if all {
		j.verdict = stored
	}
	return j
}

// item judges one record. Every error of its own is a reason to look at what it
// is about: the record, the moment, or how things are set up.
func (p *elastic) item(it *bulkItem) single {
	status, e := it.Create.Status, it.Create.Error
	err := p.sender.refusal(&answer{status: status}, e.String())
	switch {
	case status == http.StatusOK || status == http.StatusCreated:
		return single{verdict: stored}
	case status == http.StatusConflict && (e.Type == "" || e.Type == "version_conflict_engine_exception"):
		return single{verdict: stored} // by us, before
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return single{verdict: failed, err: err}
	case status == http.StatusBadRequest && aboutIndex(e.Type):
		err.Advice = "the index cannot be written: correct its name or its state"
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity:
		return single{verdict: refused, reason: e.Type, err: err}
	case status == http.StatusForbidden:
		err.Advice = "the key needs the privileges create_doc and auto_configure on the index, which must not be read-only"
	case status == http.StatusNotFound:
		err.Advice = "there is no such index, and none is made automatically: create it or its template"
	default:
		err.Advice = "this answer is not known: look at the index"
	}
	return single{verdict: failed, err: err}
}

// aboutIndex reports whether an error of status 400 is about the index and not
// about the document.
func aboutIndex(errorType string) bool {
	switch errorType {
	case "index_closed_exception", "invalid_index_name_exception", "invalid_alias_name_exception":
		return true
	}
	return false
}

// elasticReason returns what the body of a failed request says, "" when it is not
// of Elasticsearch's form.
func elasticReason(a *answer) string {
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(a.body, &body) != nil || len(body.Error) == 0 {
		return ""
	}
	var e elasticError
	if json.Unmarshal(body.Error, &e) != nil {
		return string(body.Error) // a string, in some failures
	}
	return e.String()
}
