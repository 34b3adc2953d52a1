package arm

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"reslog/resource"
)

const (
	namespaceType = "Microsoft.EventHub/namespaces"
	// rootRule is the rule that every namespace has.
	rootRule = "RootManageSharedAccessKey"
)

// eventHubTypes are Event Hubs namespaces, their authorization rules, and hubs
// as names. Source: the REST reference of Microsoft.EventHub. A namespace says
// in kafkaEndpoint where its hubs are: the node has none itself.
func eventHubTypes() []*resourceType {
	versions := []string{"2024-01-01", "2023-01-01-preview", "2022-10-01-preview", "2022-01-01-preview", "2021-11-01", "2021-06-01-preview", "2018-01-01-preview", "2017-04-01", "2015-08-01", "2014-09-01"}
	return []*resourceType{{
		name: namespaceType, versions: versions, unique: true,
		names: names(`[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]`, "6 to 50 letters, digits and hyphens, begin with a letter and end with a letter or digit"),
		sku:   "Standard", tiered: true,
		skus:     []string{"Basic", "Standard", "Premium"},
		computed: []string{"status", "createdAt", "updatedAt", "metricId", "serviceBusEndpoint", "privateEndpointConnections"},
		promises: []promise{{"disableLocalAuth", true}, {"publicNetworkAccess", "Disabled"}, {"encryption.keySource", "Microsoft.KeyVault"}},
		own:      []string{"kafkaEndpoint", "kafkaSecurityProtocol"},
		prepare:  prepareNamespace, after: addRootRule,
		show: func(_ *Server, res *resource.Resource, props object) {
			props["serviceBusEndpoint"] = "https://" + serviceBusHost(res) + ":443/"
			props["metricId"] = res.ID.SubscriptionID() + ":" + strings.ToLower(res.ID.Name())
			showActive(res, props)
		},
	}, {
		name: namespaceType + "/authorizationRules", versions: versions,
		names:   names(`[A-Za-z0-9][A-Za-z0-9._-]{0,254}[A-Za-z0-9]|[A-Za-z0-9]`, "1 to 256 letters, digits, periods, hyphens and underscores, and begin and end with a letter or digit"),
		prepare: prepareRule,
		actions: []action{{name: "listKeys", run: listRuleKeys}, {name: "regenerateKeys", run: regenerateRuleKeys}},
	}, {
		name: namespaceType + "/eventhubs", versions: versions,
		names:    names(`[A-Za-z0-9][A-Za-z0-9._-]{0,254}[A-Za-z0-9]|[A-Za-z0-9]`, "1 to 256 letters, digits, periods, hyphens and underscores, and begin and end with a letter or digit"),
		computed: []string{"status", "createdAt", "updatedAt", "partitionIds"},
		promises: []promise{{"captureDescription.enabled", true}},
		prepare:  prepareHub, show: func(_ *Server, res *resource.Resource, props object) { showActive(res, props) },
	}}
}

// serviceBusHost is the host of a namespace: that of its Kafka endpoint, or the
// one it would have in Azure.
func serviceBusHost(namespace *resource.Resource) string {
	if n, err := NamespaceOf(*namespace); err == nil && n.KafkaEndpoint != "" {
		first, _, _ := strings.Cut(n.KafkaEndpoint, ",")
		if host, _, err := net.SplitHostPort(first); err == nil {
			return host
		}
	}
	return strings.ToLower(namespace.ID.Name()) + ".servicebus.windows.net"
}

func showActive(res *resource.Resource, props object) {
	props["status"] = "Active"
	props["createdAt"] = res.Created.Format(time.RFC3339Nano)
	props["updatedAt"] = res.Changed.Format(time.RFC3339Nano)
}

func prepareNamespace(d *draft) error {
	endpoint, err := d.text("kafkaEndpoint")
	if err != nil {
		return err
	}
	if endpoint != nil && *endpoint != "" {
		hosts := strings.Split(*endpoint, ",")
		for i, h := range hosts {
			hosts[i] = strings.TrimSpace(h)
			if !isHostPort(hosts[i]) || len(hosts) > 32 {
				return refuse(http.StatusBadRequest, "InvalidProperty", "The property 'kafkaEndpoint' must be a list of at most 32 host:port, separated by commas.")
			}
		}
		d.props.set("kafkaEndpoint", strings.Join(hosts, ","))
	}
	if err := d.oneOf("kafkaSecurityProtocol", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"); err != nil {
		return err
	}
	return d.keepsRulesTo()
}

// keepsRulesTo refuses to lead the connection strings of rules, which the client
// does not know, to a place of its choice.
func (d *draft) keepsRulesTo() error {
	if d.old == nil || d.trusted {
		return nil
	}
	was, err := NamespaceOf(*d.old)
	if err != nil {
		return err
	}
	if was.KafkaEndpoint == d.word("kafkaEndpoint") && was.SecurityProtocol == d.word("kafkaSecurityProtocol") {
		return nil
	}
	for _, res := range d.below() {
		if secrets, err := RuleSecretsOf(res); err == nil && secrets.ConnectionString != "" {
			return refuse(http.StatusConflict, "Conflict", "The authorization rule '%s' has a connection string for where the namespace is: delete the rule before the namespace moves.", res.ID.Name())
		}
	}
	return nil
}

// word returns a property that is a string, "" when it is not.
func (d *draft) word(name string) string {
	text, _ := d.props.get(name).(string)
	return text
}

