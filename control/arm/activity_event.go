package arm

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"reslog/internal/ticks"
)

// group is the resource group that the event is about, "" when there is none.
func (e *event) group() string {
	t, err := parsePath(e.Resource)
	if err != nil {
		return ""
	}
	return t.group
}

// provider and resourceType are those of the action:
// "Microsoft.Storage/storageAccounts/listKeys/action" is of the type
// "Microsoft.Storage/storageAccounts".
func (e *event) provider() string {
	ns, _, _ := strings.Cut(e.Action, "/")
	return ns
}

func (e *event) resourceType() string {
	parts := strings.Split(e.Action, "/")
	n := len(parts) - 1
	if fold(parts[n], "action") && n > 2 {
		n--
	}
	return strings.Join(parts[:max(n, 1)], "/")
}

func (e *event) level() string {
	if e.Status == "Failed" {
		return "Error"
	}
	return "Informational"
}

// localized is a name with what people are shown: the same here.
type localized struct {
	Value          string `json:"value"`
	LocalizedValue string `json:"localizedValue"`
}

func both(s string) localized { return localized{s, s} }

// show is the event as clients see it, with the fields they select; all when
// they select none.
func (e *event) show(fields []string) (map[string]any, error) {
	all := e.shown()
	if len(fields) == 0 {
		return all, nil
	}
	maps.DeleteFunc(all, func(name string, _ any) bool {
		return !slices.ContainsFunc(fields, func(f string) bool { return fold(f, name) })
	})
	return all, nil
}

func selected(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// shown is EventData of the REST reference.
func (e *event) shown() map[string]any {
	name, sub := localized{"EndRequest", "End request"}, localized{}
	if e.Status == "Started" {
		name = localized{"BeginRequest", "Begin request"}
	} else {
		sub.Value = strings.ReplaceAll(http.StatusText(e.HTTPStatus), " ", "")
		sub.LocalizedValue = fmt.Sprintf("%s (HTTP Status Code: %d)", http.StatusText(e.HTTPStatus), e.HTTPStatus)
	}
	props := maps.Clone(e.Properties)
	if props == nil {
		props = make(map[string]string)
	}
	props["entity"] = e.Resource
	if e.HTTPStatus != 0 {
		props["statusCode"] = sub.Value
		props["serviceRequestId"] = e.Request
	}
	if e.Code != "" {
		message, _ := json.Marshal(map[string]any{"error": map[string]string{"code": e.Code, "message": e.Message}})
		props["statusMessage"] = string(message)
	}
	claims := map[string]string{"name": e.Caller}
	for name, value := range map[string]string{
		"appid": e.AppID, "idtyp": e.CallerType,
		"http://schemas.microsoft.com/identity/claims/objectidentifier": e.ObjectID,
		"http://schemas.microsoft.com/identity/claims/tenantid":         e.TenantID,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	at := e.Time.Format("2006-01-02T15:04:05.0000000Z")
	return map[string]any{
		"authorization": map[string]string{"action": e.Action, "scope": e.Scope},
		"caller":        e.Caller, "channels": "Operation", "claims": claims, "correlationId": e.Correlation, "description": "",
		"eventDataId": e.ID, "eventName": name, "category": both("Administrative"), "eventTimestamp": at, "submissionTimestamp": at,
		"httpRequest": map[string]string{"clientIpAddress": e.ClientIP, "clientRequestId": e.ClientRequest, "method": e.Method, "uri": e.URI},
		"id":          e.Resource + "/events/" + e.ID + "/ticks/" + strconv.FormatInt(ticks.FromTime(e.Time), 10),
		"level":       e.level(), "operationId": e.Request, "operationName": both(e.Action), "properties": props,
		"resourceGroupName": e.group(), "resourceId": e.Resource, "resourceProviderName": both(e.provider()), "resourceType": both(e.resourceType()),
		"status": both(e.Status), "subStatus": sub, "subscriptionId": e.Subscription, "tenantId": e.TenantID,
	}
}
