package storage

import (
	"context"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"
)

// signature is a shared access signature whose signature was verified.
type signature struct {
	account     bool   // an account SAS, else a service SAS
	services    string // ss
	types       string // srt
	permissions string // sp, or those of the stored policy
	resource    string // sr
	protocol    string // spr
	ip          string // sip
	key         int    // of the account, 0 for a user delegation key
	signature   string // sig as sent

	// Of a user delegation SAS: who delegated, else nil; whether saoid and suoid
	// are given.
	delegator              *Principal
	onBehalf, unauthorized bool
}

// sharedAccess verifies the shared access signature of a request.
//
// Source: REST API reference, "Create an account SAS" and "Create a service
// SAS". Whether it allows this operation is decided by authorizeSAS, once the
// operation is known; until then the request counts as not authenticated.
func (x *exchange) sharedAccess(ctx context.Context) (*signature, error) {
	q := sasQuery{x.call.Query}
	for _, name := range sasParameters {
		if len(q.Values[name]) > 1 {
			return nil, sasMalformed("The parameter " + name + " is given more than once.")
		}
	}
	mac, err := base64.StdEncoding.DecodeString(q.Get("sig"))
	if err != nil || len(mac) == 0 {
		return nil, sasMalformed("Signature fields not well formed.")
	}
	version := Version(q.Get("sv"))
	if version != "" && !isDate(string(version)) {
		return nil, sasMalformed("sv is not in correct form: '" + string(version) + "'")
	}
	if q.Get("skoid") != "" {
		return x.delegatedAccess(ctx, q, mac)
	}
	s := q.signature()
	s.account = q.Has("ss") || q.Has("srt")
	start, expiry := q.Get("st"), q.Get("se")

	var text string
	if s.account {
		if version < V2015_04_05 {
			return nil, sasMalformed("sv is not in correct form: an account SAS needs 2015-04-05 or later.")
		}
		text = q.accountText(x.info.account.Name, version)
	} else {
		resource, err := x.signedResource(q, version)
		if err != nil {
			return nil, err
		}
		text = q.serviceText(x.front.kind, resource, version)
	}
	if s.key = x.info.verify([]byte(text), mac); s.key == 0 {
		return nil, sasMalformed("Signature did not match. String to sign used was " + text)
	}
	if id := q.Get("si"); id != "" && !s.account {
		if start, expiry, err = x.applyPolicy(ctx, s, id, start, expiry); err != nil {
			return nil, err
		}
	}
	return s, s.check(start, expiry, x.call.Now)
}

// check refuses permissions that do not exist and a signature that is not
// valid now.
func (s *signature) check(start, expiry string, now time.Time) error {
	if s.permissions == "" || !knownLetters(s.permissions, "racwdxyltmefopiu") {
		return sasMalformed("sp is not in correct form: '" + s.permissions + "'")
	}
	return checkPeriod(start, expiry, now)
}

// applyPolicy completes s from the stored access policy it names. What the
// policy says must not be said again by the signature.
func (x *exchange) applyPolicy(ctx context.Context, s *signature, id, start, expiry string) (string, string, error) {
	container, _ := x.blobTarget()
	if x.front.kind == Table {
		container = x.call.Query.Get("tn") // the path has a key in it, or is of a batch
	}
	policies, err := x.front.Service.Policies(ctx, x.info.account, container)
	if err != nil {
		if asError(err) == nil {
			return "", "", err
		}
		policies = nil
	}
	for _, p := range policies {
		if p.ID != id {
			continue
		}
		for _, field := range []struct {
			sent   *string
			stored string
		}{{&start, p.Start}, {&expiry, p.Expiry}, {&s.permissions, p.Permission}} {
			if field.stored == "" {
				continue
			}
			if *field.sent != "" {
				return "", "", sasMalformed("Access policy fields can be associated with signature or SAS identifier but not both")
			}
			*field.sent = field.stored
		}
		return start, expiry, nil
	}
	return "", "", sasMalformed("SAS identifier cannot be found for specified signed identifier")
}

// checkPeriod refuses a signature before its start and from its expiry on.
func checkPeriod(start, expiry string, now time.Time) error {
	from, ok := ParseSASTime(start)
	if !ok && start != "" {
		return sasMalformed("st is not in correct form: '" + start + "'")
	}
	until, ok := ParseSASTime(expiry)
	if !ok {
		return sasMalformed("se is not in correct form: '" + expiry + "'")
	}
	if now.Before(from) || !now.Before(until) {
		detail := "Signed expiry time [" + until.Format(timeRFC1123) + "] must be after signed start time [" + from.Format(timeRFC1123) + "]"
		if from.Before(until) || start == "" {
			detail = "Signature not valid in the specified time frame: Start [" + from.Format(timeRFC1123) +
				"] - Expiry [" + until.Format(timeRFC1123) + "] - Current [" + now.UTC().Format(timeRFC1123) + "]"
		}
		return sasMalformed(detail)
	}
	return nil
}

const timeRFC1123 = "Mon, 02 Jan 2006 15:04:05 GMT"

// ParseSASTime reads the ISO 8601 forms that the times of a SAS and of a user
// delegation key may have.
func ParseSASTime(s string) (time.Time, bool) {
	for _, layout := range [...]string{"2006-01-02T15:04:05Z", "2006-01-02T15:04Z", "2006-01-02", time.RFC3339} {
		if len(s) > 40 {
			break
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// allowsIP reports whether a request from ip matches sip: an address or a range
// "from-to", both inclusive.
func (s *signature) allowsIP(ip netip.Addr) bool {
	if s.ip == "" {
		return true
	}
	first, last, isRange := strings.Cut(s.ip, "-")
	from, err := netip.ParseAddr(first)
	if err != nil {
		return false
	}
	to := from
	if isRange {
		if to, err = netip.ParseAddr(last); err != nil {
			return false
		}
	}
	from, to = from.Unmap(), to.Unmap()
	return ip.BitLen() == from.BitLen() && ip.BitLen() == to.BitLen() && from.Compare(ip) <= 0 && ip.Compare(to) <= 0
}

// allowsProtocol reports whether spr allows the protocol of the request.
func (s *signature) allowsProtocol(tls bool) bool {
	switch strings.ToLower(s.protocol) {
	case "", "https,http", "http,https":
		return true
	case "https":
		return tls
	}
	return false
}

// sasMalformed is the refusal of a signature that is not valid.
func sasMalformed(detail string) error {
	return ErrAuthenticationFailed.With("AuthenticationErrorDetail", detail)
}

func knownLetters(s, known string) bool {
	for i := range len(s) {
		if strings.IndexByte(known, s[i]) < 0 {
			return false
		}
	}
	return true
}
