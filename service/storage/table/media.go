package table

import (
	"net/http"
	"strings"

	"reslog/service/storage"
)

// level is how much an answer in JSON says about its data.
//
// Source: REST API reference, "Payload format for Table service operations".
type level uint8

const (
	noMetadata level = iota
	minimalMetadata
	fullMetadata
)

// contentTypes are the values of Content-Type by level. They are shared by all
// answers: nobody changes them.
var contentTypes = [...][]string{
	noMetadata:      {"application/json;odata=nometadata;streaming=true;charset=utf-8"},
	minimalMetadata: {"application/json;odata=minimalmetadata;streaming=true;charset=utf-8"},
	fullMetadata:    {"application/json;odata=fullmetadata;streaming=true;charset=utf-8"},
}

// Values of headers that all answers with data have, shared like contentTypes.
var (
	noCache = []string{"no-cache"}
	noSniff = []string{"nosniff"}
)

// media is what an answer may look like: Accept, or in its place the parameter
// $format. Without either it is minimal metadata; before version 2013-08-15 there
// was no JSON.
func media(v storage.Version, h http.Header, format string) (level, error) {
	accept := format
	switch {
	case strings.EqualFold(format, "json"):
		accept = "application/json"
	case format == "":
		accept = first(h, "Accept")
	}
	if v < storage.V2013_08_15 {
		if strings.Contains(accept, "json") {
			return 0, storage.ErrJsonFormatNotSupported
		}
		return 0, errAtomFormatNotSupported
	}
	if err := checkDataVersion(h); err != nil {
		return 0, err
	}
	return parseAccept(accept)
}

// parseAccept finds the first media type of a list that there is.
func parseAccept(accept string) (level, error) {
	if accept == "" {
		return minimalMetadata, nil
	}
	atom := false
	for rest := accept; rest != ""; {
		var item string
		item, rest, _ = strings.Cut(rest, ",")
		media, params, _ := strings.Cut(item, ";")
		switch media = strings.TrimSpace(media); {
		case strings.EqualFold(media, "application/json"):
			if l, ok := metadataLevel(params); ok {
				return l, nil
			}
		case media == "*/*", media == "application/*":
			return minimalMetadata, nil
		case strings.EqualFold(media, "application/atom+xml"):
			atom = true
		}
	}
	if atom {
		return 0, errAtomFormatNotSupported
	}
	return 0, storage.ErrMediaTypeNotSupported
}

// metadataLevel reads the parameters of application/json.
func metadataLevel(params string) (level, bool) {
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "odata") {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "nometadata":
			return noMetadata, true
		case "minimalmetadata":
			return minimalMetadata, true
		case "fullmetadata":
			return fullMetadata, true
		}
		return 0, false // verbose JSON is another format
	}
	return minimalMetadata, true
}

// checkContent refuses a body that is not JSON; contentType is its Content-Type.
func checkContent(v storage.Version, contentType string) error {
	media, params, _ := strings.Cut(contentType, ";")
	switch media = strings.TrimSpace(media); {
	case strings.EqualFold(media, "application/json"):
		if v < storage.V2013_08_15 {
			return storage.ErrJsonFormatNotSupported
		}
		if _, ok := metadataLevel(params); ok {
			return nil
		}
	case strings.EqualFold(media, "application/atom+xml"):
		return errAtomFormatNotSupported
	}
	return storage.ErrMediaTypeNotSupported
}

// checkDataVersion refuses versions of the data service protocol that do not
// exist, and clients that understand none with JSON. Both headers may be left out,
// and may name a client behind a semicolon.
func checkDataVersion(h http.Header) error {
	for _, name := range [...]string{"Dataserviceversion", "Maxdataserviceversion"} {
		v := first(h, name)
		if v == "" {
			continue
		}
		number, _, _ := strings.Cut(v, ";")
		switch strings.TrimSpace(number) {
		case "3.0":
		case "1.0", "2.0":
			if name == "Maxdataserviceversion" {
				return storage.ErrJsonFormatNotSupported
			}
		default:
			return storage.ErrInvalidHeaderValue.With("HeaderName", name).With("HeaderValue", storage.Clip(v))
		}
	}
	return nil
}

// preference is what the Prefer header asks of an insert.
type preference uint8

const (
	noPreference preference = iota
	returnContent
	returnNoContent
)

// preferenceOf reads Prefer; what it does not know it leaves alone, as the header
// is meant.
func preferenceOf(prefer string) preference {
	for rest := prefer; rest != ""; {
		var item string
		item, rest, _ = strings.Cut(rest, ",")
		switch item = strings.TrimSpace(item); {
		case strings.EqualFold(item, "return-no-content"):
			return returnNoContent
		case strings.EqualFold(item, "return-content"):
			return returnContent
		}
	}
	return noPreference
}

// String is the value of Preference-Applied.
func (p preference) String() string {
	return [...]string{"", "return-content", "return-no-content"}[p]
}

// mediaOf is media for a request of its own.
func mediaOf(c *storage.Call) (level, error) {
	return media(c.Version, c.Request.Header, c.Query.Get("$format"))
}

// first returns the first value of a header, whose name is in canonical form.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
