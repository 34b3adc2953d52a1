package rest

import (
	"net/http"
	"strings"
)

// The versions of the API that are named by api-version. They sort by time.
const (
	v20220601 = "2022-06-01"
	v20221101 = "2022-11-01"
	v20241201 = "2024-12-01"
)

// first is the version whose requests are below /api/v1.
const first = "1.0"

func known(version string) bool {
	return version == v20220601 || version == v20221101 || version == v20241201
}

// The values of x-ms-error-code that SDKs branch on.
const (
	connectionNotExisted = "Warning.Connection.NotExisted"
	noConnection         = "Error.Connection.NotExisted"
	userNotExisted       = "Warning.User.NotExisted"
	groupNotExisted      = "Warning.Group.NotExisted"
	userNotInGroup       = "Info.User.NotInGroup"
)

// Route is a request that is answered.
type Route struct {
	// Name is what is asked for.
	Name string
	// Methods are those of HTTP.
	Methods []string
	// Path begins with "/api/"; {hub}, {connection}, {user}, {group} and {stream} are
	// one segment each.
	Path string
	// Query are the parameters that are read, beside api-version and application.
	Query []string
	// Since is the first version that has it; "1.0" is for a path below /api/v1.
	Since string
	// Status is that of success. NotFound is the x-ms-error-code of a 404, "" for none.
	Status   int
	NotFound string
	// Alias says that the reference does not have it, but the emulator.
	Alias bool
}

// route is a Route with what answers it.
type route struct {
	Route
	segments []string
	// open needs no authentication.
	open bool
	run  func(*call) error
}

// Routes lists the requests that are answered.
func Routes() []Route {
	var list []Route
	for _, r := range table() {
		list = append(list, r.Route)
	}
	return list
}

func table() []*route {
	all := append(versionOne(), versioned()...)
	for _, r := range all {
		r.segments = strings.Split(strings.TrimPrefix(r.Path, "/api/"), "/")
	}
	return all
}

// Methods of the routes. What asks whether something exists is a HEAD in the reference,
// and a GET in the SDKs.
var (
	exists = []string{http.MethodHead, http.MethodGet}
	get    = []string{http.MethodGet}
	post   = []string{http.MethodPost}
	put    = []string{http.MethodPut}
	remove = []string{http.MethodDelete}
)

// define makes a route of a version from its beginning.
func define(since string, methods []string, path string, status int, notFound, name string, run func(*call) error, query ...string) *route {
	prefix := "/api/"
	if since == first {
		prefix = "/api/v1/"
	}
	return &route{
		Route: Route{Name: name, Methods: methods, Path: prefix + path, Query: query, Since: since, Status: status, NotFound: notFound},
		run:   run,
	}
}

// alias marks a route as one that is not in the reference.
func alias(r *route) *route {
	r.Alias = true
	return r
}

func open(r *route) *route {
	r.open = true
	return r
}

func versionOne() []*route {
	const v, hub = first, "hubs/{hub}"
	return []*route{
		open(define(v, exists, "health", 200, "", "health", health)),
		define(v, get, "auth/accessKey", 200, "", "access key", accessKey),
		define(v, post, hub, 202, "", "send to all", sendAll, "excluded"),
		define(v, post, hub+"/users/{user}", 202, "", "send to user", sendUser),
		define(v, post, hub+"/connections/{connection}", 202, "", "send to connection", sendConnection),
		define(v, post, hub+"/groups/{group}", 202, "", "send to group", sendGroup, "excluded"),
		define(v, exists, hub+"/connections/{connection}", 200, connectionNotExisted, "connection exists", connectionExists),
		define(v, exists, hub+"/groups/{group}", 200, groupNotExisted, "group exists", groupExists),
		define(v, exists, hub+"/users/{user}", 200, userNotExisted, "user exists", userExists),
		define(v, remove, hub+"/connections/{connection}", 202, "", "close connection", closeConnection, "reason"),
		define(v, put, hub+"/groups/{group}/connections/{connection}", 200, noConnection, "add connection to group", addConnection),
		define(v, remove, hub+"/groups/{group}/connections/{connection}", 200, noConnection, "remove connection from group", removeConnection),
		define(v, exists, hub+"/groups/{group}/users/{user}", 200, userNotInGroup, "user in group", userInGroup),
		define(v, put, hub+"/groups/{group}/users/{user}", 202, "", "add user to group", addUser, "ttl"),
		define(v, remove, hub+"/groups/{group}/users/{user}", 202, "", "remove user from group", removeUser),
		define(v, remove, hub+"/users/{user}/groups", 200, "", "remove user from all groups", removeUserFromAll),
		alias(define(v, exists, hub+"/users/{user}/groups/{group}", 200, userNotInGroup, "user in group", userInGroup)),
		alias(define(v, put, hub+"/users/{user}/groups/{group}", 202, "", "add user to group", addUser, "ttl")),
		alias(define(v, remove, hub+"/users/{user}/groups/{group}", 202, "", "remove user from group", removeUser)),
		alias(define(v, put, hub+"/connections/{connection}/groups/{group}", 200, noConnection, "add connection to group", addConnection)),
		alias(define(v, remove, hub+"/connections/{connection}/groups/{group}", 200, noConnection, "remove connection from group", removeConnection)),
	}
}

