package control

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestEachPathHasItsPart(t *testing.T) {
	part := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Part", name) })
	}
	h := NewHandler(Parts{Local: part("local"), SignIn: part("sign-in"), ARM: part("arm"), TenantID: "AAAAAAAA-0000-4000-8000-000000000001"})
	for path, want := range map[string]string{
		"/local/v1/records":                                       "local",
		"/adfs/oauth2/token":                                      "sign-in",
		"/ADFS/.well-known/openid-configuration":                  "sign-in",
		"/aaaaaaaa-0000-4000-8000-000000000001/oauth2/v2.0/token": "sign-in",
		"/bbbbbbbb-0000-4000-8000-000000000001/v2.0/.well-known/openid-configuration": "sign-in",
		"/common/discovery/instance": "sign-in",
		"/subscriptions":             "arm",
		"/metadata/endpoints":        "arm",
		"/":                          "arm",
		"/localhost":                 "arm",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if got := w.Header().Get("Part"); got != want {
			t.Errorf("%s is served by %s, want %s", path, got, want)
		}
	}
}
