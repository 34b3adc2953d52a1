package storage

import (
	"context"
	"net/http"
	"strings"
)

// authenticate finds out who makes the request. An error means that nobody
// proved anything: such a request is not logged, only answered.
func (x *exchange) authenticate(ctx context.Context) error {
	if x.kept == nil && IsSystem(x.req.Context()) {
		x.call.Identity = Identity{Type: System}
		return nil
	}
	h := first(x.req.Header, "Authorization")
	token, isBearer := bearerToken(h)
	switch {
	case isBearer && x.call.Query.Has("sig") && x.call.Query.Get("sduoid") != "":
		return x.authenticateSAS(ctx) // which is bound to the user of the token
	case isBearer:
		p, err := x.bearer(ctx, token)
		if err != nil {
			return err
		}
		x.call.Identity = Identity{Type: OAuth, SignatureHash: upperSHA256(token), Principal: p}
		return nil
	case h != "":
		key, err := x.sharedKey(h)
		if err != nil {
			return err
		}
		x.call.Identity = Identity{Type: SharedKey, Key: key, KeyHash: x.info.signers[key-1].hash}
		return nil
	case x.call.Query.Has("sig"):
		return x.authenticateSAS(ctx)
	}
	return nil // Anonymous
}

// authenticateSAS finds out who makes a request with a signature.
func (x *exchange) authenticateSAS(ctx context.Context) error {
	s, err := x.sharedAccess(ctx)
	if err != nil {
		return err
	}
	x.sas = s
	i := &x.call.Identity
	*i = Identity{
		Type: ServiceSAS, Key: s.key, SignatureHash: upperSHA256(s.signature),
		SASPermissions: s.permissions, SASResource: s.resource, Principal: s.delegator,
	}
	if s.key != 0 {
		i.KeyHash = x.info.signers[s.key-1].hash
	}
	switch {
	case s.account:
		i.Type = AccountSAS
	case x.front.kind == Table:
		q := x.call.Query
		i.Table = &SignedTable{
			Name: strings.ToLower(q.Get("tn")), StartPartition: q.Get("spk"), StartRow: q.Get("srk"),
			EndPartition: q.Get("epk"), EndRow: q.Get("erk"),
		}
	case s.delegator != nil:
		i.Type = DelegationSAS
	}
	return nil
}

// authorize decides whether the caller may run the operation.
func (x *exchange) authorize(ctx context.Context) error {
	op := x.call.Op
	if x.address.secondary && op.Class != Read {
		e := *ErrInsufficientAccountPermissions
		e.Message = "Write operations to the secondary location are not allowed."
		return &e
	}
	who := x.call.Identity.Type
	if op.BearerOnly && who != OAuth && who != Anonymous {
		return ErrAuthenticationFailed.With("AuthenticationErrorDetail", "Only authentication scheme Bearer is supported")
	}
	switch who {
	case System, SharedKey:
		return nil
	case Anonymous:
		return x.authorizeAnonymous(ctx)
	case OAuth:
		return x.authorizeRoles()
	case DelegationSAS:
		return x.authorizeDelegation()
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
	if x.challenges() {
		e := *ErrNoAuthenticationInformation
		e.Header = x.front.challenge
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
	case !hasLetter(s.permissions, op.SAS):
		return ErrAuthorizationPermissionMismatch
	}
	return nil
}

// hasLetter reports whether permissions have one of the letters.
func hasLetter(permissions, letters string) bool { return strings.ContainsAny(permissions, letters) }

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
	case !hasLetter(s.permissions, letters):
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
