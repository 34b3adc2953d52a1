package arm

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"reslog/resource"
)

// accountType is the type of storage accounts.
const accountType = "Microsoft.Storage/storageAccounts"

// storageTypes are storage accounts and their services. Source: the REST
// reference of the storage resource provider; names and codes of its errors.
func storageTypes() []*resourceType {
	versions := []string{
		"2024-01-01", "2023-05-01", "2023-01-01", "2022-09-01", "2021-09-01", "2021-04-01", "2021-01-01",
		"2019-06-01", "2018-11-01", "2018-02-01", "2017-06-01", "2016-01-01", "2015-06-15",
	}
	types := []*resourceType{{
		name: accountType, versions: versions, unique: true,
		names: nameRule{
			form: regexp.MustCompile(`^[a-z0-9]{3,24}$`), code: "AccountNameInvalid",
			message: "%s is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.",
		},
		sku: "Standard_LRS", kind: "StorageV2", tiered: true,
		skus: []string{
			"Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS", "Premium_LRS", "Premium_ZRS",
			"StandardV2_LRS", "StandardV2_GRS", "StandardV2_ZRS", "StandardV2_GZRS", "PremiumV2_LRS", "PremiumV2_ZRS",
		},
		computed: []string{
			"creationTime", "primaryEndpoints", "secondaryEndpoints", "primaryLocation", "secondaryLocation", "statusOfPrimary",
			"statusOfSecondary", "keyCreationTime", "privateEndpointConnections", "external",
		},
		promises: []promise{
			{"allowSharedKeyAccess", false},
			{"publicNetworkAccess", "Disabled"},
			{"networkAcls.defaultAction", "Deny"},
			{"encryption.keySource", "Microsoft.Keyvault"},
			{"immutableStorageWithVersioning.enabled", true},
			{"isHnsEnabled", true},
			{"isNfsV3Enabled", true},
			{"isSftpEnabled", true},
			{"isLocalUserEnabled", true},
		},
		prepare: prepareAccount, show: showAccount,
		actions: []action{{name: "listKeys", run: listAccountKeys}, {name: "regenerateKey", run: regenerateAccountKey}},
	}}
	for _, service := range []string{"blobServices", "queueServices", "tableServices", "fileServices"} {
		types = append(types, &resourceType{name: accountType + "/" + service, versions: versions, implicit: "default"})
	}
	return types
}

func prepareAccount(d *draft) error {
	secrets, err := secretsOf[AccountSecrets](d.Resource)
	if err != nil {
		return err
	}
	given, err := d.text("connectionString")
	if err != nil {
		return err
	}
	if given != nil {
		if _, err := parseAccountString(*given); err != nil {
			return err
		}
		if d.old != nil && secrets.ConnectionString == "" {
			return refuse(http.StatusConflict, "Conflict", "The storage account '%s' is one of this node: it cannot become one that is elsewhere. Delete it first.", d.ID.Name())
		}
		secrets.ConnectionString = *given
	}
	// An account elsewhere gets keys too: who does not know of such accounts must
	// not take an empty key for a valid one.
	for i := range secrets.Keys {
		if secrets.Keys[i] == "" {
			secrets.Keys[i] = newKey(longKey)
		}
	}
	return d.hide(secrets)
}

// parseAccountString checks the connection string of an account elsewhere and
// returns the address of its blob service, "" for that of Azure.
func parseAccountString(s string) (blobEndpoint string, err error) {
	bad := func(why string) error {
		return refuse(http.StatusBadRequest, "InvalidConnectionString", "The property 'connectionString' is not usable: %s.", why)
	}
	parts, ok := connectionString(s)
	if !ok {
		return "", bad("it must be pairs of name=value, separated by semicolons")
	}
	key, sas, endpoint := parts["accountkey"], parts["sharedaccesssignature"], parts["blobendpoint"]
	switch {
	case parts["accountname"] != "" && key != "":
		if !isBase64(key) {
			return "", bad("its AccountKey is not base64")
		}
	case sas != "" && endpoint != "":
	default:
		return "", bad("it must have AccountName and AccountKey, or SharedAccessSignature and BlobEndpoint")
	}
	if endpoint != "" {
		if _, why := endpointURL(endpoint); why != "" {
			return "", bad("its BlobEndpoint " + why)
		}
	}
	return endpoint, nil
}

func showAccount(s *Server, res *resource.Resource, props object) {
	endpoints := map[string]any{}
	for service, url := range s.cfg.Endpoints(*res) {
		endpoints[service] = strings.TrimSuffix(url, "/") + "/"
	}
	secrets, err := secretsOf[AccountSecrets](*res)
	if err == nil && secrets.ConnectionString != "" {
		props["external"] = true
		endpoints = map[string]any{}
		if blob, err := parseAccountString(secrets.ConnectionString); err == nil && blob != "" {
			endpoints["blob"] = strings.TrimSuffix(blob, "/") + "/"
		}
	}
	props["primaryEndpoints"] = endpoints
	props["primaryLocation"] = res.Location
	props["statusOfPrimary"] = "available"
	props["creationTime"] = res.Created.Format(time.RFC3339Nano)
}

// accountKeys are the answer of listKeys and regenerateKey.
func accountKeys(keys [2]string) (answer, error) {
	type key struct {
		Name        string `json:"keyName"`
		Value       string `json:"value"`
		Permissions string `json:"permissions"`
	}
	return ok(map[string]any{"keys": []key{{"key1", keys[0], "FULL"}, {"key2", keys[1], "FULL"}}})
}

// keysHere returns the secrets of an account of this node.
func keysHere(res resource.Resource) (AccountSecrets, error) {
	secrets, err := secretsOf[AccountSecrets](res)
	if err == nil && secrets.ConnectionString != "" {
		err = elsewhere("storage account", res.ID)
	}
	return secrets, err
}

// elsewhere is the refusal of keys that the node does not hold.
func elsewhere(what string, id resource.ID) error {
	return refuse(http.StatusConflict, "OperationNotAllowed", "The %s '%s' is elsewhere, and known by a connection string: its keys are listed and changed there.", what, id.Name())
}

func listAccountKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	secrets, err := keysHere(res)
	if err != nil {
		return answer{}, err
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	return accountKeys(secrets.Keys)
}

func regenerateAccountKey(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	var body struct {
		KeyName string `json:"keyName"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	i := slices.Index([]string{"key1", "key2"}, strings.ToLower(body.KeyName))
	if i < 0 {
		return answer{}, refuse(http.StatusBadRequest, "InvalidRequestContent", "The property 'keyName' must be key1 or key2, not '%.32s'.", body.KeyName)
	}
	secrets, err := keysHere(res)
	if err != nil {
		return answer{}, err
	}
	secrets.Keys[i], secrets.Regenerated[i] = newKey(longKey), true
	if err := s.keepSecrets(ctx, r, res, secrets, strings.ToLower(body.KeyName)); err != nil {
		return answer{}, err
	}
	return accountKeys(secrets.Keys)
}
