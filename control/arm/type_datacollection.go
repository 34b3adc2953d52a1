package arm

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"reslog/catalog"
	"reslog/kql"
	"reslog/resource"
)

const (
	endpointType = "Microsoft.Insights/dataCollectionEndpoints"
	ruleType     = "Microsoft.Insights/dataCollectionRules"
)

// dataCollectionTypes are what the Logs Ingestion API needs: endpoints, which are
// this node by another name, and rules, which say what a posted object looks like
// and which table it becomes a row of. Source: the REST reference of
// Microsoft.Insights, "Data Collection Endpoints" and "Data Collection Rules".
func dataCollectionTypes() []*resourceType {
	versions := []string{"2024-03-11", "2023-03-11", "2022-06-01", "2021-09-01-preview", "2021-04-01"}
	rule := names(`[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]|[A-Za-z0-9]`, "1 to 64 letters, digits, periods, hyphens and underscores, and begin and end with a letter or digit")
	return []*resourceType{{
		name: endpointType, versions: versions, created: http.StatusCreated, names: rule,
		computed: []string{"immutableId", "configurationAccess", "logsIngestion", "metricsIngestion", "metadata", "privateLinkScopedResources", "failoverConfiguration"},
		promises: []promise{{"networkAcls.publicNetworkAccess", "Disabled"}, {"networkAcls.publicNetworkAccess", "SecuredByPerimeter"}},
		prepare:  func(d *draft) error { return d.keepID("dce-") },
		show: func(s *Server, _ *resource.Resource, props object) {
			if s.cfg.IngestionURL != nil {
				props["logsIngestion"] = map[string]any{"endpoint": s.cfg.IngestionURL()}
			}
		},
	}, {
		name: ruleType, versions: versions, created: http.StatusCreated, names: rule,
		computed: []string{"immutableId", "endpoints", "metadata", "ingestionQuotas"},
		prepare:  prepareRuleOfCollection,
		verify:   checkTransforms,
		show: func(s *Server, res *resource.Resource, props object) {
			if s.cfg.IngestionURL != nil && fold(res.Kind, "Direct") {
				props["endpoints"] = map[string]any{"logsIngestion": s.cfg.IngestionURL()}
			}
			s.showCustomers(props)
		},
	}}
}

// showCustomers adds what queries call the workspaces of a rule.
func (s *Server) showCustomers(props object) {
	destinations, _ := asObject(props.get("destinations"))
	list, _ := destinations.get("logAnalytics").([]any)
	for _, v := range list {
		d, ok := asObject(v)
		if !ok {
			continue
		}
		text, _ := d.get("workspaceResourceId").(string)
		id, err := resource.Parse(text)
		if err != nil {
			continue
		}
		if res, ok := s.lookup(id); ok {
			if w, err := WorkspaceOf(res); err == nil {
				d.set("workspaceId", w.CustomerID)
			}
		}
	}
}

// keepID gives a resource the id that requests name it by: drawn once, never the
// client's to choose.
func (d *draft) keepID(prefix string) error {
	id := prefix + strings.ReplaceAll(d.newID(), "-", "")
	if d.old != nil {
		was, err := parseObject(d.old.Properties)
		if err != nil {
			return err
		}
		if kept, isText := was.get("immutableId").(string); isText && kept != "" {
			id = kept
		}
	}
	d.props.set("immutableId", id)
	return nil
}

// CollectionRule are the properties of a data collection rule that others need.
type CollectionRule struct {
	ImmutableID        string                       `json:"immutableId"`
	StreamDeclarations map[string]StreamDeclaration `json:"streamDeclarations"`
	Destinations       struct {
		LogAnalytics []LogAnalyticsDestination `json:"logAnalytics"`
	} `json:"destinations"`
	DataFlows []DataFlow `json:"dataFlows"`
}

// StreamDeclaration is what the objects of a stream look like.
type StreamDeclaration struct {
	Columns []TableColumn `json:"columns"`
}

// LogAnalyticsDestination is a workspace by a name of the rule's own.
type LogAnalyticsDestination struct {
	WorkspaceResourceID string `json:"workspaceResourceId"`
	Name                string `json:"name"`
}

// DataFlow leads streams to destinations.
type DataFlow struct {
	Streams      []string `json:"streams"`
	Destinations []string `json:"destinations"`
	TransformKQL string   `json:"transformKql"`
	OutputStream string   `json:"outputStream"`
}

// CollectionRuleOf decodes the properties of a Microsoft.Insights/dataCollectionRules.
func CollectionRuleOf(r resource.Resource) (CollectionRule, error) {
	return propertiesOf[CollectionRule](r)
}

