package storage

// Errors that all services give. They are shared: With makes a changed copy.
//
// Source: REST API reference, "Common REST API error codes"; texts as the service sends them.
var (
	ErrAccountAlreadyExists                 = &Error{Status: 409, Code: "AccountAlreadyExists", Message: "The specified account already exists."}
	ErrAccountBeingCreated                  = &Error{Status: 409, Code: "AccountBeingCreated", Message: "The specified account is in the process of being created."}
	ErrAccountIsDisabled                    = &Error{Status: 403, Code: "AccountIsDisabled", Message: "The specified account is disabled."}
	ErrAuthenticationFailed                 = &Error{Status: 403, Code: "AuthenticationFailed", Message: "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature."}
	ErrAuthorizationFailure                 = &Error{Status: 403, Code: "AuthorizationFailure", Message: "This request is not authorized to perform this operation."}
	ErrAuthorizationPermissionMismatch      = &Error{Status: 403, Code: "AuthorizationPermissionMismatch", Message: "This request is not authorized to perform this operation using this permission."}
	ErrAuthorizationProtocolMismatch        = &Error{Status: 403, Code: "AuthorizationProtocolMismatch", Message: "This request is not authorized to perform this operation using this protocol."}
	ErrAuthorizationResourceTypeMismatch    = &Error{Status: 403, Code: "AuthorizationResourceTypeMismatch", Message: "This request is not authorized to perform this operation using this resource type."}
	ErrAuthorizationServiceMismatch         = &Error{Status: 403, Code: "AuthorizationServiceMismatch", Message: "This request is not authorized to perform this operation using this service."}
	ErrAuthorizationSourceIPMismatch        = &Error{Status: 403, Code: "AuthorizationSourceIPMismatch", Message: "This request is not authorized to perform this operation using this source IP."}
	ErrConditionHeadersNotSupported         = &Error{Status: 400, Code: "ConditionHeadersNotSupported", Message: "Condition headers are not supported."}
	ErrConditionNotMet                      = &Error{Status: 412, Code: "ConditionNotMet", Message: "The condition specified using HTTP conditional header(s) is not met."}
	ErrCorsPreflightFailure                 = &Error{Status: 403, Code: "CorsPreflightFailure", Message: "CORS not enabled or no matching rule found for this request."}
	ErrCrc64Mismatch                        = &Error{Status: 400, Code: "Crc64Mismatch", Message: "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server."}
	ErrEmptyMetadataKey                     = &Error{Status: 400, Code: "EmptyMetadataKey", Message: "The key for one of the metadata key-value pairs is empty."}
	ErrFeatureVersionMismatch               = &Error{Status: 409, Code: "FeatureVersionMismatch", Message: "The operation requires a newer version of the service."}
	ErrInsufficientAccountPermissions       = &Error{Status: 403, Code: "InsufficientAccountPermissions", Message: "The account being accessed does not have sufficient permissions to execute this operation."}
	ErrInternalError                        = &Error{Status: 500, Code: "InternalError", Message: "Server encountered an internal error. Please try again after some time."}
	ErrInvalidAuthenticationInfo            = &Error{Status: 400, Code: "InvalidAuthenticationInfo", Message: "Authentication information is not given in the correct format. Check the value of Authorization header."}
	ErrInvalidCrc64                         = &Error{Status: 400, Code: "InvalidCrc64", Message: "The CRC64 value specified in the request is invalid. CRC64 value must be 64 bits and base64 encoded."}
	ErrInvalidHeaderValue                   = &Error{Status: 400, Code: "InvalidHeaderValue", Message: "The value for one of the HTTP headers is not in the correct format."}
	ErrInvalidHttpVerb                      = &Error{Status: 400, Code: "InvalidHttpVerb", Message: "The HTTP verb specified is invalid - it is not recognized by the server."}
	ErrInvalidInput                         = &Error{Status: 400, Code: "InvalidInput", Message: "One of the request inputs is not valid."}
	ErrInvalidMd5                           = &Error{Status: 400, Code: "InvalidMd5", Message: "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded."}
	ErrInvalidMetadata                      = &Error{Status: 400, Code: "InvalidMetadata", Message: "The metadata specified is invalid. It has characters that are not permitted."}
	ErrInvalidQueryParameterValue           = &Error{Status: 400, Code: "InvalidQueryParameterValue", Message: "Value for one of the query parameters specified in the request URI is invalid."}
	ErrInvalidRange                         = &Error{Status: 416, Code: "InvalidRange", Message: "The range specified is invalid for the current size of the resource."}
	ErrInvalidResourceName                  = &Error{Status: 400, Code: "InvalidResourceName", Message: "The specifed resource name contains invalid characters."} //nolint:misspell // as the service spells it
	ErrInvalidUri                           = &Error{Status: 400, Code: "InvalidUri", Message: "The requested URI does not represent any resource on the server."}
	ErrInvalidXmlDocument                   = &Error{Status: 400, Code: "InvalidXmlDocument", Message: "XML specified is not syntactically valid."}
	ErrInvalidXmlNodeValue                  = &Error{Status: 400, Code: "InvalidXmlNodeValue", Message: "The value for one of the XML nodes is not in the correct format."}
	ErrMd5Mismatch                          = &Error{Status: 400, Code: "Md5Mismatch", Message: "The MD5 value specified in the request did not match with the MD5 value calculated by the server."}
	ErrMetadataTooLarge                     = &Error{Status: 400, Code: "MetadataTooLarge", Message: "The metadata specified exceeds the maximum permissible limit (8KB)."}
	ErrMissingContentLengthHeader           = &Error{Status: 411, Code: "MissingContentLengthHeader", Message: "Content-Length HTTP header is missing"}
	ErrMissingRequiredHeader                = &Error{Status: 400, Code: "MissingRequiredHeader", Message: "An HTTP header that's mandatory for this request is not specified."}
	ErrMissingRequiredQueryParameter        = &Error{Status: 400, Code: "MissingRequiredQueryParameter", Message: "A query parameter that's mandatory for this request is not specified."}
	ErrMissingRequiredXmlNode               = &Error{Status: 400, Code: "MissingRequiredXmlNode", Message: "A required XML node was not specified in the request body."}
	ErrMultipleConditionHeadersNotSupported = &Error{Status: 400, Code: "MultipleConditionHeadersNotSupported", Message: "Multiple condition headers are not supported."}
	ErrNoAuthenticationInformation          = &Error{Status: 401, Code: "NoAuthenticationInformation", Message: "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."}
	ErrNotImplemented                       = &Error{Status: 501, Code: "NotImplemented", Message: "The requested operation is not implemented on the specified resource."}
	ErrOperationTimedOut                    = &Error{Status: 500, Code: "OperationTimedOut", Message: "Operation could not be completed within the specified time."}
	ErrOutOfRangeInput                      = &Error{Status: 400, Code: "OutOfRangeInput", Message: "One of the request inputs is out of range."}
	ErrOutOfRangeQueryParameterValue        = &Error{Status: 400, Code: "OutOfRangeQueryParameterValue", Message: "One of the query parameters specified in the request URI is outside the permissible range."}
	ErrPublicAccessNotPermitted             = &Error{Status: 409, Code: "PublicAccessNotPermitted", Message: "Public access is not permitted on this storage account."}
	ErrRequestBodyTooLarge                  = &Error{Status: 413, Code: "RequestBodyTooLarge", Message: "The request body is too large and exceeds the maximum permissible limit."}
	ErrRequestUrlFailedToParse              = &Error{Status: 400, Code: "RequestUrlFailedToParse", Message: "The url in the request could not be parsed."}
	ErrResourceAlreadyExists                = &Error{Status: 409, Code: "ResourceAlreadyExists", Message: "The specified resource already exists."}
	ErrResourceNotFound                     = &Error{Status: 404, Code: "ResourceNotFound", Message: "The specified resource does not exist."}
	ErrResourceTypeMismatch                 = &Error{Status: 409, Code: "ResourceTypeMismatch", Message: "The specified resource type does not match the type of the existing resource."}
	ErrServerBusy                           = &Error{Status: 503, Code: "ServerBusy", Message: "The server is busy."}
	ErrUnsupportedHeader                    = &Error{Status: 400, Code: "UnsupportedHeader", Message: "One of the HTTP headers specified in the request is not supported."}
	ErrUnsupportedHttpVerb                  = &Error{Status: 405, Code: "UnsupportedHttpVerb", Message: "The resource doesn't support specified Http Verb."}
	ErrUnsupportedQueryParameter            = &Error{Status: 400, Code: "UnsupportedQueryParameter", Message: "One of the query parameters specified in the request URI is not supported."}
	ErrUnsupportedXmlNode                   = &Error{Status: 400, Code: "UnsupportedXmlNode", Message: "One of the XML nodes specified in the request body is not supported."}
)

// ErrNotModified is ErrConditionNotMet for reads: 304, without a body.
var ErrNotModified = &Error{Status: 304, Code: "ConditionNotMet", Message: ErrConditionNotMet.Message}

// ErrAccountBusy is ErrServerBusy for an account over its request rate.
var ErrAccountBusy = &Error{Status: 503, Code: "ServerBusy", Message: "Operations per second is over the account limit."}
