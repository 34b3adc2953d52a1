package server

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"reslog/service/signalr"
)

// fileSignalR are the keys of the bootstrap file that are about SignalR.
type fileSignalR struct {
	SignalRAddr          *string  `yaml:"signalr-addr"`
	SignalRMode          *string  `yaml:"signalr-mode"`
	SignalRTier          *string  `yaml:"signalr-tier"`
	SignalRUnits         *int     `yaml:"signalr-units"`
	SignalRUpstreamHosts []string `yaml:"signalr-upstream-hosts"`
	ClusterAddr          *string  `yaml:"cluster-addr"`
	ClusterPeers         []string `yaml:"cluster-peers"`
	ClusterSecret        *string  `yaml:"cluster-secret"`
}

func (y *fileSignalR) apply(c *Config) {
	set(&c.SignalRAddr, y.SignalRAddr)
	set(&c.SignalRMode, y.SignalRMode)
	set(&c.SignalRTier, y.SignalRTier)
	set(&c.SignalRUnits, y.SignalRUnits)
	set(&c.ClusterAddr, y.ClusterAddr)
	set(&c.ClusterSecret, y.ClusterSecret)
	if y.ClusterPeers != nil {
		c.ClusterPeers = y.ClusterPeers
	}
	if y.SignalRUpstreamHosts != nil {
		c.SignalRUpstreamHosts = y.SignalRUpstreamHosts
	}
}

// signalRTiers are the SKUs that a service may have.
func signalRTiers() []string {
	return []string{"Free_F1", "Standard_S1", "Premium_P1", "Premium_P2"}
}

// maxSignalRUnits is how many units the largest SKU has.
const maxSignalRUnits = 1000

// validateSignalR reports what is wrong with the part of c that is about SignalR.
func (c *Config) validateSignalR() (errs []error) {
	if _, ok := signalRMode(c.SignalRMode); !ok && c.SignalRMode != "" {
		errs = append(errs, fmt.Errorf("signalr mode %q: want Default, Serverless or Classic", c.SignalRMode))
	}
	if c.SignalRTier != "" && !slices.Contains(signalRTiers(), c.SignalRTier) {
		errs = append(errs, fmt.Errorf("signalr tier %q: want one of %s", c.SignalRTier, strings.Join(signalRTiers(), ", ")))
	}
	if c.SignalRUnits < 0 || c.SignalRUnits > maxSignalRUnits {
		errs = append(errs, fmt.Errorf("%d signalr units: want 1 to %d, or 0 for as many as there are", c.SignalRUnits, maxSignalRUnits))
	}
	switch {
	case c.ClusterAddr == Off && len(c.ClusterPeers) > 0:
		errs = append(errs, errors.New("cluster peers without a cluster address of this node: give it one"))
	case c.ClusterAddr != Off && len(c.ClusterSecret) < minClusterSecret:
		errs = append(errs, fmt.Errorf("the cluster secret has under %d characters: give all nodes the same one, in RESLOG_CLUSTER_SECRET or the bootstrap file", minClusterSecret))
	}
	if c.ClusterAddr != Off {
		for _, addr := range append([]string{c.ClusterAddr}, c.ClusterPeers...) {
			if _, _, err := net.SplitHostPort(addr); err != nil {
				errs = append(errs, fmt.Errorf("cluster address %q: want host:port", addr))
			}
		}
	}
	return errs
}

// minClusterSecret is how long the secret of a cluster is at least.
const minClusterSecret = 16

// signalRMode reads the name of a mode in any case.
func signalRMode(s string) (signalr.Mode, bool) {
	for _, m := range []signalr.Mode{signalr.Default, signalr.Serverless, signalr.Classic} {
		if strings.EqualFold(s, string(m)) {
			return m, true
		}
	}
	return "", false
}
