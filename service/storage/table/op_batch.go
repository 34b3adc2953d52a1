package table

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Errors of batches.
//
// Source: REST API reference, "Table service error codes"; messages as recorded in
// the tests of clients.
var (
	errTooManyChanges      = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "The batch request operation exceeds the maximum 100 changes per change set."}
	errDifferentPartitions = &storage.Error{Status: http.StatusBadRequest, Code: "CommandsInBatchActOnDifferentPartitions", Message: "All commands in a batch must operate on same entity group."}
)

// The versions of the data service protocol that answers name.
const (
	dataVersion1 = "1.0;" // to changes without a body
	dataVersion3 = "3.0;"
)

// entityGroupTransaction is "Performing Entity Group Transactions": POST /$batch
// with a multipart/mixed body of up to 4 MiB. It has either one change set of up to
// 100 changes of entities of one partition, each of another one, or one query.
//
// The answer is 202 whatever becomes of the changes, which happen all or not at
// all: then it has one answer instead of theirs, an error whose message begins with
// the index of the change that failed. A batch that cannot be read, or has a change
// that the caller may not make, is refused as a whole. Behind the change set the
// service looks into nothing: further parts are answered with 400.
//
// In the log the transaction is followed by the changes that were made, and so it
// stands alone when there were none.
//
// Source: REST API reference, "Performing entity group transactions"; "Windows
// Azure Storage Logging" (2011) for the log.
func (s *Service) entityGroupTransaction(c *storage.Call) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	b, err := parseBatch(c, body)
	if err != nil {
		return err
	}
	buf := newBuffer()
	defer release(buf)
	w := newBatchAnswer(*buf)
	if b.query != nil {
		err = s.answerQuery(c, b.query, w)
	} else {
		err = s.answerChanges(c, &b, w)
	}
	if err != nil {
		return err
	}
	contentType, answer := w.end()
	*buf = answer
	common(c.Response.Header())
	return c.Response.WriteBody(http.StatusAccepted, contentType, answer)
}

// changeError says which change of a change set was refused, and why.
type changeError struct {
	index int
	err   error
}

func (e *changeError) Error() string { return strconv.Itoa(e.index) + ":" + e.err.Error() }

// Unwrap implements errors.Unwrap.
func (e *changeError) Unwrap() error { return e.err }

// answerChanges carries out a change set and writes the answer.
func (s *Service) answerChanges(c *storage.Call, b *batch, w *batchAnswer) error {
	commands, err := s.readChanges(c, b.changes)
	if err == nil {
		err = s.makeChanges(c, b.changes, commands, w)
	}
	var failed *changeError
	var refusal *storage.Error
	switch {
	case err == nil:
	case !errors.As(err, &failed), !errors.As(failed.err, &refusal), refusal.Status >= 500:
		return err
	default:
		e := *refusal
		e.Message = strconv.Itoa(failed.index) + ":" + e.Message
		w.beginChanges()
		w.refuse(c, &b.changes[failed.index], &e)
		w.endChanges()
	}
	for range b.extra {
		w.refuse(c, &batchMessage{}, storage.ErrInvalidInput)
	}
	return nil
}

// readChanges makes commands of messages, and sees that they make a transaction.
func (s *Service) readChanges(c *storage.Call, messages []batchMessage) ([]command, error) {
	commands := make([]command, len(messages))
	rows := make(map[string]bool, len(messages))
	for i := range messages {
		if i == maxChanges {
			return nil, &changeError{i - 1, errTooManyChanges}
		}
		k, err := s.readChange(c, &messages[i])
		if err != nil {
			return nil, &changeError{i, err}
		}
		if err := admitCommand(c, k.op, k.table, &k.write.Entity.Key); err != nil {
			return nil, err
		}
		switch key, of := k.write.Entity.Key, &commands[0]; {
		case i > 0 && (key.Partition != of.write.Entity.Partition || !strings.EqualFold(k.table, of.table)):
			return nil, &changeError{i, errDifferentPartitions}
		case rows[key.Row]:
			return nil, &changeError{i, storage.ErrInvalidDuplicateRow}
		default:
			rows[key.Row] = true
		}
		commands[i] = k
	}
	return commands, nil
}

