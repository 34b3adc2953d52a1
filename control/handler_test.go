package control

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// part says its name.
type part string

func (p part) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Part", string(p)) }

func (p part) Handles(path string) bool { return path == "/adfs/oauth2/token" }

func TestEachPathHasItsPart(t *testing.T) {
	h := NewHandler(Parts{Local: part("local"), SignIn: part("sign-in"), ARM: part("arm")})
	for path, want := range map[string]string{
		"/local/v1/records":   "local",
		"/adfs/oauth2/token":  "sign-in",
		"/subscriptions":      "arm",
		"/metadata/endpoints": "arm",
		"/":                   "arm",
		"/localhost":          "arm",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if got := w.Header().Get("Part"); got != want {
			t.Errorf("%s is served by %s, want %s", path, got, want)
		}
	}
}
