package signalr

import (
	"net/http"
	"strconv"

	"reslog/service/signalr/event"
)

// logFailures logs requests of the REST API that fail. Tokens that are refused have a
// record of their own, and that something is not there is mostly what was asked.
func (v *service) logFailures(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		api.ServeHTTP(s, r)
		asked := s.status == http.StatusNotFound && w.Header().Get("X-Ms-Error-Code") != ""
		if s.status < 400 || s.status == http.StatusUnauthorized || asked {
			return
		}
		level := event.Warning
		if s.status >= 500 {
			level = event.Error
			v.figures.systemErrors.Add(1)
		} else {
			v.figures.userErrors.Add(1)
		}
		v.flood.log(v.log, event.Event{
			Operation:  event.RequestFailed,
			Level:      level,
			Collection: event.Connection,
			// The query is left out: it may have a token in it.
			Message: r.Method + " " + shorten(r.URL.EscapedPath()) + " was answered with status code " + strconv.Itoa(s.status) + ".",
			Hub:     hubOfPath(r.URL.Path),
			Caller:  callerOf(r),
		})
	})
}

// shorten bounds what a caller chose.
func shorten(s string) string {
	const most = 300
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// statusWriter keeps the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
