// Package blobstore is the embedded store of containers and blobs.
package blobstore
