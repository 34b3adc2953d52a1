// Package syntax is the Kusto Query Language as text: lexer, parser, syntax tree
// and printer. It knows the grammar and nothing of tables, types or functions.
//
//	query, err := syntax.Parse("StorageBlobLogs | where StatusCode == '403' | count")
//
// Parse takes the whole grammar that queries of Log Analytics use, also the
// operators that a workspace refuses later, so that what is refused is named as
// what it is and not as a syntax error. Every node has a Span of the source. An
// *Error has the place, what was expected there and, where one is near, the name
// that was probably meant.
//
// Format writes a tree as text again, a line for each operator. Lex gives the
// tokens of a text that may be no query yet, for a prompt; Operators and Keywords
// are its words. Near finds the name that was probably meant, here and in the
// binder.
//
// Words are keywords only where the grammar expects one: count, by, type or kind
// are columns elsewhere. The grammar taken is somewhat larger than that of the
// service, which refuses a few keywords (last, has, from) as names without
// brackets; Format writes the brackets. What a literal holds is not checked here.
//
// A query is bounded: MaxSource, MaxTokens, MaxDepth, MaxChain.
//
// Source of the grammar: the Kusto Query Language reference, "Query statements",
// "Tabular operators", "Scalar data types".
package syntax
