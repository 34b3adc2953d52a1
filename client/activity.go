package client

import (
	"context"
	"net/url"
	"time"
)

// Activity is one entry of the activity log.
type Activity struct {
	EventTimestamp time.Time `json:"eventTimestamp"`
	Caller         string    `json:"caller"`
	ResourceID     string    `json:"resourceId"`
	OperationName  struct {
		Value string `json:"value"`
	} `json:"operationName"`
	Status struct {
		Value string `json:"value"`
	} `json:"status"`
	SubStatus struct {
		Value string `json:"value"`
	} `json:"subStatus"`
	CorrelationID string `json:"correlationId"`
}

// Activities returns the changes of a subscription since a time, newest first.
func (n *Node) Activities(ctx context.Context, subscription string, since time.Time) ([]Activity, error) {
	q := url.Values{"$filter": {"eventTimestamp ge '" + since.UTC().Format(time.RFC3339) + "'"}}
	path := "/subscriptions/" + url.PathEscape(subscription) + "/providers/Microsoft.Insights/eventtypes/management/values"
	return list[Activity](ctx, n, path, "2015-04-01", q)
}
