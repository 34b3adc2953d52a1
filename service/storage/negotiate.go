package storage

import (
	"context"
	"time"
)

// negotiate finds the version that a request is executed in.
//
// Source: REST API reference, "Versioning for the Azure Storage services". In
// this order: the x-ms-version header; the api-version parameter; the sv of a
// shared access signature; the DefaultServiceVersion of the account;
// 2009-09-19. What is given must be a known version, or 400.
func (x *exchange) negotiate(ctx context.Context) (Version, error) {
	if v := first(x.req.Header, "X-Ms-Version"); v != "" {
		if !x.front.knows(Version(v)) {
			return "", ErrInvalidHeaderValue.With("HeaderName", "x-ms-version").With("HeaderValue", v)
		}
		return Version(v), nil
	}
	q := x.call.Query
	if v := q.Get("api-version"); v != "" {
		if !x.front.knows(Version(v)) {
			return "", InvalidQuery("api-version", v, "The version is not one that this service supports.")
		}
		return Version(v), nil
	}
	if v := q.Get("sv"); v != "" && q.Has("sig") && first(x.req.Header, "Authorization") == "" {
		if !x.front.knows(Version(v)) {
			return "", sasMalformed("sv is not in correct form: '" + v + "'")
		}
		return Version(v), nil
	}
	if x.front.Properties != nil {
		p, err := x.front.Properties.Get(ctx, x.info.account.Name, x.front.kind)
		if err != nil {
			return "", err
		}
		if p.DefaultServiceVersion >= V2009_09_19 {
			return p.DefaultServiceVersion, nil
		}
	}
	return V2009_09_19, nil
}

// knows reports whether requests of version v are served.
func (f *Front) knows(v Version) bool {
	if f.SkipVersionCheck {
		return v >= V2009_09_19 && isDate(string(v))
	}
	return knownVersion(v)
}

// knownVersion reports whether v is a version of the service. Up to 2021-12-02
// those that exist are known; from then on every date up to Newest is taken for
// one, because a service of this age cannot know them all.
func knownVersion(v Version) bool {
	switch v {
	case V2009_09_19, V2011_08_18, V2012_02_12, V2013_08_15, V2014_02_14, V2015_02_21, V2015_04_05,
		"2015-07-08", "2015-12-11", V2016_05_31, V2017_04_17, V2017_07_29, V2017_11_09, V2018_03_28,
		"2018-06-17", V2018_11_09, V2019_02_02, V2019_07_07, "2019-10-10", V2019_12_12, V2020_02_10,
		"2020-04-08", "2020-06-12", "2020-08-04", V2020_10_02, V2020_12_06, "2021-02-12", "2021-04-10",
		"2021-06-08", V2021_08_06, "2021-10-04", "2021-12-02":
		return true
	}
	return v > "2021-12-02" && v <= Newest && isDate(string(v))
}

// isDate reports whether s is a date, "2019-12-12".
func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
