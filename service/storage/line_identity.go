package storage

import "reslog/storagelog"

// lineCaller holds what a classic entry needs of the identity of a Line: who
// made the request.
type lineCaller struct {
	kind string // identity.type

	appID, audience, objectID, tenantID, issuer, upn string // of the requester
	// authorization is field 38, nil when the Line has none or nobody wants it.
	authorization []byte
	detailed      bool // somebody wants it
}

// Members of "identity" and of what is in it, in the order in which
// appendIdentity writes them.
const (
	identityType = iota
	_
	identityAuthorization
	identityRequester
)

var identityNames = [...]string{identityType: "type", "tokenHash", identityAuthorization: "authorization", identityRequester: "requester"}

const (
	requesterApp = iota
	requesterAudience
	requesterObject
	requesterTenant
	requesterIssuer
	requesterUPN
)

var requesterNames = [...]string{
	requesterApp: "appId", requesterAudience: "audience", requesterObject: "objectId",
	requesterTenant: "tenantId", requesterIssuer: "tokenIssuer", requesterUPN: "upn",
}

const (
	roleAction = iota
	_
	rolePrincipals
	_
	_
	roleAssignment
	roleDefinition
)

var roleNames = [...]string{
	roleAction: "action", "denyAssignmentId", rolePrincipals: "principals", "reason", "result",
	roleAssignment: "roleAssignmentId", roleDefinition: "roleDefinitionId", "type",
}

var principalNames = [...]string{"id", "type"}

func (l *lineCaller) parse(p *scanner) {
	expect := 0
	for more := p.open(); more; more = p.more() {
		switch p.member(identityNames[:], &expect) {
		case identityType:
			l.kind = p.text()
		case identityAuthorization:
			if l.detailed {
				l.parseAuthorization(p)
			} else {
				p.skip()
			}
		case identityRequester:
			l.parseRequester(p)
		default:
			p.skip()
		}
	}
}

func (l *lineCaller) parseRequester(p *scanner) {
	fields := [...]*string{&l.appID, &l.audience, &l.objectID, &l.tenantID, &l.issuer, &l.upn}
	expect := 0
	for more := p.open(); more; more = p.more() {
		if i := p.member(requesterNames[:], &expect); i >= 0 {
			*fields[i] = p.text()
		} else {
			p.skip()
		}
	}
}

// parseAuthorization turns the array of role assignments into the one that
// classic entries have.
//
// Source: Storage Analytics log format 2.0, field 38, with the spaces of the
// documented samples.
func (l *lineCaller) parseAuthorization(p *scanner) {
	b := []byte{'['}
	for more := p.openList(); more; more = p.moreList() {
		if len(b) > 1 {
			b = append(b, ", "...)
		}
		b = appendRole(b, p)
	}
	l.authorization = append(b, ']')
}

// appendRole reads one element of authorization and appends it as a classic
// entry has it.
func appendRole(b []byte, p *scanner) []byte {
	var action, assignment, definition, principal, kind string
	expect := 0
	for more := p.open(); more; more = p.more() {
		switch p.member(roleNames[:], &expect) {
		case roleAction:
			action = p.text()
		case rolePrincipals:
			for more := p.openList(); more; more = p.moreList() {
				principal, kind = readPrincipal(p)
			}
		case roleAssignment:
			assignment = p.text()
		case roleDefinition:
			definition = p.text()
		default:
			p.skip()
		}
	}
	b = AppendJSONString(append(b, `{"action":`...), action)
	b = AppendJSONString(append(b, `, "roleAssignmentId":`...), assignment)
	b = AppendJSONString(append(b, `, "roleDefinitionId":`...), definition)
	b = AppendJSONString(append(b, `, "principalId":`...), principal)
	b = AppendJSONString(append(b, `, "principalType":`...), kind)
	return append(b, '}')
}

func readPrincipal(p *scanner) (id, kind string) {
	expect := 0
	for more := p.open(); more; more = p.more() {
		switch p.member(principalNames[:], &expect) {
		case 0:
			id = p.text()
		case 1:
			kind = p.text()
		default:
			p.skip()
		}
	}
	return id, kind
}

// fill sets how the request was authenticated, and in version 2.0 by whom.
func (l *lineCaller) fill(e *storagelog.Entry, account string) AuthType {
	auth := Anonymous
	e.AuthType = "anonymous"
	switch l.kind {
	case "AccountKey":
		auth, e.AuthType, e.RequesterAccount = SharedKey, "authenticated", account
	case "SAS":
		auth, e.AuthType = ServiceSAS, "sas"
	case "OAuth":
		auth, e.AuthType, e.RequesterAccount = OAuth, "bearer", account
	case "DelegationSas":
		auth, e.AuthType = DelegationSAS, "sas"
	}
	if l.detailed {
		e.UserObjectID, e.TenantID, e.ApplicationID = l.objectID, l.tenantID, l.appID
		e.Audience, e.Issuer, e.UserPrincipalName = l.audience, l.issuer, l.upn
		e.AuthorizationDetail = string(l.authorization)
	}
	return auth
}
