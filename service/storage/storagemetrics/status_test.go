package storagemetrics

import (
	"maps"
	"slices"
	"testing"

	"reslog/service/storage"
)

// documented are the 24 counters of "Storage Analytics Metrics Table Schema" with what
// "Storage Analytics Logged Operations and Status Messages" says of them: whether they
// are billable, and whether availability takes notice of them.
var documented = map[string][2]bool{
	"Success": {true, true}, "AnonymousSuccess": {true, true}, "SASSuccess": {true, true},
	"ThrottlingError": {false, false}, "AnonymousThrottlingError": {false, false}, "SASThrottlingError": {false, false},
	"ClientTimeoutError": {true, true}, "AnonymousClientTimeoutError": {true, true}, "SASClientTimeoutError": {true, true},
	"ServerTimeoutError": {false, true}, "AnonymousServerTimeoutError": {false, true}, "SASServerTimeoutError": {false, true},
	"ClientOtherError": {true, true}, "SASClientOtherError": {true, true}, "AnonymousClientOtherError": {true, true},
	"ServerOtherError": {false, true}, "AnonymousServerOtherError": {false, true}, "SASServerOtherError": {false, true},
	"AuthorizationError": {true, true}, "AnonymousAuthorizationError": {false, false}, "SASAuthorizationError": {true, true},
	"NetworkError": {true, true}, "AnonymousNetworkError": {true, true}, "SASNetworkError": {true, true},
}

func TestStatuses(t *testing.T) {
	var names []string
	for s := range status(statuses) {
		names = append(names, s.name())
		if got := [2]bool{s.billable(), s.applicable()}; got != documented[s.name()] {
			t.Errorf("%s: billable, applicable are %v, want %v", s.name(), got, documented[s.name()])
		}
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(documented)); !slices.Equal(names, want) {
		t.Errorf("counters %v, want %v", names, want)
	}
}

func TestStatusOf(t *testing.T) {
	prefixes := map[storage.AuthType]string{
		storage.Anonymous: "Anonymous", storage.SharedKey: "", storage.OAuth: "", storage.System: "",
		storage.AccountSAS: "SAS", storage.ServiceSAS: "SAS", storage.DelegationSAS: "SAS",
	}
	types := map[string]string{
		"Success": "Success", "ServerBusyError": "ThrottlingError", "ClientAccountRequestThrottlingError": "ThrottlingError",
		"ClientTimeoutError": "ClientTimeoutError", "ServerTimeoutError": "ServerTimeoutError", "ClientOtherError": "ClientOtherError",
		"ServerOtherError": "ServerOtherError", "AuthorizationError": "AuthorizationError", "NetworkError": "NetworkError",
		"something new": "ServerOtherError",
	}
	for auth, prefix := range prefixes {
		for responseType, name := range types {
			s := statusOf(&storage.Observation{Auth: auth, ResponseType: responseType})
			if s.name() != prefix+name {
				t.Errorf("%s with authentication %d counts as %s, want %s", responseType, auth, s.name(), prefix+name)
			}
		}
	}
}

func TestTableNames(t *testing.T) {
	for g, want := range map[grain][len(kinds)]string{
		hour:   {hours, "$MetricsHourPrimaryTransactionsQueue", "$MetricsHourPrimaryTransactionsTable"},
		minute: {minutes, "$MetricsMinutePrimaryTransactionsQueue", "$MetricsMinutePrimaryTransactionsTable"},
	} {
		for i, k := range kinds {
			if got := g.table(k); got != want[i] {
				t.Errorf("table %s, want %s", got, want[i])
			}
		}
	}
	for name, want := range map[string]string{
		"$MetricsTransactionsBlob": hours, "$metricstransactionsqueue": "$MetricsHourPrimaryTransactionsQueue",
		"$MetricsTransactionsTable": "$MetricsHourPrimaryTransactionsTable", "$MetricsTransactionsFile": "$MetricsTransactionsFile",
		hours: hours, "mine": "mine",
	} {
		if got := AliasOf(name); got != want {
			t.Errorf("%s means %s, want %s", name, got, want)
		}
	}
}
