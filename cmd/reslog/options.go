package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reslog/bus"
	"reslog/server"
)

// option is one thing a node can be told: a flag, an environment variable and a
// key of the bootstrap file, all of one name. The flag wins over the variable,
// the variable over the file, the file over the default.
type option struct {
	name  string
	def   string // shown in the help
	usage string // "" for a secret: it has no flag, as everybody may read a command line
	set   func(c *server.Config, value string) error
}

// serveOptions are the options of a node.
func serveOptions() []option {
	return slices.Concat(nodeOptions(), redisOptions(), signalROptions())
}

// nodeOptions are those that are not of one service.
func nodeOptions() []option {
	return []option{
		{
			"blob-addr", server.DefaultBlobAddr, "`address` of the blob service; port 0 takes a free one, \"off\" does without",
			text(func(c *server.Config) *string { return &c.BlobAddr }),
		},
		{
			"queue-addr", server.DefaultQueueAddr, "`address` of the queue service; \"off\" does without",
			text(func(c *server.Config) *string { return &c.QueueAddr }),
		},
		{
			"table-addr", server.DefaultTableAddr, "`address` of the table service; \"off\" does without",
			text(func(c *server.Config) *string { return &c.TableAddr }),
		},
		{
			"control-addr", server.DefaultControlAddr, "`address` of Resource Manager, sign-in and the local API, with HTTPS; \"off\" does without",
			text(func(c *server.Config) *string { return &c.ControlAddr }),
		},
		{
			"admin-addr", server.DefaultAdminAddr, "`address` of health and metrics; \"off\" does without",
			text(func(c *server.Config) *string { return &c.AdminAddr }),
		},
		{
			"cert", "", "PEM `file` with the certificate chain: the storage ports speak HTTPS",
			text(func(c *server.Config) *string { return &c.CertFile }),
		},
		{
			"key", "", "PEM `file` with the key of the certificate",
			text(func(c *server.Config) *string { return &c.KeyFile }),
		},
		{
			"tls", "false", "the storage ports speak HTTPS, with a certificate of the node's own authority: see \"reslog ca\"",
			func(c *server.Config, v string) (err error) { c.TLS, err = strconv.ParseBool(v); return err },
		},
		{
			"hosts", "", "`names` and addresses beside localhost that the node's own authority certifies, separated by commas",
			func(c *server.Config, v string) error { c.Hosts = commas(v); return nil },
		},
		{
			"storage-accounts", "", "more accounts, `name:key1[:key2]`, separated by \";\"",
			func(c *server.Config, v string) (err error) { c.Accounts, err = server.ParseAccounts(v); return err },
		},
		{
			"flush-interval", server.DefaultFlushInterval.String(), "`time` that records gather before they are written, and then blocks before they are visible in $logs, 10ms to 1h",
			func(c *server.Config, v string) (err error) { c.FlushInterval, err = time.ParseDuration(v); return err },
		},
		{
			"durability", string(bus.Buffered), "`mode`: buffered never lets a request wait for its record, audit lets none succeed without",
			func(c *server.Config, v string) error { c.Durability = bus.Durability(v); return nil },
		},
		{
			"query-memory", "1073741824", "`bytes` of memory that all queries of workspaces may use together; one that needs more fails alone",
			func(c *server.Config, v string) (err error) {
				c.QueryMemory, err = strconv.ParseInt(v, 10, 64)
				return err
			},
		},
		{
			"backlog-bytes", "1073741824", "`bytes` that may wait for one destination; beyond them its oldest records are dropped and counted",
			func(c *server.Config, v string) (err error) {
				c.BacklogBytes, err = strconv.ParseInt(v, 10, 64)
				return err
			},
		},
		{
			"backlog-age", "48h0m0s", "`time` that records may wait for one destination before they are dropped and counted; negative is no bound",
			func(c *server.Config, v string) (err error) { c.BacklogAge, err = time.ParseDuration(v); return err },
		},
		{
			"skip-api-version-check", "false", "accept every x-ms-version, not only known ones",
			func(c *server.Config, v string) (err error) {
				c.SkipVersionCheck, err = strconv.ParseBool(v)
				return err
			},
		},
		{
			"throttle", "0", "`requests` a second each account may make before it is told 503 ServerBusy; 0 is no limit",
			func(c *server.Config, v string) (err error) { c.Throttle, err = strconv.ParseFloat(v, 64); return err },
		},
		{
			"copy-hosts", "", "`hosts` outside this node that a copy may read from, separated by commas",
			func(c *server.Config, v string) error { c.CopyHosts = commas(v); return nil },
		},
		{
			"location", server.DefaultLocation, "Azure `region` that the records name",
			text(func(c *server.Config) *string { return &c.Location }),
		},
		{
			"subscription-id", server.DefaultSubscriptionID, "subscription `id` in the resource IDs of the accounts",
			text(func(c *server.Config) *string { return &c.SubscriptionID }),
		},
		{
			"resource-group", server.DefaultResourceGroup, "resource `group` in the resource IDs of the accounts",
			text(func(c *server.Config) *string { return &c.ResourceGroup }),
		},
	}
}

func commas(v string) []string { return strings.FieldsFunc(v, func(r rune) bool { return r == ',' }) }

func text(field func(*server.Config) *string) func(*server.Config, string) error {
	return func(c *server.Config, v string) error { *field(c) = v; return nil }
}

// addOptions makes a flag of each option.
func addOptions(cmd *cobra.Command, options []option) {
	for _, o := range options {
		if o.usage == "" {
			continue
		}
		if o.def == "true" || o.def == "false" {
			cmd.Flags().Bool(o.name, o.def == "true", o.help())
			continue
		}
		cmd.Flags().String(o.name, o.def, o.help())
	}
}

func (o option) env() string  { return envName(o.name) }
func (o option) help() string { return o.usage + " [$" + o.env() + "]" }

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "RESLOG_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// flagOrEnv is the value of a string flag, or of its variable when the flag was
// not given, or the flag's default.
func flagOrEnv(cmd *cobra.Command, name string) string {
	f := cmd.Flags().Lookup(name)
	if v, ok := os.LookupEnv(envName(name)); ok && !f.Changed {
		return v
	}
	return f.Value.String()
}

// given returns the value of an option and where it was said; ok is false when it was
// not said.
func (o option) given(cmd *cobra.Command) (value, from string, ok bool) {
	if f := cmd.Flags().Lookup(o.name); f != nil && f.Changed {
		return f.Value.String(), "--" + o.name, true
	}
	value, ok = os.LookupEnv(o.env())
	return value, o.env(), ok
}

// nodeConfig puts the configuration together.
func nodeConfig(cmd *cobra.Command, options []option) (server.Config, error) {
	c := server.Config{Data: flagOrEnv(cmd, "data")}
	path := flagOrEnv(cmd, "config")
	if path == "" {
		path = filepath.Join(c.Data, server.FileName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			path = ""
		}
	}
	if path != "" {
		if err := c.ReadFile(path); err != nil {
			return c, usageError(err)
		}
	}
	for _, o := range options {
		value, from, given := o.given(cmd)
		if !given {
			continue
		}
		if err := o.set(&c, value); err != nil {
			return c, usageError(fmt.Errorf("%s: %w", from, err))
		}
	}
	if err := c.Validate(); err != nil {
		return c, usageError(err)
	}
	return c, nil
}

// addDataFlag is the flag by which commands find the node's folder.
func addDataFlag(cmd *cobra.Command) {
	cmd.Flags().String("data", server.DefaultData, "data `folder` of the node [$RESLOG_DATA]")
}
