package diagnostic

import (
	"encoding/json"
	"slices"
	"strings"

	"reslog/catalog"
	"reslog/resource"
)

// MaxPerResource is how many settings a resource may have; classic logging does
// not count.
const MaxPerResource = 5

// Rules are what a setting must keep beside Validate: those about its resource's
// type, and about the resources it sends to. The rules about other settings of
// the resource are the Store's.
//
// Source: "Diagnostic settings in Azure Monitor", and the messages that the
// service was seen to give.
type Rules struct {
	// Resource returns a resource that exists.
	Resource func(resource.ID) (resource.Resource, bool)
}

// Check returns the *Refusal of a setting, nil when it is allowed. It spells the
// setting's categories as the catalogue does.
func (r Rules) Check(s *Setting) error {
	typ, err := r.source(s.Resource)
	if err != nil {
		return err
	}
	for _, check := range []func(*Setting, *catalog.Type) *Refusal{checkDestinations, checkGroups, checkCategories, checkRetention} {
		if refusal := check(s, typ); refusal != nil {
			return refusal
		}
	}
	location := r.location(s.Resource)
	for i := range s.Destinations {
		if refusal := r.target(s, &s.Destinations[i], location); refusal != nil {
			return refusal
		}
	}
	return nil
}

// Source returns the type of a resource that can have settings, or the *Refusal
// of one that does not exist or cannot.
func (r Rules) Source(id resource.ID) (*catalog.Type, error) { return r.source(id) }

func (r Rules) source(id resource.ID) (*catalog.Type, error) {
	typ, ok := catalog.Find(id.Type())
	if !ok {
		return nil, refuse(Unsupported, "The resource type '%s' does not support diagnostic settings.", strings.ToLower(id.Type()))
	}
	if _, ok := r.Resource(id); !ok {
		return nil, missing(id)
	}
	return &typ, nil
}

// missing is the refusal about a resource that does not exist.
func missing(id resource.ID) *Refusal {
	return refuse(Missing, "The Resource '%s' under resource group '%s' was not found.", TypedName(id), id.ResourceGroup())
}

// TypedName is how messages name a resource: its type with the names between,
// "Microsoft.EventHub/namespaces/ns/authorizationRules/rule".
func TypedName(id resource.ID) string {
	const marker = "/providers/"
	i := strings.LastIndex(string(id.Key()), marker)
	if i < 0 {
		return id.String()
	}
	return id.String()[i+len(marker):]
}

func checkDestinations(s *Setting, _ *catalog.Type) *Refusal {
	if len(s.Destinations) == 0 {
		return refuse(Unacceptable, "At least one data sink needs to be specified.")
	}
	return nil
}

func checkGroups(s *Setting, typ *catalog.Type) *Refusal {
	groups, categories := 0, 0
	for _, l := range s.Logs {
		if l.Group == "" {
			categories++
			continue
		}
		groups++
		if !slices.ContainsFunc(typ.Groups(), func(g string) bool { return strings.EqualFold(g, l.Group) }) {
			return refuse(Unacceptable, "CategoryGroup: '%s' is not supported, supported ones are: '%s'", l.Group, strings.Join(typ.Groups(), ","))
		}
	}
	if groups > 0 && categories > 0 {
		return refuse(Unacceptable, "Diagnostic setting does not support mix of log category and log category group.")
	}
	return nil
}

func checkCategories(s *Setting, typ *catalog.Type) *Refusal {
	for i := range s.Logs {
		l := &s.Logs[i]
		if l.Group != "" {
			continue
		}
		c, ok := typ.Log(string(l.Category))
		if !ok {
			return refuse(Unacceptable, "Category '%s' is not supported.", l.Category)
		}
		l.Category = c.Name
	}
	for _, m := range s.Metrics {
		if len(typ.Metrics) == 0 {
			return refuse(Unacceptable, "Metric export is not enabled.")
		}
		if typ.Expand(string(m.Category)) == nil {
			var known []string
			for _, c := range typ.Metrics {
				known = append(known, "'"+string(c.Name)+"'")
			}
			return refuse(Unacceptable, "Metric category '%s' is not supported, supported categories are: %s", m.Category, strings.Join(known, ", "))
		}
	}
	return nil
}

