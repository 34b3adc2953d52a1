// Package storagemetrics is the metrics of storage accounts: the tables of Storage
// Analytics, which the Metrics elements of service properties switch on, and the
// platform metrics of Azure Monitor. Both are made of the same observations of
// finished requests, which are those that the records of requests are made of.
//
//	storage.Front ── Observe ──▶ Collector
//	                               ├ rows      $MetricsHourPrimaryTransactionsBlob …   every second
//	                               ├ capacity  $MetricsCapacityBlob                    every hour
//	                               ├ retention deletes what is too old                 every hour
//	                               └ metric.Recorder   Transaction, Capacity           every minute
//
// Observe takes one lock of several, and allocates nothing once it has seen the
// account and the operation. Run does the rest.
//
// # Guarantees
//
// Every request that reached an account counts once: in the minute and the hour in
// which it ended, by the times that its record has. Rows of the table are written
// every second while they change, so a process that is killed loses what it counted
// in the last second; a process that is stopped loses nothing, and the next one goes
// on with the rows it finds. An hour is the sum of its minutes and `user;All` is the
// sum of the operations, provided all of it was switched on for the whole hour.
//
// The rows of an interval exist from its beginning on, also without a request, for
// each service whose metrics are on. An interval in which no process ran has none.
//
// # What it does not do
//
// There is no secondary location, so the tables of its transactions do not exist. The
// tables themselves are read through the table service, which lets users read and
// delete rows and refuses all else.
package storagemetrics
