package storage

import (
	"net/url"
	"strings"
)

// sasParameters are the query parameters of shared access signatures.
var sasParameters = [...]string{
	"sv", "ss", "srt", "sr", "sp", "st", "se", "sip", "spr", "si", "sig", "ses", "tn", "spk", "srk", "epk", "erk",
	"rscc", "rscd", "rsce", "rscl", "rsct", "skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sdd",
	"sduoid", "skdutid", "srh", "srq",
}

// overrides are the parameters of a service SAS that set response headers.
var overrides = [...]struct{ parameter, header string }{
	{"rscc", "Cache-Control"},
	{"rscd", "Content-Disposition"},
	{"rsce", "Content-Encoding"},
	{"rscl", "Content-Language"},
	{"rsct", "Content-Type"},
}

// sasQuery is the query of a request that carries a signature.
type sasQuery struct{ url.Values }

// signature returns what the query says, before any of it is verified.
func (q sasQuery) signature() *signature {
	return &signature{
		permissions: q.Get("sp"), services: q.Get("ss"), types: q.Get("srt"), resource: q.Get("sr"),
		protocol: q.Get("spr"), ip: q.Get("sip"), signature: q.Get("sig"),
	}
}

// join returns the values of the parameters, one a line, with a line break
// between but not after them.
func (q sasQuery) join(b *strings.Builder, names ...string) {
	for _, n := range names {
		b.WriteByte('\n')
		b.WriteString(q.Get(n))
	}
}

// accountText is the string to sign of an account SAS. From 2020-12-06 on it
// has the encryption scope; every line ends in a line break.
func (q sasQuery) accountText(account string, v Version) string {
	var b strings.Builder
	b.WriteString(account)
	q.join(&b, "sp", "ss", "srt", "st", "se", "sip", "spr", "sv")
	if v >= V2020_12_06 {
		q.join(&b, "ses")
	}
	b.WriteByte('\n')
	return b.String()
}

// serviceText is the string to sign of a service SAS for the canonicalized
// resource. The fields grew over the versions:
//
//	before 2012-02-12  sp st se resource si
//	2012-02-12         … sv
//	2013-08-15         … sv rscc rscd rsce rscl rsct         (blob)
//	2015-04-05         … si sip spr sv rscc …
//	2018-11-09         … sv sr snapshot rscc …               (blob)
//	2020-12-06         … sr snapshot ses rscc …              (blob)
//
// A queue has none of the headers, a table has its key range instead.
func (q sasQuery) serviceText(k Kind, resource string, v Version) string {
	var b strings.Builder
	b.WriteString(q.Get("sp"))
	q.join(&b, "st", "se")
	b.WriteByte('\n')
	b.WriteString(resource)
	q.join(&b, "si")
	if v >= V2015_04_05 {
		q.join(&b, "sip", "spr")
	}
	if v >= V2012_02_12 {
		q.join(&b, "sv")
	}
	switch k {
	case Blob:
		if v >= V2018_11_09 {
			q.join(&b, "sr")
			b.WriteByte('\n')
			b.WriteString(q.signedSnapshot())
		}
		if v >= V2020_12_06 {
			q.join(&b, "ses")
		}
		if v >= V2013_08_15 {
			q.join(&b, "rscc", "rscd", "rsce", "rscl", "rsct")
		}
	case Table:
		q.join(&b, "spk", "srk", "epk", "erk")
	}
	return b.String()
}

// delegationText is the string to sign of a user delegation SAS. The fields
// grew over the versions:
//
//	2018-11-09  sp st se resource skoid sktid skt ske sks skv sip spr sv sr snapshot rscc rscd rsce rscl rsct
//	2020-02-10  … skv saoid suoid scid sip …
//	2020-12-06  … snapshot ses rscc …
//	2025-07-05  … scid skdutid sduoid sip …
//	2026-04-06  … ses headers parameters rscc …
//
// headers and parameters are what srh and srq name. That of a queue has had one form,
// since 2025-07-05:
//
//	sp st se resource skoid sktid skt ske sks skv skdutid sduoid sip spr sv
func (q sasQuery) delegationText(k Kind, resource string, v Version, headers, parameters string) string {
	var b strings.Builder
	b.WriteString(q.Get("sp"))
	q.join(&b, "st", "se")
	b.WriteByte('\n')
	b.WriteString(resource)
	q.join(&b, "skoid", "sktid", "skt", "ske", "sks", "skv")
	if k == Queue {
		q.join(&b, "skdutid", "sduoid", "sip", "spr", "sv")
		return b.String()
	}
	if v >= V2020_02_10 {
		q.join(&b, "saoid", "suoid", "scid")
	}
	if v >= v2025_07_05 {
		q.join(&b, "skdutid", "sduoid")
	}
	q.join(&b, "sip", "spr", "sv", "sr")
	b.WriteByte('\n')
	b.WriteString(q.signedSnapshot())
	if v >= V2020_12_06 {
		q.join(&b, "ses")
	}
	if v >= v2026_04_06 {
		b.WriteByte('\n')
		b.WriteString(headers)
		b.WriteByte('\n')
		b.WriteString(parameters)
	}
	q.join(&b, "rscc", "rscd", "rsce", "rscl", "rsct")
	return b.String()
}

// signedSnapshot is the snapshot or version that a signature is for.
func (q sasQuery) signedSnapshot() string {
	switch q.Get("sr") {
	case "bs":
		return q.Get("snapshot")
	case "bv":
		return q.Get("versionid")
	}
	return ""
}

// signedResource returns the canonicalized resource of a service SAS: what sr
// says the signature is for, of the thing that the request names. So a
// signature for one blob does not match a request for another.
func (x *exchange) signedResource(q sasQuery, v Version) (string, error) {
	root := "/" + x.info.account.Name
	if v >= V2015_02_21 {
		root = "/" + string(x.front.kind) + root
	}
	container, name := x.blobTarget()
	switch x.front.kind {
	case Queue:
		return root + "/" + x.call.Container, nil
	case Table:
		table := q.Get("tn")
		if table == "" {
			return "", sasMalformed("tn is missing.")
		}
		return root + "/" + strings.ToLower(table), nil
	}
	switch q.Get("sr") {
	case "c":
		return root + "/" + container, nil
	case "b":
		return root + "/" + container + "/" + name, nil
	case "bs":
		if q.Get("snapshot") == "" {
			return "", sasMalformed("sr=bs needs the snapshot parameter.")
		}
		return root + "/" + container + "/" + name, nil
	case "bv":
		if q.Get("versionid") == "" {
			return "", sasMalformed("sr=bv needs the versionid parameter.")
		}
		return root + "/" + container + "/" + name, nil
	}
	return "", sasMalformed("sr is mandatory. Cannot be empty, and must be one of b, c, bs.")
}

// blobTarget returns the container and blob that a request is about: a path of
// one segment is a blob of the root container unless restype says otherwise.
func (x *exchange) blobTarget() (container, name string) {
	container, name = x.call.Container, x.call.Name
	if x.front.kind != Blob || name != "" || x.call.Query.Get("restype") == "container" {
		return container, name
	}
	return "$root", container
}