// addRootRule makes the rule that comes with a namespace.
func addRootRule(ctx context.Context, s *Server, d *draft) error {
	id := d.ID.Child("authorizationRules", rootRule)
	if _, exists := s.cfg.Resources.Get(id); exists {
		return nil
	}
	typ, _ := s.find(namespaceType + "/authorizationRules")
	rule, err := s.draft(typ, id, &wanted{props: object{"rights": []any{"Listen", "Manage", "Send"}}}, false)
	if err != nil {
		return err
	}
	return s.cfg.Resources.Put(ctx, rule.Resource)
}

func prepareRule(d *draft) error {
	rights, err := ruleRights(d.props.take("rights"))
	if err != nil {
		return err
	}
	d.props.set("rights", rights)
	secrets, err := secretsOf[RuleSecrets](d.Resource)
	if err != nil {
		return err
	}
	given, err := d.text("connectionString")
	if err != nil {
		return err
	}
	if given != nil {
		parts, isString := connectionString(*given)
		if !isString || !strings.HasPrefix(parts["endpoint"], "sb://") || parts["sharedaccesskeyname"] == "" || parts["sharedaccesskey"] == "" {
			return refuse(http.StatusBadRequest, "InvalidConnectionString", "The property 'connectionString' is not usable: it must have Endpoint=sb://…, SharedAccessKeyName and SharedAccessKey.")
		}
		secrets.ConnectionString = *given
	}
	keys := KeyPair{secrets.PrimaryKey, secrets.SecondaryKey}
	keys.draw(shortKey)
	secrets.PrimaryKey, secrets.SecondaryKey = keys.PrimaryKey, keys.SecondaryKey
	return d.hide(secrets)
}

// ruleRights checks the rights of a rule, and spells and sorts them.
func ruleRights(v any) ([]string, error) {
	known := []string{"Listen", "Manage", "Send"}
	list, isList := v.([]any)
	var rights []string
	for _, right := range list {
		text, _ := right.(string)
		i := slices.IndexFunc(known, func(k string) bool { return fold(k, text) })
		if i < 0 {
			return nil, refuse(http.StatusBadRequest, "InvalidProperty", "The property 'rights' may have 'Listen', 'Manage' and 'Send'.")
		}
		rights = append(rights, known[i])
	}
	slices.Sort(rights)
	rights = slices.Compact(rights)
	switch {
	case !isList || len(rights) == 0:
		return nil, refuse(http.StatusBadRequest, "InvalidProperty", "The property 'rights' is required: one or more of 'Listen', 'Manage' and 'Send'.")
	case slices.Contains(rights, "Manage") && len(rights) < len(known):
		return nil, refuse(http.StatusBadRequest, "InvalidProperty", "The right 'Manage' requires 'Send' and 'Listen'.")
	}
	return rights, nil
}

// whole returns a property of whole numbers, or def when it is not there.
func (d *draft) whole(name string, def, low, high int64) (int64, error) {
	v := d.props.get(name)
	if v == nil {
		return def, nil
	}
	number, isNumber := v.(json.Number)
	n, err := number.Int64()
	if !isNumber || err != nil || n < low || n > high {
		return 0, refuse(http.StatusBadRequest, "InvalidProperty", "The property '%s' must be a whole number from %d to %d.", name, low, high)
	}
	return n, nil
}

func prepareHub(d *draft) error {
	partitions, err := d.whole("partitionCount", 4, 1, 1024)
	if err != nil {
		return err
	}
	days, err := d.whole("messageRetentionInDays", 7, 1, 90)
	if err != nil {
		return err
	}
	d.props.set("partitionCount", partitions)
	d.props.set("messageRetentionInDays", days)
	return nil
}

// ruleKeys is the answer of listKeys and regenerateKeys.
func (s *Server) ruleKeys(res resource.Resource, keys RuleSecrets) (answer, error) {
	namespace, _ := s.cfg.Resources.Get(res.ID.Parent())
	of := func(key string) string {
		return "Endpoint=sb://" + serviceBusHost(&namespace) + "/;SharedAccessKeyName=" + res.ID.Name() + ";SharedAccessKey=" + key
	}
	return ok(map[string]string{
		"keyName":    res.ID.Name(),
		"primaryKey": keys.PrimaryKey, "primaryConnectionString": of(keys.PrimaryKey),
		"secondaryKey": keys.SecondaryKey, "secondaryConnectionString": of(keys.SecondaryKey),
	})
}

// ruleHere returns the secrets of a rule whose keys are the node's.
func ruleHere(res resource.Resource) (RuleSecrets, error) {
	keys, err := secretsOf[RuleSecrets](res)
	if err == nil && keys.ConnectionString != "" {
		err = elsewhere("authorization rule", res.ID)
	}
	return keys, err
}

func listRuleKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	keys, err := ruleHere(res)
	if err != nil {
		return answer{}, err
	}
	if err := s.record(ctx, r, change{}); err != nil {
		return answer{}, err
	}
	return s.ruleKeys(res, keys)
}

func regenerateRuleKeys(ctx context.Context, s *Server, r *request, res resource.Resource) (answer, error) {
	primary, err := keyType(r)
	if err != nil {
		return answer{}, err
	}
	keys, err := ruleHere(res)
	if err != nil {
		return answer{}, err
	}
	pair := KeyPair{keys.PrimaryKey, keys.SecondaryKey}
	pair.regenerate(primary, shortKey)
	keys.PrimaryKey, keys.SecondaryKey = pair.PrimaryKey, pair.SecondaryKey
	if err := s.keepSecrets(ctx, r, res, keys, keyName(primary)); err != nil {
		return answer{}, err
	}
	return s.ruleKeys(res, keys)
}
