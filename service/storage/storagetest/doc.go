// Package storagetest is what the tests of the services share: a service behind a
// Front and a real connection, signed requests to it, and the records that they
// leave.
//
//	base := storagetest.New(t, storagetest.NewClock())
//	base.Serve(base.Config(queue.New(queue.Config{Store: store, Now: base.Clock.Now})))
//	base.OK(201, "PUT", "/jobs", "")
//	base.Refused(404, "QueueNotFound", "DELETE", "/none", "")
//	entry := base.Log.One(t)
//
// A service has a file for what is its own, harness_test.go, with a server that
// embeds a Server.
//
// operations.go compares the operations of a service with its documents: the page
// under docs/compat and the catalogue.
package storagetest
