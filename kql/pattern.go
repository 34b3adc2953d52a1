package kql

// ParsePattern is the constant argument of the scalar function parse_pattern,
// as JSON: what the operators parse and parse-where look for in a text. The
// function gives the texts of the columns as a dynamic array, or null where the
// pattern does not match; the plan converts them.
//
// The parts of a simple pattern stand one after the other and take the whole
// text: a literal is found where it is first, the last one at the end of the
// text; what lies before it belongs to the column or the star before it.
type ParsePattern struct {
	// Regex, where it is not empty, is the whole pattern; the columns are its
	// groups named c0, c1 …, and it may match anywhere.
	Regex string `json:"regex,omitempty"`
	// Columns is how many there are.
	Columns int `json:"columns"`
	// Parts is a simple pattern: a column or a star is followed by a literal or
	// is the last part; only a column of Digits is followed by a star.
	Parts []ParsePart `json:"parts,omitempty"`
}

// ParsePart is a literal, else a star or a column.
type ParsePart struct {
	Literal string `json:"literal,omitempty"`
	Star    bool   `json:"star,omitempty"`
	// Digits is a column that takes a sign and digits and no more.
	Digits bool `json:"digits,omitempty"`
}

// ParseKv is the constant argument of the scalar function parse_kv, as JSON:
// how the operator parse-kv finds the values of keys. The function gives an array
// with the text of the first value of each key, null for a key that is not there.
type ParseKv struct {
	Keys []string `json:"keys"`
	// Regex finds key and value as its first two groups; without it the
	// delimiters do.
	Regex         string `json:"regex,omitempty"`
	PairDelimiter string `json:"pair,omitempty"`
	KeyDelimiter  string `json:"kv,omitempty"`
	// Open and Close are the quotes around keys and values; empty: none. A
	// character of Escape makes the next one count as itself between quotes.
	Open   string `json:"open,omitempty"`
	Close  string `json:"close,omitempty"`
	Escape string `json:"escape,omitempty"`
	// Greedy values reach to the next key, not to the next pair delimiter.
	Greedy bool `json:"greedy,omitempty"`
}
