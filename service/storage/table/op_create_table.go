package table

import (
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// createTable is "Create Table": POST /Tables with {"TableName":"t"}. 201 with the
// table, or 204 when Prefer says so; 409 TableAlreadyExists. The tables of the
// metrics are the node's own to make.
func (s *Service) createTable(c *storage.Call) error {
	l, err := mediaOf(c)
	if err != nil {
		return err
	}
	if err := checkContent(c.Version, first(c.Request.Header, "Content-Type")); err != nil {
		return err
	}
	body, err := readBody(c)
	if err != nil {
		return err
	}
	name, err := decodeTable(body)
	if err != nil {
		return err
	}
	if err := checkTableName(name); err != nil {
		return err
	}
	c.ObjectKey = "/" + c.Account.Name + "/" + name
	switch {
	case isReserved(name):
		return storage.ErrInvalidInput
	case isMetrics(name) && c.Identity.Type != storage.System:
		return storage.ErrInsufficientAccountPermissions
	}
	err = s.store.CreateTable(c.Context(), c.Account.Name, tablestore.Table{Name: name, Created: c.Now})
	if err != nil {
		return s.storeError(err)
	}
	return answerTable(c, l, name)
}

// answerTable answers that a table was made.
func answerTable(c *storage.Call, l level, name string) error {
	b := newBuffer()
	defer release(b)
	*b = appendTablePath(c.AppendEndpoint(*b), name)
	location := []string{string(*b)}
	h := c.Response.Header()
	h["Location"] = location
	prefer := preferenceOf(first(c.Request.Header, "Prefer"))
	if prefer != noPreference {
		h["Preference-Applied"] = []string{prefer.String()}
	}
	if prefer == returnNoContent {
		h["Dataserviceid"] = location
		return sendNothing(c, http.StatusNoContent)
	}
	w := encoder{call: c, level: l}
	*b = w.appendMetadata(append((*b)[:0], '{'), "Tables", "/@Element")
	*b = w.appendTable(*b, name)
	return send(c, http.StatusCreated, l, *b)
}

// appendTable appends the members of a table, and the bracket that ends it.
func (w *encoder) appendTable(b []byte, name string) []byte {
	if w.level == fullMetadata {
		b = append(append(append(b, `"odata.type":"`...), w.call.Account.Name...), `.Tables","odata.id":"`...)
		b = appendTablePath(w.call.AppendEndpoint(b), name)
		b = append(appendTablePath(append(b, `","odata.editLink":"`...), name), `",`...)
	}
	return append(storage.AppendJSONString(append(b, `"TableName":`...), name), '}')
}

func appendTablePath(b []byte, name string) []byte {
	return append(append(append(b, "Tables('"...), name...), "')"...)
}

// decodeTable reads the name of a table from the body of Create Table.
func decodeTable(body string) (string, error) {
	var d decoder
	if err := d.scan(body); err != nil {
		return "", err
	}
	i := d.find("TableName")
	if i < 0 || d.members[i].kind == 0 || d.members[i].kind == 'n' {
		return "", storage.ErrPropertiesNeedValue
	}
	if m := &d.members[i]; m.kind == '"' {
		return m.string()
	}
	return "", storage.ErrInvalidInput
}
