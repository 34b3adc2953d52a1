package storage

import (
	"fmt"
	"strings"
	"unsafe"

	"reslog/record"
	"reslog/storagelog"
)

// AppendEntries renders the record of a storage request as classic Storage
// Analytics log entries of version v and appends their lines to dst: one for the
// request, operation number 0, and one more for each Part of the Call. It
// returns how many.
//
// It reads the Line with a scanner for just this form: a record that another
// program wrote is an error or loses the fields it spells differently.
func AppendEntries(dst []byte, r *record.Record, v storagelog.Version) (lines []byte, n int, err error) {
	// The strings of e lie in the Line, which does not change while e is in use:
	// until the end of this function.
	var e storagelog.Entry
	p := scanner{s: unsafe.String(unsafe.SliceData(r.Line), len(r.Line))}
	if err := fillEntry(&e, r, v, &p); err != nil {
		return dst, 0, err
	}
	if len(r.Detail) == 0 {
		return storagelog.AppendEntry(dst, &e), 1, nil
	}
	parts, err := partEntries(&e, r)
	if err != nil {
		return dst, 0, err
	}
	dst = storagelog.AppendEntry(dst, &e)
	for i := range parts {
		dst = storagelog.AppendEntry(dst, &parts[i])
	}
	return dst, 1 + len(parts), nil
}

// fillEntry sets the entry of the request itself.
func fillEntry(e *storagelog.Entry, r *record.Record, v storagelog.Version, p *scanner) error {
	if v.Fields() == 0 {
		return fmt.Errorf("storage: entries of log version %q: not known", string(v))
	}
	l := line{identity: lineCaller{detailed: v == storagelog.V2}}
	if !l.parse(p) {
		return fmt.Errorf("storage: entries of record %s: %w", r.ID, errLine)
	}
	l.fill(e)
	e.Version = v
	e.StartTime = r.Time.UTC()
	e.RequestID = r.ID
	return nil
}

// partEntries returns the entries of the parts of a request whose own is e.
func partEntries(e *storagelog.Entry, r *record.Record) ([]storagelog.Entry, error) {
	parts, ok := parseParts(r.Detail)
	if !ok {
		return nil, fmt.Errorf("storage: entries of record %s: detail is damaged", r.ID)
	}
	entries := make([]storagelog.Entry, len(parts))
	for i, p := range parts {
		// A part repeats what belongs to the request: times, sizes, client. What
		// belongs to an object is its own.
		part := *e
		part.Operation = p.Operation
		part.OperationNumber = i + 1
		part.ObjectKey = p.ObjectKey
		part.ETag, part.LastModified = p.ETag, p.LastModified
		part.RequestMD5, part.ServerMD5, part.Conditions = "", "", p.Conditions
		if p.Operation == copySource {
			part.ObjectKey = sourceKey(p.ObjectKey, e)
		}
		entries[i] = part
	}
	return entries, nil
}

// copySource is the operation of the record about the source of a copy.
const copySource = "CopyBlobSource"

// sourceKey is the object key of CopyBlobSource: a URL from version 2012-02-12
// on, a key before. Either form is made of the other.
func sourceKey(key string, e *storagelog.Entry) string {
	_, rest, isURL := strings.Cut(key, "://")
	wantURL := Version(e.RequestVersion) >= V2012_02_12
	switch {
	case isURL == wantURL:
		return key
	case wantURL: // "/account/container/blob" at the endpoint of this request
		base, path := splitURL(e.URL)
		if strings.HasPrefix(path, "/"+e.OwnerAccount+"/") && !strings.HasPrefix(base[strings.Index(base, "//")+2:], e.OwnerAccount+".") {
			return base + key // path style: the account is part of the path
		}
		_, below, _ := strings.Cut(strings.TrimPrefix(key, "/"), "/")
		return base + "/" + below
	}
	host, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	label, _, isName := strings.Cut(host, ".")
	if !isName || isDigits(label) {
		return "/" + path
	}
	return "/" + label + "/" + path
}

// splitURL cuts a URL after its authority.
func splitURL(u string) (base, path string) {
	scheme := strings.Index(u, "://")
	if scheme < 0 {
		return "", u
	}
	slash := strings.IndexByte(u[scheme+3:], '/')
	if slash < 0 {
		return u, "/"
	}
	return u[:scheme+3+slash], u[scheme+3+slash:]
}