// readChange makes a command of a message.
func (s *Service) readChange(c *storage.Call, m *batchMessage) (command, error) {
	if m.method == http.MethodGet {
		return command{}, storage.ErrInvalidInput // a query stands alone
	}
	return s.parseCommand(c.Version, &m.message)
}

// makeChanges makes the changes and writes their answers.
func (s *Service) makeChanges(c *storage.Call, messages []batchMessage, commands []command, w *batchAnswer) error {
	writes := make([]tablestore.Write, len(commands))
	for i := range commands {
		writes[i] = commands[i].write
	}
	stamps, err := s.store.Write(c.Context(), c.Account.Name, commands[0].table, c.Now, writes)
	if err != nil {
		failed := &changeError{err: s.storeError(err)}
		var one *tablestore.WriteError
		if errors.As(err, &one) {
			failed.index = one.Index
		}
		return failed
	}
	w.beginChanges()
	c.Parts = make([]storage.Part, len(commands))
	body := newBuffer()
	defer release(body)
	for i := range commands {
		k, h := &commands[i], http.Header{"Dataserviceversion": {dataVersion1}}
		if k.write.Kind == tablestore.Insert {
			h["Dataserviceversion"][0] = dataVersion3
		}
		var status int
		status, *body = k.answer(c, h, stamps[i], (*body)[:0])
		w.begin(&messages[i], status, h)
		w.b = append(w.b, *body...)
		w.endBody()
		c.Parts[i] = storage.Part{Operation: k.op.Name, ObjectKey: k.objectKey(c.Account.Name), ETag: first(h, "Etag"), LastModified: stamps[i]}
	}
	w.endChanges()
	return nil
}

// answerQuery runs a query that is a batch by itself and writes its answer. An
// error about it is one inside of the answer.
func (s *Service) answerQuery(c *storage.Call, m *batchMessage, w *batchAnswer) error {
	body := newBuffer()
	defer release(body)
	h := http.Header{"Dataserviceversion": {dataVersion3}}
	common(h)
	part, err := s.runQuery(c, m, h, body)
	var refusal *storage.Error
	switch {
	case err == nil:
	case !errors.As(err, &refusal), refusal.Status >= 500, refusal.Status == http.StatusForbidden:
		return err
	default:
		w.refuse(c, m, refusal)
		return nil
	}
	c.Parts = []storage.Part{part}
	w.begin(m, http.StatusOK, h)
	w.b = append(w.b, *body...)
	w.endBody()
	return nil
}

// runQuery runs a query of one entity, or of several, and appends what it finds to
// body. It returns what the log says of it.
func (s *Service) runQuery(c *storage.Call, m *batchMessage, h http.Header, body *[]byte) (storage.Part, error) {
	a, err := parseAddress(m.path)
	if err != nil {
		return storage.Part{}, err
	}
	if a.resource != oneEntity && a.resource != ofEntities {
		return storage.Part{}, storage.ErrInvalidInput
	}
	l, err := media(c.Version, m.header, m.format)
	if err != nil {
		return storage.Part{}, err
	}
	h["Content-Type"] = contentTypes[l]
	in := *c // as the request would be by itself
	in.Container = a.table
	if in.Query, err = parseQuery(m.query); err != nil {
		return storage.Part{}, err
	}
	part := storage.Part{Operation: s.ops.queryEntities.Name, ObjectKey: objectKey(c.Account.Name, &a)}
	if a.resource == ofEntities {
		if err := admitCommand(c, s.ops.queryEntities, a.table, nil); err != nil {
			return part, err
		}
		return part, s.appendEntities(&in, l, h, body)
	}
	if err := admitCommand(c, s.ops.queryEntity, a.table, &a.key); err != nil {
		return part, err
	}
	e, err := s.appendEntity(&in, &a, l, m.header, in.Query.Get("$select"), body)
	if err != nil {
		return part, err
	}
	part.Operation, part.ETag, part.LastModified = s.ops.queryEntity.Name, etagOf(e.Timestamp), e.Timestamp
	h["Etag"] = []string{part.ETag}
	return part, nil
}
