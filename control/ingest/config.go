package ingest

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"reslog/analytics/rows"
	"reslog/kql"
	"reslog/resource"
)

// Auth says who posts and where they may.
type Auth interface {
	// Authenticate returns who sent the bearer token, or an error that is safe to
	// show.
	Authenticate(ctx context.Context, token string) (caller any, err error)
	// MayPost reports whether a caller may post to a data collection rule.
	MayPost(caller any, rule resource.ID) bool
}

// Rules are the data collection rules.
type Rules interface {
	// Rule finds one by its immutable ID. The error wraps resource.ErrNotFound when
	// there is none.
	Rule(ctx context.Context, immutableID string) (Rule, error)
}

// Rule is a data collection rule.
type Rule struct {
	ID resource.ID
	// Stream returns what a stream is: its columns and where its objects go. False
	// when the rule has no such stream.
	Stream func(name string) ([]kql.Column, []Flow, bool)
}

// Flow is where the objects of a stream go.
type Flow struct {
	Table string
	// Transform is KQL over the table `source`; "" and "source" change nothing.
	Transform string
	To        Workspace
}

// Workspaces are those of the Data Collector API.
type Workspaces interface {
	// Workspace finds one by its customer ID, with its keys, base64. The error
	// wraps resource.ErrNotFound when there is none.
	Workspace(ctx context.Context, customerID string) (Workspace, []string, error)
}

// Workspace takes rows.
type Workspace interface {
	// Append returns when the rows are durable.
	Append(ctx context.Context, batch []rows.Rows) error
	// Columns are those that a table has.
	Columns(table string) []kql.Column
	// Transform runs KQL over rows of `source`, for a table. The error is a
	// *kql.Error when the query is wrong.
	Transform(ctx context.Context, query, table string, source []rows.Rows) ([]rows.Rows, error)
}

// Config is what New needs. Fields without a word on their zero value are
// required.
type Config struct {
	Auth       Auth
	Rules      Rules
	Workspaces Workspaces

	// Logger is told of failures; nil discards.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// NewID makes a request ID; nil means a random GUID.
	NewID func() string
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = uuid.NewString
	}
	return c
}
