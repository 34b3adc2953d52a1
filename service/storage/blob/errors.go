package blob

import (
	"errors"
	"fmt"
	"net/http"

	"reslog/service/storage"
	"reslog/service/storage/blobstore"
)

// Errors of the blob service that only this package gives.
var (
	errUnsatisfiableCondition = &storage.Error{Status: http.StatusBadRequest, Code: "UnsatisfiableCondition", Message: "The request includes an unsatisfiable condition for this operation."}
	errBothChecksums          = &storage.Error{Status: http.StatusBadRequest, Code: "BothCrc64AndMd5HeaderPresent", Message: "Both Crc64 and Md5 header are present in the request; only one of them may be specified."}
	errInvalidTagName         = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidTagName", Message: "The tag name specified is invalid. It has characters that are not permitted."}
	errInvalidTagValue        = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidTagValue", Message: "The tag value specified is invalid. It has characters that are not permitted."}
	errDuplicateTagNames      = &storage.Error{Status: http.StatusBadRequest, Code: "DuplicateTagNames", Message: "The tags specified contain a tag name more than once."}
	errUncommittedCount       = &storage.Error{Status: http.StatusConflict, Code: "BlockCountExceedsLimit", Message: "The uncommitted block count cannot exceed the maximum limit of 100,000 blocks."}
	errSnapshotOperation      = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidOperation", Message: "Invalid operation against a blob snapshot."}
	errAppendBlobVersion      = &storage.Error{Status: http.StatusConflict, Code: "FeatureVersionMismatch", Message: "The operation for AppendBlob requires at least version 2015-02-21."}
	errBlobTypeVersion        = &storage.Error{Status: http.StatusConflict, Code: "FeatureVersionMismatch", Message: "The type of blob in the container is unrecognized by this version."}
	errInvalidBatchBody       = &storage.Error{Status: http.StatusBadRequest, Code: "InvalidInput", Message: "One of the request inputs is not valid."}
	errTooManySubrequests     = &storage.Error{Status: http.StatusBadRequest, Code: "ExceedsMaxBatchRequestCount", Message: "The batch operation exceeds maximum number of allowed subrequests."}
)

// storeError turns an error of the store into the service's own. Errors that
// are one already, made by the function of a transaction, stay as they are.
func (s *Service) storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blobstore.ErrContainerNotFound):
		return storage.ErrContainerNotFound
	case errors.Is(err, blobstore.ErrContainerExists):
		return storage.ErrContainerAlreadyExists
	case errors.Is(err, blobstore.ErrBlobNotFound):
		return storage.ErrBlobNotFound
	case errors.Is(err, blobstore.ErrInvalidBlockList):
		return storage.ErrInvalidBlockList
	case errors.Is(err, blobstore.ErrTooManyBlocks):
		return errUncommittedCount
	case errors.Is(err, blobstore.ErrBlockIDLength):
		return storage.ErrInvalidBlobOrBlock
	case errors.Is(err, blobstore.ErrInvalidMarker):
		return storage.ErrOutOfRangeInput
	case errors.Is(err, blobstore.ErrReadOnly):
		return s.readOnly.Refuse(err)
	}
	return err
}

// invalidHeader refuses a header's value by name.
func invalidHeader(name, value string) error {
	return storage.ErrInvalidHeaderValue.With("HeaderName", wireName(name)).With("HeaderValue", clip(value))
}

// missingHeader refuses the lack of a header by name.
func missingHeader(name string) error {
	return storage.ErrMissingRequiredHeader.With("HeaderName", wireName(name))
}

// unsupportedHeader refuses a header of a feature that is not there.
func unsupportedHeader(name, value string) error {
	return storage.ErrUnsupportedHeader.With("HeaderName", wireName(name)).With("HeaderValue", clip(value))
}

// invalidQuery refuses a query parameter's value, saying why.
func invalidQuery(name, value, format string, args ...any) error {
	return storage.InvalidQuery(name, value, fmt.Sprintf(format, args...))
}

// clip bounds what of a client's value an error repeats.
func clip(s string) string { return storage.Clip(s) }
