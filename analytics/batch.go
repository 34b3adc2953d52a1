package analytics

import (
	"time"

	"reslog/analytics/rows"
	"reslog/kql"
)

// Batch is what Append stores in one transaction.
type Batch struct {
	// Source names the stream that the rows come from, and Position is the place
	// in it behind the last of them. A batch whose Position is not past the one
	// stored for Source was taken before: Append returns nil and stores nothing.
	// Source "" has no position: such a batch is stored each time.
	Source   string
	Position uint64
	Rows     []rows.Rows
	// KeepTimes stores every TimeGenerated as it is, for imports. Without it a time
	// more than two days before the receipt, or more than a day after it, becomes
	// the time of receipt, as the real service has it. A row without a time gets
	// that of receipt in any case.
	KeepTimes bool
}

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
