package queue

import (
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/queuestore"
)

const (
	// maxQueues is the largest page of a listing.
	maxQueues = 5000
	// maxParameter bounds prefix and marker, in bytes.
	maxParameter = 4 << 10
)

// listQueues is "List Queues": GET /?comp=list, all versions. Queues come in the
// order of their names. Before 2013-08-15 each has a Url, and the account's URL is
// called AccountName.
func (s *Service) listQueues(c *storage.Call) error {
	p, err := parseList(c)
	if err != nil {
		return err
	}
	list, next, err := s.store.Queues(c.Context(), c.Account.Name, p.prefix, p.after, p.limit)
	if err != nil {
		return s.storeError(err)
	}
	b := s.buffer()
	defer s.release(b)
	w := xmlWriter{append(b.raw[:0], declaration...)}
	url, old := c.Endpoint(), c.Version < storage.V2013_08_15
	w.raw("<EnumerationResults ")
	if old {
		w.raw(`AccountName="`)
	} else {
		w.raw(`ServiceEndpoint="`)
	}
	w.buf = storage.AppendXML(w.buf, url)
	w.raw(`">`)
	for _, given := range [...]struct{ name, value string }{{"Prefix", p.prefix}, {"Marker", p.marker}, {"MaxResults", p.maxResults}} {
		if given.value != "" {
			w.element(given.name, given.value)
		}
	}
	if len(list) == 0 {
		w.raw("<Queues />")
	} else {
		w.raw("<Queues>")
		for i := range list {
			w.raw("<Queue>")
			w.element("Name", list[i].Name)
			if old {
				w.element("Url", url+list[i].Name)
			}
			if p.metadata {
				w.metadata(list[i].Metadata)
			}
			w.raw("</Queue>")
		}
		w.raw("</Queues>")
	}
	w.element("NextMarker", storage.EncodeMarker(next))
	w.raw("</EnumerationResults>")
	b.raw = w.buf
	noCache(c)
	return c.Response.WriteBody(200, "application/xml", w.buf)
}

// metadata writes the Metadata element.
func (w *xmlWriter) metadata(md queuestore.Metadata) {
	if len(md) == 0 {
		w.raw("<Metadata />")
		return
	}
	w.raw("<Metadata>")
	for i := range md {
		w.element(md[i].Name, md[i].Value)
	}
	w.raw("</Metadata>")
}

// listParams are the query parameters of a listing.
type listParams struct {
	prefix             string
	marker, maxResults string // as given
	after              string // the store's own marker
	limit              int
	metadata           bool
}

func parseList(c *storage.Call) (p listParams, err error) {
	q := c.Query
	p.prefix, p.marker, p.maxResults, p.limit = q.Get("prefix"), q.Get("marker"), q.Get("maxresults"), maxQueues
	for _, name := range [...]string{"prefix", "marker"} {
		if v := q.Get(name); len(v) > maxParameter {
			return p, storage.InvalidQuery(name, v, "Longer than "+strconv.Itoa(maxParameter)+" bytes.")
		}
	}
	if p.maxResults != "" {
		n, err := strconv.ParseInt(p.maxResults, 10, 32)
		switch {
		case err != nil:
			return p, storage.InvalidQuery("maxresults", p.maxResults, "Not a whole number of 32 bits.")
		case n < 1:
			return p, storage.OutOfRangeQuery("maxresults", p.maxResults, 1, maxQueues)
		}
		p.limit = min(int(n), maxQueues)
	}
	var ok bool
	if p.after, ok = storage.DecodeMarker(p.marker); !ok {
		return p, storage.ErrInvalidMarker
	}
	for _, one := range strings.Split(strings.ToLower(strings.Join(q["include"], ",")), ",") {
		switch one {
		case "":
		case "metadata":
			p.metadata = true
		default:
			return p, storage.InvalidQuery("include", one, "Not a data set of queues.")
		}
	}
	return p, nil
}
