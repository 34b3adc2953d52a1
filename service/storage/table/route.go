package table

import (
	"net/http"
	"strings"

	"reslog/service/storage"
	"reslog/service/storage/tablestore"
)

// Route finds the operation of a request from its method, path, query and headers.
// The Call's Container becomes the table, "" for what is about none.
func (s *Service) Route(c *storage.Call) (*storage.Operation, error) {
	a, err := parseAddress(c.Path)
	if err != nil {
		return nil, err
	}
	c.Container, c.Name = a.table, ""
	c.ObjectKey = objectKey(c.Account.Name, &a)
	method, err := tunnelled(c.Request.Method, c.Request.Header)
	if err != nil {
		return nil, err
	}
	restype, comp := strings.ToLower(c.Query.Get("restype")), strings.ToLower(c.Query.Get("comp"))
	switch {
	case a.resource == ofService:
		return s.routeService(method, restype, comp)
	case restype != "":
		return nil, storage.ErrInvalidQueryParameterValue
	case comp == "acl" && a.resource == ofEntities:
		return byMethod(method, methods{http.MethodGet: s.ops.getTableACL, http.MethodHead: s.ops.getTableACL, http.MethodPut: s.ops.setTableACL})
	case comp != "":
		return nil, storage.ErrInvalidQueryParameterValue
	}
	switch a.resource {
	case allTables:
		return byMethod(method, methods{http.MethodGet: s.ops.queryTables, http.MethodPost: s.ops.createTable})
	case oneTable:
		return byMethod(method, methods{http.MethodGet: s.ops.queryTable, http.MethodDelete: s.ops.deleteTable})
	case ofBatch:
		return byMethod(method, methods{http.MethodPost: s.ops.entityGroupTransaction})
	}
	if method == http.MethodGet {
		if a.resource == oneEntity {
			return s.ops.queryEntity, nil
		}
		return s.ops.queryEntities, nil
	}
	op, _, err := s.entityOperation(method, a.resource, c.Request.Header)
	return op, err
}

// objectKey is what the log says that a request is about.
func objectKey(account string, a *address) string {
	switch a.resource {
	case oneTable, ofEntities:
		return "/" + account + "/" + a.table
	case oneEntity:
		return "/" + account + "/" + a.table + "/" + a.key.Partition + "/" + a.key.Row
	}
	return "/" + account
}

func (s *Service) routeService(method, restype, comp string) (*storage.Operation, error) {
	switch restype + "/" + comp {
	case "service/properties":
		return byMethod(method, methods{http.MethodGet: s.ops.getServiceProperties, http.MethodHead: s.ops.getServiceProperties, http.MethodPut: s.ops.setServiceProperties})
	case "service/stats":
		return byMethod(method, methods{http.MethodGet: s.ops.serviceStats})
	case "/":
		return nil, storage.ErrInvalidUri
	}
	return nil, storage.ErrInvalidQueryParameterValue
}

// methods are the operations on a resource by HTTP method.
type methods map[string]*storage.Operation

func byMethod(method string, ops methods) (*storage.Operation, error) {
	if op := ops[method]; op != nil {
		return op, nil
	}
	return nil, storage.ErrMethodNotAllowed
}

// Methods of changes that net/http has no name for.
const methodMerge = "MERGE"

// entityOperation is the change of an entity that a method asks for. With If-Match
// an update or a merge needs the entity, without it makes one.
func (s *Service) entityOperation(method string, on resource, h http.Header) (*storage.Operation, tablestore.Kind, error) {
	_, hasMatch := h["If-Match"]
	switch {
	case method == http.MethodPost && on == ofEntities:
		return s.ops.insertEntity, tablestore.Insert, nil
	case on != oneEntity:
	case method == http.MethodPut && hasMatch:
		return s.ops.updateEntity, tablestore.Replace, nil
	case method == http.MethodPut:
		return s.ops.insertOrReplaceEntity, tablestore.InsertOrReplace, nil
	case (method == methodMerge || method == http.MethodPatch) && hasMatch:
		return s.ops.mergeEntity, tablestore.Merge, nil
	case method == methodMerge || method == http.MethodPatch:
		return s.ops.insertOrMergeEntity, tablestore.InsertOrMerge, nil
	case method == http.MethodDelete:
		return s.ops.deleteEntity, tablestore.Delete, nil
	}
	return nil, 0, storage.ErrMethodNotAllowed
}

// tunnelled is the method of a request, which POST may have in the header
// X-HTTP-Method.
func tunnelled(method string, h http.Header) (string, error) {
	v := h["X-Http-Method"]
	switch {
	case len(v) == 0:
		return method, nil
	case len(v) > 1 || strings.Contains(v[0], ","):
		return "", storage.ErrXMethodIncorrectCount
	case method != http.MethodPost:
		return "", storage.ErrXMethodNotUsingPost
	}
	switch m := strings.ToUpper(strings.TrimSpace(v[0])); m {
	case methodMerge, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return m, nil
	}
	return "", storage.ErrXMethodIncorrectValue
}
