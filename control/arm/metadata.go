package arm

import (
	"net"
	"net/http"
	"net/url"
	"slices"
)

// metadata answers GET /metadata/endpoints, without authentication: it says
// where to authenticate. Source: the answers of management.azure.com.
//
// The sign-in address of version 2015-01-01, which "az cloud register" reads, and
// of 2019-05-01 ends in /adfs: for all others azure-cli asks a server of
// Microsoft's before it trusts the address. That of 2022-09-01 has the form of
// Entra ID, which Terraform and newer clients want.
func (s *Server) metadata(r *request) (answer, error) {
	if err := r.wantMethod(http.MethodGet); err != nil {
		return answer{}, err
	}
	base := s.cfg.BaseURL(r.Request)
	versions := []string{"2022-09-01", "2019-05-01", "2015-01-01"}
	r.version = r.param("api-version")
	switch {
	case r.version == "":
		return answer{}, refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case !slices.Contains(versions, r.version):
		return answer{}, refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%.40s' is invalid. The supported versions are '2022-09-01,2019-05-01,2015-01-01'.", r.version)
	case r.version == "2015-01-01":
		return ok(map[string]any{
			"galleryEndpoint": base, "graphEndpoint": base, "portalEndpoint": base,
			"authentication": map[string]any{"loginEndpoint": base + "/adfs", "audiences": []string{base}},
		})
	}
	login, provider := base+"/adfs", "ADFS"
	if r.version == "2022-09-01" {
		login, provider = base, "AAD"
	}
	cloud := map[string]any{
		"name": "reslog", "portal": base, "gallery": base, "graph": base, "graphAudience": base, "microsoftGraphResourceId": base,
		"resourceManager": base, "batch": base, "media": base, "sqlManagement": base, "vmImageAliasDoc": base, "activeDirectoryDataLake": base,
		"logAnalyticsResourceId": base, "appInsightsResourceId": base, "ossrdbmsResourceId": base, "synapseAnalyticsResourceId": base,
		"attestationResourceId": base, "appInsightsTelemetryChannelResourceId": base,
		"authentication": map[string]any{"loginEndpoint": login, "audiences": []string{base}, "tenant": s.cfg.TenantID, "identityProvider": provider},
		"suffixes":       suffixes(base),
	}
	return ok([]any{cloud})
}

// suffixes are those of DNS names. There are none here but the node's own host,
// and nothing but storage uses them.
func suffixes(base string) map[string]string {
	host := "localhost"
	if u, err := url.Parse(base); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	if ip := net.ParseIP(host); ip != nil {
		host = "localhost"
	}
	return map[string]string{
		"storage": host, "keyVaultDns": host, "sqlServerHostname": host, "acrLoginServer": host, "mhsmDns": host, "synapseAnalytics": host,
		"azureDataLakeStoreFileSystem": host, "azureDataLakeAnalyticsCatalogAndJob": host, "attestationEndpoint": host,
		"mysqlServerEndpoint": host, "postgresqlServerEndpoint": host, "mariadbServerEndpoint": host, "storageSyncEndpointSuffix": host,
	}
}
