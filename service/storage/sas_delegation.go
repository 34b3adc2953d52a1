package storage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
)

// delegatedAccess verifies a user delegation SAS, whose signature is made with
// a user delegation key instead of the account's.
//
// Source: REST API reference, "Create a user delegation SAS".
func (x *exchange) delegatedAccess(ctx context.Context, q sasQuery, mac []byte) (*signature, error) {
	has, ok := x.front.kind.delegation()
	if x.front.Authority == nil || !ok {
		return nil, sasMalformed("User delegation SAS is not supported by this service.")
	}
	version := Version(q.Get("sv"))
	if err := q.checkDelegation(x.front.kind, has, version); err != nil {
		return nil, err
	}
	key, err := q.delegationKey(has)
	if err != nil {
		return nil, err
	}
	resource, err := x.signedResource(q, version)
	if err != nil {
		return nil, err
	}
	headers, parameters, err := x.boundParts(q)
	if err != nil {
		return nil, err
	}
	value, ok := x.delegationKey(key)
	h := hmac.New(sha256.New, value)
	h.Write([]byte(q.delegationText(x.front.kind, resource, version, headers, parameters)))
	if !ok || !hmac.Equal(h.Sum(nil), mac) {
		// What the request's headers hold is not repeated: they may be secrets.
		return nil, sasMalformed("Signature did not match. String to sign used was " +
			q.delegationText(x.front.kind, resource, version, q.Get("srh"), q.Get("srq")))
	}
	if now := x.call.Now; now.Before(key.Start) || !now.Before(key.Expiry) {
		return nil, sasMalformed("The user delegation key is not valid in the specified time frame: Start [" +
			key.Start.Format(timeRFC1123) + "] - Expiry [" + key.Expiry.Format(timeRFC1123) +
			"] - Current [" + now.UTC().Format(timeRFC1123) + "]")
	}
	if err := x.boundUser(ctx, q); err != nil {
		return nil, err
	}
	s := q.signature()
	s.delegator = x.delegator(key)
	s.onBehalf, s.unauthorized = q.Get("saoid") != "", q.Get("suoid") != ""
	return s, s.check(q.Get("st"), q.Get("se"), x.call.Now)
}

// delegator is the principal that a key was made for. One that is no longer
// known has no IDs and so no roles.
func (x *exchange) delegator(k *DelegationKey) *Principal {
	if p, ok := x.front.Authority.Lookup(k.TenantID, k.ObjectID); ok {
		return p
	}
	return &Principal{ObjectID: k.ObjectID, TenantID: k.TenantID}
}

// since are the fields that came after the first version of the user delegation
// SAS. Before, they would not be signed.
var since = [...]struct {
	parameter string
	version   Version
}{
	{"saoid", V2020_02_10},
	{"suoid", V2020_02_10},
	{"scid", V2020_02_10},
	{"ses", V2020_12_06},
	{"skdutid", v2025_07_05},
	{"sduoid", v2025_07_05},
	{"srh", v2026_04_06},
	{"srq", v2026_04_06},
}

// unsigned are the fields that the signature of a queue does not cover: nobody may
// add them, so that there are none.
var unsigned = [...]string{"saoid", "suoid", "scid", "ses", "sdd", "srh", "srq", "rscc", "rscd", "rsce", "rscl", "rsct"}

// checkDelegation refuses fields that do not go together.
func (q sasQuery) checkDelegation(k Kind, has delegating, v Version) error {
	switch {
	case v < has.since:
		return sasMalformed("sv is not in correct form: a user delegation SAS needs " + string(has.since) + " or later.")
	case q.Has("ss") || q.Has("srt"):
		return sasMalformed("An account SAS cannot be signed with a user delegation key.")
	case q.Get("si") != "":
		return sasMalformed("Stored access policies are not supported for a user delegation SAS.")
	case q.Get("saoid") != "" && q.Get("suoid") != "":
		return sasMalformed("Only one of saoid and suoid can be given.")
	case q.Get("skdutid") != "" && q.Get("sduoid") == "":
		return sasMalformed("skdutid needs sduoid.")
	}
	if k == Queue {
		if sr := q.Get("sr"); sr != "" && sr != "q" {
			return sasMalformed("sr is not in correct form: that of a queue is q.")
		}
		for _, name := range unsigned {
			if q.Get(name) != "" {
				return sasMalformed(name + " is not supported for queues.")
			}
		}
	}
	for _, f := range since {
		if q.Get(f.parameter) != "" && v < f.version {
			return sasMalformed(f.parameter + " needs sv " + string(f.version) + " or later.")
		}
	}
	return nil
}

