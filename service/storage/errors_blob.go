package storage

// Errors of the blob service.
//
// Source: REST API reference, "Blob service error codes".
var (
	ErrAppendPositionConditionNotMet                     = &Error{Status: 412, Code: "AppendPositionConditionNotMet", Message: "The append position condition specified was not met."}
	ErrBlobAccessTierNotSupportedForAccountType          = &Error{Status: 400, Code: "BlobAccessTierNotSupportedForAccountType", Message: "The specified access tier is not supported for the account type."}
	ErrBlobAlreadyExists                                 = &Error{Status: 409, Code: "BlobAlreadyExists", Message: "The specified blob already exists."}
	ErrBlobArchived                                      = &Error{Status: 409, Code: "BlobArchived", Message: "This operation is not permitted on an archived blob."}
	ErrBlobBeingRehydrated                               = &Error{Status: 409, Code: "BlobBeingRehydrated", Message: "This operation is not permitted because the blob is being rehydrated."}
	ErrBlobImmutableDueToPolicy                          = &Error{Status: 409, Code: "BlobImmutableDueToPolicy", Message: "This operation is not permitted as the blob is immutable due to a policy."}
	ErrBlobIsSealed                                      = &Error{Status: 409, Code: "BlobIsSealed", Message: "The specified blob is sealed and its contents can't be modified unless the blob is re-created after a delete."}
	ErrBlobNotArchived                                   = &Error{Status: 409, Code: "BlobNotArchived", Message: "Blob is not archived."}
	ErrBlobNotFound                                      = &Error{Status: 404, Code: "BlobNotFound", Message: "The specified blob does not exist."}
	ErrBlobOverwritten                                   = &Error{Status: 409, Code: "BlobOverwritten", Message: "The blob has been recreated since the previous snapshot was taken."}
	ErrBlobTierInadequateForContentLength                = &Error{Status: 409, Code: "BlobTierInadequateForContentLength", Message: "Specified blob tier size limit cannot be less than content length."}
	ErrBlobUsesCustomerSpecifiedEncryption               = &Error{Status: 409, Code: "BlobUsesCustomerSpecifiedEncryption", Message: "The blob is encrypted with customer specified encryption, but it was not provided in the request."}
	ErrBlockCountExceedsLimit                            = &Error{Status: 409, Code: "BlockCountExceedsLimit", Message: "The committed block count cannot exceed the maximum limit of 50,000 blocks."}
	ErrBlockListTooLong                                  = &Error{Status: 400, Code: "BlockListTooLong", Message: "The block list may not contain more than 50,000 blocks."}
	ErrCannotChangeToLowerTier                           = &Error{Status: 409, Code: "CannotChangeToLowerTier", Message: "A higher blob tier has already been explicitly set."}
	ErrCannotVerifyCopySource                            = &Error{Status: 404, Code: "CannotVerifyCopySource", Message: "Could not verify the copy source within the specified time."}
	ErrContainerAlreadyExists                            = &Error{Status: 409, Code: "ContainerAlreadyExists", Message: "The specified container already exists."}
	ErrContainerBeingDeleted                             = &Error{Status: 409, Code: "ContainerBeingDeleted", Message: "The specified container is being deleted. Try operation later."}
	ErrContainerDisabled                                 = &Error{Status: 409, Code: "ContainerDisabled", Message: "The specified container has been disabled by the administrator."}
	ErrContainerNotFound                                 = &Error{Status: 404, Code: "ContainerNotFound", Message: "The specified container does not exist."}
	ErrContentLengthLargerThanTierLimit                  = &Error{Status: 409, Code: "ContentLengthLargerThanTierLimit", Message: "Specified content length cannot exceed tier size limit."}
	ErrCopyAcrossAccountsNotSupported                    = &Error{Status: 400, Code: "CopyAcrossAccountsNotSupported", Message: "The copy source account and destination account must be the same."}
	ErrCopyIdMismatch                                    = &Error{Status: 409, Code: "CopyIdMismatch", Message: "The specified copy ID did not match the copy ID for the pending copy operation."}
	ErrEmptyTagName                                      = &Error{Status: 400, Code: "EmptyTagName", Message: "The name of one of the tag key-value pairs is empty."}
	ErrIncrementalCopyBlobMismatch                       = &Error{Status: 409, Code: "IncrementalCopyBlobMismatch", Message: "The specified source blob is different than the copy source of the existing incremental copy blob."}
	ErrIncrementalCopyOfEarlierVersionSnapshotNotAllowed = &Error{Status: 409, Code: "IncrementalCopyOfEarlierVersionSnapshotNotAllowed", Message: "The specified snapshot is earlier than the last snapshot copied into the incremental copy blob."}
	ErrIncrementalCopySourceMustBeSnapshot               = &Error{Status: 409, Code: "IncrementalCopySourceMustBeSnapshot", Message: "The source for incremental copy request must be a snapshot."}
	ErrInfiniteLeaseDurationRequired                     = &Error{Status: 412, Code: "InfiniteLeaseDurationRequired", Message: "The lease ID matched, but the specified lease must be an infinite-duration lease."}
	ErrInvalidBlobOrBlock                                = &Error{Status: 400, Code: "InvalidBlobOrBlock", Message: "The specified blob or block content is invalid."}
	ErrInvalidBlobTier                                   = &Error{Status: 400, Code: "InvalidBlobTier", Message: "The specified blob tier is invalid."}
	ErrInvalidBlobType                                   = &Error{Status: 409, Code: "InvalidBlobType", Message: "The blob type is invalid for this operation."}
	ErrInvalidBlockId                                    = &Error{Status: 400, Code: "InvalidBlockId", Message: "The specified block ID is invalid. The block ID must be Base64-encoded."}
	ErrInvalidBlockList                                  = &Error{Status: 400, Code: "InvalidBlockList", Message: "The specified block list is invalid."}
	ErrInvalidOperation                                  = &Error{Status: 400, Code: "InvalidOperation", Message: "Invalid operation against a blob snapshot."}
	ErrInvalidPageRange                                  = &Error{Status: 416, Code: "InvalidPageRange", Message: "The page range specified is invalid."}
	ErrInvalidSourceBlobType                             = &Error{Status: 409, Code: "InvalidSourceBlobType", Message: "The copy source blob type is invalid for this operation."}
	ErrInvalidSourceBlobUrl                              = &Error{Status: 409, Code: "InvalidSourceBlobUrl", Message: "The source url for incremental copy request must be valid azure storage blob url."}
	ErrInvalidTags                                       = &Error{Status: 400, Code: "InvalidTags", Message: "The tags specified are invalid. It contains characters that are not permitted."}
	ErrInvalidVersionForPageBlobOperation                = &Error{Status: 409, Code: "InvalidVersionForPageBlobOperation", Message: "All operations on page blobs require at least version 2009-09-19."}
	ErrLeaseAlreadyBroken                                = &Error{Status: 409, Code: "LeaseAlreadyBroken", Message: "The lease has already been broken and cannot be broken again."}
	ErrLeaseAlreadyPresent                               = &Error{Status: 409, Code: "LeaseAlreadyPresent", Message: "There is already a lease present."}
	ErrLeaseIdMismatchWithBlobOperation                  = &Error{Status: 412, Code: "LeaseIdMismatchWithBlobOperation", Message: "The lease ID specified did not match the lease ID for the blob."}
	ErrLeaseIdMismatchWithContainerOperation             = &Error{Status: 412, Code: "LeaseIdMismatchWithContainerOperation", Message: "The lease ID specified did not match the lease ID for the container."}
	ErrLeaseIdMismatchWithLeaseOperation                 = &Error{Status: 409, Code: "LeaseIdMismatchWithLeaseOperation", Message: "The lease ID specified did not match the lease ID for the blob."}
	ErrLeaseIdMissing                                    = &Error{Status: 412, Code: "LeaseIdMissing", Message: "There is currently a lease on the blob and no lease ID was specified in the request."}
	ErrLeaseIsBreakingAndCannotBeAcquired                = &Error{Status: 409, Code: "LeaseIsBreakingAndCannotBeAcquired", Message: "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken."}
	ErrLeaseIsBreakingAndCannotBeChanged                 = &Error{Status: 409, Code: "LeaseIsBreakingAndCannotBeChanged", Message: "The lease ID matched, but the lease is currently in breaking state and cannot be changed."}
	ErrLeaseIsBrokenAndCannotBeRenewed                   = &Error{Status: 409, Code: "LeaseIsBrokenAndCannotBeRenewed", Message: "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."}
	ErrLeaseLost                                         = &Error{Status: 412, Code: "LeaseLost", Message: "A lease ID was specified, but the lease for the blob has expired."}
	ErrLeaseNotPresentWithBlobOperation                  = &Error{Status: 412, Code: "LeaseNotPresentWithBlobOperation", Message: "There is currently no lease on the blob."}
	ErrLeaseNotPresentWithContainerOperation             = &Error{Status: 412, Code: "LeaseNotPresentWithContainerOperation", Message: "There is currently no lease on the container."}
	ErrLeaseNotPresentWithLeaseOperation                 = &Error{Status: 409, Code: "LeaseNotPresentWithLeaseOperation", Message: "There is currently no lease on the blob."}
	ErrMaxBlobSizeConditionNotMet                        = &Error{Status: 412, Code: "MaxBlobSizeConditionNotMet", Message: "The max blob size condition specified was not met."}
	ErrNoPendingCopyOperation                            = &Error{Status: 409, Code: "NoPendingCopyOperation", Message: "There is currently no pending copy operation."}
	ErrOperationNotAllowedOnIncrementalCopyBlob          = &Error{Status: 409, Code: "OperationNotAllowedOnIncrementalCopyBlob", Message: "The specified operation is not allowed on an incremental copy blob."}
	ErrPendingCopyOperation                              = &Error{Status: 409, Code: "PendingCopyOperation", Message: "There is currently a pending copy operation."}
	ErrPreviousSnapshotCannotBeNewer                     = &Error{Status: 400, Code: "PreviousSnapshotCannotBeNewer", Message: "The prevsnapshot query parameter value cannot be newer than snapshot query parameter value."}
	ErrPreviousSnapshotNotFound                          = &Error{Status: 409, Code: "PreviousSnapshotNotFound", Message: "The previous snapshot is not found."}
	ErrPreviousSnapshotOperationNotSupported             = &Error{Status: 409, Code: "PreviousSnapshotOperationNotSupported", Message: "Differential Get Page Ranges is not supported on the previous snapshot."}
	ErrSequenceNumberConditionNotMet                     = &Error{Status: 412, Code: "SequenceNumberConditionNotMet", Message: "The sequence number condition specified was not met."}
	ErrSequenceNumberIncrementTooLarge                   = &Error{Status: 409, Code: "SequenceNumberIncrementTooLarge", Message: "The sequence number increment cannot be performed because it would result in overflow of the sequence number."}
	ErrSnapshotCountExceeded                             = &Error{Status: 409, Code: "SnapshotCountExceeded", Message: "The snapshot count against this blob has been exceeded."}
	ErrSnapshotOperationRateExceeded                     = &Error{Status: 409, Code: "SnapshotOperationRateExceeded", Message: "The rate of snapshot operations against this blob has been exceeded."}
	ErrSnapshotsPresent                                  = &Error{Status: 409, Code: "SnapshotsPresent", Message: "This operation is not permitted because the blob has snapshots."}
	ErrSourceConditionNotMet                             = &Error{Status: 412, Code: "SourceConditionNotMet", Message: "The source condition specified using HTTP conditional header(s) is not met."}
	ErrSystemInUse                                       = &Error{Status: 409, Code: "SystemInUse", Message: "This blob is in use by the system."}
	ErrTagsTooLarge                                      = &Error{Status: 400, Code: "TagsTooLarge", Message: "The tags specified exceed the maximum permissible limit."}
	ErrTargetConditionNotMet                             = &Error{Status: 412, Code: "TargetConditionNotMet", Message: "The target condition specified using HTTP conditional header(s) is not met."}
	ErrUnauthorizedBlobOverwrite                         = &Error{Status: 403, Code: "UnauthorizedBlobOverwrite", Message: "This request is not authorized to perform blob overwrites."}
)
