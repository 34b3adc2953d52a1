package storage

import "fmt"

// Refusals that say what was wrong, with the elements that the service adds to
// the body of an error.

// InvalidQuery refuses a query parameter's value, saying why.
func InvalidQuery(name, value, reason string) error {
	return ErrInvalidQueryParameterValue.
		With("QueryParameterName", name).
		With("QueryParameterValue", Clip(value)).
		With("Reason", reason)
}

// MissingQuery refuses the lack of a query parameter.
func MissingQuery(name string) error {
	return ErrMissingRequiredQueryParameter.With("QueryParameterName", name)
}

// OutOfRangeQuery refuses a number outside of its bounds.
func OutOfRangeQuery(name, value string, lowest, highest int) error {
	return ErrOutOfRangeQueryParameterValue.
		With("QueryParameterName", name).
		With("QueryParameterValue", Clip(value)).
		With("MinimumAllowed", fmt.Sprint(lowest)).
		With("MaximumAllowed", fmt.Sprint(highest))
}

// InvalidXMLValue refuses the text of an element.
func InvalidXMLValue(name, value, reason string) error {
	return ErrInvalidXmlNodeValue.
		With("XmlNodeName", name).
		With("XmlNodeValue", Clip(value)).
		With("Reason", reason)
}

// Clip bounds what of a client's value an error repeats.
func Clip(s string) string { return cut(s, 256) }
