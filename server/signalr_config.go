package server

import (
	"fmt"
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
}

func (y *fileSignalR) apply(c *Config) {
	set(&c.SignalRAddr, y.SignalRAddr)
	set(&c.SignalRMode, y.SignalRMode)
	set(&c.SignalRTier, y.SignalRTier)
	set(&c.SignalRUnits, y.SignalRUnits)
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
	return errs
}

// signalRMode reads the name of a mode in any case.
func signalRMode(s string) (signalr.Mode, bool) {
	for _, m := range []signalr.Mode{signalr.Default, signalr.Serverless, signalr.Classic} {
		if strings.EqualFold(s, string(m)) {
			return m, true
		}
	}
	return "", false
}
