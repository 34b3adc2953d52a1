package blob

import (
	"net/http"
	"strings"

	"reslog/service/storage"
)

// Route finds the operation of a request from its method, path, query and
// headers. A path of one segment without restype=container is a blob of the
// root container; the Call is changed to say so.
func (s *Service) Route(c *storage.Call) (*storage.Operation, error) {
	if err := refuseFeatures(c); err != nil {
		return nil, err
	}
	restype, comp := strings.ToLower(c.Query.Get("restype")), strings.ToLower(c.Query.Get("comp"))
	if c.Container == "" {
		return s.routeAccount(c, restype, comp)
	}
	if c.Name == "" {
		if restype == "container" || comp == "list" {
			return s.routeContainer(c, comp)
		}
		if restype == "account" {
			return s.routeInformation(c, comp, s.ops.containerAccountInformation)
		}
		c.Name, c.Container = c.Container, rootContainer
		c.ObjectKey = "/" + c.Account.Name + "/" + rootContainer + "/" + c.Name
	}
	if restype == "account" {
		return s.routeInformation(c, comp, s.ops.blobAccountInformation)
	}
	if restype != "" {
		return nil, invalidQuery("restype", restype, "a blob has no resource type")
	}
	if err := checkContainerName(c.Container); err != nil {
		return nil, err
	}
	if err := checkBlobName(c.Container, c.Name); err != nil {
		return nil, err
	}
	return s.routeBlob(c, comp)
}

func (s *Service) routeInformation(c *storage.Call, comp string, op *storage.Operation) (*storage.Operation, error) {
	if comp != "properties" {
		return nil, invalidQuery("comp", comp, "an account has properties only")
	}
	return c.ByMethod(op, nil, nil)
}

func (s *Service) routeAccount(c *storage.Call, restype, comp string) (*storage.Operation, error) {
	switch restype + "/" + comp {
	case "/list":
		return c.OnMethod(http.MethodGet, s.ops.listContainers)
	case "service/properties":
		return c.ByMethod(s.ops.getServiceProperties, s.ops.setServiceProperties, nil)
	case "service/stats":
		return c.OnMethod(http.MethodGet, s.ops.serviceStats)
	case "service/userdelegationkey":
		return c.OnMethod(http.MethodPost, s.ops.userDelegationKey)
	case "account/properties":
		return c.ByMethod(s.ops.accountInformation, nil, nil)
	case "/batch":
		return c.OnMethod(http.MethodPost, s.ops.batch)
	case "/blobs":
		return c.OnMethod(http.MethodGet, s.ops.findBlobsByTags)
	}
	if restype == "" && comp == "" {
		return nil, storage.ErrInvalidUri
	}
	return nil, invalidQuery("comp", comp, "no such component of an account")
}

func (s *Service) routeContainer(c *storage.Call, comp string) (*storage.Operation, error) {
	if err := checkContainerName(c.Container); err != nil {
		return nil, err
	}
	o := &s.ops
	switch comp {
	case "":
		return c.ByMethod(o.getContainerProperties, o.createContainer, o.deleteContainer)
	case "metadata":
		return c.ByMethod(o.getContainerMetadata, o.setContainerMetadata, nil)
	case "acl":
		return c.ByMethod(o.getContainerACL, o.setContainerACL, nil)
	case "list":
		return c.OnMethod(http.MethodGet, o.listBlobs)
	case "lease":
		return s.routeLease(c, o.containerLease)
	case "blobs":
		return c.OnMethod(http.MethodGet, o.findInContainer)
	case "batch":
		return c.OnMethod(http.MethodPost, o.batchInContainer)
	case "undelete", "rename":
		return c.ByMethod(nil, o.restoreContainer, nil)
	}
	return nil, invalidQuery("comp", comp, "no such component of a container")
}

func (s *Service) routeLease(c *storage.Call, actions map[string]*storage.Operation) (*storage.Operation, error) {
	if c.Request.Method != http.MethodPut {
		return nil, storage.ErrUnsupportedHttpVerb
	}
	action := c.Header("X-Ms-Lease-Action")
	if action == "" {
		return nil, missingHeader("X-Ms-Lease-Action")
	}
	op := actions[strings.ToLower(action)]
	if op == nil || strings.EqualFold(action, actionChange) && c.Version < storage.V2012_02_12 {
		return nil, invalidHeader("X-Ms-Lease-Action", action)
	}
	return op, nil
}

