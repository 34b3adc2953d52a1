package kql

import (
	"maps"
	"slices"
	"strings"
)

// Listing is the names of the language, sorted, for documentation and tests. What
// is in none of the lists of ours is refused.
type Listing struct {
	// Operators and Plugins that a query may use.
	Operators, Plugins []string
	// Functions are scalar functions, Aggregates those of summarize. Names of old
	// (makeset, todynamic) are among them.
	Functions, Aggregates []string
	// Documented are all functions that the language has, RefusedOperators and
	// RefusedPlugins what it has and we have not.
	Documented, RefusedOperators, RefusedPlugins []string
}

// List returns the names.
func List() Listing {
	r := functions()
	l := Listing{
		Operators:        strings.Fields(ownOperators),
		Plugins:          strings.Fields(ownPlugins),
		Functions:        slices.Sorted(maps.Keys(r.scalar)),
		Aggregates:       slices.Sorted(maps.Keys(r.aggregate)),
		Documented:       strings.Fields(documented),
		RefusedOperators: strings.Fields(refusedOperators),
		RefusedPlugins:   strings.Fields(refusedPlugins),
	}
	return l
}

// The operators of pipe.go and op_combine.go, and those of the language that are in
// neither; the plugins of op_evaluate.go.
const (
	ownOperators = `as count datatable distinct evaluate extend find getschema invoke join limit lookup make-series
 mv-apply mv-expand order parse parse-kv parse-where partition print project project-away project-keep project-rename
 project-reorder range render sample sample-distinct search serialize sort summarize take top top-hitters top-nested
 union where`
	refusedOperators = `externaldata facet fork graph-match graph-to-table macro-expand make-graph reduce scan`
	ownPlugins       = `bag_unpack ipv4_lookup narrow pivot`
	refusedPlugins   = `active_users_count activity_counts_metrics activity_engagement activity_metrics autocluster basket
 dcount_intersect diffpatterns funnel_sequence funnel_sequence_completion geo_line_lookup geo_polygon_lookup
 infer_storage_schema ipv6_lookup new_activity_metrics preview python r rolling_percentile rows_near schema_merge
 sequence_detect session_count sliding_window_counts sql_request`
	// Refused by name too, and not listed.
	unlistedPlugins = `ai_chat_completion ai_chat_completion_prompt ai_embed_text ai_embeddings azure_digital_twins_query_request
 cosmosdb_sql_request diffpatterns_text estimate_data_size execute_query execute_show_command http_request
 http_request_post identity_v3 infer_storage_schema_with_suggestions mysql_request postgresql_request`
)
