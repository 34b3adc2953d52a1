package analytics

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reslog/kql"
	"reslog/kql/scalar"
)

// layout says how the columns of a file are stored. A column that is not in it has
// no value in any row of the file.
type layout []encoded

// encoded is one column of a file: how it is written, and whether some rows could
// not be and are in a column beside.
type encoded struct {
	ID    int      `json:"i"`
	How   encoding `json:"e"`
	Value string   `json:"v,omitempty"`
	From  []int    `json:"f,omitempty"`
	// Rest says that there is a column of texts for the rows that the encoding
	// cannot say exactly.
	Rest bool `json:"r,omitempty"`
}

// encoding is a form for strings that is smaller, and gives back the same text.
type encoding string

const (
	// asPlain is the value as it is; '' is null.
	asPlain encoding = ""
	// asSame is one text in every row: Value, not stored.
	asSame encoding = "same"
	// asGuid is a canonical GUID in lower case, as UUID.
	asGuid encoding = "guid"
	// asHex is 0x and an upper-case number, as BIGINT; Value stands around it, which
	// is a quotation mark or nothing.
	asHex encoding = "hex"
	// asURL is scheme and host in one column and the rest in another.
	asURL encoding = "url"
	// asKey is the object key that follows from AccountName and Uri of the row, whose
	// ids are in From; the column has it where it does not follow.
	asKey encoding = "key"
)

func (l *layout) parse(text string) error {
	if err := json.Unmarshal([]byte(text), l); err != nil {
		return fmt.Errorf("read the layout of a file: %w", err)
	}
	return nil
}

func (l layout) String() string {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err) // of a slice of structs with strings
	}
	return string(b)
}

func (l layout) find(id int) (encoded, bool) {
	i := slices.IndexFunc(l, func(e encoded) bool { return e.ID == id })
	if i < 0 {
		return encoded{}, false
	}
	return l[i], true
}

// rest is the column for what the encoding cannot say, prefix that of scheme and
// host.
func (e encoded) name() string   { return fmt.Sprintf("c%d", e.ID) }
func (e encoded) rest() string   { return fmt.Sprintf("x%d", e.ID) }
func (e encoded) prefix() string { return fmt.Sprintf("p%d", e.ID) }

const hostPattern = `'^[a-z][a-z0-9+.-]*://[^/?#]*'`

// write are the columns of the file, computed from the text in column c.
func (e encoded) write(from string) []string {
	coded := e.encode(from)
	switch e.How {
	case asSame:
		return nil
	case asURL:
		p := "regexp_extract(" + from + ", " + hostPattern + ")"
		return []string{p + " AS " + e.prefix(), "substr(" + from + ", length(" + p + ") + 1) AS " + e.name()}
	case asKey:
		account, uri := fmt.Sprintf("c%d", e.From[0]), fmt.Sprintf("c%d", e.From[1])
		follows := keyOf(account, "substr("+uri+", length(regexp_extract("+uri+", "+hostPattern+")) + 1)")
		return []string{"CASE WHEN coalesce(" + from + ", '') <> " + follows + " THEN coalesce(" + from + ", '') END AS " + e.name()}
	}
	out := []string{coded + " AS " + e.name()}
	if e.Rest {
		out = append(out, "CASE WHEN "+coded+" IS NULL THEN "+from+" END AS "+e.rest())
	}
	return out
}

// encode is the encoded form of a text, null where there is none.
func (e encoded) encode(from string) string {
	switch e.How {
	case asGuid:
		u := "TRY_CAST(" + from + " AS UUID)"
		return "CASE WHEN CAST(" + u + " AS VARCHAR) = " + from + " THEN " + u + " END"
	case asHex:
		n := "TRY_CAST('0x' || substr(" + from + fmt.Sprintf(", %d, length(%s) - %d", 3+len(e.Value), from, 2+2*len(e.Value)) + ") AS BIGINT)"
		return "CASE WHEN " + n + " >= 0 AND " + e.decode(n) + " = " + from + " THEN " + n + " END"
	}
	return from
}

// decode is the text of an encoded form.
func (e encoded) decode(coded string) string {
	switch e.How {
	case asGuid:
		return "CAST(" + coded + " AS VARCHAR)"
	case asHex:
		return "(" + quote(e.Value+"0x") + " || hex(" + coded + ")" + around(e.Value) + ")"
	}
	return coded
}

func around(value string) string {
	if value == "" {
		return ""
	}
	return " || " + quote(value)
}

// keyOf is the object key of a blob: its account, and the path of its Uri.
func keyOf(account, rest string) string {
	return "('/' || coalesce(" + account + ", '') || split_part(coalesce(" + rest + ", ''), '?', 1))"
}

// read is the value of a column of a file with this layout.
func (l layout) read(e encoded, t kql.Type) string {
	var x string
	switch e.How {
	case asSame:
		return quote(e.Value)
	case asURL:
		x = "(" + e.prefix() + " || " + e.name() + ")"
	case asKey:
		account := "''"
		if a, ok := l.find(e.From[0]); ok {
			account = l.read(a, kql.String)
		}
		return "coalesce(" + e.name() + ", " + keyOf(account, fmt.Sprintf("c%d", e.From[1])) + ")"
	default:
		x = e.decode(e.name())
		if e.Rest {
			x = "coalesce(" + e.rest() + ", " + x + ")"
		}
	}
	if t == kql.String {
		x = "coalesce(" + x + ", '')"
	}
	return x
}

// equal is a condition that holds for the rows whose text is value, on what is
// stored: it lets the engine skip what cannot be. Empty: there is none.
func (e encoded) equal(value string) string {
	if value == "" {
		return ""
	}
	q := quote(value)
	switch e.How {
	case asPlain:
		return e.name() + " = " + q
	case asGuid, asHex:
		// Of a text that cannot be encoded there is none: the engine finds null.
		coded := e.name() + " = " + e.encode(q)
		if e.Rest {
			coded = "(" + coded + " OR " + e.rest() + " = " + q + ")"
		}
		return coded
	}
	return ""
}

// contains is a condition that holds for the rows whose text has value somewhere,
// how as scalar.Fold and so on say, like equal. What has none of the characters that
// can begin the rest of a URL is in one of its parts and not across, and what is
// beside the end of a part is no letter.
func (e encoded) contains(value string, how int) string {
	if e.How != asURL || value == "" || strings.ContainsAny(value, "/?#") {
		return ""
	}
	p, c, q := e.prefix(), e.name(), quote(value)
	text := "contains(" + c + ", " + q + ")"
	if how&scalar.Fold != 0 {
		p, q = "lower("+p+")", "lower("+q+")"
		text = "contains(lower(" + c + "), " + q + ")"
	}
	if how != 0 && scalar.Searchable(value) {
		text = "coalesce(kql_search(" + c + ", " + quote(value) + ", " + strconv.Itoa(how) + "), true)"
	}
	// Of the first part there are few, and the engine looks at each once.
	return "(" + text + " OR contains(" + p + ", " + q + "))"
}