func checkRetention(s *Setting, _ *catalog.Type) *Refusal {
	for _, l := range s.Logs {
		if l.Group != "" && l.Retention.Enabled {
			return refuse(Unacceptable, "Retention is not supported for category group '%s': list its categories to set a retention.", l.Group)
		}
		if !l.Retention.valid() {
			return refuse(Unacceptable, "Retention of category '%s%s' is %d days, it must be between 0 and %d.", l.Category, l.Group, l.Retention.Days, maxRetentionDays)
		}
	}
	for _, m := range s.Metrics {
		if !m.Retention.valid() {
			return refuse(Unacceptable, "Retention of metric category '%s' is %d days, it must be between 0 and %d.", m.Category, m.Retention.Days, maxRetentionDays)
		}
	}
	return nil
}

// accountType is the type that an archive goes to.
const accountType = "Microsoft.Storage/storageAccounts"

// ruleTypes are the types that an event hub is reached through.
var ruleTypes = []string{"Microsoft.ServiceBus/namespaces/authorizationRules", "Microsoft.EventHub/namespaces/authorizationRules"}

// target checks one destination of a setting whose resource is in location.
func (r Rules) target(s *Setting, d *Destination, location string) *Refusal {
	var refusal *Refusal
	switch d.Kind {
	case Archive:
		refusal = isType(d, "storageAccountId", accountType)
	case EventHub:
		refusal = isType(d, "eventHubAuthorizationRuleId", ruleTypes...)
	case Workspace:
		refusal = isType(d, "workspaceId", "Microsoft.OperationalInsights/workspaces")
	case Partner, Classic:
	}
	if refusal != nil {
		return refusal
	}
	res, ok := r.Resource(d.Target)
	switch {
	case !ok && d.Kind == Partner:
		return refuse(Unacceptable, "The marketplace partner resource: %s was not found or does not support the required functionality.", d.Target.Key())
	case !ok:
		return missing(d.Target)
	}
	switch d.Kind {
	case Archive:
		if refusal := checkAccount(s, d, &res); refusal != nil {
			return refusal
		}
		return sameRegion(s, d.Target, location, res.Location)
	case EventHub:
		if refusal := checkRights(d, &res); refusal != nil {
			return refusal
		}
		return sameRegion(s, d.Target.Parent(), location, r.location(d.Target))
	default:
		return nil
	}
}

func isType(d *Destination, property string, want ...string) *Refusal {
	if slices.ContainsFunc(want, func(t string) bool { return strings.EqualFold(t, d.Target.Type()) }) {
		return nil
	}
	names := make([]string, len(want))
	for i, t := range want {
		names[i] = "'" + strings.ToLower(t) + "'"
	}
	return refuse(Unacceptable, "Resource type '%s' is invalid for property 'properties.%s'. Expected types are %s",
		strings.ToLower(d.Target.Type()), property, strings.Join(names, ", "))
}

// checkAccount refuses accounts that cannot hold an archive: without append
// blobs, or the one that is logged, whose archive would log itself for ever.
func checkAccount(s *Setting, d *Destination, account *resource.Resource) *Refusal {
	if strings.HasPrefix(strings.ToLower(account.SKUName()), "premium") {
		return refuse(Unacceptable, "Storage account '%s' has the SKU '%s': premium accounts are not supported as a destination of diagnostic settings.", d.Target.Name(), account.SKUName())
	}
	source := string(s.Resource.Key())
	if source == string(d.Target.Key()) || strings.HasPrefix(source, string(d.Target.Key())+"/") {
		return refuse(Unacceptable, "Storage account '%s' is the one that is monitored: its logs must go to another account.", d.Target.Name())
	}
	return nil
}

