package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"reslog/analytics"
	"reslog/control"
	"reslog/control/arm"
	"reslog/control/ingest"
	"reslog/control/local"
	"reslog/control/query"
	"reslog/identity"
	"reslog/internal/journal"
	"reslog/resource"
	"reslog/service/signalr/upstream"
)

// openManager builds the Resource Manager and makes what the configuration
// declares exist.
func (n *Node) openManager(ctx context.Context) error {
	log, err := journal.Open(journal.Config{Dir: filepath.Join(n.cfg.Data, "activity"), Now: n.cfg.Now})
	if err != nil {
		return fmt.Errorf("open the activity log: %w", err)
	}
	n.onStop("activity log", func(context.Context) error { return log.Close() })
	n.manager = arm.New(arm.Config{
		Resources: n.resources, Settings: n.settings, Auth: n.identities, Roles: roles{n.identities.directory}, Journal: log,
		Ledger: n.router.Ledger, DeadLetters: n.router.DeadLetters(),
		TenantID:       n.identities.issuer.TenantID(),
		Subscriptions:  []arm.Subscription{{ID: n.cfg.SubscriptionID, Name: "reslog"}},
		Locations:      []arm.Location{{Name: n.cfg.Location, DisplayName: n.cfg.Location}},
		Endpoints:      n.endpoints,
		Tables:         n.workspaces,
		CheckTransform: analytics.CheckTransform,
		CheckUpstream:  func(url string) error { return upstream.Template{URL: url}.Check() },
		IngestionURL:   n.ControlURL,
		Logger:         n.cfg.Logger.With("part", "resource manager"),
		Now:            n.cfg.Now,
	})
	if n.redis.database, err = n.ensureRedis(ctx); err != nil {
		return err
	}
	if err := n.ensureSignalR(ctx); err != nil {
		return err
	}
	return n.declare(ctx)
}

// declare makes the configured resources and settings exist.
func (n *Node) declare(ctx context.Context) error {
	for _, r := range n.cfg.Resources {
		id, err := n.completeID(r.ID)
		if err != nil {
			return fmt.Errorf("resource %q of the configuration: %w", r.ID, err)
		}
		location := r.Location
		if location == "" && id.Parent().IsZero() {
			location = n.cfg.Location
		}
		err = n.manager.Declare(ctx, arm.Declaration{ID: id, Location: location, Kind: r.Kind, SKU: r.SKU, Tags: r.Tags, Properties: r.Properties})
		if err != nil {
			return fmt.Errorf("resource of the configuration: %w", err)
		}
	}
	for _, s := range n.cfg.Settings {
		id, err := n.completeID(s.Resource)
		if err != nil {
			return fmt.Errorf("diagnostic setting %q of the configuration: %w", s.Name, err)
		}
		if err := n.manager.DeclareSetting(ctx, id, s.Name, n.completeTargets(s.Properties)); err != nil {
			return fmt.Errorf("diagnostic setting %q of the configuration: %w", s.Name, err)
		}
	}
	return nil
}

// completeID reads an ID that may lack what comes before the provider.
func (n *Node) completeID(s string) (resource.ID, error) {
	path := strings.Trim(s, "/")
	if !strings.HasPrefix(strings.ToLower(path), "subscriptions/") {
		path = "subscriptions/" + n.cfg.SubscriptionID + "/resourceGroups/" + n.cfg.ResourceGroup + "/providers/" + strings.TrimPrefix(path, "providers/")
	}
	return resource.Parse("/" + path)
}

// completeTargets completes the IDs of destinations in a setting's properties.
func (n *Node) completeTargets(properties map[string]any) map[string]any {
	whole := make(map[string]any, len(properties))
	for name, value := range properties {
		if text, ok := value.(string); ok && text != "" && strings.HasSuffix(strings.ToLower(name), "id") {
			if id, err := n.completeID(text); err == nil {
				value = id.String()
			}
		}
		whole[name] = value
	}
	return whole
}

