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
// The nodes archive what they log, in another account of their own and elsewhere,
// and the archives hold what `$logs` holds, each record once. The same is asked of
// an archive whose account is away, slow, or answered for by something else; of
// event hubs, OTLP receivers and Elasticsearch that fail while the node is killed;
// of settings that change under load; and of a disk that is full.
//
// Queues and tables keep what they have answered for, whatever happens: kills, a full
// disk, storms of retries over connections that lose requests and answers, garbage. No
// message is delivered while somebody has it.
//
// Workspaces have every record once, too, while they are queried, when their disk
// is full or what they keep is damaged, when the clock jumps and when they are
// deleted; and no query harms the node, whatever it asks for.
//
// Connections to a Redis server are counted from both sides: each has one new_conn and
// one close_conn in the archive, whether the node is killed, the server goes away, the
// disk is full or thousands come in a second.
//
// Connections of SignalR clients have one ConnectionStarted in the archive, and at most
// one end, whenever the node is killed.
//
// Every test prints what it counted. RESLOG_FAULTTEST_SOAK=10 makes most of them ten
// times as long.
//
// The package has no code of its own, only tests.
package faulttest
