package storage

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Cross-Origin Resource Sharing, by the rules of the service properties.
//
// Source: REST API reference, "Cross-Origin Resource Sharing (CORS) support for
// Azure Storage" and "Preflight Blob Request".

// preflight answers OPTIONS. It needs no authentication: it tells a browser
// what the rules are, and touches nothing.
func (f *Front) preflight(c *Call) error {
	origin := c.Header("Origin")
	method := c.Header("Access-Control-Request-Method")
	if origin == "" || method == "" {
		missing := "Origin"
		if origin != "" {
			missing = "Access-Control-Request-Method"
		}
		return ErrMissingRequiredHeader.With("HeaderName", missing)
	}
	var headers []string
	for h := range strings.SplitSeq(c.Header("Access-Control-Request-Headers"), ",") {
		if h = strings.TrimSpace(h); h != "" {
			headers = append(headers, h)
		}
	}
	rule := f.corsRule(c, origin, method, headers)
	if rule == nil {
		return ErrCorsPreflightFailure.With("MessageDetails",
			"No CORS rules matches this request: none allows the origin, the method and all headers.")
	}
	w := c.Response
	w.Set("Access-Control-Allow-Methods", method)
	if len(headers) > 0 {
		w.Set("Access-Control-Allow-Headers", strings.Join(headers, ","))
	}
	w.Set("Access-Control-Max-Age", strconv.Itoa(rule.MaxAgeInSeconds))
	setOrigin(w, rule, origin)
	w.WriteHeader(http.StatusOK)
	return nil
}

// cors sets the headers of an answer to a request with an Origin.
func (f *Front) cors(c *Call) {
	origin := c.Header("Origin")
	if origin == "" || f.Properties == nil {
		return
	}
	p, err := f.Properties.Get(c.Context(), c.Account.Name, f.kind)
	if err != nil || len(p.Cors) == 0 {
		return
	}
	if rule := match(p.Cors, origin, c.Request.Method, nil); rule != nil {
		setOrigin(c.Response, rule, origin)
		if len(rule.ExposedHeaders) > 0 {
			c.Response.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposedHeaders, ","))
		}
		return
	}
	c.Response.Set("Vary", "Origin") // another origin may be allowed
}

func (f *Front) corsRule(c *Call, origin, method string, headers []string) *CorsRule {
	if f.Properties == nil {
		return nil
	}
	p, err := f.Properties.Get(c.Context(), c.Account.Name, f.kind)
	if err != nil {
		return nil
	}
	return match(p.Cors, origin, method, headers)
}

// match returns the first rule that allows all of it.
func match(rules []CorsRule, origin, method string, headers []string) *CorsRule {
	for i := range rules {
		r := &rules[i]
		if !slices.ContainsFunc(r.AllowedOrigins, func(o string) bool { return o == "*" || strings.EqualFold(o, origin) }) {
			continue
		}
		if !slices.ContainsFunc(r.AllowedMethods, func(m string) bool { return strings.EqualFold(m, method) }) {
			continue
		}
		if !slices.ContainsFunc(headers, func(h string) bool { return !allowsHeader(r.AllowedHeaders, h) }) {
			return r
		}
	}
	return nil
}

// allowsHeader reports whether a list of names and prefixes ("x-ms-meta-*")
// holds a header.
func allowsHeader(allowed []string, header string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if prefix, ok := strings.CutSuffix(a, "*"); ok {
			return len(header) >= len(prefix) && strings.EqualFold(header[:len(prefix)], prefix)
		}
		return strings.EqualFold(a, header)
	})
}

// setOrigin says who may read the answer. A rule for all origins allows no
// credentials.
func setOrigin(w *ResponseWriter, rule *CorsRule, origin string) {
	if slices.Contains(rule.AllowedOrigins, "*") {
		w.Set("Access-Control-Allow-Origin", "*")
		return
	}
	w.Set("Access-Control-Allow-Origin", origin)
	w.Set("Access-Control-Allow-Credentials", "true")
	w.Set("Vary", "Origin")
}
