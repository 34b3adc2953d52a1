package storage

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of CORS rules.
const (
	maxCorsRules    = 5
	maxCorsSize     = 2 << 10 // all values of all rules
	maxCorsOrigins  = 64
	maxCorsHeaders  = 64 // literal ones; and
	maxCorsPrefixes = 2
	maxCorsName     = 256
)

// corsMethods are the methods that a rule may allow.
var corsMethods = []string{"DELETE", "GET", "HEAD", "MERGE", "POST", "OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT"}

// cors reads Cors. Without rules it deletes those there are.
func (d *propertiesDoc) cors(e *element) ([]CorsRule, error) {
	if len(e.children) > maxCorsRules {
		// The service gives no position and no reason for this one.
		return nil, ErrInvalidXmlDocument.With("LineNumber", "0").With("LinePosition", "0").With("Reason", "")
	}
	var rules []CorsRule
	size := 0
	for _, c := range e.children {
		if c.name != "CorsRule" {
			return nil, d.invalid(c.start, "Element '"+c.name+"' is not recognized.")
		}
		r, err := d.corsRule(c)
		if err != nil {
			return nil, err
		}
		for _, v := range c.children {
			size += len(v.text)
		}
		rules = append(rules, r)
	}
	if size > maxCorsSize {
		return nil, d.invalid(e.end, "The CORS rules are larger than 2 KB.")
	}
	return rules, nil
}

// corsRule reads one rule: all five children, of which the header lists may be
// empty.
func (d *propertiesDoc) corsRule(e *element) (r CorsRule, err error) {
	all := []string{"AllowedOrigins", "AllowedMethods", "MaxAgeInSeconds", "ExposedHeaders", "AllowedHeaders"}
	err = d.children(e, all, nil, func(c *element) (err error) {
		switch c.name {
		case "AllowedOrigins":
			r.AllowedOrigins, err = d.origins(c)
		case "AllowedMethods":
			r.AllowedMethods = list(c.text)
			if len(r.AllowedMethods) == 0 {
				return d.badValue(c, "At least one method is required.")
			}
			for _, m := range r.AllowedMethods {
				if !slices.Contains(corsMethods, strings.ToUpper(m)) {
					return d.badValue(c, "The method '"+cut(m, maxCorsName)+"' is not one that can be allowed.")
				}
			}
		case "MaxAgeInSeconds":
			n, err := strconv.ParseInt(c.text, 10, 32)
			if err != nil || n < 0 {
				return d.badValue(c, "The age is a whole number of seconds.")
			}
			r.MaxAgeInSeconds = int(n)
		case "ExposedHeaders":
			r.ExposedHeaders, err = d.headers(c)
		case "AllowedHeaders":
			r.AllowedHeaders, err = d.headers(c)
		}
		return err
	})
	return r, err
}

func (d *propertiesDoc) origins(e *element) ([]string, error) {
	origins := list(e.text)
	switch {
	case len(origins) == 0:
		return nil, d.badValue(e, "At least one origin is required.")
	case len(origins) > maxCorsOrigins:
		return nil, d.badValue(e, "There can be at most 64 origins.")
	}
	for _, o := range origins {
		if len(o) > maxCorsName || strings.Contains(o, "*") && (o != "*" || len(origins) > 1) {
			return nil, d.badValue(e, "An origin is at most 256 characters without a wildcard, or '*' is the only one.")
		}
	}
	return origins, nil
}

// headers reads a list of header names and prefixes.
func (d *propertiesDoc) headers(e *element) ([]string, error) {
	headers := list(e.text)
	literal, prefixed := 0, 0
	for _, h := range headers {
		if len(h) > maxCorsName {
			return nil, d.badValue(e, "A header name is at most 256 characters.")
		}
		if name, ok := strings.CutSuffix(h, "*"); ok && !strings.Contains(name, "*") {
			prefixed++
		} else if strings.Contains(h, "*") {
			return nil, d.badValue(e, "A wildcard can only end a header name.")
		} else {
			literal++
		}
	}
	if literal > maxCorsHeaders || prefixed > maxCorsPrefixes {
		return nil, d.badValue(e, "There can be at most 64 literal and 2 prefixed headers.")
	}
	return headers, nil
}

// list splits at commas and drops white space and empty items.
func list(s string) (items []string) {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
