package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"reslog/resource"
)

const (
	maxPrincipals  = 5000
	maxAssignments = 4000 // Azure's limit for a subscription
	maxSecrets     = 2    // valid at a time, for rotation
)

// The keys of the bucket.
const (
	principalKey  = "principal/"  // and the object ID
	assignmentKey = "assignment/" // and the name
)

// DirectoryConfig is what OpenDirectory needs.
type DirectoryConfig struct {
	// KeyValue is a bucket for this directory alone, which is its only writer.
	// Hashes of secrets are in it.
	KeyValue resource.KeyValue
	// TenantID is that of the Issuer.
	TenantID string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// NewID draws GUIDs; nil is random ones.
	NewID func() string
}

// Directory holds the service principals and the role assignments of a node.
// Reads are lock-free and never block; writes are durable before they can be
// read.
type Directory struct {
	cfg    DirectoryConfig
	roles  map[string]*RoleDefinition // by ID
	guard  guard
	rounds int // of PBKDF2, for new secrets
	view   atomic.Pointer[view]

	mu sync.Mutex // serialises writes
}

// view is the content at one moment; it is replaced, never changed.
type view struct {
	principals  map[string]*stored // by object ID
	apps        map[string]*stored // the same by application ID
	assignments map[string]RoleAssignment
	grants      map[string][]grant // by the principal's canonical ID
}

// stored is a principal as the bucket has it.
type stored struct {
	Principal
	Secrets []secret `json:"secrets"`
}

// OpenDirectory reads what the bucket holds.
func OpenDirectory(ctx context.Context, cfg DirectoryConfig) (*Directory, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid.NewString
	}
	d := &Directory{cfg: cfg, rounds: chosenRounds, roles: map[string]*RoleDefinition{}}
	for _, r := range BuiltInRoles() {
		d.roles[r.ID] = &r
	}
	values, err := cfg.KeyValue.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	principals, assignments := map[string]*stored{}, map[string]RoleAssignment{}
	for key, value := range values {
		if id, ok := strings.CutPrefix(key, principalKey); ok {
			p := new(stored)
			err = json.Unmarshal(value, p)
			p.TenantID = cfg.TenantID // of the Issuer, should its folder have been lost
			principals[id] = p
		} else if name, ok := strings.CutPrefix(key, assignmentKey); ok {
			var a RoleAssignment
			err = json.Unmarshal(value, &a)
			assignments[name] = a
		} else {
			err = errors.New("unknown kind")
		}
		if err != nil {
			return nil, fmt.Errorf("read the directory at key %s: %w", key, err)
		}
	}
	d.publish(principals, assignments)
	return d, nil
}

// publish makes a content visible.
func (d *Directory) publish(principals map[string]*stored, assignments map[string]RoleAssignment) {
	v := &view{principals: principals, assignments: assignments, apps: make(map[string]*stored, len(principals))}
	for _, p := range principals {
		v.apps[p.AppID] = p
	}
	v.grants = d.grantsOf(assignments)
	d.view.Store(v)
}

// TenantID is the tenant the principals belong to.
func (d *Directory) TenantID() string { return d.cfg.TenantID }

// ServicePrincipalSpec describes a service principal to be made.
type ServicePrincipalSpec struct {
	DisplayName string
	// AppID is a GUID that no other principal has; "" draws one.
	AppID string
	// Secret is the first secret; "" draws one, which is safer.
	Secret string
}

