package kql

// urlFunctions take URLs apart.
var urlFunctions = []Function{
	{Name: "parse_url", Aliases: []string{"parseurl"}, Signatures: ofStrings(1, Dynamic)},
	{Name: "parse_urlquery", Aliases: []string{"parseurlquery"}, Signatures: ofStrings(1, Dynamic)},
	{Name: "url_decode", Signatures: ofStrings(1, String)},
}