// checkRights refuses a rule that may not send, or may not make the hubs that
// are not named.
func checkRights(d *Destination, rule *resource.Resource) *Refusal {
	var p struct {
		Rights []string `json:"rights"`
	}
	if err := json.Unmarshal(rule.Properties, &p); err != nil {
		return refuse(Unacceptable, "The authorization rule '%s' has no rights.", d.Target.Name())
	}
	has := func(right string) bool {
		return slices.ContainsFunc(p.Rights, func(r string) bool { return strings.EqualFold(r, right) })
	}
	switch {
	case has("Manage"):
		return nil
	case d.Options[OptionHub] == "":
		return refuse(Unacceptable, "If a valid EventHub name is not specified in the diagnostic setting, the EventHub authorization rule requires manage|send|listen access, this EventHub authorization rule does not have 'manage' access.")
	case !has("Send"):
		return refuse(Unacceptable, "The EventHub authorization rule requires send access, this EventHub authorization rule does not have 'send' access.")
	}
	return nil
}

// location returns where a resource is; a child without a place of its own is
// where its parent is.
func (r Rules) location(id resource.ID) string {
	for ; !id.IsZero(); id = id.Parent() {
		if res, ok := r.Resource(id); ok && res.Location != "" {
			return res.Location
		}
	}
	return ""
}

// sameRegion refuses a destination in another region than the resource, unless
// one of the two has none or is global.
func sameRegion(s *Setting, target resource.ID, from, to string) *Refusal {
	a, b := region(from), region(to)
	if a == b || isGlobal(a) || isGlobal(b) {
		return nil
	}
	return refuse(Unacceptable, "Resources should be in the same region. Resource '%s' is in region '%s' and resource '%s' is in region '%s'.", s.Resource, a, target, b)
}

// region is the name of a location as it is compared: "West US" is "westus".
func region(location string) string {
	return strings.ToLower(strings.ReplaceAll(location, " ", ""))
}

func isGlobal(region string) bool { return region == "" || region == "global" }

// conflict returns the refusal of a setting beside those the resource has.
func conflict(s *Setting, others []Setting) *Refusal {
	if s.IsClassic() {
		return nil
	}
	count := 0
	for i := range others {
		o := &others[i]
		if o.IsClassic() || strings.EqualFold(o.Name, s.Name) {
			continue
		}
		count++
		if refusal := shared(s, o); refusal != nil {
			return refusal
		}
	}
	if count >= MaxPerResource {
		return refuse(Conflicting, "The limit of %d diagnostic settings was reached. To create new setting '%s', delete an existing one.", MaxPerResource, s.Name)
	}
	return nil
}

// shared returns the refusal of two settings that send one category to one sink.
// The last sentence is ours: which setting was refused is not in Azure's message.
func shared(s, o *Setting) *Refusal {
	for _, d := range s.Destinations {
		if !slices.ContainsFunc(o.Destinations, func(other Destination) bool { return other.Target.Equal(d.Target) }) {
			continue
		}
		for _, c := range s.Wanted() {
			if o.Wants(c) {
				return refuse(Conflicting, "Data sink '%s' is already used in diagnostic setting '%s' for category '%s'. Data sinks can't be reused in different settings on the same category for the same resource. Setting '%s' needs another sink, or one of the two must leave the category out.", d.Target, o.Name, c, s.Name)
			}
		}
	}
	return nil
}

// reserved returns the refusal of a name that classic logging has.
func reserved(s *Setting) *Refusal {
	if strings.EqualFold(s.Name, ClassicName) && !s.IsClassic() {
		return refuse(Unacceptable, "The name '%s' is that of classic Storage Analytics logging, which Set Service Properties switches: choose another.", s.Name)
	}
	return nil
}
