package arm

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"reslog/resource"
)

// A resource group exists when a resource is in it, or when it was put. What was
// put of it, location and tags, is kept as a resource whose ID names the group as
// a type does, since the ID of a group names none:
//
//	/subscriptions/{s}/providers/Microsoft.Resources/resourceGroups/{g}
const groupType = "Microsoft.Resources/resourceGroups"

func groupID(subscription, group string) (resource.ID, error) {
	return resource.Parse("/subscriptions/" + subscription + "/providers/" + groupType + "/" + group)
}

// groupForm is that of a group's name.
var groupForm = regexp.MustCompile(`^[-\w().]{0,89}[-\w()]$`)

func groupNotFound(group string) *apiError {
	return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group)
}

// findGroup returns the name of a group that exists, in its own spelling.
func (s *Server) findGroup(subscription, group string) (string, bool) {
	if id, err := groupID(subscription, group); err == nil {
		if kept, ok := s.cfg.Resources.Get(id); ok {
			return kept.ID.Name(), true
		}
	}
	for _, res := range s.cfg.Resources.List("") {
		if fold(res.ID.SubscriptionID(), subscription) && fold(res.ID.ResourceGroup(), group) {
			return res.ID.ResourceGroup(), true
		}
	}
	return "", false
}

// groupWire is a group as clients see it.
type groupWire struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties map[string]string `json:"properties"`
}

// showGroup shows a group that exists. One that was never put is where the first
// resource in it is.
func (s *Server) showGroup(subscription, name string) groupWire {
	w := groupWire{
		ID: "/subscriptions/" + subscription + "/resourceGroups/" + name, Name: name, Type: groupType,
		Properties: map[string]string{"provisioningState": "Succeeded"},
	}
	if id, err := groupID(subscription, name); err == nil {
		if kept, ok := s.cfg.Resources.Get(id); ok {
			w.Location, w.Tags = kept.Location, kept.Tags
			return w
		}
	}
	for _, res := range s.within(w.ID, s.cfg.Resources.List("")) {
		if res.Location != "" {
			w.Location = res.Location
			break
		}
	}
	return w
}

// group answers everything about one group.
func (s *Server) group(ctx context.Context, r *request) (answer, error) {
	const typ = "Microsoft.Resources/subscriptions/resourceGroups"
	t := &r.target
	verb := map[string]string{http.MethodPut: "write", http.MethodPatch: "write", http.MethodDelete: "delete"}[r.Method]
	if verb == "" {
		verb = "read"
	}
	if err := s.authorize(r, typ+"/"+verb, t.path); err != nil {
		return answer{}, err
	}
	name, exists := s.findGroup(t.subscription, t.group)
	if r.Method == http.MethodPut {
		return s.putGroup(ctx, r, name)
	}
	if !exists {
		return answer{}, groupNotFound(t.group)
	}
	switch r.Method {
	case http.MethodHead:
		return answer{status: http.StatusNoContent}, nil
	case http.MethodPatch:
		return s.putGroup(ctx, r, name)
	case http.MethodDelete:
		return s.deleteGroup(ctx, r, name)
	default:
		return ok(s.showGroup(t.subscription, name))
	}
}

// putGroup keeps a group's location and tags; name is its own spelling, "" when
// it does not exist.
func (s *Server) putGroup(ctx context.Context, r *request, name string) (answer, error) {
	t := &r.target
	exists := name != ""
	if !exists {
		if name = t.group; !groupForm.MatchString(name) {
			return answer{}, refuse(http.StatusBadRequest, "InvalidResourceGroup", "The provided resource group name '%.100s' has these invalid characters or is too long: it must be 1 to 90 letters, digits, underscores, hyphens, periods and parentheses, and not end with a period.", name)
		}
	}
	w, err := readWanted(r.body)
	if err != nil {
		return answer{}, err
	}
	w.props.take("provisioningState")
	if w.kind != nil || w.sku != nil || len(w.props) > 0 {
		return answer{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "A resource group has a location and tags.")
	}
	id, err := groupID(t.subscription, name)
	if err != nil {
		return answer{}, refuse(http.StatusBadRequest, "InvalidResourceGroup", "The provided resource group name '%s' is invalid.", name)
	}
	shown := s.showGroup(t.subscription, name)
	location := shown.Location
	switch {
	case w.location != nil && !locationForm.MatchString(*w.location), w.location == nil && location == "":
		return answer{}, refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition: 2 to 64 letters, digits and blanks.")
	case w.location != nil && exists && location != "" && region(*w.location) != region(location):
		return answer{}, refuse(http.StatusConflict, "InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", *w.location, location)
	case w.location != nil && location == "":
		location = region(*w.location)
	}
	tags := w.tags
	if tags == nil && r.Method == http.MethodPatch {
		tags = shown.Tags
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	kept, _ := s.cfg.Resources.Get(id)
	now := s.cfg.Now().UTC()
	if kept.Created.IsZero() {
		kept.Created = now
	}
	if err := s.cfg.Resources.Put(ctx, resource.Resource{ID: id, Location: location, Tags: tags, Created: kept.Created, Changed: now}); err != nil {
		return answer{}, err
	}
	status := http.StatusCreated
	if exists {
		status = http.StatusOK
	}
	return answer{status: status, body: s.showGroup(t.subscription, name)}, nil
}

// deleteGroup deletes a group with all that is in it.
func (s *Server) deleteGroup(ctx context.Context, r *request, name string) (answer, error) {
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	scope := "/subscriptions/" + r.target.subscription + "/resourceGroups/" + name
	for _, res := range s.within(scope, s.cfg.Resources.List("")) {
		if err := s.drop(ctx, res.ID); err != nil {
			return answer{}, err
		}
	}
	if err := s.forget(ctx, scope); err != nil {
		return answer{}, err
	}
	id, err := groupID(r.target.subscription, name)
	if err != nil {
		return answer{}, err
	}
	if err := s.cfg.Resources.Delete(ctx, id); err != nil && !errors.Is(err, resource.ErrNotFound) {
		return answer{}, err
	}
	return answer{status: http.StatusOK}, nil
}

// listGroups answers with the groups of a subscription that the caller may read.
func (s *Server) listGroups(_ context.Context, r *request) (answer, error) {
	t := &r.target
	conds, err := r.filter()
	if err != nil {
		return answer{}, err
	}
	names := make(map[string]string) // own spelling by lower case
	for _, res := range s.cfg.Resources.List("") {
		group := res.ID.ResourceGroup()
		if group == "" || !fold(res.ID.SubscriptionID(), t.subscription) {
			continue
		}
		key := strings.ToLower(group)
		if _, known := names[key]; !known || fold(res.ID.Type(), groupType) {
			names[key] = group
		}
	}
	all := []groupWire{}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		w := s.showGroup(t.subscription, names[key])
		matches, err := w.matches(conds)
		if err != nil {
			return answer{}, err
		}
		if matches && s.cfg.Auth.Allowed(r.caller, "Microsoft.Resources/subscriptions/resourceGroups/read", w.ID) {
			all = append(all, w)
		}
	}
	return page(s, r, all, func(w *groupWire) string { return w.ID })
}

func (w *groupWire) matches(conds []condition) (bool, error) {
	return matchAll(conds, func(name string) ([]string, bool) {
		switch strings.ToLower(name) {
		case "name":
			return []string{w.Name}, true
		case "location":
			return []string{w.Location}, true
		default:
			return tagValues(w.Tags, name, conds)
		}
	})
}
