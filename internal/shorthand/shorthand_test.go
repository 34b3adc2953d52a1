package shorthand

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestToJSON(t *testing.T) {
	for text, want := range map[string]string{
		`[{"category": "AllLogs"}]`: `[{"category": "AllLogs"}]`, // JSON stays as it is
		`[{category:AllLogs,enabled:true,retention-policy:{enabled:false,days:0}}]`: `[{"category":"AllLogs","enabled":true,"retentionPolicy":{"days":0,"enabled":false}}]`,
		` [ { category : 'a b' , x:null } , -1.5 ] `:                                `[{"category":"a b","x":null},-1.5]`,
		`{a:'it''s',b:[]}`: `{"a":"it's","b":[]}`,
		`{'a b':"q:,"}`:    `{"a b":"q:,"}`,
		`[allLogs,audit]`:  `["allLogs","audit"]`,
		`{days:007}`:       `{"days":"007"}`,
		`{id:/subscriptions/s/resourceGroups/g,e:{}}`: `{"e":{},"id":"/subscriptions/s/resourceGroups/g"}`,
	} {
		got, err := ToJSON(text)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for text, says := range map[string]string{
		``:                       "want a value at character 1",
		`{a}`:                    "want ':' after a",
		`{a:1,a:2}`:              "a is given twice",
		`[1`:                     "want ',' or ']'",
		`[1 2]`:                  "want ',' or ']'",
		`'a`:                     "does not end",
		`[1]]`:                   `unexpected "]"`,
		`{a:}`:                   "want a value",
		strings.Repeat("[", 100): "too deep",
	} {
		if got, err := ToJSON(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s, %v; want %q", text, got, err, says)
		}
	}
}

func FuzzToJSON(f *testing.F) {
	f.Add(`[{category:AllLogs,enabled:true}]`)
	f.Add(`{'a''b':"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ToJSON(text)
		if err == nil && !json.Valid(got) {
			t.Errorf("%q gave %s, which is no JSON", text, got)
		}
	})
}
