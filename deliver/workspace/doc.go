// Package workspace puts records into a Log Analytics workspace. A Destination is
// the deliver.Destination of one diagnostic setting; package rows says what rows
// its records become.
//
// # What is promised
//
// Every record that can become a row is in the workspace exactly once as soon as
// Deliver has returned, whatever dies when. Rows and the position of the last of
// them are stored in one transaction; what is handed over again is recognised by
// its position, which is asked for when the destination is new and after every
// error. So Flush has nothing to do, and there is no state beside the workspace.
//
// The workspace counts by a source of ours: the setting, and the stream that the
// positions are of. Positions of one stream only grow, so a setting that is
// removed and made again goes on behind what its predecessor left, under the same
// source; the stream of another data folder is another source.
//
// Records that cannot become a row, because their Line is no JSON object, are
// rejected, alone. Nothing else is permanent: records wait until the workspace
// takes them.
package workspace