func versioned() []*route {
	const (
		v, hub     = v20220601, "hubs/{hub}"
		connection = hub + "/connections/{connection}"
		group      = hub + "/groups/{group}"
		user       = hub + "/users/{user}"
	)
	return []*route{
		open(define(v, exists, "health", 200, "", "health", health)),
		define(v, post, hub+"/:send", 202, "", "send to all", sendAll, "excluded"),
		define(v, post, hub+"/:closeConnections", 204, "", "close connections of hub", closeAll, "excluded", "reason"),
		define(v, post, connection+"/:send", 202, "", "send to connection", sendConnection),
		define(v, exists, connection, 200, connectionNotExisted, "connection exists", connectionExists),
		define(v, remove, connection, 200, connectionNotExisted, "close connection", closeConnection, "reason"),
		define(v, remove, connection+"/groups", 200, "", "remove connection from all groups", removeConnectionFromAll),
		define(v, post, group+"/:send", 202, "", "send to group", sendGroup, "excluded"),
		define(v, post, group+"/:closeConnections", 204, "", "close connections of group", closeGroup, "excluded", "reason"),
		define(v, exists, group, 200, groupNotExisted, "group exists", groupExists),
		define(v, put, group+"/connections/{connection}", 200, noConnection, "add connection to group", addConnection),
		define(v, remove, group+"/connections/{connection}", 200, "", "remove connection from group", removeConnection),
		define(v, post, user+"/:send", 202, "", "send to user", sendUser),
		define(v, post, user+"/:closeConnections", 204, "", "close connections of user", closeUser, "excluded", "reason"),
		define(v, exists, user, 200, userNotExisted, "user exists", userExists),
		define(v, exists, user+"/groups/{group}", 200, userNotInGroup, "user in group", userInGroup),
		define(v, put, user+"/groups/{group}", 200, "", "add user to group", addUser, "ttl"),
		define(v, remove, user+"/groups/{group}", 204, "", "remove user from group", removeUser),
		define(v, remove, user+"/groups", 204, "", "remove user from all groups", removeUserFromAll),
		define(v20221101, post, hub+"/:generateToken", 200, "", "generate token", generateToken, "userId", "minutesToExpire"),
		define(v20241201, get, "auth/accessKey", 200, "", "access key", accessKey),
		define(v20241201, post, hub+"/:execute", 202, "", "execute commands", execute, "filter"),
		define(v20241201, post, connection+"/:invoke", 200, noConnection, "invoke connection", invoke),
		define(v20241201, post, connection+"/streams/{stream}/:send", 202, "", "send to stream", sendStream, "completed"),
		define(v20241201, post, connection+"/streams/{stream}/:complete", 202, "", "complete stream", completeStream, "reason"),
		define(v20241201, get, group+"/connections", 200, "", "list connections of group", listGroup, "maxpagesize", "top", "continuationToken"),
		alias(define(v, put, connection+"/groups/{group}", 200, noConnection, "add connection to group", addConnection)),
		alias(define(v, remove, connection+"/groups/{group}", 200, "", "remove connection from group", removeConnection)),
		alias(define(v, exists, group+"/users/{user}", 200, userNotInGroup, "user in group", userInGroup)),
		alias(define(v, put, group+"/users/{user}", 200, "", "add user to group", addUser, "ttl")),
		alias(define(v, remove, group+"/users/{user}", 204, "", "remove user from group", removeUser)),
	}
}
