package blob

import (
	"time"

	"reslog/service/storage"
)

// operations are all operations of the service: their names in the logs, who
// may call them, how long and how large they may be. Source: "Create an account
// SAS" and "Create a service SAS" for the permissions, "Authorize with Microsoft
// Entra ID" for the actions, "Setting timeouts for Blob service operations" for
// the times.
type operations struct {
	listContainers, accountInformation, findBlobsByTags, batch *storage.Operation
	getServiceProperties, setServiceProperties, serviceStats   *storage.Operation
	userDelegationKey                                          *storage.Operation

	createContainer, deleteContainer                       *storage.Operation
	getContainerProperties, getContainerMetadata           *storage.Operation
	setContainerMetadata, getContainerACL, setContainerACL *storage.Operation
	listBlobs, findInContainer, batchInContainer           *storage.Operation
	containerAccountInformation, blobAccountInformation    *storage.Operation
	containerLease                                         map[string]*storage.Operation
	restoreContainer                                       *storage.Operation

	getBlob, getBlobProperties, getBlobMetadata        *storage.Operation
	setBlobMetadata, setBlobProperties, deleteBlob     *storage.Operation
	putBlob, putBlobFromURL, snapshotBlob              *storage.Operation
	putBlock, putBlockFromURL, putBlockList, getBlocks *storage.Operation
	appendBlock, appendBlockFromURL, sealBlob          *storage.Operation
	putPage, clearPage, putPageFromURL, getPageRanges  *storage.Operation
	copyBlob, copyBlobFromURL, abortCopyBlob           *storage.Operation
	setBlobTier, getBlobTags, setBlobTags              *storage.Operation
	blobLease                                          map[string]*storage.Operation
	undeleteBlob, setBlobExpiry, incrementalCopyBlob   *storage.Operation
	queryBlobContents, setImmutability                 *storage.Operation
}

// Limits of request bodies, by the version that raised them.
const (
	mib             = 1 << 20
	maxXMLBody      = 8 * mib // 50,000 block ids
	maxTagsBody     = 64 << 10
	maxBatchBody    = 4 * mib
	maxPages        = 4 * mib
	maxAppendOld    = 4 * mib
	maxAppend       = 100 * mib
	maxBlockOld     = 4 * mib
	maxBlock2016    = 100 * mib
	maxBlock        = 4000 * mib
	maxPutBlobOld   = 64 * mib
	maxPutBlob2016  = 256 * mib
	maxPutBlob      = 5000 * mib
	timeoutOther    = 30 * time.Second
	timeoutList     = 30 * time.Second
	timeoutLong     = 120 * time.Second
	timeoutPerMiB   = 10 * time.Minute / 60 // 10 s a MiB, generous to slow clients
	timeoutReadPart = 10 * time.Minute
)

// anyPermission is what an operation accepts for which a SAS needs no certain letter.
const anyPermission = "rwdxyltacufpiemo"

