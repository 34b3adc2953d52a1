// Package logs searches the classic logs of any storage account, or of a folder
// they were downloaded to: what "reslog find" and "reslog dump" share.
//
// A Source lists and opens logs. Search reads those that a Selection picks,
// several at once, and hands on the matching records in the order of logs and
// lines, without repeats. A Format writes records as lines of text, CSV or JSON.
//
// Memory is bounded by the number of logs that are read at once; a log is
// streamed, whatever its size.
package logs