func (s *Service) routeBlob(c *storage.Call, comp string) (*storage.Operation, error) {
	o := &s.ops
	fromURL := len(c.Request.Header["X-Ms-Copy-Source"]) > 0
	switch comp {
	case "":
		return s.routeWholeBlob(c, fromURL)
	case "metadata":
		return c.ByMethod(o.getBlobMetadata, o.setBlobMetadata, nil)
	case "properties":
		return c.ByMethod(nil, o.setBlobProperties, nil)
	case "lease":
		return s.routeLease(c, o.blobLease)
	case "snapshot":
		return c.ByMethod(nil, o.snapshotBlob, nil)
	case "block":
		return c.ByMethod(nil, either(fromURL, o.putBlockFromURL, o.putBlock), nil)
	case "blocklist":
		return c.ByMethod(o.getBlocks, o.putBlockList, nil)
	case "appendblock":
		return c.ByMethod(nil, either(fromURL, o.appendBlockFromURL, o.appendBlock), nil)
	case "seal":
		return c.ByMethod(nil, o.sealBlob, nil)
	case "page":
		if c.Request.Method == http.MethodPut {
			return s.routePage(c, fromURL)
		}
		return nil, storage.ErrUnsupportedHttpVerb
	case "pagelist":
		return c.ByMethod(o.getPageRanges, nil, nil)
	case "copy":
		return s.routeAbortCopy(c)
	case "tier":
		return c.ByMethod(nil, o.setBlobTier, nil)
	case "tags":
		return c.ByMethod(o.getBlobTags, o.setBlobTags, nil)
	case "undelete":
		return c.ByMethod(nil, o.undeleteBlob, nil)
	case "expiry":
		return c.ByMethod(nil, o.setBlobExpiry, nil)
	case "incrementalcopy":
		return c.ByMethod(nil, o.incrementalCopyBlob, nil)
	case "query":
		return c.OnMethod(http.MethodPost, o.queryBlobContents)
	case "immutabilitypolicies", "legalhold":
		return c.ByMethod(nil, o.setImmutability, o.setImmutability)
	}
	return nil, invalidQuery("comp", comp, "no such component of a blob")
}

func either(first bool, a, b *storage.Operation) *storage.Operation {
	if first {
		return a
	}
	return b
}

// routeWholeBlob routes what has no comp: GET, HEAD, DELETE and the PUTs that
// create a blob from a body or from a source.
func (s *Service) routeWholeBlob(c *storage.Call, fromURL bool) (*storage.Operation, error) {
	o := &s.ops
	switch c.Request.Method {
	case http.MethodGet:
		return o.getBlob, nil
	case http.MethodHead:
		return o.getBlobProperties, nil
	case http.MethodDelete:
		return o.deleteBlob, nil
	case http.MethodPut:
	default:
		return nil, storage.ErrUnsupportedHttpVerb
	}
	switch {
	case !fromURL:
		return o.putBlob, nil
	case len(c.Request.Header["X-Ms-Blob-Type"]) > 0:
		return o.putBlobFromURL, nil
	case strings.EqualFold(c.Header("X-Ms-Requires-Sync"), "true"):
		return o.copyBlobFromURL, nil
	}
	return o.copyBlob, nil
}

func (s *Service) routePage(c *storage.Call, fromURL bool) (*storage.Operation, error) {
	switch action := c.Header("X-Ms-Page-Write"); {
	case action == "":
		return nil, missingHeader("X-Ms-Page-Write")
	case strings.EqualFold(action, "clear"):
		return s.ops.clearPage, nil
	case strings.EqualFold(action, "update"):
		return either(fromURL, s.ops.putPageFromURL, s.ops.putPage), nil
	default:
		return nil, invalidHeader("X-Ms-Page-Write", action)
	}
}

func (s *Service) routeAbortCopy(c *storage.Call) (*storage.Operation, error) {
	if c.Request.Method != http.MethodPut {
		return nil, storage.ErrUnsupportedHttpVerb
	}
	switch action := c.Header("X-Ms-Copy-Action"); {
	case action == "":
		return nil, missingHeader("X-Ms-Copy-Action")
	case !strings.EqualFold(action, "abort"):
		return nil, invalidHeader("X-Ms-Copy-Action", action)
	}
	return s.ops.abortCopyBlob, nil
}

// unsupportedHeaders belong to features that are not there. Ignoring them would
// promise what is not done: data encrypted with another key, kept from deletion.
var unsupportedHeaders = []string{
	"X-Ms-Encryption-Key", "X-Ms-Encryption-Key-Sha256", "X-Ms-Encryption-Algorithm", "X-Ms-Encryption-Scope",
	"X-Ms-Source-Encryption-Key", "X-Ms-Source-Encryption-Key-Sha256", "X-Ms-Source-Encryption-Algorithm",
	"X-Ms-Immutability-Policy-Until-Date", "X-Ms-Immutability-Policy-Mode", "X-Ms-Legal-Hold",
	"X-Ms-Expiry-Option", "X-Ms-Expiry-Time", "X-Ms-File-Request-Intent",
}

// refuseFeatures refuses headers and parameters of features that are not there.
func refuseFeatures(c *storage.Call) error {
	h := c.Request.Header
	for _, name := range unsupportedHeaders {
		if v := h[name]; len(v) > 0 {
			return unsupportedHeader(name, v[0])
		}
	}
	if v := h["X-Ms-Default-Encryption-Scope"]; len(v) > 0 && v[0] != accountEncryptionKey {
		return unsupportedHeader("X-Ms-Default-Encryption-Scope", v[0])
	}
	if len(c.Query) == 0 {
		return nil
	}
	for _, name := range [...]string{"versionid", "deletetype"} {
		if v := c.Query.Get(name); v != "" {
			return storage.ErrUnsupportedQueryParameter.With("QueryParameterName", name).With("QueryParameterValue", clip(v))
		}
	}
	return nil
}

// accountEncryptionKey is the scope that means the account's own key.
const accountEncryptionKey = "$account-encryption-key"
