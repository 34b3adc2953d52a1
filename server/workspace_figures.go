package server

import (
	"time"

	"reslog/analytics"
)

// collectWorkspaces sends what the workspaces hold and do at this moment.
func (c *nodeCollector) collectWorkspaces(send sendFunc) {
	store := c.node.workspaces.store
	if store == nil {
		return
	}
	m := c.node.figures
	had := m.known()
	f := store.Figures()
	queued := f.Waiting
	if q := c.node.queries.Load(); q != nil {
		queued += q.Queued()
	}
	send(gauge("queries_running", "Queries of workspaces that run."), float64(f.Running))
	send(gauge("queries_queued", "Queries that wait for others: of their callers, or of all."), float64(queued))

	// Those that had series before the look, and are not there, are gone.
	there := make(map[seriesKey]bool)
	workspaces := make(map[seriesLabels]analytics.WorkspaceFigures)
	tables := make(map[seriesLabels]analytics.TableFigures)
	for _, w := range f.Workspaces {
		there[seriesKey{workspace: w.ID}] = true
		l := m.labels(w.ID, "")
		workspaces[l] = addWorkspace(workspaces[l], w)
		for _, t := range w.Tables {
			there[seriesKey{w.ID, t.Name}] = true
			l := m.labels(w.ID, t.Name)
			tables[l] = addTable(tables[l], t)
		}
	}
	for _, k := range had {
		if !there[k] {
			m.forget(k)
		}
	}
	sendWorkspaces(send, workspaces)
	sendTables(send, tables)
}

// addWorkspace adds up workspaces without series of their own.
func addWorkspace(a, b analytics.WorkspaceFigures) analytics.WorkspaceFigures {
	a.Waiting, a.Database, a.Log = a.Waiting+b.Waiting, a.Database+b.Database, a.Log+b.Log
	if b.Checkpoint.After(a.Checkpoint) {
		a.Checkpoint = b.Checkpoint
	}
	return a
}

// addTable adds up tables without series of their own.
func addTable(a, b analytics.TableFigures) analytics.TableFigures {
	a.Hot.Rows, a.Hot.Bytes = a.Hot.Rows+b.Hot.Rows, a.Hot.Bytes+b.Hot.Bytes
	a.Closed.Rows, a.Closed.Bytes = a.Closed.Rows+b.Closed.Rows, a.Closed.Bytes+b.Closed.Bytes
	a.Files, a.FileBytes = a.Files+b.Files, a.FileBytes+b.FileBytes
	return a
}

func sendWorkspaces(send sendFunc, all map[seriesLabels]analytics.WorkspaceFigures) {
	waiting := gauge("workspace_waiting_rows", "Rows of batches that are being stored, or wait for their turn.", workspaceLabels()...)
	size := gauge("workspace_database_bytes", "Size on disk of the database, which has the rows of days that are not closed, and of its log.",
		append(workspaceLabels(), "file")...)
	checkpoint := gauge("workspace_last_checkpoint_timestamp_seconds", "When the database was last written to take its log in, or a very large batch.",
		workspaceLabels()...)
	for l, w := range all {
		send(waiting, float64(w.Waiting), l.workspace()...)
		send(size, float64(w.Database), append(l.workspace(), "database")...)
		send(size, float64(w.Log), append(l.workspace(), "log")...)
		if !w.Checkpoint.IsZero() {
			send(checkpoint, unixSeconds(w.Checkpoint), l.workspace()...)
		}
	}
}

func sendTables(send sendFunc, all map[seriesLabels]analytics.TableFigures) {
	rows := gauge("workspace_rows", "Rows that are there, of days that are hot or closed.", append(tableLabels(), "state")...)
	bytes := gauge("workspace_row_bytes", "Size of the rows that are there, as it is billed.", append(tableLabels(), "state")...)
	files := gauge("workspace_files", "Files of closed days.", tableLabels()...)
	size := gauge("workspace_file_bytes", "Size on disk of the files of closed days, with their indexes.", tableLabels()...)
	for l, t := range all {
		hot, closed := append(l.table(), "hot"), append(l.table(), "closed")
		send(rows, float64(t.Hot.Rows), hot...)
		send(rows, float64(t.Closed.Rows), closed...)
		send(bytes, float64(t.Hot.Bytes), hot...)
		send(bytes, float64(t.Closed.Bytes), closed...)
		send(files, float64(t.Files), l.table()...)
		send(size, float64(t.FileBytes), l.table()...)
	}
}

// unixSeconds is a time as Prometheus has it.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
