package storage

import "net/http"

// Services pick operations by HTTP method in one of these ways; the table service,
// which has another error for it, in its own.

// ByMethod picks an operation by HTTP method, get for HEAD too; nil ones do not
// exist.
func (c *Call) ByMethod(get, put, del *Operation) (*Operation, error) {
	var op *Operation
	switch c.Request.Method {
	case http.MethodGet, http.MethodHead:
		op = get
	case http.MethodPut:
		op = put
	case http.MethodDelete:
		op = del
	}
	if op == nil {
		return nil, ErrUnsupportedHttpVerb
	}
	return op, nil
}

// OnMethod picks op for one method only.
func (c *Call) OnMethod(method string, op *Operation) (*Operation, error) {
	if c.Request.Method != method {
		return nil, ErrUnsupportedHttpVerb
	}
	return op, nil
}

// CheckName applies "Naming and Referencing Containers, Blobs, and Metadata" and
// "Naming Queues and Metadata" to the name of a container or a queue: 3 to 63
// lower-case letters, digits and single hyphens, letters or digits at both ends.
func CheckName(name string) error {
	const shortest, longest = 3, 63
	if len(name) < shortest || len(name) > longest {
		return ErrOutOfRangeInput
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(name)-1 && name[i-1] != '-':
		default:
			return ErrInvalidResourceName
		}
	}
	return nil
}
