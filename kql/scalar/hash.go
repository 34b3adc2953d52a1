package scalar

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"reslog/kql"
)

// hashFuncs are the hashes that SQL has not. hash is xxHash64 without a seed: of
// the bytes of a string, and of the eight bytes of a number, the lowest first.
var hashFuncs = []Func{
	{Name: "kql_hash", Params: []kql.Type{kql.String}, Returns: kql.Long, Call: hashText},
	{Name: "kql_hash_long", Function: "hash", Params: []kql.Type{kql.Long}, Returns: kql.Long, Call: hashLong},
	{Name: "kql_hash_datetime", Function: "hash", Params: []kql.Type{kql.Datetime}, Returns: kql.Long, Call: hashLong},
	{Name: "kql_hash_timespan", Function: "hash", Params: []kql.Type{kql.Timespan}, Returns: kql.Long, Call: hashLong},
}

func hashText(a []any) any {
	s, _ := a[0].(string)
	return int64(xxhash.Sum64String(s))
}

func hashLong(a []any) any {
	n, ok := a[0].(int64)
	if !ok {
		return nil
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	return int64(xxhash.Sum64(b[:]))
}
