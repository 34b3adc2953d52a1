package storage

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// writeError answers with an error in the form of the service: XML, for the
// table service OData in XML or JSON. Headers that the operation set for a
// success are taken back, those of the answer and of CORS stay.
func (x *exchange) writeError(e *Error) {
	w := &x.rw
	w.status, w.held, w.refusal = 0, nil, true
	h := w.Header()
	for k := range h {
		switch k {
		case "Server", "Date", "X-Ms-Request-Id", "X-Ms-Version", "X-Ms-Client-Request-Id", "Vary",
			"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers":
		default:
			delete(h, k)
		}
	}
	h["X-Ms-Error-Code"] = []string{e.Code}
	for k, v := range e.Header {
		h[http.CanonicalHeaderKey(k)] = v
	}
	w.WriteHeader(e.Status)
	if x.req.Method == http.MethodHead || !bodyAllowed(e.Status) {
		return
	}
	contentType, body := x.errorBody(e)
	w.WriteBody(e.Status, contentType, body) //nolint:errcheck // remembered in w.broken
}

// errorBody renders e.
func (x *exchange) errorBody(e *Error) (contentType string, body []byte) {
	message := x.errorMessage(e)
	if x.front.kind == Table {
		return odataError(e.Code, message, first(x.req.Header, "Accept"))
	}
	var b bytes.Buffer
	b.WriteString(xmlDeclaration + "<Error><Code>" + e.Code + "</Code><Message>")
	escapeXML(&b, message)
	b.WriteString("</Message>")
	for _, d := range e.Details {
		if d.Value == "" {
			b.WriteString("<" + d.Name + " />")
			continue
		}
		b.WriteString("<" + d.Name + ">")
		escapeXML(&b, d.Value)
		b.WriteString("</" + d.Name + ">")
	}
	b.WriteString("</Error>")
	return "application/xml", b.Bytes()
}

// errorMessage is what an error says, with what identifies the request.
func (x *exchange) errorMessage(e *Error) string {
	return e.Message + "\nRequestId:" + x.call.RequestID + "\nTime:" + x.front.Now().UTC().Format(ticksLayout)
}

// ErrorBody renders an error of the table service that is inside of another
// answer, that to a batch; accept is what the request inside of the batch takes.
func (c *Call) ErrorBody(e *Error, accept string) (contentType string, body []byte) {
	return odataError(e.Code, c.Response.call.errorMessage(e), accept)
}

// odataError renders an error of the table service.
func odataError(code, message, accept string) (contentType string, body []byte) {
	if strings.Contains(accept, "json") {
		type text struct {
			Lang  string `json:"lang"`
			Value string `json:"value"`
		}
		type odata struct {
			Code    string `json:"code"`
			Message text   `json:"message"`
		}
		body, err := json.Marshal(map[string]odata{"odata.error": {code, text{"en-US", message}}})
		if err == nil {
			return "application/json;odata=minimalmetadata;streaming=true;charset=utf-8", body
		}
	}
	var b bytes.Buffer
	b.WriteString(strings.TrimPrefix(xmlDeclaration, "\ufeff"))
	b.WriteString(`<m:error xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><m:code>` + code +
		`</m:code><m:message xml:lang="en-US">`)
	escapeXML(&b, message)
	b.WriteString("</m:message></m:error>")
	return "application/xml", b.Bytes()
}

// escapeXML writes s as character data, as the service does: quotes and line
// breaks as they are. What XML has no place for becomes the replacement character.
func escapeXML(b *bytes.Buffer, s string) {
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '\r':
			b.WriteString("&#xD;")
		case r < ' ' && r != '\n' && r != '\t', r == 0xfffe, r == 0xffff:
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(r)
		}
	}
}

// ticksLayout is a time to 100 ns, as the service writes it.
const ticksLayout = "2006-01-02T15:04:05.0000000Z"
