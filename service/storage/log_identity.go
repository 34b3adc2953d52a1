package storage

import "strconv"

// The identity object of a resource log record: who made the request, and by
// which role assignments it was allowed or refused.
//
// Source: "Azure Storage resource log properties", fields that describe how the
// operation was authenticated. Members without a value are left out.

// appendIdentity appends who made the request.
func (x *exchange) appendIdentity(b []byte) []byte {
	i := &x.call.Identity
	switch i.Type {
	case SharedKey:
		b = append(b, `{"type":"AccountKey","tokenHash":"key`...)
	case AccountSAS, ServiceSAS:
		b = append(b, `{"type":"SAS","tokenHash":"key`...)
	case OAuth:
		b = append(append(b, `{"type":"OAuth","tokenHash":"`...), i.SignatureHash...)
		return append(x.appendRequester(append(b, '"')), '}')
	case DelegationSAS:
		b = append(append(b, `{"type":"DelegationSas","tokenHash":"SasSignature(`...), i.SignatureHash...)
		return append(x.appendRequester(append(b, `)"`...)), '}')
	default:
		return append(b, `{"type":"Anonymous"}`...)
	}
	b = strconv.AppendInt(b, int64(i.Key), 10)
	b = append(b, '(')
	b = append(b, i.KeyHash...)
	b = append(b, ')')
	if i.SignatureHash != "" {
		b = append(b, ",SasSignature("...)
		b = append(b, i.SignatureHash...)
		b = append(b, ')')
	}
	return append(b, `"}`...)
}

// appendRequester appends the members "authorization" and "requester".
func (x *exchange) appendRequester(b []byte) []byte {
	const name = `,"authorization":[`
	start := len(b)
	b = append(b, name...)
	for i := range x.roles {
		d := &x.roles[i]
		if !d.granted && !d.refused {
			continue // another one allowed it
		}
		if len(b) > start+len(name) {
			b = append(b, ',')
		}
		b = d.append(b)
	}
	if len(b) == start+len(name) {
		b = b[:start]
	} else {
		b = append(b, ']')
	}
	p := x.call.Identity.Principal
	b = append(b, `,"requester":{`...)
	for _, m := range [...]struct{ name, value string }{
		{"appId", p.AppID},
		{"audience", p.Audience},
		{"objectId", p.ObjectID},
		{"tenantId", p.TenantID},
		{"tokenIssuer", p.Issuer},
		{"upn", p.UPN},
	} {
		if m.value == "" {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), m.name...), `":`...)
		b = AppendJSONString(b, m.value)
	}
	return append(b, '}')
}

// append appends one element of "authorization".
func (d *decision) append(b []byte) []byte {
	b = append(b, `{"action":`...)
	b = AppendJSONString(b, d.action.Name)
	if !d.granted {
		return append(b, `,"reason":"NoApplicablePolicy","result":"Denied","type":"RBAC"}`...)
	}
	b = append(b, `,"denyAssignmentId":"","principals":[{"id":`...)
	b = AppendJSONString(b, d.grant.PrincipalID)
	b = append(b, `,"type":`...)
	b = AppendJSONString(b, d.grant.PrincipalType)
	b = append(b, `}],"reason":"Policy","result":"Granted","roleAssignmentId":`...)
	b = AppendJSONString(b, d.grant.RoleAssignmentID)
	b = append(b, `,"roleDefinitionId":`...)
	b = AppendJSONString(b, d.grant.RoleDefinitionID)
	return append(b, `,"type":"RBAC"}`...)
}
