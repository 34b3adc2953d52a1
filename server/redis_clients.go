package server

import (
	"context"
	"net/netip"
	"strconv"

	"reslog/control/local"
	"reslog/service/redis"
	"reslog/service/redis/audit"
)

// redisClients are the clients of Redis as the local API wants them.
type redisClients struct{ node *Node }

var _ local.Redis = redisClients{}

// Clients implements local.Redis.
func (r redisClients) Clients(ctx context.Context) (local.RedisClients, error) {
	var list local.RedisClients
	s := r.node.redis.server.Load()
	if s == nil {
		return list, nil
	}
	now, err := s.Clients(ctx)
	if err != nil {
		return list, err
	}
	for i := range now.Clients {
		list.Value = append(list.Value, shownClient(&now.Clients[i]))
	}
	for _, a := range now.Servers {
		list.Servers = append(list.Servers, local.RedisServer{Address: a.Address, Problem: a.Problem})
	}
	return list, nil
}

func shownClient(c *redis.Client) local.RedisClient {
	return local.RedisClient{
		ID: c.ID, Source: c.Source, Database: c.Database, Client: shownAddr(c.Client), Server: shownAddr(c.Server), User: c.User,
		Opened: c.Opened, Authenticated: c.Authenticated, Failures: c.Failures, Seen: c.Seen,
		ServerID: c.ServerID, ServerUser: c.ServerUser, Name: c.Name, Command: c.Command, Flags: c.Flags,
		LibName: c.LibName, LibVersion: c.LibVersion, IdleSeconds: c.IdleSeconds,
	}
}

// shownAddr is an address as text; "" when it is not known.
func shownAddr(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
}

// collectRedis sends the figures of the proxy and of the audit stream.
func (c *nodeCollector) collectRedis(send sendFunc) {
	server := c.node.redis.server.Load()
	if server == nil {
		return
	}
	s := server.Stats()
	send(gauge("redis_connections", "Connections of clients to the Redis address that are open."), float64(s.Open))
	send(counter("redis_connections_total", "Connections of clients to the Redis address that were accepted."), float64(s.Accepted))
	send(counter("redis_connections_refused_total", "Connections of those that were not let through."), float64(s.Refused))
	logins := counter("redis_authentications_total", "Authentications by outcome, as Redis Software numbers it; -1 is any other. Those of the audit stream are among them.", "status")
	for status, n := range s.Logins {
		send(logins, float64(n), strconv.Itoa(int(status)))
	}
	send(counter("redis_blind_connections_total", "Connections whose later authentications could not be told from the bytes."), float64(s.Blind))
	send(counter("redis_untold_authentications_total", "Authentications without a record, because a connection had too many of them at once."), float64(s.Untold))
	send(counter("redis_unknown_authentications_total", "Authentications whose outcome the server did not say."), float64(s.Unknown))
	send(counter("redis_unkept_events_total", "Connection events that were not on disk in time in audit mode; they are handed over again."), float64(s.Unkept))
	send(counter("redis_late_events_total", "Connection events that went on before they were in the journal, whose disk was slow."), float64(s.Book.Late))
	send(counter("redis_missing_events_total", "Connection events that went on and were never in the journal, whose disk was slow or full."), float64(s.Book.Missing))
	send(counter("redis_lost_events_total", "Connection events that were refused until they were given up."), float64(s.Book.Lost))
	send(gauge("redis_owed_events", "Connection events that were refused and are still to be handed over."), float64(s.Book.Owed))
	send(counter("redis_commands_total", "Commands that clients sent."), float64(s.Commands))
	send(counter("redis_errors_total", "Answers that were errors."), float64(s.Errors))
	send(counter("redis_request_bytes_total", "Bytes that clients sent."), float64(s.RequestBytes))
	send(counter("redis_reply_bytes_total", "Bytes that clients were answered."), float64(s.ReplyBytes))
	if s.Audit != nil {
		collectRedisAudit(send, s.Audit)
	}
}

func collectRedisAudit(send sendFunc, a *audit.Stats) {
	send(gauge("redis_audit_connections", "Connections of clusters that send their audit stream."), float64(a.Connected))
	send(counter("redis_audit_events_total", "Events of audit streams that were taken."), float64(a.Events))
	send(counter("redis_audit_connections_total", "Connections of clusters that were accepted."), float64(a.Connections))
	send(counter("redis_audit_internal_total", "Events of audit streams that are about a cluster's own connections."), float64(a.Internal))
	send(counter("redis_audit_commands_total", "Records of commands in audit streams, which are left out."), float64(a.Commands))
	send(counter("redis_audit_repeated_total", "Repeated authentications in audit streams, which are left out."), float64(a.Repeated))
	send(counter("redis_audit_refused_total", "Records of audit streams that could not be read."), float64(a.Refused))
	send(counter("redis_audit_lost_total", "Records that are missing in audit streams, by their numbers."), float64(a.Lost))
	send(counter("redis_audit_restarts_total", "Times that an audit stream began to number its records anew."), float64(a.Restarts))
	send(counter("redis_audit_rejected_total", "Connections of clusters that were closed because there were too many."), float64(a.Rejected))
}
