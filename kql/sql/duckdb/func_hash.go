package duckdb

// hashCalls print functions on hashes and codes. The argument is text: that of
// tostring for what is none.
var hashCalls = calls{
	"hash_md5":    template("md5($1)"),
	"hash_sha1":   template("sha1($1)"),
	"hash_sha256": template("sha256($1)"),
	"new_guid":    template("CAST(uuid() AS VARCHAR)"),
}
