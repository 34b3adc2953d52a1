package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"reslog/control/arm"
	"reslog/resource"
)

// The Redis Enterprise cluster that a node has from the start, as it has the
// development account, and its database.
const (
	redisType     = "Microsoft.Cache/redisEnterprise"
	redisCluster  = "redis"
	redisDatabase = "default"
)

// redisID is the ID of the cluster.
func (n *Node) redisID() (resource.ID, error) { return n.completeID(redisType + "/" + redisCluster) }

// ensureRedis makes the cluster and its database exist, and returns the database.
// What is there, made from a bootstrap file or through Resource Manager, stays as it
// is, but for what the node knows better.
func (n *Node) ensureRedis(ctx context.Context) (resource.Resource, error) {
	id, err := n.redisID()
	if err != nil {
		return resource.Resource{}, err
	}
	protocol, policy := "Plaintext", "EnterpriseCluster"
	if n.cfg.RedisTLS {
		protocol = "Encrypted"
	}
	if len(n.cfg.redisAddrs()) > 1 {
		policy = "OSSCluster"
	}
	cluster := resource.Resource{ID: id, Location: n.cfg.Location, SKU: json.RawMessage(`{"name":"Balanced_B0"}`)}
	database := resource.Resource{ID: id.Child("databases", redisDatabase)}
	for _, r := range []struct {
		*resource.Resource
		properties map[string]any
	}{
		{&cluster, nil},
		{&database, map[string]any{"clientProtocol": protocol, "clusteringPolicy": policy}},
	} {
		if err := n.ensureResource(ctx, r.Resource, r.properties); err != nil {
			return database, fmt.Errorf("make %s: %w", r.ID, err)
		}
	}
	database.Location = cluster.Location
	return database, nil
}

// ensureResource makes a resource exist with these properties, those that it has
// beside them, and keys if it is a database. It fills r with what is there then.
func (n *Node) ensureResource(ctx context.Context, r *resource.Resource, properties map[string]any) error {
	stored, exists := n.resources.Get(r.ID)
	was := map[string]any{}
	if exists {
		*r = stored
		if err := json.Unmarshal(stored.Properties, &was); err != nil && len(stored.Properties) > 0 {
			return fmt.Errorf("read its properties: %w", err)
		}
	}
	same := exists
	for name, value := range properties {
		same = same && was[name] == value
		was[name] = value
	}
	if same {
		return nil
	}
	now := n.cfg.Now().UTC()
	if !exists {
		r.Created = now
		if !r.ID.Parent().IsZero() {
			keys, err := json.Marshal(arm.KeyPair{PrimaryKey: newKey(), SecondaryKey: newKey()})
			if err != nil {
				return err
			}
			r.Secrets = keys
			was["evictionPolicy"] = "NoEviction"
		}
	}
	r.Changed = now
	raw, err := json.Marshal(was)
	if err != nil {
		return err
	}
	r.Properties = raw
	return n.resources.Put(ctx, *r)
}

// isRedis reports whether a resource is the node's own cluster or its database.
func (n *Node) isRedis(id resource.ID) bool {
	own, err := n.redisID()
	return err == nil && (id.Equal(own) || id.Equal(own.Child("databases", redisDatabase)))
}

// RedisAddrs are where clients of Redis connect, "127.0.0.1:6380"; none when they
// cannot.
func (n *Node) RedisAddrs() []string {
	var addrs []string
	for _, e := range n.redis.listeners() {
		addrs = append(addrs, e.Addr().String())
	}
	return addrs
}

// RedisAddr is the first of RedisAddrs, or "".
func (n *Node) RedisAddr() string {
	if addrs := n.RedisAddrs(); len(addrs) > 0 {
		return addrs[0]
	}
	return ""
}

// RedisAuditAddr is where the audit stream of a cluster is taken, "127.0.0.1:10514" or
// "unix:/path"; "" when it is not.
func (n *Node) RedisAuditAddr() string {
	l := n.redis.auditListener()
	if l == nil {
		return ""
	}
	if l.Addr().Network() == "unix" {
		return "unix:" + l.Addr().String()
	}
	return l.Addr().String()
}

// RedisUpstreams are the servers behind RedisAddrs, "127.0.0.1:6379" or "unix:/path";
// none for the one in the node's process.
func (n *Node) RedisUpstreams() []string {
	var list []string
	for _, s := range redisList(n.cfg.RedisUpstream) {
		u, err := parseUpstream(s)
		if err != nil {
			continue // Validate has refused it
		}
		if u.network == "unix" {
			u.address = "unix:" + u.address
		}
		list = append(list, strings.TrimSpace(u.address))
	}
	return list
}
