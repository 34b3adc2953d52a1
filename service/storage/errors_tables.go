package storage

// Errors of the table service.
//
// Source: REST API reference, "Table service error codes".
var (
	ErrDuplicatePropertiesSpecified = &Error{Status: 400, Code: "DuplicatePropertiesSpecified", Message: "A property is specified more than one time."}
	ErrEntityAlreadyExists          = &Error{Status: 409, Code: "EntityAlreadyExists", Message: "The specified entity already exists."}
	ErrEntityNotFound               = &Error{Status: 404, Code: "EntityNotFound", Message: "The specified entity does not exist."}
	ErrEntityTooLarge               = &Error{Status: 400, Code: "EntityTooLarge", Message: "The entity is larger than the maximum allowed size."}
	ErrHostInformationNotPresent    = &Error{Status: 400, Code: "HostInformationNotPresent", Message: "The required host information is not present in the request. You must send a non-empty Host header or include the absolute URI in the request line."}
	ErrInvalidDuplicateRow          = &Error{Status: 400, Code: "InvalidDuplicateRow", Message: "The batch request contains multiple changes with same row key. An entity can appear only once in a batch request."}
	ErrInvalidValueType             = &Error{Status: 400, Code: "InvalidValueType", Message: "The value specified is invalid."}
	ErrJsonFormatNotSupported       = &Error{Status: 415, Code: "JsonFormatNotSupported", Message: "JSON format is not supported."}
	ErrJsonVerbosityNotSpecified    = &Error{Status: 400, Code: "JsonVerbosityNotSpecified", Message: "JSON verbosity is not specified."}
	ErrKeyValueTooLarge             = &Error{Status: 400, Code: "KeyValueTooLarge", Message: "The property value exceeds the maximum allowed size (64KB)."}
	ErrMediaTypeNotSupported        = &Error{Status: 415, Code: "MediaTypeNotSupported", Message: "None of the provided media types are supported."}
	ErrMethodNotAllowed             = &Error{Status: 405, Code: "MethodNotAllowed", Message: "The requested method is not allowed on the specified resource."}
	ErrPropertiesNeedValue          = &Error{Status: 400, Code: "PropertiesNeedValue", Message: "The values are not specified for all properties in the entity."}
	ErrPropertyNameInvalid          = &Error{Status: 400, Code: "PropertyNameInvalid", Message: "The property name is invalid."}
	ErrPropertyNameTooLong          = &Error{Status: 400, Code: "PropertyNameTooLong", Message: "The property name exceeds the maximum allowed length (255)."}
	ErrPropertyValueTooLarge        = &Error{Status: 400, Code: "PropertyValueTooLarge", Message: "The property value exceeds the maximum allowed size (64KB). If the property value is a string, it is UTF-16 encoded and the maximum number of characters should be 32K or less."}
	ErrTableAlreadyExists           = &Error{Status: 409, Code: "TableAlreadyExists", Message: "The table specified already exists."}
	ErrTableBeingDeleted            = &Error{Status: 409, Code: "TableBeingDeleted", Message: "The specified table is being deleted. Try operation later."}
	ErrTableNotFound                = &Error{Status: 404, Code: "TableNotFound", Message: "The table specified does not exist."}
	ErrTooManyProperties            = &Error{Status: 400, Code: "TooManyProperties", Message: "The entity contains more properties than allowed. Each entity can include up to 252 properties to store data. Each entity also has 3 system properties."}
	ErrUpdateConditionNotSatisfied  = &Error{Status: 412, Code: "UpdateConditionNotSatisfied", Message: "The update condition specified in the request was not satisfied."}
	ErrXMethodIncorrectCount        = &Error{Status: 400, Code: "XMethodIncorrectCount", Message: "More than one X-HTTP-Method is specified."}
	ErrXMethodIncorrectValue        = &Error{Status: 400, Code: "XMethodIncorrectValue", Message: "The specified X-HTTP-Method is invalid."}
	ErrXMethodNotUsingPost          = &Error{Status: 400, Code: "XMethodNotUsingPost", Message: "The request uses X-HTTP-Method with an Http verb other than POST."}
)
