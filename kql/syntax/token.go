package syntax

import "slices"

// TokenKind says what a token is.
type TokenKind uint8

// The kinds of tokens.
const (
	TokenEOF      TokenKind = iota // the end of the source, an empty token
	TokenInvalid                   // a character that the language does not have, a literal that is not closed
	TokenComment                   // from // to the end of the line
	TokenWord                      // a name or a keyword: which of the two, only the grammar says
	TokenLong                      // 5, 0x1F
	TokenReal                      // 1.5, 1e3
	TokenTimespan                  // 1d, 1.5h
	TokenString                    // 'a', "a", @'a', h'a', ```a```
	TokenTyped                     // datetime(…), long(…), dynamic(…): the whole literal
	TokenSymbol                    // punctuation, also !has, in~ and the like
)

// Token is a piece of the source.
type Token struct {
	Span
	Kind TokenKind
}

// IsOperator says whether the word is the name of a tabular operator.
func IsOperator(word string) bool {
	return follows(word) || slices.Contains(beginners[:], word)
}

// IsKeyword says whether the grammar gives the word a meaning somewhere. Most of
// these are names elsewhere: count, by, kind.
func IsKeyword(word string) bool {
	op, _ := binary(word)
	return op != "" || IsOperator(word) || slices.Contains(keywords[:], word)
}

// Operators returns the names of the operators that can follow a pipe.
func Operators() []string { return slices.Clone(operatorNames[:]) }

// Keywords returns the words that IsKeyword knows, but for old spellings.
func Keywords() []string {
	return slices.Concat(operatorNames[:], beginners[:], wordOperators[:], keywords[:])
}

// follows says whether the word is the name of an operator that can follow a pipe.
func follows(word string) bool { return slices.Contains(operatorNames[:], word) }

// operatorNames are the words that can follow a pipe, the first ones being those
// that are met most.
var operatorNames = [...]string{
	"where", "extend", "project", "summarize", "join", "sort", "order", "top", "take", "limit", "count", "distinct", "union",
	"render", "parse", "mv-expand", "project-away", "project-rename", "project-reorder", "project-keep", "lookup", "make-series",
	"mv-apply", "serialize", "evaluate", "invoke", "as", "getschema", "sample", "sample-distinct", "top-nested", "top-hitters",
	"parse-where", "parse-kv", "search", "partition", "filter", "mvexpand", "mvapply", "scan", "fork", "facet", "reduce", "consume",
	"make-graph", "graph-match", "graph-to-table", "graph-mark-components", "graph-shortest-paths", "graph-merge",
	"graph-where-nodes", "graph-where-edges", "macro-expand", "project-by-names", "assert-schema", "execute-and-cache",
}

// beginners are the words of operators that can only begin a query. union, search
// and evaluate can do both.
var beginners = [...]string{"print", "range", "datatable", "externaldata", "external_data", "find", "inline_external_table"}

// keywords are the other words that the grammar knows.
var keywords = [...]string{
	"let", "set", "declare", "query_parameters", "pattern", "alias", "restrict", "view", "by", "on", "of", "with", "to", "from", "step",
	"asc", "desc", "nulls", "first", "last", "kind", "hint", "default", "regex", "typeof", "true", "false", "granny-asc", "granny-desc",
	"project-smart", "withsource", "isfuzzy",
}

// hyphened are the other words with a hyphen.
var hyphened = [...]string{"granny-asc", "granny-desc", "project-smart"}

// isHyphened says whether the word, which has a hyphen, is one of the language.
// Such a word is never a subtraction.
func isHyphened(word string) bool {
	return slices.Contains(hyphened[:], word) || follows(word)
}

// isTyped says whether the word followed by a parenthesis begins a literal, and of
// which kind.
func isTyped(word string) (LiteralKind, bool) {
	switch word {
	case "datetime", "date":
		return Datetime, true
	case "timespan", "time":
		return Timespan, true
	case "dynamic":
		return Dynamic, true
	case "long", "int64":
		return Long, true
	case "int", "int32":
		return Int, true
	case "real", "double":
		return Real, true
	case "bool", "boolean":
		return Bool, true
	case "guid", "uuid", "uniqueid":
		return Guid, true
	case "decimal":
		return Decimal, true
	}
	return 0, false
}
