package arm

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"reslog/diagnostic"
	"reslog/record"
)

// put makes or replaces a setting. When it answers the setting is in force.
func (a *settingsAPI) put(ctx context.Context, r *request, x extension, name string) (answer, error) {
	if err := a.authorize(r, settingsType+"/write", scopeOf(x, name)); err != nil {
		return answer{}, err
	}
	body, err := readSetting(r.body)
	if err != nil {
		return answer{}, err
	}
	source := x.id
	if there, ok := a.rules.Resource(source); ok {
		source = there.ID // spelled as it was made, not as it was called
	}
	s, err := body.setting(name, source)
	if err != nil {
		return answer{}, err
	}
	for i := range s.Destinations {
		if err := a.linked(r, &s, &s.Destinations[i]); err != nil {
			return answer{}, err
		}
	}
	if err := a.rules.Check(&s); err != nil {
		return answer{}, err
	}
	if err := a.record(ctx, r, settingID(&s)); err != nil {
		return answer{}, err
	}
	err = a.store.PutIf(ctx, s, func(old *diagnostic.Setting) error {
		if strings.EqualFold(r.version, version2021) && newRetention(old, &s) {
			return badRequest("Diagnostic settings does not support retention for new diagnostic settings.")
		}
		return nil
	})
	if err != nil {
		return answer{}, err
	}
	return ok(showSetting(&s))
}

// newRetention reports whether a setting has a retention that the one before it,
// nil for none, had not.
func newRetention(old, s *diagnostic.Setting) bool {
	if old == nil {
		old = new(diagnostic.Setting)
	}
	kept := func(c record.Category, r diagnostic.Retention) bool {
		return slices.ContainsFunc(old.Logs, func(o diagnostic.Log) bool { return o.Category == c && o.Retention == r })
	}
	for _, l := range s.Logs {
		if l.Retention.Enabled && !kept(l.Category, l.Retention) {
			return true
		}
	}
	keptMetric := func(m diagnostic.Metric) bool {
		return slices.ContainsFunc(old.Metrics, func(o diagnostic.Metric) bool {
			return strings.EqualFold(string(o.Category), string(m.Category)) && o.Retention == m.Retention
		})
	}
	for _, m := range s.Metrics {
		if m.Retention.Enabled && !keptMetric(m) {
			return true
		}
	}
	return false
}

// linked is nil when the caller may have records sent to a destination: Azure
// asks for the right to read the keys that it is written with.
func (a *settingsAPI) linked(r *request, s *diagnostic.Setting, d *diagnostic.Destination) error {
	action := linkedAction(d)
	if a.allowed(r.caller, action, d.Target.String()) {
		return nil
	}
	return refuse(http.StatusForbidden, "LinkedAuthorizationFailed",
		"The client '%s' with object id '%s' has permission to perform action '%s/write' on scope '%s/providers/%s/%s'; however, it does not have permission to perform action '%s' on the linked scope(s) '%s' or the linked scope(s) are invalid.",
		cmp.Or(r.caller.Name, r.caller.AppID), r.caller.ObjectID, settingsType, s.Resource, settingsType, shorten(s.Name), action, d.Target)
}

// linkedAction is what a caller must be allowed to do to a destination. A
// partner's monitor has no key that Azure would give out: its records are as
// good as a change of it.
func linkedAction(d *diagnostic.Destination) string {
	switch d.Kind {
	case diagnostic.Archive:
		return "Microsoft.Storage/storageAccounts/listKeys/action"
	case diagnostic.EventHub:
		if strings.HasPrefix(strings.ToLower(d.Target.Type()), "microsoft.servicebus/") {
			return "Microsoft.ServiceBus/namespaces/authorizationRules/listkeys/action"
		}
		return "Microsoft.EventHub/namespaces/authorizationRules/listkeys/action"
	case diagnostic.Workspace:
		return "Microsoft.OperationalInsights/workspaces/sharedKeys/action"
	case diagnostic.Partner, diagnostic.Classic:
	}
	return d.Target.Type() + "/write"
}
