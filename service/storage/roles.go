package storage

import "reslog/resource"

// decision is what the Authority said about one action. The record of the
// request lists those that allowed it and the one that did not.
type decision struct {
	action    Action
	container string
	granted   bool
	refused   bool // the request was refused for it
	grant     Grant
}

// authorizeRoles allows what the roles of the principal allow.
func (x *exchange) authorizeRoles() error {
	if x.call.Op.Late {
		return nil
	}
	actions := x.call.Op.Actions
	for _, all := range actions {
		if x.allowsAll(all) {
			return nil
		}
	}
	if len(actions) > 0 && len(actions[0]) > 0 {
		x.refuseAction(x.call.Container, actions[0][0])
	}
	return ErrAuthorizationPermissionMismatch
}

// allowsAll reports whether the roles allow all of some actions; none allow
// nothing.
func (x *exchange) allowsAll(actions []Action) bool {
	for _, a := range actions {
		if !x.allows(x.call.Container, a) {
			return false
		}
	}
	return len(actions) > 0
}

// allows reports whether the roles of the principal allow an action on a
// container, or on the account when container is "". Each is asked once.
func (x *exchange) allows(container string, a Action) bool {
	if x.call.Op.Scope == ScopeService {
		container = ""
	}
	if d := x.decision(container, a); d != nil {
		return d.granted
	}
	d := decision{action: a, container: container}
	if p := x.call.Identity.Principal; p != nil && len(p.IDs) > 0 && x.front.Authority != nil {
		d.grant, d.granted = x.front.Authority.Check(p, a, x.roleScope(container))
	}
	x.roles = append(x.roles, d)
	return d.granted
}

func (x *exchange) decision(container string, a Action) *decision {
	for i := range x.roles {
		if d := &x.roles[i]; d.action == a && d.container == container {
			return d
		}
	}
	return nil
}

// refuseAction notes that the request was refused because it lacks an action.
func (x *exchange) refuseAction(container string, a Action) {
	x.allows(container, a)
	if x.call.Op.Scope == ScopeService {
		container = ""
	}
	x.decision(container, a).refused = true
}

// roleScope is the resource that an action is on: the account, or a container,
// queue or table of it. Blobs have no scope of their own.
func (x *exchange) roleScope(container string) resource.ID {
	account := x.info.account.ID
	if container == "" {
		return account
	}
	typ := map[Kind]string{Blob: "containers", Queue: "queues", Table: "tables"}[x.front.kind]
	return x.info.service.Child(typ, container)
}

// Actions of role definitions that a user delegation SAS in the name of
// somebody else (saoid) needs one of.
var (
	actionRunAsSuperUser  = Action{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/runAsSuperUser/action", true}
	actionManageOwnership = Action{"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/manageOwnership/action", true}
)

// authorizeDelegation allows what both the signature and the roles of the one
// who delegated allow.
func (x *exchange) authorizeDelegation() error {
	if err := x.authorizeSAS(); err != nil {
		return err
	}
	if err := x.authorizeRoles(); err != nil {
		return err
	}
	switch {
	case x.sas.unauthorized:
		// Access lists of a hierarchical namespace would decide. There is none.
		return ErrAuthorizationPermissionMismatch
	case x.sas.onBehalf && !x.allows(x.call.Container, actionRunAsSuperUser) && !x.allows(x.call.Container, actionManageOwnership):
		x.refuseAction(x.call.Container, actionRunAsSuperUser)
		return ErrAuthorizationPermissionMismatch
	}
	return nil
}

// Allows reports whether the caller may do something beside the operation
// itself: write tags with a blob, write over an existing one. The holder of a
// SAS needs one of the letters for it, that of a token the action, who signs
// with the account's key nothing. An operation that is told no refuses.
func (c *Call) Allows(letters string, a Action) bool {
	x := c.Response.call
	switch c.Identity.Type {
	case System, SharedKey:
		return true
	case AccountSAS, ServiceSAS:
		return hasLetter(c.Identity.SASPermissions, letters)
	case DelegationSAS:
		if !hasLetter(c.Identity.SASPermissions, letters) {
			return false
		}
	case OAuth:
	default:
		return false
	}
	if x.allows(c.Container, a) {
		return true
	}
	x.refuseAction(c.Container, a)
	return false
}

// TokenAllows reports whether the bearer token of the request allows an action
// on another container of its account. Without a token nothing is allowed.
func (c *Call) TokenAllows(container string, a Action) bool {
	return c.Identity.Type == OAuth && c.Response.call.allows(container, a)
}

// TokenLacks notes that the request is refused because its token does not allow
// an action on another container, so that its record says so.
func (c *Call) TokenLacks(container string, a Action) {
	if c.Identity.Type == OAuth {
		c.Response.call.refuseAction(container, a)
	}
}