// Columns are those of a stream: declared, or of the table that a stream of
// Microsoft's is.
func (c CollectionRule) Columns(stream string) ([]kql.Column, bool) {
	if d, ok := c.StreamDeclarations[stream]; ok {
		columns := make([]kql.Column, 0, len(d.Columns))
		for _, col := range d.Columns {
			typ, _ := columnType(col.Type)
			columns = append(columns, kql.Column{Name: col.Name, Type: typ})
		}
		return columns, true
	}
	table, ok := catalog.Table(strings.TrimPrefix(stream, "Microsoft-"))
	return table.Columns, ok && strings.HasPrefix(stream, "Microsoft-")
}

// Table is the table that a flow fills: that of its output stream, or of its stream.
func (f DataFlow) Table(stream string) string {
	out := f.OutputStream
	if out == "" {
		out = stream
	}
	for _, prefix := range []string{"Custom-", "Microsoft-"} {
		out = strings.TrimPrefix(out, prefix)
	}
	return out
}

var streamName = regexp.MustCompile(`^(Custom|Microsoft)-[A-Za-z][A-Za-z0-9_-]{0,99}$`)

func badRule(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, "InvalidPayload", "Data collection rule is invalid: "+format, args...)
}

// prepareRuleOfCollection checks that what is posted has somewhere to go.
func prepareRuleOfCollection(d *draft) error {
	if err := d.keepID("dcr-"); err != nil {
		return err
	}
	if v, isObject := asObject(d.props.get("dataSources")); isObject && len(v) > 0 {
		return badRule("'dataSources' is of agents, which this node does not run: leave it out and post to the Logs Ingestion API.")
	}
	raw, err := d.props.raw()
	if err != nil {
		return err
	}
	var c CollectionRule
	if err := json.Unmarshal(raw, &c); err != nil {
		return badRule("'streamDeclarations', 'destinations' or 'dataFlows' cannot be read.")
	}
	if dest, isObject := asObject(d.props.get("destinations")); isObject {
		for name := range dest {
			if !fold(name, "logAnalytics") {
				return badRule("the destination '%.64s' is not one of this node: only 'logAnalytics' is.", name)
			}
		}
	}
	return c.check()
}

func (c *CollectionRule) check() error {
	for name, s := range c.StreamDeclarations {
		if !streamName.MatchString(name) || !strings.HasPrefix(name, "Custom-") {
			return badRule("the stream '%.100s' that it declares must be called Custom- and a name.", name)
		}
		if len(s.Columns) == 0 || len(s.Columns) > maxColumns {
			return badRule("the stream '%s' has %d columns, it must have 1 to %d.", name, len(s.Columns), maxColumns)
		}
		for _, col := range s.Columns {
			if _, ok := columnType(col.Type); !ok || col.Name == "" || len(col.Name) > 100 {
				return badRule("the column '%.100s' of stream '%s' needs a name and one of the types string, int, long, real, boolean, datetime, guid and dynamic.", col.Name, name)
			}
		}
	}
	known := map[string]bool{}
	for _, dest := range c.Destinations.LogAnalytics {
		id, err := resource.Parse(dest.WorkspaceResourceID)
		if err != nil || !fold(id.Type(), workspaceType) || dest.Name == "" {
			return badRule("a destination of 'logAnalytics' needs a 'name' and the 'workspaceResourceId' of a workspace.")
		}
		known[strings.ToLower(dest.Name)] = true
	}
	if len(c.DataFlows) == 0 || len(c.DataFlows) > 100 {
		return badRule("it needs 1 to 100 'dataFlows'.")
	}
	for _, f := range c.DataFlows {
		if err := c.checkFlow(f, known); err != nil {
			return err
		}
	}
	return nil
}

// checkTransforms refuses transformations that could not be run.
func checkTransforms(ctx context.Context, s *Server, d *draft) error {
	c, err := CollectionRuleOf(d.Resource)
	if err != nil {
		return err
	}
	for _, f := range c.DataFlows {
		if text := strings.TrimSpace(f.TransformKQL); text == "" || text == "source" {
			continue
		}
		for _, stream := range f.Streams {
			columns, _ := c.Columns(stream)
			if err := s.cfg.CheckTransform(ctx, f.TransformKQL, columns); err != nil {
				return badRule("the transformation of stream '%s': %s", stream, err)
			}
		}
	}
	return nil
}

func (c *CollectionRule) checkFlow(f DataFlow, known map[string]bool) error {
	if len(f.Streams) == 0 || len(f.Destinations) == 0 {
		return badRule("each of 'dataFlows' needs 'streams' and 'destinations'.")
	}
	for _, name := range f.Destinations {
		if !known[strings.ToLower(name)] {
			return badRule("the flow to '%.100s' leads nowhere: there is no such destination.", name)
		}
	}
	for _, stream := range f.Streams {
		if _, ok := c.Columns(stream); !ok {
			return badRule("the stream '%.100s' is not declared.", stream)
		}
		table := f.Table(stream)
		if _, ok := catalog.Table(table); !ok && !strings.HasSuffix(table, customSuffix) {
			return badRule("the output stream of '%s' must be Microsoft- and a table, or Custom- and a table of your own, which ends with %s.", stream, customSuffix)
		}
	}
	return nil
}
