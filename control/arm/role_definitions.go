package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// definitions answers with the roles, or one of them. They are the same at every
// scope, and only built in.
func (s *Server) definitions(_ context.Context, r *request) (answer, error) {
	t := &r.target
	if err := s.authorize(r, definitionType+"/read", t.scope); err != nil {
		return answer{}, err
	}
	conds, err := r.filter()
	if err != nil {
		return answer{}, err
	}
	list := []map[string]any{}
	for _, d := range s.cfg.Roles.Definitions() {
		if t.isItem() {
			if fold(d.ID, t.names[0]) {
				return ok(showDefinition(t.subscription, d))
			}
			continue
		}
		matches, err := matchAll(slices.DeleteFunc(slices.Clone(conds), func(c condition) bool { return c.op == "()" }), func(name string) ([]string, bool) {
			switch strings.ToLower(name) {
			case "rolename":
				return []string{d.Name}, true
			case "type":
				return []string{"BuiltInRole"}, true
			}
			return nil, false
		})
		if err != nil {
			return answer{}, err
		}
		if matches {
			list = append(list, showDefinition(t.subscription, d))
		}
	}
	if t.isItem() {
		return answer{}, refuse(http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%.64s' does not exist.", t.names[0])
	}
	return ok(map[string]any{"value": list})
}

func showDefinition(subscription string, d RoleDefinition) map[string]any {
	list := func(s []string) []string { return append([]string{}, s...) }
	return map[string]any{
		"id": definitionID(subscription, d.ID), "type": definitionType, "name": d.ID,
		"properties": map[string]any{
			"roleName": d.Name, "type": "BuiltInRole", "description": d.Description, "assignableScopes": []string{"/"},
			"permissions": []map[string]any{{"actions": list(d.Actions), "notActions": list(d.NotActions), "dataActions": list(d.DataActions), "notDataActions": []string{}}},
		},
	}
}
