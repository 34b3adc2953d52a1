package diagnose

import (
	"slices"
	"strings"
)

// The parts of the message about an audience.
const (
	audienceText = "Failed to validate audience."
	expectedText = "Expected Audiences:"
	actualText   = "Actual Audiences:"
)

// audiences takes them out of "Failed to validate audience. Expected Audiences: <valid>.
// Actual Audiences: <actual>".
func audiences(message string) (expected, actual []string, ok bool) {
	lower := strings.ToLower(message)
	e, a := strings.Index(lower, strings.ToLower(expectedText)), strings.LastIndex(lower, strings.ToLower(actualText))
	if e < 0 || a < e+len(expectedText) {
		return nil, nil, false
	}
	return audienceList(message[e+len(expectedText) : a]), audienceList(message[a+len(actualText):]), true
}

// audienceList splits at commas, but for those that are within an audience.
func audienceList(s string) []string {
	list := []string{}
	for part := range strings.SplitSeq(s, ", ") {
		if part = strings.TrimSuffix(strings.TrimSpace(part), "."); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// refusals finds tokens that were refused, by what was wrong.
func (d *diagnosis) refusals() {
	found := map[string]*evidence{}
	var order []string
	for i := range d.all {
		r := &d.all[i]
		if !r.in("Authorization") && !strings.Contains(r.Message, audienceText) {
			continue
		}
		key, f := refusal(r.Message)
		e := found[key]
		if e == nil {
			if len(found) == maxTallies*10 {
				key = "others"
				f = general("other refusals")
				e = found[key]
			}
			if e == nil {
				e = d.newEvidence(f)
				found[key] = e
				order = append(order, key)
			}
		}
		d.add(e, r, "")
		e.Actual = union(e.Actual, f.Actual)
	}
	for _, key := range order {
		d.report.Findings = append(d.report.Findings, d.finding(found[key]))
	}
}

// refusal is the finding that a message tells of, and what is the same in others of it.
func refusal(message string) (key string, f Finding) {
	expected, actual, ok := audiences(message)
	if ok {
		f = general("Failed to validate audience")
		f.Meaning = "None of the audiences in the access token is the URL that the client called, so it got 401 Unauthorized."
		f.Advice = "Make tokens with an expected audience: " + strings.Join(expected, " or ") + "."
		f.Expected, f.Actual = expected, actual
		return "audience " + strings.Join(expected, ","), f
	}
	f = general(strings.TrimSuffix(firstSentence(message), "."))
	switch lower := strings.ToLower(message); {
	case strings.Contains(lower, "signature"), strings.Contains(lower, "key was not found"):
		f.Advice = "Sign tokens with one of the two access keys, as the text that it is (it is not decoded from base64); after a key was regenerated, give it to everybody who signs."
	case strings.Contains(lower, "expired"), strings.Contains(lower, "lifetime"), strings.Contains(lower, "exp"):
		f.Advice = "Get a new token for each connection and reconnect (accessTokenFactory), and compare the clocks."
	case strings.Contains(lower, "token") && (strings.Contains(lower, "no ") || strings.Contains(lower, "missing")):
		f.Advice = "Send the token: in the header Authorization, or from browsers as access_token in the query."
	}
	return f.Title, f
}

func general(title string) Finding {
	return Finding{
		Kind: Authorization, Severity: Grave, Title: title,
		Meaning: "A request was answered with 401 Unauthorized.",
		Advice:  "Check how the token is made: signed with an access key, for the URL that is called, not expired.",
	}
}

func firstSentence(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ". ")
	if s == "" {
		return "no reason"
	}
	return s
}

// union adds what is not there, as much as a finding shows.
func union(list, more []string) []string {
	for _, s := range more {
		if len(list) < maxTallies && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// limits finds limits that were reached.
func (d *diagnosis) limits() {
	found := map[string]*evidence{}
	var order []string
	for i := range d.all {
		r := &d.all[i]
		name := limitOf(r.Message)
		if name == "" {
			if !r.in("Throttling") {
				continue
			}
			name = firstSentence(r.Message)
		}
		e := found[name]
		if e == nil {
			known := reasonOf(name)
			e = d.newEvidence(Finding{Kind: Throttling, Severity: Grave, Title: name, Meaning: known.meaning, Advice: known.advice})
			found[name] = e
			order = append(order, name)
		}
		d.add(e, r, "")
	}
	for _, name := range order {
		d.report.Findings = append(d.report.Findings, d.finding(found[name]))
	}
}

// limitOf returns the limit that a message names, "" for none.
func limitOf(message string) string {
	lower := strings.ToLower(message)
	for _, name := range [...]string{connectionLimit, messageLimit} {
		if strings.Contains(lower, strings.ToLower(name)) {
			return name
		}
	}
	return ""
}
