package audit

import (
	"net/netip"
	"strconv"

	"reslog/internal/jsonlex"
	"reslog/service/redis/event"
)

// kind is what a record is about.
type kind uint8

const (
	newConnection kind = iota + 1
	newInternal
	authentication
	closeConnection
	command
)

// maxDatabase is how many bytes of the name of a database are kept.
const maxDatabase = 256

const (
	errKind    refusal = "the record is of no known type"
	errTime    refusal = "ts of the record is not a time in whole seconds"
	errID      refusal = "id of the record is not a whole number"
	errStatus  refusal = "status of the record is not a code"
	errAddress refusal = "an address of the record is not one"
	errPort    refusal = "a port of the record is not one"
	errName    refusal = "a name in the record is not a string"
	errNumber  refusal = "the sequence number of the record is not one"
	errMember  refusal = "the record holds two events"
)

// entry is a record.
type entry struct {
	kind     kind
	ts, id   int64
	src, trg netip.AddrPort
	database string
	status   event.Status // of authentication
	user     string       // of authentication

	numbered    bool // it has the two below
	worker, seq int64
}

// fields are what is read of a record and of the object in it, as they stand
// there; nil for what is missing.
type fields struct {
	ts, action, worker, seq           []byte
	newConn, newIntConn, closeConn    []byte
	id, srcip, srcp, trgip, trgp, bdb []byte
	status, username                  []byte
}

// Records of Redis Software 6.2.18 to 8.0:
//
//	{"ts":…,"new_conn":{"id":…,"srcip":"…","srcp":"…","trgip":"…","trgp":"…","hname":"","bdb_name":"…","bdb_uid":"…"}}
//	{"ts":…,"action":"auth","id":…,"srcip":"…", … ,"status":2,"username":"…","identity":"…","acl-rules":"…"}
//	{"ts":…,"close_conn":{…}}, and "new_int_conn" until 8.0.2
//
// Those of 8.2 have no hname, may have "group", and end in
// "audit_worker_id":…,"audit_seq":…; there are records with "action":"command",
// whose status has codes of its own. Ports may be numbers; what is not named here is
// not looked at.

// parse reads a record, of which the structure is known to be right. Of one that
// is refused the entry has the sequence number all the same, if it can be read.
func parse(b []byte) (entry, error) {
	var f fields
	var e entry
	if !f.read(b) {
		return e, errBroken
	}
	if err := e.number(f); err != nil {
		return e, err
	}
	nested, err := e.choose(f)
	if err != nil {
		return e, err
	}
	var ok bool
	if e.ts, ok = whole(f.ts); !ok || e.ts <= 0 || e.ts > 253402300799 {
		return e, errTime
	}
	if e.kind == command {
		return e, nil
	}
	if nested != nil && !f.read(nested) {
		return e, errBroken
	}
	return e, e.fill(f)
}

// read takes the members of an object that are known. It reports false when the
// object is not JSON.
func (f *fields) read(b []byte) bool {
	i := jsonlex.SkipSpace(b, 1)
	if i < len(b) && b[i] == '}' {
		return true
	}
	for i < len(b) {
		end, at, _, _ := jsonlex.Name(b, i)
		if end < 0 {
			return false
		}
		name := b[i+1 : end-1]
		if i = jsonlex.Value(b, at, 1); i < 0 {
			return false
		}
		f.set(name, b[at:i])
		i = jsonlex.SkipSpace(b, i)
		if i == len(b) || b[i] == '}' {
			break
		}
		i = jsonlex.SkipSpace(b, i+1)
	}
	return true
}

func (f *fields) set(name, value []byte) {
	switch string(name) {
	case "ts":
		f.ts = value
	case "action":
		f.action = value
	case "audit_worker_id":
		f.worker = value
	case "audit_seq":
		f.seq = value
	case "new_conn":
		f.newConn = value
	case "new_int_conn":
		f.newIntConn = value
	case "close_conn":
		f.closeConn = value
	case "id":
		f.id = value
	case "srcip":
		f.srcip = value
	case "srcp":
		f.srcp = value
	case "trgip":
		f.trgip = value
	case "trgp":
		f.trgp = value
	case "bdb_name":
		f.bdb = value
	case "status":
		f.status = value
	case "username":
		f.username = value
	}
}

// number reads the sequence number; records of before 8.2 have none.
func (e *entry) number(f fields) error {
	if f.worker == nil && f.seq == nil {
		return nil
	}
	var ok [2]bool
	e.worker, ok[0] = whole(f.worker)
	e.seq, ok[1] = whole(f.seq)
	if e.numbered = ok[0] && ok[1] && e.worker >= 0 && e.seq >= 0; !e.numbered {
		return errNumber
	}
	return nil
}

// choose finds out what the record is, and the object that has the fields of the
// connection, nil when it is the record itself.
func (e *entry) choose(f fields) (nested []byte, err error) {
	for _, c := range []struct {
		kind  kind
		value []byte
	}{{newConnection, f.newConn}, {newInternal, f.newIntConn}, {closeConnection, f.closeConn}} {
		if c.value == nil {
			continue
		}
		if nested != nil || f.action != nil {
			return nil, errMember
		}
		if c.value[0] != '{' {
			return nil, errKind
		}
		e.kind, nested = c.kind, c.value
	}
	switch string(f.action) {
	case "":
	case `"auth"`:
		e.kind = authentication
	case `"command"`:
		e.kind = command
	}
	if e.kind == 0 {
		return nil, errKind
	}
	return nested, nil
}

// fill reads the fields of the connection.
func (e *entry) fill(f fields) error {
	var ok bool
	if e.id, ok = whole(f.id); !ok {
		return errID
	}
	var err error
	if e.src, err = address(f.srcip, f.srcp); err != nil {
		return err
	}
	if e.trg, err = address(f.trgip, f.trgp); err != nil {
		return err
	}
	if e.database, ok = text(f.bdb, maxDatabase); !ok {
		return errName
	}
	if e.kind != authentication {
		return nil
	}
	// Codes that are not known here are passed on.
	status, ok := whole(f.status)
	if !ok || status < 0 || status > 999 {
		return errStatus
	}
	e.status = event.Status(status)
	if e.user, ok = text(f.username, event.MaxUser); !ok {
		return errName
	}
	return nil
}

// address reads an IP address and a port. Either may be missing or empty.
func address(ip, port []byte) (netip.AddrPort, error) {
	s, ok := text(ip, 128)
	if !ok {
		return netip.AddrPort{}, errAddress
	}
	var a netip.Addr
	if s != "" {
		var err error
		if a, err = netip.ParseAddr(s); err != nil {
			return netip.AddrPort{}, errAddress
		}
	}
	if len(port) > 0 && port[0] == '"' {
		port = port[1 : len(port)-1]
	}
	var p uint64
	if len(port) > 0 && string(port) != "null" {
		var err error
		if p, err = strconv.ParseUint(string(port), 10, 16); err != nil {
			return netip.AddrPort{}, errPort
		}
	}
	// A zone would be the sender's, and any text.
	return netip.AddrPortFrom(a.Unmap().WithZone(""), uint16(p)), nil
}

// whole reads a whole number.
func whole(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

// text reads a string, at most limit bytes of it; what is missing and null are
// the empty one.
func text(b []byte, limit int) (string, bool) {
	if b == nil || string(b) == "null" {
		return "", true
	}
	if b[0] != '"' {
		return "", false
	}
	s := jsonlex.AppendUnescaped(nil, b[1:len(b)-1], func(dst, s []byte) []byte { return append(dst, s...) })
	return string(s[:min(len(s), limit)]), true
}
