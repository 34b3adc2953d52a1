package table

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"reslog/service/storage"
)

// batchAnswer is the body of the answer to a batch, as the service writes it.
//
// Source: REST API reference, "Performing entity group transactions"; the headers
// and their order as recorded in the tests of azure-data-tables for Python.
type batchAnswer struct {
	boundary  string
	changeSet string // the inner boundary, while a change set is written
	b         []byte
}

// newBatchAnswer begins an answer that is written to b.
func newBatchAnswer(b []byte) *batchAnswer {
	return &batchAnswer{boundary: "batchresponse_" + uuid.NewString(), b: b}
}

// beginChanges begins the answer to the change set.
func (w *batchAnswer) beginChanges() {
	w.changeSet = "changesetresponse_" + uuid.NewString()
	w.delimiter(w.boundary, "\r\n")
	w.text("Content-Type: multipart/mixed; boundary=", w.changeSet, "\r\n\r\n")
}

// endChanges ends it.
func (w *batchAnswer) endChanges() {
	w.delimiter(w.changeSet, "--\r\n")
	w.changeSet = ""
}

// end ends the answer and returns its Content-Type and body.
func (w *batchAnswer) end() (contentType string, body []byte) {
	w.delimiter(w.boundary, "--\r\n")
	return "multipart/mixed; boundary=" + w.boundary, w.b
}

// answerHeaders are the headers of answers inside a batch, in the order of the
// service: by their canonical names and by those it writes.
var answerHeaders = [...][2]string{
	{"X-Content-Type-Options", "X-Content-Type-Options"},
	{"Cache-Control", "Cache-Control"},
	{"Preference-Applied", "Preference-Applied"},
	{"Dataserviceversion", "DataServiceVersion"},
	{"Content-Type", "Content-Type"},
	{"X-Ms-Continuation-Nextpartitionkey", "x-ms-continuation-NextPartitionKey"},
	{"X-Ms-Continuation-Nextrowkey", "x-ms-continuation-NextRowKey"},
	{"Location", "Location"},
	{"Dataserviceid", "DataServiceId"},
	{"Etag", "ETag"},
}

// begin writes the answer to a message up to its body.
func (w *batchAnswer) begin(m *batchMessage, status int, h http.Header) {
	boundary := w.boundary
	if w.changeSet != "" {
		boundary = w.changeSet
	}
	w.delimiter(boundary, "\r\n")
	w.text("Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n")
	if m.id != "" && m.inPart {
		w.text("Content-ID: ", m.id, "\r\n")
	}
	w.text("\r\nHTTP/1.1 ", strconv.Itoa(status), " ", http.StatusText(status), "\r\n")
	if m.id != "" && !m.inPart {
		w.text("Content-ID: ", m.id, "\r\n")
	}
	for _, name := range answerHeaders {
		for _, v := range h[name[0]] {
			w.text(name[1], ": ", v, "\r\n")
		}
	}
	w.text("\r\n")
}

// endBody ends what begin began, after the body.
func (w *batchAnswer) endBody() { w.text("\r\n") }

// refuse writes an error as the answer to a message.
func (w *batchAnswer) refuse(c *storage.Call, m *batchMessage, e *storage.Error) {
	accept := first(m.header, "Accept")
	if accept == "" {
		accept = c.Header("Accept")
	}
	contentType, body := c.ErrorBody(e, accept)
	h := http.Header{"Content-Type": {contentType}, "Dataserviceversion": {dataVersion3}}
	if e.Status == http.StatusNotModified { // it cannot have a body
		delete(h, "Content-Type")
		body = nil
	}
	common(h)
	w.begin(m, e.Status, h)
	w.b = append(w.b, body...)
	w.endBody()
}

func (w *batchAnswer) delimiter(boundary, end string) { w.text("--", boundary, end) }

func (w *batchAnswer) text(parts ...string) {
	for _, s := range parts {
		w.b = append(w.b, s...)
	}
}
