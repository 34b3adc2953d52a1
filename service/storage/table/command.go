package table

import (
	"net/http"
	"time"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// command is a change of one entity: a request of its own, or one of a batch.
//
//	parseCommand   reads it, and refuses what is wrong with it
//	admitCommand   refuses what the caller may not do (in a batch)
//	tablestore     writes command.write, with others or alone
//	answer         says what came of it
type command struct {
	op    *storage.Operation // whose name the log has
	table string             // as the request names it
	write tablestore.Write
	// level and prefer are what the answer to an insert looks like.
	level  level
	prefer preference
}

// message is what a command is read from.
type message struct {
	method string
	path   string // below the account, percent-encoded and without the first slash
	header http.Header
	format string // the parameter $format
	body   string
}

// parseCommand reads a command of a batch. A message that is no change of an
// entity, such as a query, is refused as an invalid one.
func (s *Service) parseCommand(v storage.Version, m *message) (command, error) {
	a, err := parseAddress(m.path)
	if err != nil {
		return command{}, err
	}
	method, err := tunnelled(m.method, m.header)
	if err != nil {
		return command{}, err
	}
	op, kind, err := s.entityOperation(method, a.resource, m.header)
	if err != nil {
		return command{}, err
	}
	k := command{op: op, table: a.table}
	return k, k.read(v, kind, &a, m)
}

// read completes a command from its message.
func (k *command) read(v storage.Version, kind tablestore.Kind, a *address, m *message) (err error) {
	k.write.Kind, k.write.Entity.Key = kind, a.key
	if kind == tablestore.Insert {
		if k.level, err = media(v, m.header, m.format); err != nil {
			return err
		}
		k.prefer = preferenceOf(first(m.header, "Prefer"))
	}
	method := http.MethodPut
	if kind == tablestore.Delete {
		method = http.MethodDelete
	}
	if kind != tablestore.Insert { // of which there is nothing to be compared
		on, err := conditionOf(method, m.header)
		if err != nil {
			return err
		}
		if kind == tablestore.Delete && !on.given {
			return storage.ErrMissingRequiredHeader.With("HeaderName", "If-Match")
		}
		k.write.Match = on.match
	}
	if kind == tablestore.Delete {
		return nil
	}
	if err := checkContent(v, first(m.header, "Content-Type")); err != nil {
		return err
	}
	d, err := decodeEntity(m.body)
	if err != nil {
		return err
	}
	return k.place(&d, a)
}

// place sets the entity to be written: its keys are those of the path, which those
// of the body must be too; an insert has them in the body alone.
func (k *command) place(d *decodedEntity, a *address) error {
	if a.resource != oneEntity {
		if !d.hasPartition || !d.hasRowKey {
			return storage.ErrPropertiesNeedValue
		}
		k.write.Entity = d.entity
		return nil
	}
	if d.hasPartition && d.entity.Partition != a.key.Partition || d.hasRowKey && d.entity.Row != a.key.Row {
		return storage.ErrInvalidInput
	}
	if err := checkKey(partitionKey, a.key.Partition); err != nil {
		return err
	}
	if err := checkKey(rowKey, a.key.Row); err != nil {
		return err
	}
	d.entity.Key = a.key
	k.write.Entity = d.entity
	return nil
}

// objectKey is what the log says that the command is about.
func (k *command) objectKey(account string) string {
	e := &k.write.Entity
	return "/" + account + "/" + k.table + "/" + e.Partition + "/" + e.Row
}

// answer sets the headers of the answer to a command that was carried out, and
// appends its body to b. stamp is the new Timestamp of the entity.
func (k *command) answer(c *storage.Call, h http.Header, stamp time.Time, b []byte) (status int, body []byte) {
	common(h)
	if k.write.Kind == tablestore.Delete {
		return http.StatusNoContent, b
	}
	h["Etag"] = []string{etagOf(stamp)}
	if k.write.Kind != tablestore.Insert {
		return http.StatusNoContent, b
	}
	e := &k.write.Entity
	start := len(b)
	b = appendEntityPath(c.AppendEndpoint(b), k.table, &e.Key)
	location := []string{string(b[start:])}
	b = b[:start]
	h["Location"] = location
	if k.prefer != noPreference {
		h["Preference-Applied"] = []string{k.prefer.String()}
	}
	if k.prefer == returnNoContent {
		h["Dataserviceid"] = location
		return http.StatusNoContent, b
	}
	e.Timestamp = stamp
	h["Content-Type"] = contentTypes[k.level]
	w := encoder{call: c, level: k.level, table: k.table}
	return http.StatusCreated, w.appendSingle(b, e, "")
}

// runCommand serves a request that is one command.
func (s *Service) runCommand(c *storage.Call, kind tablestore.Kind) error {
	a, err := parseAddress(c.Path)
	if err != nil {
		return err
	}
	k := command{op: c.Op, table: a.table}
	m := message{header: c.Request.Header, format: c.Query.Get("$format")}
	if kind != tablestore.Delete {
		if m.body, err = readBody(c); err != nil {
			return err
		}
	}
	if err := k.read(c.Version, kind, &a, &m); err != nil {
		return err
	}
	if kind == tablestore.Insert {
		c.ObjectKey = k.objectKey(c.Account.Name)
	}
	if err := admit(c, k.op, k.table, &k.write.Entity.Key); err != nil {
		return err
	}
	stamps, err := s.store.Write(c.Context(), c.Account.Name, k.table, c.Now, []tablestore.Write{k.write})
	if err != nil {
		return s.storeError(err)
	}
	return k.finish(c, stamps[0])
}

// finish answers a request that is one command.
func (k *command) finish(c *storage.Call, stamp time.Time) error {
	b := newBuffer()
	defer release(b)
	h := c.Response.Header()
	status, body := k.answer(c, h, stamp, *b)
	*b = body
	if tag := h["Etag"]; tag != nil {
		c.ETag, c.LastModified = tag[0], stamp
	}
	if status == http.StatusNoContent {
		return sendNothing(c, status)
	}
	return send(c, status, k.level, body)
}
