// Package archives reads the logs that lie in storage accounts and in folders,
// and makes rows of Log Analytics tables of them: the classic logs in `$logs`, and
// the resource logs and metrics that diagnostic settings archive.
//
//	account, err := archives.OpenURL(url, nil)
//	sum, err := archives.Import(ctx, archives.Config{Source: account, Store: workspace})
//
// A Source lists blobs and opens them: an Account, or a Folder with copies of
// what lies in one. What a blob holds is told by its bytes, not by its name:
//
//   - entries of the Storage Analytics log format, one a line;
//   - JSON objects, one a line, as archives have them since November 2018; written
//     over several lines by somebody's editor; or in {"records":[…]} or an array, as
//     older archives have them and event hubs still do.
//
// Files may be gzipped.
//
// # What is promised
//
// A blob is read once, from its beginning to its end, in batches. A batch has a
// position, the offset in the blob that it ends at, and is stored together with
// it. So an import that is cut off anywhere goes on where it was when it is run again,
// and one that is run again later reads what has come since: new blobs, and of
// those that grew what was added. Nothing is stored twice and nothing left out. A
// blob is known by where it lies and when it was made, a file by its path and its
// first line.
//
// For the same reason blobs are selected whole, see Selection: a row that was left
// out of a blob could not be asked for later.
//
// Lines that are no records are counted, told of and passed over. What is
// unfinished at the end of a blob, because it is still being written or was cut
// off, is left for the next time.
package archives
