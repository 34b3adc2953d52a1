package arm

import (
	"context"
	"net/http"
)

func (s *Server) diagnosticSettings(_ context.Context, _ *request, x extension) (answer, error) {
	return answer{}, refuse(http.StatusNotImplemented, "NotImplemented", "Diagnostic settings of '%s' are not implemented.", x.scope)
}

func (s *Server) diagnosticCategories(_ context.Context, _ *request, x extension) (answer, error) {
	return answer{}, refuse(http.StatusNotImplemented, "NotImplemented", "Diagnostic settings categories of '%s' are not implemented.", x.scope)
}
