package diagnose

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The operations of calls that failed. EndConnectionFailed is published; the others are
// those of a node.
const (
	hookFailed    = "InvokeUpstreamFailed"
	endFailed     = "EndConnectionFailed"
	requestFailed = "RestApiRequestFailed"
)

// calls finds calls of web hooks and requests of the REST API that failed, by their
// status, or by why there was none.
func (d *diagnosis) calls() {
	found := map[string]*evidence{}
	var order []string
	told := d.disconnects()
	for i := range d.all {
		r := &d.all[i]
		var c failedCall
		switch {
		case r.is(requestFailed):
			c = requestOf(r.Message)
		case r.is(endFailed) && told[r.Connection]:
			continue // the call that failed is there itself
		case r.is(hookFailed), r.is(endFailed), strings.HasPrefix(r.Message, unexpectedStatus):
			c = hookOf(r.Message)
		default:
			continue
		}
		key := string(c.Kind) + " " + c.Title
		e := found[key]
		if e == nil {
			e = d.newEvidence(c.Finding)
			found[key] = e
			order = append(order, key)
		}
		d.add(e, r, c.target)
		if text := withoutQuery(r.Message); len(e.Examples) < maxSamples && !slices.Contains(e.Examples, text) {
			e.Examples = append(e.Examples, text)
		}
	}
	for _, key := range order {
		d.report.Findings = append(d.report.Findings, d.finding(found[key]))
	}
}

// disconnects are the connections whose end a web hook was called for in vain, and the
// call is among the events.
func (d *diagnosis) disconnects() map[string]bool {
	told := map[string]bool{}
	for i := range d.all {
		if r := &d.all[i]; r.is(hookFailed) && r.ofEnd() {
			told[r.Connection] = true
		}
	}
	return told
}

// ofEnd reports whether an event is about telling a web hook that a connection has ended.
func (r *Record) ofEnd() bool {
	return r.is(endFailed) || r.is(hookFailed) && strings.Contains(r.Message, "event:disconnected,category:connections'")
}

// failedCall is what a message tells of a call: the finding that it belongs to, and what
// was called, as a pattern.
type failedCall struct {
	Finding
	target string
}

// The forms of the messages of web hooks: of a node, whose logs hold no address of a web
// hook, and of the service, "Unexpected status code invoking '<URL>' for 'hub:…'.
// StatusCode: 401."
var (
	hookEvent  = regexp.MustCompile(`'(hub:[^']*)'`)
	hookURL    = regexp.MustCompile(`invoking '([^']*)'`)
	hookStatus = regexp.MustCompile(`StatusCode: ([1-5][0-9][0-9])\b`)
)

const unexpectedStatus = "Unexpected status code invoking "

// hookOf reads a message about a web hook.
func hookOf(message string) failedCall {
	c := failedCall{Finding: Finding{Kind: Upstream, Severity: Grave, Meaning: "The web hook did not take an event: what the client invoked has not been done, or the application does not know of the connection."}}
	if m := hookEvent.FindStringSubmatch(message); m != nil {
		c.target = m[1]
	}
	if m := hookURL.FindStringSubmatch(message); m != nil {
		c.target = strings.TrimSpace(addressOf(m[1]) + " " + c.target)
	}
	// What is behind the event's name, which clients choose.
	tail := message[strings.LastIndexByte(message, '\'')+1:]
	if m := hookStatus.FindStringSubmatch(tail); m != nil {
		status, _ := strconv.Atoi(m[1]) // three digits
		c.Title = statusTitle(status)
		c.Severity, c.Advice = hookAdvice(status)
		return c
	}
	lower := strings.ToLower(tail)
	switch {
	case strings.HasPrefix(message, "No upstream is set up"):
		c.Title, c.Severity = "No web hook is set up for it", Warning
		c.Meaning = "Clients invoke methods that no template of the service matches: what they send reaches nobody."
		c.Advice = "Set up a template whose patterns match the hub, category and event in the details, or take the calls out of the clients."
	case strings.Contains(lower, "cannot be reached"):
		c.Title = "The web hook cannot be reached"
		c.Advice = "Check that the application runs, that the host and port of the template are right, and that a firewall or a certificate is not in the way; the log of the node names the host."
	case strings.Contains(lower, "in time"):
		c.Title = "The web hook did not answer in time"
		c.Advice = "See what the application waits for. Answer at once, do long work afterwards, and send its result through the REST API."
	case strings.Contains(lower, "may not be called"):
		c.Title = "The web hook may not be called"
		c.Advice = "The host of a template with a placeholder in it, or an address within the node's own network, has to be allowed: reslog serve --signalr-upstream-hosts."
	case strings.Contains(lower, "too large"):
		c.Title, c.Severity = "The answer of the web hook is too large", Warning
		c.Advice = "Answer less; send large results through the REST API, in pieces."
	default:
		c.Title = "The web hook failed"
		c.Advice = "Look into the log of the application at these times."
	}
	return c
}

