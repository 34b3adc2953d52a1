package arm

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"reslog/resource"
)

// resourceType is what is known of a type of resources: its versions, the names
// its resources may have, and what its provider does when one is written, read
// or acted on. The families are in the files type_*.go.
type resourceType struct {
	name     string   // "Microsoft.Storage/storageAccounts/blobServices"
	versions []string // known, newest first
	created  int      // status of a PUT that makes one; 0 means 200
	// implicit is the name of the one resource that each parent has by itself:
	// "default". It can only be read.
	implicit string
	// itself lists the resources that a parent has without anybody making them, and
	// that can be written all the same.
	itself func(ctx context.Context, s *Server, parent resource.Resource) ([]resource.Resource, error)
	// gone runs before a resource is removed.
	gone func(ctx context.Context, s *Server, res resource.Resource) error
	// unique names are taken by the first on the node, as they are DNS names in
	// Azure.
	unique bool
	names  nameRule
	// sku and kind are those of resources whose client gives none; "" for types
	// that have none. skus are those allowed; nil allows all.
	sku, kind string
	skus      []string
	tiered    bool // a SKU shows the tier that its name begins with
	// computed are properties of answers that clients send back: they are dropped.
	computed []string
	// own are properties that only this node has. Clients with types of their own
	// do not send them: a PUT that names none of them leaves them as they are.
	own []string
	// promises are values that would promise what the node does not do.
	promises []promise

	// prepare checks what is about to be kept, fills in defaults and moves
	// secrets out of the properties. Nil keeps what was sent.
	prepare func(*draft) error
	// verify checks what is about to be kept against what the node can do.
	verify func(ctx context.Context, s *Server, d *draft) error
	// always says that verify is for what the configuration declares, too.
	always bool
	// after runs when a resource was made or replaced.
	after func(ctx context.Context, s *Server, d *draft) error
	// show adds to a copy of the properties what is only in answers.
	show    func(s *Server, res *resource.Resource, props object)
	actions []action
}

// nameRule is what a provider says about names. Its message may have one %s.
type nameRule struct {
	form          *regexp.Regexp
	max           int // bytes; 0 leaves it to form
	code, message string
}

func (n nameRule) check(name string) error {
	if n.form.MatchString(name) && (n.max == 0 || len(name) <= n.max) {
		return nil
	}
	return refuse(http.StatusBadRequest, n.code, n.message, name)
}

// names makes the rule of a form, in words for the refusal.
func names(form, words string) nameRule {
	return nameRule{form: regexp.MustCompile(`^(` + form + `)$`), code: "InvalidResourceName", message: "The resource name '%s' is invalid. It must be " + words + "."}
}

// promise is a property with a value that is refused.
type promise struct {
	path  string // "networkAcls.defaultAction"
	value any    // a string, in any case, or a bool
}

func (p promise) isMade(props object) bool {
	v := props.at(p.path)
	text, isText := v.(string)
	want, wantText := p.value.(string)
	if isText && wantText {
		return fold(text, want)
	}
	return v == p.value
}

// action is a POST on a resource.
type action struct {
	name string // as permissions spell it: "listKeys"
	run  func(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error)
}

// resourceTypes are the types that there are, parents before children.
func resourceTypes() []*resourceType {
	return slices.Concat(storageTypes(), signalRTypes(), redisTypes(), workspaceTypes(), tableTypes(), dataCollectionTypes(), eventHubTypes(), partnerTypes())
}

// find returns a type by its full name.
func (s *Server) find(name string) (*resourceType, bool) {
	i := slices.IndexFunc(s.types, func(t *resourceType) bool { return fold(t.name, name) })
	if i < 0 {
		return nil, false
	}
	return s.types[i], true
}

func (t *resourceType) namespace() string {
	ns, _, _ := strings.Cut(t.name, "/")
	return ns
}

// path is the name without its namespace, "storageAccounts/blobServices".
func (t *resourceType) path() string {
	_, path, _ := strings.Cut(t.name, "/")
	return path
}

// last is the type's own segment, "blobServices".
func (t *resourceType) last() string { return t.name[strings.LastIndexByte(t.name, '/')+1:] }

// isChild reports whether resources of the type are below another one, whose
// location is theirs.
func (t *resourceType) isChild() bool { return strings.Count(t.name, "/") > 1 }

func (t *resourceType) action(name string) (action, bool) {
	i := slices.IndexFunc(t.actions, func(a action) bool { return fold(a.name, name) })
	if i < 0 {
		return action{}, false
	}
	return t.actions[i], true
}
