//go:build !unix

package analytics

// processorTimes are not known here.
func processorTimes() times { return times{} }
