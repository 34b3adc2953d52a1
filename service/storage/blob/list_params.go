package blob

import (
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// maxResults is the largest page of a listing.
const maxResults = 5000

// listParams are the query parameters that the listings share.
type listParams struct {
	options    blobstore.ListOptions
	marker     string // as given
	maxResults string // as given
	include    includes
}

// includes are the data sets a listing is asked for.
type includes struct {
	snapshots, metadata, uncommitted, copies, tags, system bool
}

// maxParameter bounds prefix, delimiter and marker, in bytes.
const maxParameter = 4 << 10

// parseList reads the parameters of a listing; known maps the values of include
// that the operation has to the version they came with.
func parseList(c *storage.Call, known map[string]storage.Version) (listParams, error) {
	q := c.Query
	p := listParams{marker: q.Get("marker"), maxResults: q.Get("maxresults")}
	p.options.Prefix, p.options.Delimiter = q.Get("prefix"), q.Get("delimiter")
	p.options.Max = maxResults
	for _, name := range [...]string{"prefix", "delimiter", "marker"} {
		if v := q.Get(name); len(v) > maxParameter {
			return p, invalidQuery(name, v, "longer than %d bytes", maxParameter)
		}
	}
	if p.maxResults != "" {
		n, err := strconv.Atoi(p.maxResults)
		if err != nil {
			return p, invalidQuery("maxresults", p.maxResults, "not a number")
		}
		if n <= 0 {
			return p, storage.OutOfRangeQuery("maxresults", p.maxResults, 1, maxResults)
		}
		p.options.Max = min(n, maxResults)
	}
	var ok bool
	if p.options.Marker, ok = storage.DecodeMarker(p.marker); !ok {
		return p, storage.ErrOutOfRangeInput
	}
	return p, p.parseInclude(q["include"], c.Version, known)
}

func (p *listParams) parseInclude(values []string, version storage.Version, known map[string]storage.Version) error {
	for _, one := range strings.Split(strings.ToLower(strings.Join(values, ",")), ",") {
		if one == "" {
			continue
		}
		since, ok := known[one]
		if !ok || version < since {
			return invalidQuery("include", one, "not a data set of this version")
		}
		switch one {
		case "snapshots":
			p.include.snapshots = true
		case "metadata":
			p.include.metadata = true
		case "uncommittedblobs":
			p.include.uncommitted = true
		case "copy":
			p.include.copies = true
		case "tags":
			p.include.tags = true
		case "system":
			p.include.system = true
		}
		// The rest are sets that are empty here: deleted, versions, ….
	}
	return nil
}

// begin starts the document of a listing with what the request asked for.
func (p *listParams) begin(w *xmlWriter) {
	w.optional("Prefix", p.options.Prefix)
	w.optional("Marker", p.marker)
	w.optional("MaxResults", p.maxResults)
}
