package partner

import (
	"bytes"
	"net/netip"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// mapped are the members whose values are attributes under other names: those of
// the collector's decoder of Azure logs, extension/encoding/azureencodingextension.
func mapped(name string) string {
	switch name {
	case "operationName":
		return "azure.operation.name"
	case "operationVersion":
		return "azure.operation.version"
	case "resultType":
		return "azure.result.type"
	case "resultSignature":
		return "azure.result.signature"
	case "resultDescription":
		return "azure.result.description"
	case "correlationId":
		return "azure.correlation_id"
	case "identity":
		return "azure.identity"
	case "statusText":
		return "http.response.status_text"
	case "uri":
		return "url.full"
	}
	return ""
}

// reserved reports whether a property cannot have its own name because the
// mapping uses names like it.
func reserved(key []byte) bool {
	if len(key) == 0 {
		return true
	}
	dot := bytes.IndexByte(key, '.')
	if dot < 0 {
		return false
	}
	switch string(key[:dot]) {
	case "azure", "log", "network", "http", "url":
		return true
	}
	return false
}

// appendPeer splits "127.0.0.1:56029" as the semantic conventions have it.
func (e *encoder) appendPeer(b []byte, v value) []byte {
	if v.plain {
		if ap, err := netip.ParseAddrPort(string(v.inner())); err == nil {
			address := v.inner()[:bytes.LastIndexByte(v.inner(), ':')]
			b = appendString(b, logAttribute, "network.peer.address", bytes.Trim(address, "[]"))
			return appendInt(b, logAttribute, "network.peer.port", int64(ap.Port()))
		}
	}
	return e.appendAttribute(b, logAttribute, []byte("network.peer.address"), v, 0)
}

// appendSeverity appends what level means. Azure's words are Informational,
// Warning, Error and Critical; numbers are those of the .NET EventLevel, which
// services that write numbers mean.
func appendSeverity(b []byte, v value) ([]byte, bool) {
	if v.kind != text && v.kind != number {
		return b, false
	}
	s := v.raw
	if v.kind == text {
		s = v.bytes()
	}
	if n := severity(string(s)); n != 0 {
		b = append(b, logSeverity, n)
	}
	b = protowire.AppendVarint(append(b, logSeverityText), uint64(len(s)))
	return append(b, s...), true
}

// severity returns a SeverityNumber of OTLP, 0 for what is none.
func severity(level string) byte {
	switch strings.ToLower(level) {
	case "trace":
		return 1
	case "verbose", "debug", "5":
		return 5
	case "informational", "information", "info", "4":
		return 9
	case "warning", "warn", "3":
		return 13
	case "error", "2":
		return 17
	case "critical", "fatal", "1":
		return 21
	}
	return 0
}