// delegationKey reads which key signed.
func (q sasQuery) delegationKey(has delegating) (*DelegationKey, error) {
	k := &DelegationKey{
		ObjectID: q.Get("skoid"), TenantID: q.Get("sktid"), Service: q.Get("sks"),
		Version: Version(q.Get("skv")), DelegatedTenantID: q.Get("skdutid"),
	}
	var started, ends bool
	k.Start, started = ParseSASTime(q.Get("skt"))
	k.Expiry, ends = ParseSASTime(q.Get("ske"))
	switch {
	case k.TenantID == "":
		return nil, sasMalformed("sktid is missing.")
	case !started:
		return nil, sasMalformed("skt is not in correct form: '" + q.Get("skt") + "'")
	case !ends:
		return nil, sasMalformed("ske is not in correct form: '" + q.Get("ske") + "'")
	case k.Service != has.letter:
		return nil, sasMalformed("sks is not in correct form: '" + k.Service + "'")
	case !isDate(string(k.Version)) || k.Version < has.since:
		return nil, sasMalformed("skv is not in correct form: '" + string(k.Version) + "'")
	}
	return k, nil
}

// boundUser checks that the request carries the token of the user that a SAS is
// bound to with sduoid.
func (x *exchange) boundUser(ctx context.Context, q sasQuery) error {
	user := q.Get("sduoid")
	if user == "" {
		return nil
	}
	token, ok := bearerToken(first(x.req.Header, "Authorization"))
	if !ok {
		return sasMalformed("sduoid needs a bearer token of the user it names.")
	}
	p, err := x.bearer(ctx, token)
	if err != nil {
		return err
	}
	tenant := q.Get("skdutid")
	if tenant == "" {
		tenant = q.Get("sktid")
	}
	if !strings.EqualFold(p.ObjectID, user) || !strings.EqualFold(p.TenantID, tenant) {
		return sasMalformed("The bearer token is not that of the user whom sduoid names.")
	}
	return nil
}

// Bounds of what srh and srq name.
const (
	maxBoundNames = 32
	maxBoundBytes = 64 << 10
)

// boundParts returns what the string to sign has of the headers that srh names
// and the parameters that srq names: their values in this request, those of one
// name joined.
func (x *exchange) boundParts(q sasQuery) (headers, parameters string, err error) {
	var h, p strings.Builder
	err = eachName(q.Get("srh"), func(name string) int {
		h.WriteString(name + ":" + strings.Join(headerValues(&x.req, name), ", ") + "\n")
		return h.Len()
	})
	if err == nil {
		err = eachName(q.Get("srq"), func(name string) int {
			p.WriteString("\n" + name + ":" + strings.Join(q.Values[strings.ToLower(name)], ","))
			return p.Len()
		})
	}
	return h.String(), p.String(), err
}

// eachName calls write for the names of a list; it returns how much there is by
// then.
func eachName(list string, write func(name string) int) error {
	if list == "" {
		return nil
	}
	n := 0
	for name := range strings.SplitSeq(list, ",") {
		if n++; n > maxBoundNames || write(name) > maxBoundBytes {
			return sasMalformed("srh and srq name too much.")
		}
	}
	return nil
}

// headerValues returns the values of a header whose key may be in any case.
func headerValues(r *http.Request, name string) []string {
	if strings.EqualFold(name, "Host") {
		return []string{r.Host}
	}
	var values []string
	for key, v := range r.Header {
		if strings.EqualFold(key, name) {
			values = append(values, v...)
		}
	}
	return values
}
