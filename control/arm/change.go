package arm

import (
	"context"
	"errors"
	"net/http"

	"reslog/diagnostic"
	"reslog/resource"
)

// put answers PUT and PATCH.
func (s *Server) put(ctx context.Context, r *request, typ *resourceType) (answer, error) {
	if err := s.authorize(r, typ.name+"/write", r.target.path); err != nil {
		return answer{}, err
	}
	id, err := s.identify(&r.target, typ, "write")
	if err != nil {
		return answer{}, err
	}
	_, exists := s.stands(typ, id)
	patch := r.Method == http.MethodPatch
	if patch && !exists {
		return answer{}, resourceNotFound(id)
	}
	if err := r.precondition(exists); err != nil {
		return answer{}, err
	}
	w, err := readWanted(r.body)
	if err != nil {
		return answer{}, err
	}
	d, err := s.checked(typ, id, w, patch)
	if err != nil {
		return answer{}, err
	}
	if typ.verify != nil {
		if err := typ.verify(ctx, s, d); err != nil {
			return answer{}, err
		}
	}
	if err := s.record(ctx, r, change{resource: id.String()}); err != nil {
		return answer{}, err
	}
	if err := s.keep(ctx, d); err != nil {
		return answer{}, err
	}
	body, err := s.wire(typ, &d.Resource)
	if err != nil {
		return answer{}, err
	}
	status := http.StatusOK
	if !exists && typ.created != 0 {
		status = typ.created
	}
	return answer{status: status, body: body}, nil
}

// checked is a draft of what may be kept.
func (s *Server) checked(typ *resourceType, id resource.ID, w *wanted, patch bool) (*draft, error) {
	if _, exists := s.cfg.Resources.Get(id); !exists {
		if err := typ.names.check(id.Name()); err != nil {
			return nil, err
		}
		if typ.unique {
			if err := s.taken(typ, id); err != nil {
				return nil, err
			}
		}
	}
	return s.draft(typ, id, w, patch)
}

// taken refuses a name that another resource of the type has.
func (s *Server) taken(typ *resourceType, id resource.ID) error {
	for _, other := range s.cfg.Resources.List(typ.name) {
		if !fold(other.ID.Name(), id.Name()) || other.ID.Equal(id) {
			continue
		}
		if fold(typ.name, accountType) {
			return refuse(http.StatusConflict, "StorageAccountAlreadyTaken", "The storage account named %s is already taken.", id.Name())
		}
		return refuse(http.StatusConflict, "NameAlreadyExists", "The name '%s' is already taken by another resource of the type '%s'. Please try a different name.", id.Name(), typ.name)
	}
	return nil
}

// keep makes the draft the resource.
func (s *Server) keep(ctx context.Context, d *draft) error {
	if err := s.cfg.Resources.Put(ctx, d.Resource); err != nil {
		return err
	}
	if d.typ.after == nil {
		return nil
	}
	return d.typ.after(ctx, s, d)
}

// precondition refuses a write whose condition is not met. Resources have no
// ETags here: only "any" can be asked for.
func (r *request) precondition(exists bool) error {
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if match != "" && match != "*" || none != "" && none != "*" {
		return refuse(http.StatusBadRequest, "InvalidHeaderValue", "Resources of this node have no ETags: If-Match and If-None-Match may only be '*'.")
	}
	if match != "" && !exists || none != "" && exists {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "The condition of If-Match or If-None-Match is not met.")
	}
	return nil
}

// remove answers DELETE.
func (s *Server) remove(ctx context.Context, r *request, typ *resourceType) (answer, error) {
	if err := s.authorize(r, typ.name+"/delete", r.target.path); err != nil {
		return answer{}, err
	}
	id, err := s.identify(&r.target, typ, "delete")
	if err != nil {
		return answer{}, err
	}
	res, ok := s.stands(typ, id)
	if !ok {
		return answer{status: http.StatusNoContent}, nil
	}
	if err := s.record(ctx, r, change{resource: id.String()}); err != nil {
		return answer{}, err
	}
	if typ.gone != nil {
		if err := typ.gone(ctx, s, res); err != nil {
			return answer{}, err
		}
	}
	if err := s.drop(ctx, res.ID); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK}, nil
}

// drop removes a resource with all that is about it: what is below it, diagnostic
// settings, and role assignments, which must not be there for the next resource
// of the name. The resource itself goes last, so that a drop that failed can be
// repeated.
func (s *Server) drop(ctx context.Context, id resource.ID) error {
	if err := s.forget(ctx, id.String()); err != nil {
		return err
	}
	below := s.within(id.String(), s.cfg.Resources.List(""))
	for i := len(below) - 1; i >= 0; i-- { // children come after their parents
		if err := s.cfg.Resources.Delete(ctx, below[i].ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
			return err
		}
	}
	return nil
}

// forget removes the diagnostic settings and role assignments at a scope and
// below.
func (s *Server) forget(ctx context.Context, scope string) error {
	for _, set := range s.cfg.Settings.All() {
		if !covers(scope, set.Resource.String()) {
			continue
		}
		if err := s.cfg.Settings.Delete(ctx, set.Resource, set.Name); err != nil && !errors.Is(err, diagnostic.ErrNotFound) {
			return err
		}
	}
	for _, a := range s.cfg.Roles.Assignments() {
		if !covers(scope, a.Scope) {
			continue
		}
		if err := s.cfg.Roles.Revoke(ctx, a.Name); err != nil && !errors.Is(err, resource.ErrNotFound) {
			return err
		}
	}
	return nil
}
