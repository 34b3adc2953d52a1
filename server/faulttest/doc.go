// Package faulttest kills nodes and counts.
//
// A node is a process of its own, which is this test's program run again. While
// clients work it is killed with SIGKILL at a random moment, again and again on
// the same data folder; then a last node opens the folder, everything is
// delivered, and `$logs` is compared with what the clients know:
//
//   - never does a record appear twice;
//   - in audit mode every request that took effect has exactly one record (a
//     copy its three, numbered from 0), whether or not its answer arrived;
//   - in buffered mode the records that are missing are those of the last
//     moments before a kill, at most 50 ms.
//
// The package has no code of its own, only tests.
package faulttest
