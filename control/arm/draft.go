package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"reslog/resource"
)

// Bounds of what is kept of a resource.
const (
	maxProperties = 256 << 10
	maxTags       = 50
	maxTagName    = 512
	maxTagValue   = 256
	maxSecret     = 16 << 10
)

// draft is a resource that is about to be kept.
type draft struct {
	resource.Resource
	typ   *resourceType
	props object             // its properties
	old   *resource.Resource // what is there now; nil when it is made
	newID func() string      // makes a GUID
	// below returns what is kept at the resource and below.
	below func() []resource.Resource
	// trusted is a draft of the node's own configuration, which says all there is.
	trusted bool
}

// locationForm is that of a location, "West US" or "westus".
var locationForm = regexp.MustCompile(`^[A-Za-z0-9 ]{2,64}$`)

// draft merges what a client wants with what there is. A PUT says everything but
// the secrets; a PATCH only what it changes.
func (s *Server) draft(typ *resourceType, id resource.ID, w *wanted, patch bool) (*draft, error) {
	d := &draft{Resource: resource.Resource{ID: id, Tags: w.tags, SKU: w.sku}, typ: typ, props: w.props, newID: s.cfg.NewID, trusted: w.trusted}
	if d.props == nil {
		d.props = object{}
	}
	d.below = func() []resource.Resource { return s.within(id.String(), s.cfg.Resources.List("")) }
	if w.kind != nil {
		d.Kind = *w.kind
	}
	if old, ok := s.stands(typ, id); ok {
		if err := d.replace(&old, w, patch); err != nil {
			return nil, err
		}
	}
	if err := d.place(w); err != nil {
		return nil, err
	}
	for _, path := range append([]string{"provisioningState"}, typ.computed...) {
		d.props.takeAt(path)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	now := s.cfg.Now().UTC()
	d.Created, d.Changed = now, now
	if d.old != nil && !d.old.Created.IsZero() {
		d.Created = d.old.Created
	}
	if typ.prepare != nil {
		if err := typ.prepare(d); err != nil {
			return nil, err
		}
	}
	if name := revealing(d.props); name != "" {
		return nil, refuse(http.StatusBadRequest, "UnsupportedProperty", "The property '%.64s' is not one of '%s' here, and would be shown to everybody who may read: leave it out.", name, typ.name)
	}
	raw, err := d.props.raw()
	if err != nil {
		return nil, err
	}
	if len(raw) > maxProperties {
		return nil, refuse(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The properties have %d bytes, at most %d are allowed.", len(raw), maxProperties)
	}
	d.Properties = raw
	return d, nil
}

// replace takes over what stays of the resource that is there.
func (d *draft) replace(old *resource.Resource, w *wanted, patch bool) error {
	d.old = old
	d.ID, d.Location, d.Secrets = old.ID, old.Location, old.Secrets
	was, err := parseObject(old.Properties)
	if err != nil {
		return err
	}
	if !patch {
		d.stay(was)
		return nil
	}
	was.merge(d.props)
	d.props = was
	if w.tags == nil {
		d.Tags = old.Tags
	}
	if w.sku == nil {
		d.SKU = old.SKU
	}
	if w.kind == nil {
		d.Kind = old.Kind
	}
	return nil
}

// stay takes over the node's own properties when the client names none of them.
func (d *draft) stay(was object) {
	if d.trusted || slices.ContainsFunc(d.typ.own, func(name string) bool { return len(d.props.keys(name)) > 0 }) {
		return
	}
	for _, name := range d.typ.own {
		if v := was.get(name); v != nil {
			d.props.set(name, v)
		}
	}
}

// place settles where the resource is.
func (d *draft) place(w *wanted) error {
	if d.typ.isChild() {
		return nil // it is where its parent is
	}
	if w.location == nil || *w.location == "" {
		if d.old == nil {
			return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
		}
		return nil
	}
	if !locationForm.MatchString(*w.location) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'. A location is 2 to 64 letters, digits and blanks.", *w.location, d.typ.name)
	}
	location := region(*w.location)
	if d.old != nil && d.old.Location != "" && region(d.old.Location) != location {
		return refuse(http.StatusConflict, "InvalidResourceLocation",
			"The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.",
			d.ID.Name(), d.old.Location, d.ID.ResourceGroup(), location)
	}
	if d.Location == "" {
		d.Location = location
	}
	return nil
}

// region is the name of a location: "West US" is "westus".
func region(location string) string { return strings.ToLower(strings.ReplaceAll(location, " ", "")) }

// check settles SKU and kind, and refuses what the node would not keep.
func (d *draft) check() error {
	t := d.typ
	for _, p := range t.promises {
		if p.isMade(d.props) {
			return refuse(http.StatusBadRequest, "UnsupportedProperty", "The property '%s' may not be '%v': this node does not do what it promises.", p.path, p.value)
		}
	}
	if d.Kind == "" {
		d.Kind = t.kind
	}
	if d.SKU == nil && t.sku != "" {
		d.SKU = json.RawMessage(`{"name":"` + t.sku + `"}`)
	}
	name := d.SKUName()
	i := slices.IndexFunc(t.skus, func(s string) bool { return fold(s, name) })
	if t.skus != nil && i < 0 {
		return refuse(http.StatusBadRequest, "InvalidResourceSku", "The SKU '%s' is invalid for resource type '%s'. Allowed are '%s'.", name, t.name, strings.Join(t.skus, "', '"))
	}
	return nil
}

// text removes a property that is a string; nil when it is not there, or null.
func (d *draft) text(path string) (*string, error) { return takeText(d.props, path, maxSecret) }

// oneOf settles a property that is one of several words: it gets their spelling,
// or the first of them when it is not there.
func (d *draft) oneOf(name string, words ...string) error {
	v := d.props.get(name)
	if v == nil {
		d.props.set(name, words[0])
		return nil
	}
	text, _ := v.(string)
	i := slices.IndexFunc(words, func(w string) bool { return fold(w, text) })
	if i < 0 {
		return refuse(http.StatusBadRequest, "InvalidProperty", "The property '%s' must be one of '%s'.", name, strings.Join(words, "', '"))
	}
	d.props.set(name, words[i])
	return nil
}

// hide makes v the resource's secrets.
func (d *draft) hide(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	d.Secrets = raw
	return nil
}

// revealing returns the name of a property that looks like a secret, "" when
// there is none. What a type keeps secret was taken out before.
func revealing(v any) string {
	switch v := v.(type) {
	case object:
		return revealing(map[string]any(v))
	case map[string]any:
		for name, in := range v {
			if text, isText := in.(string); isText && text != "" && secretName.MatchString(name) {
				return name
			}
			if found := revealing(in); found != "" {
				return found
			}
		}
	case []any:
		for _, in := range v {
			if found := revealing(in); found != "" {
				return found
			}
		}
	}
	return ""
}

// secretName are names whose values nobody should read back.
var secretName = regexp.MustCompile(`(?i)^(.*password|.*secret|.*connectionString|.*apiKey|.*accessKey|accountKey|applicationKey|ingestionKey|licenseKey|primaryKey|secondaryKey|sharedAccessKey|primarySharedKey|secondarySharedKey|.*token|authorization)$`)
