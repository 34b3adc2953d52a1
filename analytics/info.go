package analytics

import (
	"time"

	"reslog/kql"
)

// TableInfo is a table of a workspace as it is now.
type TableInfo struct {
	kql.Table
	// Retention is the days that rows are kept; Own says that it was set for this
	// table and is not the workspace's.
	Retention int
	Own       bool
	// Rows and Bytes are what is stored: Bytes is what is billed, the sum of
	// _BilledSize; Stored the size of the files of closed days.
	Rows   int64
	Bytes  int64
	Stored int64
	// First and Last are the extremes of TimeGenerated; zero without rows.
	First, Last time.Time
	// Days has what there is of each day, oldest first.
	Days []DayInfo
}

// DayInfo is what a table holds of one day.
type DayInfo struct {
	Day    time.Time // midnight, UTC
	Rows   int64
	Bytes  int64
	Stored int64
	// Closed days are rewritten compactly, all of their rows.
	Closed bool
}
