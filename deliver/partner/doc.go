// Package partner sends resource logs to partner solutions over their public APIs.
package partner
