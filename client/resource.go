package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Resource is a resource of a node.
type Resource struct {
	ID         string            `json:"id,omitempty"`
	Name       string            `json:"name,omitempty"`
	Type       string            `json:"type,omitempty"`
	Location   string            `json:"location,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	SKU        json.RawMessage   `json:"sku,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Properties json.RawMessage   `json:"properties,omitempty"`
}

// resourcesVersion is the API version of resources in general: later than the
// oldest that any type has.
const resourcesVersion = "2025-04-01"

// Resources lists all resources of a subscription.
func (n *Node) Resources(ctx context.Context, subscription string) ([]Resource, error) {
	return list[Resource](ctx, n, "/subscriptions/"+url.PathEscape(subscription)+"/resources", resourcesVersion, nil)
}

// Resource returns a resource.
func (n *Node) Resource(ctx context.Context, id string) (r Resource, err error) {
	err = n.ARM(ctx, http.MethodGet, id, resourcesVersion, nil, nil, &r)
	return r, err
}

// PutResource makes a resource or replaces it, see docs/compat for the
// properties of each type.
func (n *Node) PutResource(ctx context.Context, id string, r Resource) (made Resource, err error) {
	err = n.ARM(ctx, http.MethodPut, id, resourcesVersion, nil, r, &made)
	return made, err
}

// DeleteResource removes a resource with its diagnostic settings.
func (n *Node) DeleteResource(ctx context.Context, id string) error {
	return n.ARM(ctx, http.MethodDelete, id, resourcesVersion, nil, nil, nil)
}
