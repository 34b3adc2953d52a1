package arm

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strconv"

	"reslog/resource"
)

// redisTypes are Redis Enterprise clusters and their databases. Source: the REST
// reference of Microsoft.Cache/redisEnterprise.
func redisTypes() []*resourceType {
	const cluster = "Microsoft.Cache/redisEnterprise"
	versions := []string{"2025-04-01", "2024-10-01", "2024-02-01", "2023-11-01", "2023-07-01", "2022-01-01", "2021-08-01", "2021-03-01", "2020-10-01-preview"}
	clusterNames := names(`[A-Za-z0-9]+(-[A-Za-z0-9]+)*`, "1 to 60 letters, digits and single hyphens, and begin and end with a letter or digit")
	clusterNames.max = 60
	return []*resourceType{{
		name: cluster, created: http.StatusCreated, versions: versions, unique: true,
		names:    clusterNames,
		sku:      "Balanced_B0",
		computed: []string{"hostName", "redisVersion", "resourceState", "privateEndpointConnections", "redundancyMode"},
		promises: []promise{{"publicNetworkAccess", "Disabled"}},
		show: func(s *Server, res *resource.Resource, props object) {
			props["resourceState"] = "Running"
			if host, _, err := net.SplitHostPort(s.cfg.Endpoints(*res)["redis"]); err == nil {
				props["hostName"] = host
			}
		},
	}, {
		name: cluster + "/databases", created: http.StatusCreated, versions: versions,
		names:    nameRule{form: regexp.MustCompile(`(?i)^default$`), code: "InvalidDatabaseName", message: "The database name '%s' is invalid. A cluster has one database, 'default'."},
		computed: []string{"resourceState"},
		promises: []promise{{"accessKeysAuthentication", "Disabled"}},
		prepare:  prepareDatabase,
		show: func(s *Server, res *resource.Resource, props object) {
			props["resourceState"] = "Running"
			if _, port, err := net.SplitHostPort(s.cfg.Endpoints(*res)["redis"]); err == nil {
				if n, err := strconv.Atoi(port); err == nil {
					props["port"] = n
				}
			}
		},
		actions: []action{{name: "listKeys", run: listDatabaseKeys}, {name: "regenerateKey", run: regenerateDatabaseKey}},
	}}
}

func prepareDatabase(d *draft) error {
	d.props.fill("clientProtocol", "Encrypted")
	d.props.fill("clusteringPolicy", "OSSCluster")
	d.props.fill("evictionPolicy", "VolatileLRU")
	return drawKeys(d, shortKey)
}

func listDatabaseKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	keys, err := secretsOf[KeyPair](res)
	if err != nil {
		return answer{}, err
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	return ok(keys)
}

func regenerateDatabaseKey(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	primary, err := keyType(r)
	if err != nil {
		return answer{}, err
	}
	keys, err := secretsOf[KeyPair](res)
	if err != nil {
		return answer{}, err
	}
	keys.regenerate(primary, shortKey)
	if err := s.keepSecrets(ctx, r, res, keys, keyName(primary)); err != nil {
		return answer{}, err
	}
	return ok(keys)
}
