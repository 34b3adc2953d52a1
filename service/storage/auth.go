package storage

import (
	"context"
	"net/http"
	"strings"
)

// authenticate finds out who makes the request. An error means that nobody
// proved anything: such a request is not logged, only answered.
func (x *exchange) authenticate(ctx context.Context) error {
	if isSystem(x.req.Context()) {
		x.call.Identity = Identity{Type: System}
		return nil
	}
	if h := first(x.req.Header, "Authorization"); h != "" {
		if scheme, _, _ := strings.Cut(h, " "); strings.EqualFold(scheme, "Bearer") {
			return bearerRefused()
		}
		key, err := x.sharedKey(h)
		if err != nil {
			return err
		}
		x.call.Identity = Identity{Type: SharedKey, Key: key, KeyHash: x.info.signers[key-1].hash}
		return nil
	}
	if !x.call.Query.Has("sig") {
		return nil // Anonymous
	}
	s, err := x.sharedAccess(ctx)
	if err != nil {
		return err
	}
	x.sas = s
	x.call.Identity = Identity{
		Type: ServiceSAS, Key: s.key, KeyHash: x.info.signers[s.key-1].hash,
		SignatureHash: upperSHA256(s.signature), SASPermissions: s.permissions, SASResource: s.resource,
	}
	if s.account {
		x.call.Identity.Type = AccountSAS
	}
	return nil
}

// bearerRefused answers a bearer token: this service cannot check one.
func bearerRefused() error {
	e := *ErrInvalidAuthenticationInfo
	e.Status = http.StatusUnauthorized
	e.Header = http.Header{"Www-Authenticate": {challenge}}
	return e.With("AuthenticationErrorDetail", "Bearer tokens are not supported by this service; use Shared Key or a shared access signature.")
}

// challenge is the WWW-Authenticate header of answers 401.
const challenge = `SharedKey realm="storage"`

// authorize decides whether the caller may run the operation.
func (x *exchange) authorize(ctx context.Context) error {
	op := x.call.Op
	if x.address.secondary && op.Class != Read {
		e := *ErrInsufficientAccountPermissions
		e.Message = "Write operations to the secondary location are not allowed."
		return &e
	}
	switch x.call.Identity.Type {
	case System, SharedKey:
		return nil
	case Anonymous:
		return x.authorizeAnonymous(ctx)
	}
	return x.authorizeSAS()
}

// authorizeAnonymous allows what the container's public access allows.
func (x *exchange) authorizeAnonymous(ctx context.Context) error {
	if need := x.call.Op.Public; need != PublicNone {
		container, _ := x.blobTarget()
		have := x.front.Service.PublicAccess(ctx, x.info.account, container)
		if have == PublicContainer || have == PublicBlob && need == PublicBlob {
			return nil
		}
	}
	if x.call.Version >= V2019_12_12 {
		e := *ErrNoAuthenticationInformation
		e.Header = http.Header{"Www-Authenticate": {challenge}}
		return &e
	}
	return ErrResourceNotFound
}

// authorizeSAS allows what the signature says.
func (x *exchange) authorizeSAS() error {
	s, op := x.sas, x.call.Op
	if !s.allowsProtocol(x.req.TLS != nil) {
		return ErrAuthorizationProtocolMismatch
	}
	if ip, ok := remoteIP(&x.req); s.ip != "" && (!ok || !s.allowsIP(ip)) {
		e := *ErrAuthorizationSourceIPMismatch
		e.Message = "This request is not authorized to perform this operation using this source IP " + ip.String() + "."
		return e.With("SourceIP", ip.String())
	}
	if s.account {
		return s.authorizeAccount(x.front.kind, op)
	}
	switch {
	case !op.ServiceSAS || op.SAS == "":
		return ErrAuthorizationFailure
	case op.Scope != ScopeObject && s.resource != "c" && x.front.kind == Blob:
		return ErrAuthorizationResourceTypeMismatch
	case !strings.ContainsAny(s.permissions, op.SAS):
		return ErrAuthorizationPermissionMismatch
	}
	return nil
}

// authorizeAccount is authorizeSAS for an account SAS: service, resource type,
// permission, in this order.
func (s *signature) authorizeAccount(k Kind, op *Operation) error {
	letters := op.AccountSAS
	if letters == "" {
		letters = op.SAS
	}
	switch {
	case strings.IndexByte(s.services, k[0]) < 0:
		return ErrAuthorizationServiceMismatch
	case strings.IndexByte(s.types, byte(op.Scope)) < 0:
		return ErrAuthorizationResourceTypeMismatch
	case !strings.ContainsAny(s.permissions, letters):
		return ErrAuthorizationPermissionMismatch
	}
	return nil
}

// applyOverrides sets the response headers that a service SAS asks for.
func (x *exchange) applyOverrides() {
	if x.sas == nil || x.sas.account || x.req.Method != http.MethodGet && x.req.Method != http.MethodHead || x.rw.status >= 300 {
		return
	}
	for _, o := range overrides {
		if v := x.call.Query.Get(o.parameter); v != "" && !strings.ContainsAny(v, "\r\n") {
			x.rw.Set(o.header, v)
		}
	}
}
