package kql

// hashFunctions: the hashes of values, and values that are like none.
var hashFunctions = []Function{
	{Name: "new_guid", Signatures: []Signature{{Returns: Guid}}},
	{Name: "hash", Bind: bindHash},
	{Name: "hash_xxhash64", Bind: bindHash},
	{Name: "hash_md5", Bind: bindTextHash},
	{Name: "hash_sha1", Bind: bindTextHash},
	{Name: "hash_sha256", Bind: bindTextHash},
}

// bindHash is hash(value). Of other types, and of a modulus, it is not known what
// the engine makes.
func bindHash(c *Binding) (Expr, error) {
	if err := c.Count(1, 2); err != nil {
		return nil, err
	}
	if len(c.Args) == 2 {
		return nil, c.Refuse(c.Name + " with a modulus")
	}
	switch t := c.Args[0].Type(); t {
	case String, Long, Datetime, Timespan:
		return &Call{T: Long, Func: "hash", Args: c.Args, At: c.At}, nil
	default:
		return nil, c.Refuse(c.Name + " of a value of type " + t.String())
	}
}

// bindTextHash is a hash of the text that a value has.
func bindTextHash(c *Binding) (Expr, error) {
	if err := c.Count(1, 1); err != nil {
		return nil, err
	}
	x := c.Args[0]
	switch x.Type() {
	case String:
	case Dynamic, Unknown:
		return nil, c.Fail(0, codeType, "%s does not take a value of type %s", c.Name, x.Type())
	default:
		x = &Call{T: String, Func: "tostring", Args: []Expr{x}, At: c.At}
	}
	return c.Call(String, x), nil
}
