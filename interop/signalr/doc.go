// Package signalr runs the clients that people really use against the SignalR service:
// @microsoft/signalr and its MessagePack protocol, from npm, over WebSockets, server-sent
// events and long polling; and the same client in Chromium, in a page of another origin.
//
// The tests of the clients are in ../node/signalr. Each file of them is run by a test
// here, which holds the records of AllLogs up against what its clients did: the story of
// each user is written down in both.
//
// None of it is skipped: a machine without node and npm fails all of it, one without
// chromium fails TestPage.
package signalr
