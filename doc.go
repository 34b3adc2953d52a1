// Package reslog holds nothing but the test that keeps the architecture: which
// package may import which, see docs/arch.md. The program is cmd/reslog.
package reslog