// operations builds the table. shared are the operations on the service itself
// that the parent package does.
func (s *Service) operations(shared storage.PropertyOperations) operations {
	shared = shared.Complete(storage.Blob)
	const (
		service   = storage.ScopeService
		container = storage.ScopeContainer
		object    = storage.ScopeObject
	)
	op := func(name string, class storage.Class, scope storage.Scope, sas string, can storage.Action, run func(*storage.Call) error) *storage.Operation {
		return &storage.Operation{
			Name: name, Class: class, Scope: scope, SAS: sas, Actions: storage.AnyOf(can),
			ServiceSAS: scope == object, Timeout: timeoutOther, Run: guard(class, name, run),
		}
	}
	absent := func(name string, class storage.Class, scope storage.Scope, sas string, can storage.Action) *storage.Operation {
		o := op(name, class, scope, sas, can, notImplemented)
		o.Run = notImplemented
		return o
	}
	or := func(can storage.Action, o *storage.Operation) *storage.Operation {
		o.Actions = append(o.Actions, []storage.Action{can})
		return o
	}
	public := func(level storage.PublicAccess, o *storage.Operation) *storage.Operation {
		o.Public = level
		return o
	}
	byService := func(o *storage.Operation) *storage.Operation {
		o.ServiceSAS = true
		return o
	}
	body := func(most int64, perMiB time.Duration, o *storage.Operation) *storage.Operation {
		o.MaxBody, o.PerMiB = most, perMiB
		return o
	}
	long := func(d time.Duration, o *storage.Operation) *storage.Operation {
		o.Timeout = d
		return o
	}
	byToken := func(o *storage.Operation) *storage.Operation {
		o.BearerOnly = true
		return o
	}

	const (
		read, write, del = storage.Read, storage.Write, storage.Delete
		ofBlob, ofAll    = storage.PublicBlob, storage.PublicContainer
	)
	o := operations{
		listContainers:       op("ListContainers", read, service, "l", containerRead, s.listContainers),
		accountInformation:   op("GetAccountInformation", read, service, anyPermission, accountInfo, s.accountInformation),
		findBlobsByTags:      op("FindBlobsByTags", read, service, "f", blobFilter, s.findBlobsByTags),
		batch:                body(maxBatchBody, 0, long(timeoutLong, op("BlobBatch", write, service, anyPermission, containerWrite, s.batch))),
		getServiceProperties: shared.Get,
		setServiceProperties: shared.Set,
		serviceStats:         shared.Stats,
		userDelegationKey:    byToken(body(storage.MaxKeyInfoBody, 0, op("GetUserDelegationKey", read, service, "", delegate, s.userDelegationKey))),

		createContainer:             op("CreateContainer", write, container, "cw", containerWrite, s.createContainer),
		deleteContainer:             op("DeleteContainer", del, container, "d", containerDelete, s.deleteContainer),
		getContainerProperties:      public(ofAll, op("GetContainerProperties", read, container, "r", containerRead, s.getContainerProperties)),
		getContainerMetadata:        public(ofAll, op("GetContainerMetadata", read, container, "r", containerRead, s.getContainerMetadata)),
		setContainerMetadata:        op("SetContainerMetadata", write, container, "w", containerWrite, s.setContainerMetadata),
		getContainerACL:             op("GetContainerACL", read, container, "", containerGetACL, s.getContainerACL),
		setContainerACL:             body(storage.MaxPoliciesBody, 0, op("SetContainerACL", write, container, "", containerSetACL, s.setContainerACL)),
		listBlobs:                   public(ofAll, byService(long(timeoutList, op("ListBlobs", read, container, "l", blobRead, s.listBlobs)))),
		findInContainer:             byService(op("FindBlobsByTags", read, container, "f", blobFilter, s.findBlobsByTags)),
		batchInContainer:            body(maxBatchBody, 0, byService(long(timeoutLong, op("BlobBatch", write, container, anyPermission, containerWrite, s.batch)))),
		containerAccountInformation: byService(op("GetAccountInformation", read, container, anyPermission, accountInfo, s.accountInformation)),
		blobAccountInformation:      op("GetAccountInformation", read, object, anyPermission, accountInfo, s.accountInformation),
		restoreContainer:            absent("RestoreContainer", write, container, "w", containerWrite),

		getBlob:           public(ofBlob, long(timeoutReadPart, op("GetBlob", read, object, "r", blobRead, s.getBlob))),
		getBlobProperties: public(ofBlob, op("GetBlobProperties", read, object, "r", blobRead, s.getBlobProperties)),
		getBlobMetadata:   public(ofBlob, op("GetBlobMetadata", read, object, "r", blobRead, s.getBlobMetadata)),
		setBlobMetadata:   op("SetBlobMetadata", write, object, "w", blobWrite, s.setBlobMetadata),
		setBlobProperties: op("SetBlobProperties", write, object, "w", blobWrite, s.setBlobProperties),
		deleteBlob:        op("DeleteBlob", del, object, "d", blobDelete, s.deleteBlob),
		putBlob:           body(maxPutBlob, timeoutPerMiB, or(blobAdd, op("PutBlob", write, object, "cw", blobWrite, s.putBlob))),
		putBlobFromURL:    long(timeoutLong, or(blobAdd, op("PutBlobFromURL", write, object, "cw", blobWrite, s.putBlobFromURL))),
		snapshotBlob:      or(blobAdd, op("SnapshotBlob", write, object, "cw", blobWrite, s.snapshotBlob)),

		putBlock:        body(maxBlock, timeoutPerMiB, op("PutBlock", write, object, "cw", blobWrite, s.putBlock)),
		putBlockFromURL: long(timeoutLong, op("PutBlockFromURL", write, object, "cw", blobWrite, s.putBlockFromURL)),
		putBlockList:    body(maxXMLBody, timeoutPerMiB, op("PutBlockList", write, object, "cw", blobWrite, s.putBlockList)),
		getBlocks:       public(ofBlob, op("GetBlockList", read, object, "r", blobRead, s.getBlockList)),

		appendBlock:        body(maxAppend, timeoutPerMiB, or(blobAdd, op("AppendBlock", write, object, "aw", blobWrite, s.appendBlock))),
		appendBlockFromURL: long(timeoutLong, or(blobAdd, op("AppendBlockThroughCopy", write, object, "aw", blobWrite, s.appendBlockFromURL))),
		sealBlob:           op("SealBlob", write, object, "acw", blobWrite, s.sealBlob),

		putPage:        body(maxPages, timeoutPerMiB, op("PutPage", write, object, "w", blobWrite, s.putPage)),
		clearPage:      op("ClearPage", write, object, "w", blobWrite, s.clearPage),
		putPageFromURL: long(timeoutLong, op("PutPageFromURL", write, object, "w", blobWrite, s.putPageFromURL)),
		getPageRanges:  public(ofBlob, op("GetPageRanges", read, object, "r", blobRead, s.getPageRanges)),

		copyBlob:        long(timeoutLong, or(blobAdd, op("CopyBlob", write, object, "cw", blobWrite, s.copyBlob))),
		copyBlobFromURL: long(timeoutLong, or(blobAdd, op("CopyBlobFromURL", write, object, "cw", blobWrite, s.copyBlobFromURL))),
		abortCopyBlob:   op("AbortCopyBlob", write, object, "w", blobWrite, s.abortCopyBlob),

		setBlobTier: op("SetBlobTier", write, object, "w", blobWrite, s.setBlobTier),
		getBlobTags: op("GetBlobTags", read, object, "t", blobTagsRead, s.getBlobTags),
		setBlobTags: body(maxTagsBody, 0, op("SetBlobTags", write, object, "t", blobTagsWrite, s.setBlobTags)),

		undeleteBlob:        absent("UndeleteBlob", write, object, "w", containerWrite),
		setBlobExpiry:       absent("SetBlobExpiry", write, object, "w", blobWrite),
		incrementalCopyBlob: or(blobAdd, absent("IncrementalCopyBlob", write, object, "cw", blobWrite)),
		queryBlobContents:   absent("QueryBlobContents", read, object, "r", blobRead),
		setImmutability:     or(containerWrite, absent("SetContainerServiceMetadata", write, object, "i", blobImmutable)),
	}
	o.containerLease = map[string]*storage.Operation{
		actionAcquire: op("AcquireContainerLease", write, container, "w", containerWrite, s.leaseContainer),
		actionRenew:   op("RenewContainerLease", write, container, "w", containerWrite, s.leaseContainer),
		actionChange:  op("ChangeContainerLease", write, container, "w", containerWrite, s.leaseContainer),
		actionRelease: op("ReleaseContainerLease", write, container, "w", containerWrite, s.leaseContainer),
		actionBreak:   op("BreakContainerLease", write, container, "wd", containerWrite, s.leaseContainer),
	}
	o.blobLease = map[string]*storage.Operation{
		actionAcquire: op("AcquireBlobLease", write, object, "w", blobWrite, s.leaseBlob),
		actionRenew:   op("RenewBlobLease", write, object, "w", blobWrite, s.leaseBlob),
		actionChange:  op("ChangeBlobLease", write, object, "w", blobWrite, s.leaseBlob),
		actionRelease: op("ReleaseBlobLease", write, object, "w", blobWrite, s.leaseBlob),
		actionBreak:   op("BreakBlobLease", write, object, "wd", blobWrite, s.leaseBlob),
	}
	return o
}

// guard keeps users from writing to the containers of the service: of `$logs`
// they may read all and delete blobs, nothing else. The node itself may do all.
//
// Source: "About Storage Analytics logging"; the error as observed there.
func guard(class storage.Class, name string, run func(*storage.Call) error) func(*storage.Call) error {
	if class == storage.Read {
		return run
	}
	deletesBlob := name == "DeleteBlob" || name == "BlobBatch"
	return func(c *storage.Call) error {
		if !deletesBlob && isSystem(c.Container) && c.Identity.Type != storage.System {
			return storage.ErrInsufficientAccountPermissions
		}
		return run(c)
	}
}

// notImplemented refuses the operations of features that are not there: soft
// delete, expiry, immutability, query, incremental copy.
func notImplemented(*storage.Call) error { return storage.ErrNotImplemented }
