package arm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"reslog/deliver"
	"reslog/diagnostic"
	"reslog/resource"
)

// deadLetterOf is a dead letter of a setting of the chat.
func deadLetterOf(key, name string) deliver.DeadLetter {
	return deliver.DeadLetter{
		Key: key, Setting: name, Resource: resource.MustParse(strings.ToUpper(srcChat)), Kind: diagnostic.Archive,
		Time: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), Reason: "too large",
		Records: []deliver.DeadRecord{{ID: "r1", Category: "AllLogs", Time: time.Date(2024, 1, 2, 3, 4, 4, 0, time.UTC), Line: []byte(`{"a":"confidential"}`)}},
	}
}

func TestDeliveries(t *testing.T) {
	n := newSettingsNode(t)
	n.must(t, "PUT", srcChat, settingOne, toSink(logsOn))
	n.ledgered = []deliver.LedgerEntry{
		{Setting: "ONE", Resource: strings.ToUpper(srcChat), Kind: diagnostic.Archive, Target: dstAccount, Accepted: 7, Delivered: 5, State: deliver.Running},
		{Setting: "two", Resource: srcChat, Kind: diagnostic.Archive},
		{Setting: "One", Resource: srcDatabase, Kind: diagnostic.Archive},
	}
	var got struct {
		Value []struct {
			ID, Type, Name string
			Properties     deliver.LedgerEntry
		}
	}
	if err := json.Unmarshal([]byte(n.must(t, "GET", srcChat, settingOne+"/deliveries", "")), &got); err != nil {
		t.Fatal(err)
	}
	id := strings.ToLower(srcChat) + "/providers/microsoft.insights/diagnosticSettings/One/deliveries/archive"
	if len(got.Value) != 1 || got.Value[0].ID != id || got.Value[0].Name != "archive" || got.Value[0].Properties != n.ledgered[0] {
		t.Errorf("deliveries are %+v", got.Value)
	}
	if one := n.must(t, "GET", srcChat, settingOne+"/Deliveries/ARCHIVE", ""); !strings.HasPrefix(one, `{"id":"`+id+`","type":"Microsoft.Insights/diagnosticSettings/deliveries","name":"archive","properties":{`) {
		t.Errorf("one delivery is %s", one)
	}
	for rest, want := range map[string]string{
		settingOne + "/deliveries/workspace":   "The diagnostic setting 'One' has no delivery 'workspace'.",
		"diagnosticSettings/Nope/deliveries":   "The diagnostic setting 'Nope' doesn't exist.",
		"diagnosticSettings/Nope/deliveries/x": "The diagnostic setting 'Nope' doesn't exist.",
	} {
		if status, got := n.do(t, "GET", srcChat, rest, ""); status != http.StatusNotFound || got != flatBody("ResourceNotFound", want) {
			t.Errorf("%s: %d %s", rest, status, got)
		}
	}
}

func TestDeadLettersOfASetting(t *testing.T) {
	n := newSettingsNode(t)
	n.must(t, "PUT", srcChat, settingOne, toSink(logsOn))
	n.activity = nil
	n.box.letters = []deliver.DeadLetter{deadLetterOf("w.1", "ONE"), deadLetterOf("w.2", "other"), deadLetterOf("w.3", "One"), deadLetterOf("racing", "One")}

	base := settingOne + "/deliveries/deadLetters"
	id := strings.ToLower(srcChat) + "/providers/microsoft.insights/diagnosticSettings/One"
	got := n.must(t, "GET", srcChat, base, "")
	want := `{"value":[{"id":"` + id + `/deliveries/deadLetters/w.1","type":"Microsoft.Insights/diagnosticSettings/deliveries/deadLetters","name":"w.1",` +
		`"properties":{"kind":"archive","time":"2024-01-02T03:04:05Z","reason":"too large","records":[{"id":"r1","category":"AllLogs","time":"2024-01-02T03:04:04Z","bytes":20}]}}`
	if !strings.HasPrefix(got, want) || strings.Contains(got, "w.2") || strings.Contains(got, "confidential") {
		t.Errorf("dead letters are %s", got)
	}
	for _, what := range []string{"w.1/replay", "w.3/Discard"} {
		if body := n.must(t, "POST", srcChat, base+"/"+what, ""); body != "" {
			t.Errorf("%s: %s", what, body)
		}
	}
	for _, key := range []string{"w.1", "w.2", "racing", "none"} {
		status, got := n.do(t, "POST", srcChat, base+"/"+key+"/replay", "")
		if status != http.StatusNotFound || got != flatBody("ResourceNotFound", "The diagnostic setting 'One' has no dead letter '"+key+"'.") {
			t.Errorf("replay of %s: %d %s", key, status, got)
		}
	}
	if want := []string{"replay w.1", "discard w.3"}; !slices.Equal(n.box.done, want) {
		t.Errorf("done is %q, want %q", n.box.done, want)
	}
	noted := "Microsoft.Insights/diagnosticSettings/deliveries/deadLetters/%s/action " + id + "/deliveries/deadLetters/%s"
	if want := []string{fmt.Sprintf(noted, "replay", "w.1"), fmt.Sprintf(noted, "discard", "w.3"), fmt.Sprintf(noted, "replay", "racing")}; !slices.Equal(n.activity, want) {
		t.Errorf("in the activity log: %q", n.activity)
	}
}
