package arm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"reslog/internal/journal"
)

const (
	// activityDays is for how long the activity log is served.
	activityDays = 90
	// eventsPage bounds a page of events.
	eventsPage = 200
	// clockSlack is how far events may be out of order: the clock was set.
	clockSlack = 24 * time.Hour
)

// routeActivity leads to the activity log. Source: the REST reference of Azure
// Monitor, "Activity Logs" and "Tenant Activity Logs", 2015-04-01.
func (s *Server) routeActivity(r *request) (handler, error) {
	t := &r.target
	if err := r.wantVersion(activityVersions()); err != nil {
		return nil, err
	}
	if t.group != "" || strings.Contains(strings.ToLower(t.scope), "/providers/") {
		return nil, s.unknownType(t)
	}
	if fold(t.types[0], "eventcategories") && len(t.types) == 1 && len(t.names) == 0 {
		return listEventCategories, r.wantMethod(http.MethodGet)
	}
	if len(t.types) != 2 || len(t.names) != 1 || !fold(t.types[1], "values") || !fold(t.names[0], "management") {
		return nil, s.unknownType(t)
	}
	return s.listEvents, r.wantMethod(http.MethodGet)
}

func listEventCategories(context.Context, *request) (answer, error) {
	list := []localized{}
	for _, name := range []string{"Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale", "ResourceHealth"} {
		list = append(list, both(name))
	}
	return ok(map[string]any{"value": list})
}

// eventQuery is what a $filter asks for.
type eventQuery struct {
	from, to     time.Time
	subscription string // lower case
	conds        []condition
}

// listEvents answers with the newest events that a filter asks for.
func (s *Server) listEvents(ctx context.Context, r *request) (answer, error) {
	q, err := s.eventQuery(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.mayReadEvents(r, q); err != nil {
		return answer{}, err
	}
	top, err := r.top(eventsPage)
	if err != nil {
		return answer{}, err
	}
	at, err := journal.ParsePosition(r.skipToken())
	if err != nil {
		return answer{}, refuse(http.StatusBadRequest, "InvalidSkipToken", "The $skiptoken of the request is not one that this node has given.")
	}
	if r.skipToken() == "" {
		// The months after the last day asked for are not read.
		last := q.to.Add(clockSlack)
		at, err = journal.ParsePosition(time.Date(last.Year(), last.Month()+1, 1, 0, 0, 0, 0, time.UTC).Format("2006-01") + ".0")
		if err != nil {
			return answer{}, err
		}
	}
	list, next, err := s.events(ctx, q, at, top, selected(r.param("$select")))
	if err != nil {
		return answer{}, err
	}
	body := map[string]any{"value": list}
	if next != "" {
		body["nextLink"] = s.nextLink(r, next)
	}
	return ok(body)
}

// events reads a page from a position on; next is where the following one
// begins, "" when there is none.
func (s *Server) events(ctx context.Context, q *eventQuery, at journal.Position, top int, fields []string) (list []map[string]any, next string, err error) {
	list = []map[string]any{}
	var failed error
	err = s.cfg.Journal.Newest(at, func(at journal.Position, line []byte) bool {
		var e event
		if json.Unmarshal(line, &e) != nil {
			return true // a position from outside may point into a line
		}
		if failed = ctx.Err(); failed != nil || e.Time.Before(q.from.Add(-clockSlack)) {
			return false
		}
		if !q.matches(&e) {
			return true
		}
		var shown map[string]any
		if shown, failed = e.show(fields); failed != nil {
			return false
		}
		list = append(list, shown)
		if len(list) == top {
			next = at.String()
		}
		return len(list) < top
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, "", fmt.Errorf("read the activity log: %w", err)
	}
	return list, next, nil
}

// eventQuery reads the $filter, which must say from when on.
func (s *Server) eventQuery(r *request) (*eventQuery, error) {
	conds, err := r.filter()
	if err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC()
	q := &eventQuery{to: now.Add(clockSlack), subscription: strings.ToLower(r.target.subscription)}
	for _, c := range conds {
		if !fold(c.name, "eventTimestamp") {
			if _, known := q.values(&event{}, c.name); !known || c.op != "eq" {
				return nil, badFilter(c.name + " " + c.op)
			}
			q.conds = append(q.conds, c)
			continue
		}
		at, ok := parseTime(c.value)
		if !ok {
			return nil, badFilter(c.name + " " + c.op + " " + c.value)
		}
		switch c.op {
		case "ge", "gt":
			q.from = at
		case "le", "lt":
			q.to = at
		default:
			return nil, badFilter(c.name + " " + c.op)
		}
	}
	if q.from.IsZero() {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "The $filter must have a start: eventTimestamp ge '%s'.", now.AddDate(0, 0, -1).Format(time.RFC3339))
	}
	if oldest := now.AddDate(0, 0, -activityDays); q.from.Before(oldest) {
		q.from = oldest
	}
	return q, nil
}

// parseTime reads a time as clients write it; without a zone it is UTC.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), at.Year() >= 1 && at.Year() < 9999
		}
	}
	return time.Time{}, false
}

// mayReadEvents refuses those who may not read the activity log of the
// subscription, nor of the group or resource that the filter names.
func (s *Server) mayReadEvents(r *request, q *eventQuery) error {
	const action = "Microsoft.Insights/eventtypes/values/read"
	scopes := []string{}
	for _, c := range q.conds {
		switch strings.ToLower(c.name) {
		case "resourcegroupname":
			scopes = append(scopes, r.target.scope+"/resourceGroups/"+c.value)
		case "resourceuri", "resourceid":
			scopes = append(scopes, c.value)
		}
	}
	for _, scope := range scopes {
		if covers(r.target.scope, scope) && s.cfg.Auth.Allowed(r.caller, action, scope) {
			return nil
		}
	}
	return s.authorize(r, action, r.target.scope)
}

func (q *eventQuery) matches(e *event) bool {
	if e.Subscription != q.subscription || e.Time.Before(q.from) || e.Time.After(q.to) {
		return false
	}
	for _, c := range q.conds {
		list, _ := q.values(e, c.name)
		if !slices.ContainsFunc(list, func(v string) bool { return c.fits(v) }) {
			return false
		}
	}
	return true
}

// fits reports whether a value of an event is what a condition asks for. That of
// a resource asks for what extends it too.
func (c *condition) fits(v string) bool {
	switch strings.ToLower(c.name) {
	case "resourceuri", "resourceid":
		return covers(c.value, v)
	case "levels", "eventchannels": // lists
		return slices.ContainsFunc(strings.Split(c.value, ","), func(want string) bool { return fold(strings.TrimSpace(want), v) })
	default:
		return fold(c.value, v)
	}
}

// values are those that a name in a $filter has for an event.
func (q *eventQuery) values(e *event, name string) ([]string, bool) {
	switch strings.ToLower(name) {
	case "resourcegroupname":
		return []string{e.group()}, true
	case "resourceuri", "resourceid":
		return []string{e.Resource}, true
	case "resourceprovider", "resourceprovidername":
		return []string{e.provider()}, true
	case "resourcetype":
		return []string{e.resourceType()}, true
	case "caller":
		return []string{e.Caller, e.ObjectID, e.AppID}, true
	case "correlationid":
		return []string{e.Correlation}, true
	case "operationname", "operations":
		return []string{e.Action}, true
	case "status":
		return []string{e.Status}, true
	case "level", "levels":
		return []string{e.level()}, true
	case "eventchannels":
		return []string{"Admin", "Operation"}, true
	}
	return nil, false
}