// hookAdvice is what to do when a web hook answers with a status.
func hookAdvice(status int) (Severity, string) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Grave, "Check the code in the URL of the template, who is allowed by the application, and, if it checks X-ASRS-Signature, that it has the present access keys. A managed identity needs the audience that the application wants."
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return Grave, "Check the path of the template, {hub}, {category} and {event} in it too, and that the application has a function for the event; it is called with POST."
	case status == http.StatusTooManyRequests:
		return Warning, "The application throttles: let it scale, or have clients call it less often."
	case status >= http.StatusInternalServerError:
		return Grave, "The application failed: look into its log at these times."
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return Grave, "Redirects are not followed: put the final address into the template, mostly https instead of http."
	}
	return Warning, "The application refused what came: look into its log, and compare the arguments that clients send with those that it wants."
}

// request is "POST /api/hubs/chat was answered with status code 400."
var request = regexp.MustCompile(`^([A-Z]+) (\S+) was answered with status code ([1-5][0-9][0-9])\.`)

// requestOf reads a message about a request of the REST API.
func requestOf(message string) failedCall {
	c := failedCall{Finding: Finding{Kind: Request, Severity: Warning, Title: "The request failed", Meaning: "A request of the REST API was refused or failed: what it asked for was not done.", Advice: "Look at what the caller got as the answer."}}
	m := request.FindStringSubmatch(message)
	if m == nil {
		return c
	}
	status, _ := strconv.Atoi(m[3]) // three digits
	c.target = m[1] + " " + pattern(m[2])
	c.Title = statusTitle(status)
	switch {
	case status >= http.StatusInternalServerError:
		c.Severity = Grave
		c.Advice = "The service failed. Try again; if it stays, look into the log of the node at these times."
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		c.Advice = "Check the path and the method against the reference of the REST API, and the api-version: that of the SDK may be another one."
	case status == http.StatusTooManyRequests:
		c.Severity = Grave
		c.Advice = "A limit was reached: look at the findings about throttling. A hub also holds only so many groups and users."
	case status == http.StatusRequestEntityTooLarge:
		c.Advice = "Send less in one message."
	default:
		c.Advice = "The request is wrong: compare its body, its content type and the names in its path with the reference of the REST API; the answer says what is wrong."
	}
	return c
}

func statusTitle(status int) string {
	title := "status code " + strconv.Itoa(status)
	if text := http.StatusText(status); text != "" {
		title += " " + text
	}
	return title
}

// pattern is a path of the REST API with the kinds of names in the places of names, which
// may be people's.
func pattern(path string) string {
	kinds := map[string]string{"hubs": "{hub}", "users": "{user}", "groups": "{group}", "connections": "{connection}"}
	segments := strings.Split(addressOf(path), "/")
	kind := ""
	for i, s := range segments {
		if kind != "" && !strings.HasPrefix(s, ":") {
			segments[i], kind = kind, "" // a user may be called "groups"
			continue
		}
		kind = kinds[s]
	}
	return strings.Join(segments, "/")
}

// addressOf is a URL without what may be secret: user, query and fragment.
func addressOf(text string) string {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	if u, err := url.Parse(text); err == nil && u.User != nil {
		u.User = nil
		return u.String()
	}
	return text
}

// secretPart is the user and the query of a URL.
var secretPart = regexp.MustCompile(`(://)[^/@\s']*@|\?[^\s']*`)

// withoutQuery is a message whose URLs have lost what may be secret.
func withoutQuery(message string) string { return secretPart.ReplaceAllString(message, "$1") }