// CreateServicePrincipal makes an application that can sign in, and returns its
// secret, which cannot be read later.
func (d *Directory) CreateServicePrincipal(ctx context.Context, spec ServicePrincipalSpec) (Principal, string, error) {
	if err := checkText("the display name", spec.DisplayName, maxDisplayName); err != nil {
		return Principal{}, "", err
	}
	if spec.AppID != "" && !isGUID(spec.AppID) {
		return Principal{}, "", fmt.Errorf("%w: application ID %q is not a GUID", ErrInvalid, clip(spec.AppID))
	}
	text, first, err := newSecret(spec.Secret, d.rounds, d.cfg.Now())
	if err != nil {
		return Principal{}, "", err
	}
	p := &stored{Secrets: []secret{first}, Principal: Principal{
		ObjectID: d.cfg.NewID(), AppID: strings.ToLower(cmp.Or(spec.AppID, d.cfg.NewID())), DisplayName: spec.DisplayName,
		TenantID: d.cfg.TenantID, Type: ServicePrincipal, Created: d.cfg.Now().UTC(),
	}}

	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.view.Load()
	if _, ok := v.apps[p.AppID]; ok {
		return Principal{}, "", fmt.Errorf("service principal of application %s: %w", p.AppID, ErrExists)
	}
	if len(v.principals) >= maxPrincipals {
		return Principal{}, "", fmt.Errorf("%w: %d service principals", ErrLimit, maxPrincipals)
	}
	if err := d.put(ctx, v, p); err != nil {
		return Principal{}, "", err
	}
	return p.Principal, text, nil
}

// put keeps a principal and makes it visible; the caller holds mu.
func (d *Directory) put(ctx context.Context, v *view, p *stored) error {
	value, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode service principal %s: %w", p.ObjectID, err)
	}
	if err := d.cfg.KeyValue.Put(ctx, principalKey+p.ObjectID, value); err != nil {
		return fmt.Errorf("keep service principal %s: %w", p.ObjectID, err)
	}
	next := maps.Clone(v.principals)
	next[p.ObjectID] = p
	d.publish(next, v.assignments)
	return nil
}

// SecretSpec describes a secret to be made.
type SecretSpec struct {
	// Secret is the new secret; "" draws one.
	Secret string
	// Keep leaves the newest one from before valid beside it, so that clients can
	// change over; else the old ones end at once.
	Keep bool
}

// ResetSecret gives a service principal a new secret and returns it.
func (d *Directory) ResetSecret(ctx context.Context, objectID string, spec SecretSpec) (string, error) {
	text, s, err := newSecret(spec.Secret, d.rounds, d.cfg.Now())
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.view.Load()
	old, ok := v.principals[canonicalID(objectID)]
	if !ok {
		return "", fmt.Errorf("service principal %q: %w", clip(objectID), ErrNotFound)
	}
	p := &stored{Principal: old.Principal, Secrets: []secret{s}}
	if spec.Keep {
		p.Secrets = append(p.Secrets, old.Secrets[:min(len(old.Secrets), maxSecrets-1)]...)
	}
	if err := d.put(ctx, v, p); err != nil {
		return "", err
	}
	return text, nil
}

// Delete removes a service principal and its role assignments, rights first: a
// token that it still has is worth nothing. A Delete that failed can be repeated.
func (d *Directory) Delete(ctx context.Context, objectID string) error {
	id := canonicalID(objectID)
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.view.Load().principals[id]
	if !ok {
		return fmt.Errorf("service principal %q: %w", clip(objectID), ErrNotFound)
	}
	for _, a := range d.Assignments(Filter{PrincipalID: id}) {
		if err := d.revoke(ctx, a.Name); err != nil {
			return err
		}
	}
	if err := d.cfg.KeyValue.Delete(ctx, principalKey+id); err != nil {
		return fmt.Errorf("delete service principal %s: %w", id, err)
	}
	v := d.view.Load()
	next := maps.Clone(v.principals)
	delete(next, id)
	d.publish(next, v.assignments)
	d.guard.forget(p.AppID)
	return nil
}

// Principal returns the one with an object ID.
func (d *Directory) Principal(objectID string) (Principal, bool) {
	return known(d.view.Load().principals[canonicalID(objectID)])
}

// Application returns the one with an application ID.
func (d *Directory) Application(appID string) (Principal, bool) {
	return known(d.view.Load().apps[canonicalID(appID)])
}

func known(p *stored) (Principal, bool) {
	if p == nil {
		return Principal{}, false
	}
	return p.Principal, true
}

// Principals lists all by display name.
func (d *Directory) Principals() []Principal {
	list := []Principal{}
	for _, p := range d.view.Load().principals {
		list = append(list, p.Principal)
	}
	slices.SortFunc(list, func(a, b Principal) int {
		return cmp.Or(strings.Compare(a.DisplayName, b.DisplayName), strings.Compare(a.ObjectID, b.ObjectID))
	})
	return list
}
