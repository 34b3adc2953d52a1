package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"

	"reslog/bus"
	"reslog/identity"
	"reslog/service/storage/blobstore"
)

// Defaults of a node. They are part of the contract: scripts and documentation
// rely on them, and they are those of the development storage where it has one.
const (
	DefaultBlobAddr       = "127.0.0.1:10000"
	DefaultQueueAddr      = "127.0.0.1:10001"
	DefaultTableAddr      = "127.0.0.1:10002"
	DefaultRedisAddr      = "127.0.0.1:6380"
	DefaultSignalRAddr    = "127.0.0.1:8888"
	DefaultControlAddr    = "127.0.0.1:10443"
	DefaultAdminAddr      = "127.0.0.1:10080"
	DefaultData           = "./reslog-data"
	DefaultFlushInterval  = 5 * time.Minute
	DefaultSubscriptionID = "00000000-0000-0000-0000-000000000000"
	DefaultResourceGroup  = "reslog"
	DefaultLocation       = "local"
	DefaultStopTimeout    = 30 * time.Second

	// Off as an address means that the front end is not started.
	Off = "off"
)

// The account and key that every tool knows as UseDevelopmentStorage=true.
const (
	DevAccount = "devstoreaccount1"
	DevKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Config is everything a node is told. Flags, environment and the bootstrap
// file all end here. The zero value of every field but Data is usable.
type Config struct {
	// Data is the folder that holds all state. It is made when it is not there,
	// readable by its owner only, and used by one node at a time. Required.
	Data string

	// BlobAddr is where the blob service listens; "" means DefaultBlobAddr, Off
	// that it is not served. Port 0 takes a free port, see Node.BlobURL.
	BlobAddr string
	// QueueAddr and TableAddr are where the queue and the table service listen, in
	// the same form; "" means DefaultQueueAddr and DefaultTableAddr.
	QueueAddr, TableAddr string
	// ControlAddr is where the Resource Manager API, sign-in and the local API
	// listen, with HTTPS; "" means DefaultControlAddr, Off that they are not
	// served.
	ControlAddr string
	// AdminAddr is where health and metrics listen; "" means DefaultAdminAddr,
	// Off that they are not served.
	AdminAddr string
	// CertFile and KeyFile are a PEM certificate chain and its key: with them
	// the storage ports speak HTTPS only, and the control port uses them too.
	// Empty: the control port has a certificate of the node's own authority.
	CertFile, KeyFile string
	// TLS makes the storage ports speak HTTPS only, with a certificate of the
	// node's own authority unless CertFile is given.
	TLS bool
	// Hosts are names and addresses, beside those of loopback, that the node's
	// own authority certifies it for.
	Hosts []string

	// RedisAddr is where clients of Redis connect, instead of connecting to the
	// server itself; "" means DefaultRedisAddr, Off that none can. Several addresses,
	// separated by commas, are those of the nodes of a cluster.
	RedisAddr string
	// RedisUpstream is the server behind it: "host:port", with TLS
	// "rediss://host:port", "unix:/path"; for several addresses as many, in the same
	// order. "" means a server in the node's own process, which keeps what it holds
	// in memory only.
	RedisUpstream string
	// RedisUpstreamCAFile is a PEM file with the authorities to trust where the server
	// has TLS; "" means those of the system. RedisUpstreamCertFile and
	// RedisUpstreamKeyFile are the certificate to show there.
	RedisUpstreamCAFile, RedisUpstreamCertFile, RedisUpstreamKeyFile string
	// RedisUser and RedisPassword are those with which the node itself asks the
	// server for INFO and CLIENT LIST; without a password it asks as who needs none.
	// Those of the server in the node's process are what its clients log in with.
	// RedisPassword is a secret.
	RedisUser, RedisPassword string
	// RedisTLS makes RedisAddr speak TLS only, with the certificate of CertFile or of
	// the node's own authority. RedisClientCAFile is a PEM file: with it clients must
	// show a certificate of one of its authorities.
	RedisTLS          bool
	RedisClientCAFile string
	// RedisProxyProtocol are the addresses, "10.0.0.0/8", from which connections begin
	// with a header of the PROXY protocol, which says who the client is.
	RedisProxyProtocol []string
	// RedisDetails adds user, ports, the server's address and the reason of a close to
	// the records, which those of Azure do not have.
	RedisDetails bool
	// RedisAllowOpen lets clients from elsewhere connect to a server that lets in who
	// has no password. Redis refuses them itself in its protected mode, but cannot when
	// the node is between.
	RedisAllowOpen bool
	// RedisAuditAddr is where a Redis Enterprise cluster sends its audit stream,
	// "host:port" or "unix:/path"; "" and Off mean nowhere.
	RedisAuditAddr string

	// SignalRAddr is where the SignalR service listens, for clients, application servers
	// and the REST API; "" means DefaultSignalRAddr, Off that it is not served. It speaks
	// HTTPS where the storage ports do.
	SignalRAddr string
	// SignalRMode, SignalRTier and SignalRUnits set up the service that is there from the
	// start: "Default", "Serverless" or "Classic"; the name of a SKU, "Free_F1"; how many
	// of it. Zero leaves it as it is, and makes it Classic, with one unit of Standard_S1.
	SignalRMode, SignalRTier string
	SignalRUnits             int
	// SignalRUpstreamHosts are hosts, "host" or "host:port", that web hooks may be called
	// at beside those that are written out in their URL templates.
	SignalRUpstreamHosts []string

	// ClusterAddr is where other nodes connect that serve the same SignalR services,
	// "host:port"; "" and Off mean that there are none. ClusterPeers are addresses of other
	// nodes, one at least that has joined. Groups, users and broadcasts then reach clients on all
	// of them; resources and keys are each node's own and must be the same.
	ClusterAddr  string
	ClusterPeers []string
	// ClusterSecret is the same on all nodes, 16 characters at least. It is a secret.
	ClusterSecret string

	// Accounts are storage accounts beside DevAccount. An account given here
	// whose keys were regenerated keeps the regenerated ones.
	Accounts []Account
	// SubscriptionID and ResourceGroup are in the resource IDs of the accounts;
	// "" means DefaultSubscriptionID and DefaultResourceGroup.
	SubscriptionID, ResourceGroup string
	// Location is the Azure region the records name; "" means DefaultLocation.
	Location string

	// Resources are resources to be there from the start, parents before their
	// children. Their IDs may lack what comes before the provider; the node's
	// subscription and group are put there.
	Resources []Resource
	// Settings are diagnostic settings to be there from the start, of resources
	// of the node or of Resources.
	Settings []Setting
	// Principals are service principals to be there from the start.
	Principals []Principal
	// TrustedIssuers are issuers of bearer tokens beside the node itself.
	TrustedIssuers []identity.TrustedIssuer

	// FlushInterval is how long records gather, and then blocks, before they are visible in
	// `$logs`; 0 means DefaultFlushInterval.
	FlushInterval time.Duration
	// Durability says whether a request waits for its record; "" means Buffered.
	Durability bus.Durability
	// BacklogBytes and BacklogAge bound what may wait for one destination that does
	// not take it; beyond them its oldest records are dropped and counted. 0 is
	// 1 GiB and 48 hours; a negative age is no bound.
	BacklogBytes int64
	BacklogAge   time.Duration
	// BusMaxBytes and BusMaxAge bound what the bus keeps for destinations that
	// do not take it; 0 means the bus's own defaults.
	BusMaxBytes int64
	BusMaxAge   time.Duration
	// RetentionInterval is how often expired logs are looked for; 0 means hourly.
	RetentionInterval time.Duration

	// SkipVersionCheck accepts every x-ms-version, not only known ones.
	SkipVersionCheck bool
	// Throttle is how many requests a second each account may make before it is
	// told 503 ServerBusy; 0 means no limit.
	Throttle float64
	// CopyHosts are the hosts outside this node that a copy may read from;
	// empty means none.
	CopyHosts []string

	// QueryMemory bounds the memory of all queries of workspaces together, in bytes;
	// 0 is 1 GiB.
	QueryMemory int64

	// WrapStore decorates the blob store of the node, which uses what it returns:
	// a way to make it slow, to make it fail, or to see what it is asked. nil
	// leaves the store as it is.
	WrapStore func(blobstore.Store) blobstore.Store
	// StopTimeout bounds a graceful stop; 0 means DefaultStopTimeout.
	StopTimeout time.Duration
	// Logger gets what the node has to say; nil means nothing is said.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Account is a storage account to be there from the start.
type Account struct {
	Name string
	// Keys are one or two keys in base64; without a second one, the second is
	// drawn at random. No keys at all: both are.
	Keys []string
}

// Resource is a resource to be there from the start.
type Resource struct {
	ID       string
	Location string // "" is that of the node
	Kind     string
	SKU      string // its name
	Tags     map[string]string
	// Properties are those that Resource Manager takes for the type, secrets
	// among them.
	Properties map[string]any
}

// Setting is a diagnostic setting to be there from the start.
type Setting struct {
	Name string
	// Resource is the ID of the resource, which may lack its beginning.
	Resource string
	// Properties are those that Resource Manager takes; the IDs of destinations
	// may lack their beginning, too.
	Properties map[string]any
}

// withDefaults returns c with every zero value replaced by what it means.
func (c Config) withDefaults() Config {
	setDefault(&c.BlobAddr, DefaultBlobAddr)
	setDefault(&c.QueueAddr, DefaultQueueAddr)
	setDefault(&c.TableAddr, DefaultTableAddr)
	setDefault(&c.RedisAddr, DefaultRedisAddr)
	setDefault(&c.RedisAuditAddr, Off)
	setDefault(&c.SignalRAddr, DefaultSignalRAddr)
	setDefault(&c.ClusterAddr, Off)
	setDefault(&c.ControlAddr, DefaultControlAddr)
	setDefault(&c.AdminAddr, DefaultAdminAddr)
	setDefault(&c.SubscriptionID, DefaultSubscriptionID)
	setDefault(&c.ResourceGroup, DefaultResourceGroup)
	setDefault(&c.Location, DefaultLocation)
	setDefault(&c.FlushInterval, DefaultFlushInterval)
	setDefault(&c.Durability, bus.Buffered)
	setDefault(&c.RetentionInterval, time.Hour)
	setDefault(&c.StopTimeout, DefaultStopTimeout)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Validate reports everything that is wrong with c, joined.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Data == "" {
		bad("data folder is empty: name the folder that keeps the node's state")
	}
	for _, a := range []struct{ name, addr string }{
		{"blob", c.BlobAddr}, {"queue", c.QueueAddr}, {"table", c.TableAddr}, {"control", c.ControlAddr}, {"admin", c.AdminAddr}, {"signalr", c.SignalRAddr},
	} {
		if a.addr == Off {
			continue
		}
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			bad("%s address %q: want host:port or %q", a.name, a.addr, Off)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		bad("a certificate needs its key, and a key its certificate: give both or neither")
	}
	errs = append(errs, c.validateRedis()...)
	errs = append(errs, c.validateSignalR()...)
	if c.Durability != bus.Buffered && c.Durability != bus.Audit {
		bad("durability %q: want %q or %q", c.Durability, bus.Buffered, bus.Audit)
	}
	if c.FlushInterval < 10*time.Millisecond || c.FlushInterval > time.Hour {
		bad("flush interval %v: want 10ms to 1h", c.FlushInterval)
	}
	if c.Throttle < 0 {
		bad("throttle %v: want a number of requests a second, or 0 for no limit", c.Throttle)
	}
	if !segment.MatchString(c.SubscriptionID) {
		bad("subscription id %q: want letters, digits and dashes", c.SubscriptionID)
	}
	if !segment.MatchString(c.ResourceGroup) {
		bad("resource group %q: want letters, digits, dots, dashes and underscores", c.ResourceGroup)
	}
	for _, p := range c.Principals {
		if p.Name == "" || p.AppID == "" || p.Secret == "" {
			bad("service principal %q: want a name, an app-id and a secret", p.Name)
		}
	}
	seen := map[string]bool{}
	for _, a := range c.Accounts {
		if err := a.validate(); err != nil {
			errs = append(errs, err)
		}
		if seen[a.Name] {
			bad("storage account %q is given twice", a.Name)
		}
		seen[a.Name] = true
	}
	return errors.Join(errs...)
}

// segment is what we accept as one segment of a resource ID.
var segment = regexp.MustCompile(`^[A-Za-z0-9._()-]{1,90}$`)

// accountName is the rule of Azure: 3 to 24 lower-case letters and digits.
var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

func (a Account) validate() error {
	if !accountName.MatchString(a.Name) {
		return fmt.Errorf("storage account %q: want 3 to 24 lower-case letters and digits", a.Name)
	}
	if len(a.Keys) > 2 {
		return fmt.Errorf("storage account %q has %d keys: want at most 2", a.Name, len(a.Keys))
	}
	for i, k := range a.Keys {
		if b, err := decodeKey(k); err != nil || len(b) == 0 {
			// The key itself is a secret: it stays out of the message.
			return fmt.Errorf("storage account %q: key%d is not base64", a.Name, i+1)
		}
	}
	return nil
}

// ParseAccounts reads the form that users of the development storage know:
// "name:key1[:key2]", entries separated by ";".
func ParseAccounts(s string) ([]Account, error) {
	var accounts []Account
	for entry := range strings.SplitSeq(s, ";") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		name, rest, ok := strings.Cut(entry, ":")
		if !ok {
			return nil, fmt.Errorf("storage account %q has no key: want name:key1[:key2], entries separated by \";\"", name)
		}
		a := Account{Name: name, Keys: strings.Split(rest, ":")}
		if err := a.validate(); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}