// endpoints are where the node serves a resource, by service.
func (n *Node) endpoints(r resource.Resource) map[string]string {
	if n.isRedis(r.ID) {
		return map[string]string{"redis": n.RedisAddr()}
	}
	if strings.EqualFold(r.ID.Type(), signalRType) {
		if endpoint := n.signalREndpoint(r.ID); endpoint != "" {
			return map[string]string{"signalr": endpoint}
		}
		return nil
	}
	name := strings.ToLower(r.ID.Name())
	if _, ok := n.accounts.Account(name); !ok || !strings.EqualFold(r.ID.Type(), accountType) {
		return nil
	}
	urls := map[string]string{}
	for _, s := range n.services {
		if url := s.accountURL(name); url != "" {
			urls[string(s.kind)] = url + "/"
		}
	}
	return urls
}

// controlHandler serves what the node is steered by.
func (n *Node) controlHandler() http.Handler {
	queries := query.New(query.Config{
		Auth: queryAuth{n.identities}, Workspaces: queried{n.workspaces, n.manager.Lookup},
		Observe: n.figures.query,
		Logger:  n.cfg.Logger.With("part", "query"), Now: n.cfg.Now,
	})
	n.queries.Store(queries)
	return control.NewHandler(control.Parts{
		Local: local.New(local.Config{
			Token:   n.token,
			Records: n.bus,
			Ledger:  n.router.Ledger,
			Logger:  n.cfg.Logger.With("part", "local"),

			DeadLetters: n.router.DeadLetters(),
			Principals:  n.identities,
			Importer:    imports{n.workspaces, n.accounts},
			Redis:       redisClients{n},
			SignalR:     signalRClients{n},
			Following:   &n.tails,
		}),
		SignIn: identity.NewEndpoints(identity.EndpointsConfig{
			Issuer: n.identities.issuer, Directory: n.identities.directory,
			Logger: n.cfg.Logger.With("part", "sign-in"), Now: n.cfg.Now,
		}),
		ARM:   n.manager,
		Query: queries,
		Ingest: ingest.New(ingest.Config{
			Auth: ingestAuth{n.identities}, Rules: posted{n.workspaces}, Workspaces: posted{n.workspaces},
			Logger: n.cfg.Logger.With("part", "ingest"), Now: n.cfg.Now,
		}),
	})
}

// roles are the role assignments as the Resource Manager wants them.
type roles struct{ directory *identity.Directory }

var _ arm.Roles = roles{}

// Assign implements arm.Roles.
func (r roles) Assign(ctx context.Context, a arm.RoleAssignment) (arm.RoleAssignment, error) {
	kept, _, err := r.directory.Assign(ctx, identity.RoleAssignment{
		Name: a.Name, PrincipalID: a.PrincipalID, PrincipalType: identity.PrincipalType(a.PrincipalType),
		RoleDefinitionID: a.RoleDefinitionID, Scope: identity.Scope(a.Scope),
	})
	if errors.Is(err, identity.ErrNotFound) {
		err = fmt.Errorf("%w: %w", arm.ErrNoRole, err)
	}
	return shownAssignment(kept), err
}

func shownAssignment(a identity.RoleAssignment) arm.RoleAssignment {
	return arm.RoleAssignment{
		Name: a.Name, PrincipalID: a.PrincipalID, PrincipalType: string(a.PrincipalType),
		RoleDefinitionID: a.RoleDefinitionID, Scope: string(a.Scope), Created: a.Created,
	}
}

// Revoke implements arm.Roles.
func (r roles) Revoke(ctx context.Context, name string) error {
	err := r.directory.Revoke(ctx, name)
	if errors.Is(err, identity.ErrNotFound) {
		return fmt.Errorf("%w: %w", resource.ErrNotFound, err)
	}
	return err
}

// Assignments implements arm.Roles.
func (r roles) Assignments() []arm.RoleAssignment {
	var list []arm.RoleAssignment
	for _, a := range r.directory.Assignments(identity.Filter{}) {
		list = append(list, shownAssignment(a))
	}
	return list
}

// Definitions implements arm.Roles.
func (r roles) Definitions() []arm.RoleDefinition {
	var list []arm.RoleDefinition
	for _, d := range r.directory.Roles() {
		list = append(list, arm.RoleDefinition{
			ID: d.ID, Name: d.Name, Description: d.Description,
			Actions: d.Actions, NotActions: d.NotActions, DataActions: d.DataActions,
		})
	}
	return list
}
