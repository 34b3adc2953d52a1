// Package blobstore keeps containers and blobs of all accounts on one disk.
//
// It knows what a blob is made of, blocks, pages, snapshots, but none of the
// service's rules: who may write, what a lease forbids or a condition demands is
// decided by the front end, inside the transaction.
//
//	c, err := s.Stage(ctx, body)                      // stream bytes to disk
//	err = s.Update(ctx, ref, func(t *blobstore.Txn) error {
//		if err := conditions(t.Blob); err != nil {    // the blob as it is, locked
//			return err
//		}
//		return t.Create(b, c)                         // all or nothing
//	})
//	h, err := s.Open(ctx, ref, time.Time{})           // the blob as of now
//	err = h.WriteTo(w, offset, length)
//
// What it promises:
//
//   - A call that returned without error is on disk: the bytes were synced
//     before the metadata that refers to them was written, and that was synced
//     before the call returned. Concurrent calls share these two syncs.
//   - A crash at any moment leaves, of each change, all or nothing.
//   - Every byte read was compared with its checksum; ErrCorrupt says where one
//     did not match.
//   - A Handle shows the blob as it was when opened, whatever happens to it.
//   - No blob, however large, is ever held in memory as a whole.
//   - On a full disk writes fail with ErrReadOnly, reading and deleting go on.
//
// What it does not do: keep data on more than one disk, encrypt, deduplicate by
// content. A copy or a snapshot shares bytes with what it was made from.
//
// DESIGN.md says how it works and why not otherwise.
package blobstore
