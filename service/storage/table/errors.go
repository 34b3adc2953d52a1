package table

import (
	"errors"
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/table/odata"
	"reslog/service/storage/tablestore"
)

// Errors of the table service that only this package gives.
var (
	errAtomFormatNotSupported = &storage.Error{Status: http.StatusUnsupportedMediaType, Code: "AtomFormatNotSupported", Message: "Atom format is not supported."}
	errNameLength             = &storage.Error{Status: http.StatusBadRequest, Code: "OutOfRangeInput", Message: "The specified resource name length is not within the permissible limits."}
	errIfNoneMatch            = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "If-None-Match HTTP header cannot be specified for PUT operations."}
	errIfNoneMatchDelete      = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "If-None-Match HTTP header cannot be specified for DELETE operations."}
	errBothConditions         = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "Both If-Match and If-None-Match HTTP headers cannot be specified at the same time. Please specify either one of the headers or none of them."}
)

// storeError turns an error of the store into the service's own.
func (s *Service) storeError(err error) error {
	e := s.serviceError(err)
	if e == nil {
		return err
	}
	return e
}

// serviceError is what the service says to an error of the store, nil for one that
// it has no word for.
func (s *Service) serviceError(err error) *storage.Error {
	switch {
	case errors.Is(err, tablestore.ErrTableNotFound):
		return storage.ErrTableNotFound
	case errors.Is(err, tablestore.ErrTableExists):
		return storage.ErrTableAlreadyExists
	case errors.Is(err, tablestore.ErrEntityNotFound):
		return storage.ErrResourceNotFound // EntityNotFound is documented, and never seen
	case errors.Is(err, tablestore.ErrEntityExists):
		return storage.ErrEntityAlreadyExists
	case errors.Is(err, tablestore.ErrCondition):
		return storage.ErrUpdateConditionNotSatisfied
	case errors.Is(err, tablestore.ErrTooLarge):
		return storage.ErrEntityTooLarge
	case errors.Is(err, tablestore.ErrTooMany):
		return storage.ErrTooManyProperties
	case errors.Is(err, tablestore.ErrReadOnly):
		return s.readOnly.Refuse(err)
	}
	return nil
}

// resourceError is storeError for operations on tables themselves, for which a
// table that is not there is a resource like any other.
func (s *Service) resourceError(err error) error {
	if errors.Is(err, tablestore.ErrTableNotFound) {
		return storage.ErrResourceNotFound
	}
	return s.storeError(err)
}

// outOfRange refuses a value of a property, which the message names.
func outOfRange(property, value string) error {
	e := *storage.ErrOutOfRangeInput
	e.Message = "The '" + property + "' parameter of value '" + storage.Clip(value) + "' is out of range."
	return &e
}

// invalidETag refuses a condition that is no ETag.
func invalidETag(value string) error {
	e := *storage.ErrInvalidInput
	e.Message = "The etag value '" + storage.Clip(value) + "' specified in one of the request headers is not valid. " +
		"Please make sure only one etag value is specified and is valid."
	return &e
}

// invalidQuery refuses a query option, saying what is wrong with it.
func invalidQuery(reason string) error {
	e := *storage.ErrInvalidInput
	e.Message = "Bad Request - Error in query syntax: " + storage.Clip(reason)
	return &e
}

// filterError refuses a filter. What is good OData, but more than the service knows,
// is not implemented.
func filterError(err error) error {
	var e *odata.Error
	if !errors.As(err, &e) || !e.Unsupported {
		return invalidQuery(err.Error())
	}
	refusal := *storage.ErrNotImplemented
	refusal.Message += " " + storage.Clip(err.Error())
	return &refusal
}
